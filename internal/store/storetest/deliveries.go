package storetest

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"shodo/internal/incident"
	"shodo/internal/store"
)

func deliveredOnce(t *testing.T, s *store.Store) {
	var fresh atomic.Int32
	together(100, func(int) {
		_, is, err := s.PutDelivery(t.Context(), delivery("Q1", "P1", 1))
		if err != nil {
			t.Error(err)
		}
		if is {
			fresh.Add(1)
		}
	})
	if fresh.Load() != 1 || len(pending(t, s, "P1")) != 1 {
		t.Fatalf("%d callers were told that theirs was the first; %d are stored", fresh.Load(), len(pending(t, s, "P1")))
	}
}

func deliveredAsReceived(t *testing.T, s *store.Store) {
	bodies := [][]byte{nil, {}, []byte("{\"a\" : 1}\r\n"), {0, 0xff, 0xfe, '\n', 0}, slices.Repeat([]byte("x"), 1<<20)}
	for i, body := range bodies {
		d := delivery("Q1", "P1", i)
		d.Body = body
		put(t, s, d)
		got, err := s.Body(t.Context(), d.ID)
		must(t, err)
		if string(got) != string(body) {
			t.Fatalf("body %d came back changed", i)
		}
	}
	want := delivery("Q2", "P2", 7)
	want.MergedInto, want.Attempts, want.Detail = "Q9", 3, "why"
	put(t, s, want)
	want.Lane, want.State, want.Body = "P2", incident.Pending, nil
	got := pending(t, s, "P2")
	want.Seq = got[0].Seq
	wantSame(t, got, []incident.Delivery{want})

	_, err := s.Body(t.Context(), "unknown")
	wantError(t, err, store.ErrNotFound)
}

func deliveriesInOrder(t *testing.T, s *store.Store) {
	for n := range 25 {
		put(t, s, delivery("Q1", "P1", n))
	}
	var got []incident.EventID
	last := int64(0)
	for {
		page, err := s.PendingDeliveries(t.Context(), "P1", last, 10)
		must(t, err)
		for _, d := range page {
			if d.Seq <= last {
				t.Fatalf("number %d after %d", d.Seq, last)
			}
			last = d.Seq
			got = append(got, d.ID)
		}
		if len(page) < 10 {
			break
		}
	}
	for n, id := range got {
		if id != delivery("Q1", "P1", n).ID {
			t.Fatalf("event %d is %q", n, id)
		}
	}
	if len(got) != 25 {
		t.Fatalf("%d events, want 25", len(got))
	}
}

// incidentKeepsItsLane: an event that names another service, or none, waits behind the incident's earlier ones.
func incidentKeepsItsLane(t *testing.T, s *store.Store) {
	put(t, s, delivery("Q1", "P1", 1), delivery("Q1", "", 2), delivery("Q1", "P2", 3), delivery("Q2", "P2", 1),
		delivery("", "P3", 1), delivery("", "", 2))
	lanes, err := s.PendingLanes(t.Context())
	must(t, err)
	slices.Sort(lanes)
	wantSame(t, lanes, []string{"", "P1", "P2", "P3"})
	if n := len(pending(t, s, "P1")); n != 3 {
		t.Fatalf("%d events in the first lane, want 3", n)
	}

	for _, d := range pending(t, s, "P1") {
		must(t, s.SettleDeliveries(t.Context(), after(9), []incident.Settled{{Seq: d.Seq, State: incident.Handed}}))
	}
	put(t, s, delivery("Q1", "P2", 4)) // nothing is pending any more: the service decides again
	if n := len(pending(t, s, "P2")); n != 2 {
		t.Fatalf("%d events in the second lane, want 2", n)
	}
}

func settle(t *testing.T, s *store.Store) {
	kept := delivery("Q1", "P1", 5)
	kept.State, kept.Type = incident.Kept, incident.EventPing
	put(t, s, delivery("Q1", "P1", 1), delivery("Q1", "P1", 2), delivery("Q1", "P1", 3), kept)
	backlog, err := s.Backlog(t.Context())
	must(t, err)
	wantSame(t, backlog, incident.Backlog{Pending: 3, Oldest: after(2), LastPing: after(6)})

	list := pending(t, s, "P1")
	must(t, s.SettleDeliveries(t.Context(), after(60), []incident.Settled{
		{Seq: list[0].Seq, State: incident.Handed},
		{Seq: list[1].Seq, State: incident.Parked, Attempts: 8, Detail: "too large"},
	}))
	backlog, err = s.Backlog(t.Context())
	must(t, err)
	wantSame(t, backlog, incident.Backlog{Pending: 1, Oldest: after(4), Parked: 1, LastPing: after(6)})

	n, err := s.RetryParked(t.Context())
	must(t, err)
	again := pending(t, s, "P1")
	if n != 1 || len(again) != 2 || again[0].Attempts != 8 || again[0].Detail != "too large" {
		t.Fatalf("%d parked events tried again: %+v", n, again)
	}

	all, err := s.Deliveries(t.Context(), "Q1")
	must(t, err)
	var states []incident.DeliveryState
	for _, d := range all {
		states = append(states, d.State)
	}
	wantSame(t, states, []incident.DeliveryState{incident.Handed, incident.Pending, incident.Pending, incident.Kept})
	if !all[0].SettledAt.Equal(after(60)) || !all[1].SettledAt.IsZero() {
		t.Fatalf("settled at %v and %v", all[0].SettledAt, all[1].SettledAt)
	}
}

func prune(t *testing.T, s *store.Store) {
	var settled []incident.Settled
	for n := range 1200 {
		d := delivery("Q1", "P1", n)
		if n >= 5 {
			d.State = incident.Kept // settled when received
		}
		put(t, s, d)
	}
	for i, d := range pending(t, s, "P1") {
		state := []incident.DeliveryState{incident.Handed, incident.Handed, incident.Parked, incident.Echo}
		if i < len(state) {
			settled = append(settled, incident.Settled{Seq: d.Seq, State: state[i]})
		}
	}
	must(t, s.SettleDeliveries(t.Context(), after(2), settled))
	n, err := s.PruneDeliveries(t.Context(), after(1101))
	must(t, err)
	if want := 3 + 1095; n != want { // received at 6 to 1100 seconds
		t.Fatalf("%d pruned, want %d", n, want)
	}
	left, err := s.Deliveries(t.Context(), "Q1")
	must(t, err)
	if len(left) != 1200-n || left[0].State != incident.Parked || left[1].State != incident.Pending {
		t.Fatalf("%d left, beginning with %s and %s", len(left), left[0].State, left[1].State)
	}
	_, fresh, err := s.PutDelivery(t.Context(), left[0])
	must(t, err)
	if fresh {
		t.Fatal("what still waits was forgotten")
	}
}

func refusedDeliveries(t *testing.T, s *store.Store) {
	_, _, err := s.PutDelivery(t.Context(), incident.Delivery{})
	wantError(t, err, store.ErrInvalid)
	list, err := s.PendingDeliveries(t.Context(), "", 0, 10)
	must(t, err)
	if len(list) != 0 {
		t.Fatal("it was stored")
	}
	none, err := s.Deliveries(t.Context(), "")
	must(t, err)
	if len(none) != 0 {
		t.Fatalf("%d deliveries of no incident", len(none))
	}
}

func hostileText(t *testing.T, s *store.Store) {
	for i, c := range []struct{ in, out string }{
		{"'; DROP TABLE incidents; --", "'; DROP TABLE incidents; --"},
		{`$1 ? :name @x "q" %s`, `$1 ? :name @x "q" %s`},
		{"日本語 🔥 \u202e \u200b", "日本語 🔥 \u202e \u200b"},
		{"nul\x00byte", "nul\uFFFDbyte"},
		{"bad\xff\xfeutf8", "bad\uFFFDutf8"},
		{"line\r\nbreak\ttab", "line\r\nbreak\ttab"},
	} {
		id, clean := incident.ID(fmt.Sprint(c.in, i)), incident.ID(fmt.Sprint(c.out, i))
		d := delivery(id, incident.ServiceID(c.in), i)
		d.Agent.Name, d.Detail = c.in, c.in
		put(t, s, d)
		got, err := s.Deliveries(t.Context(), id)
		must(t, err)
		if len(got) != 1 || got[0].Incident != clean || got[0].Agent.Name != c.out || got[0].Lane != c.out {
			t.Fatalf("%q came back as %+v", c.in, got)
		}

		r := record(id)
		r.Incident.Title, r.Match.Target = c.in, c.in
		begin(t, s, r)
		n := transition(id, c.in, 1, incident.PersonTook)
		n.By, n.Why = c.in, c.in
		appendAll(t, s, n, n)
		st := step(id, incident.Recover, 0)
		st.Name, st.Error, st.Output = c.in, c.in, []byte("not JSON: "+c.in)
		_, err = s.StartStep(t.Context(), st)
		must(t, err)
		must(t, s.FinishStep(t.Context(), st))
		back := read(t, s, id)
		if back.Incident.Title != jsonText(c.in) || back.TakenBy != c.out || len(back.Transitions) != 1 ||
			back.Transitions[0].Key != c.out || back.Steps[0].Error != c.out {
			t.Fatalf("%q came back as %+v", c.in, back)
		}
		if count, err := s.Attempts(t.Context(), "acme", c.in, t0); err != nil || count != 1 {
			t.Fatalf("%q: %d attempts, error %v", c.in, count, err)
		}
	}
}
