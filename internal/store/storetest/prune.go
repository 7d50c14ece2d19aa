package storetest

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/store"
)

// aged writes an incident with an alert, a short and a long output, which ended after so many days; 0: it is open.
func aged(t *testing.T, s *store.Store, id incident.ID, days int) {
	t.Helper()
	begin(t, s, record(id))
	long := step(id, incident.Check, 1)
	long.Output = append(append([]byte{'"'}, bytes.Repeat([]byte("long "), 10_000)...), '"')
	must(t, s.FinishStep(t.Context(), step(id, incident.Check, 0)))
	must(t, s.FinishStep(t.Context(), long))
	if days > 0 {
		appendAll(t, s, transition(id, "outcome", 30, incident.Ended), transition(id, "end", days*86400, incident.ResponseEnd))
	}
}

const days = 24 * time.Hour

// Of 500 days after the beginning.
var later = t0.Add(500 * days)

func oldAndNew(t *testing.T, s *store.Store) {
	t.Helper()
	aged(t, s, "OLD", 1)
	aged(t, s, "OPEN", 0)
	aged(t, s, "NEW", 450)
	aged(t, s, "WAITING", 1)
	put(t, s, delivery("WAITING", "P1", 1))
}

// prunes makes sure that Prune deletes what Prunable has counted, and nothing the second time.
func prunes(t *testing.T, s *store.Store, keep store.Retention, want store.Pruned) {
	t.Helper()
	counted, err := s.Prunable(t.Context(), keep, later)
	must(t, err)
	wantSame(t, counted, want)
	got, err := s.Prune(t.Context(), keep, later)
	must(t, err)
	wantSame(t, got, want)
	got, err = s.Prune(t.Context(), keep, later)
	must(t, err)
	wantSame(t, got, store.Pruned{})
}

// Alerts and outputs go with the age of their incident; the incident stays as it was.
func pruneParts(t *testing.T, s *store.Store) {
	oldAndNew(t, s)
	before := read(t, s, "OLD")
	prunes(t, s, store.Retention{Alerts: 100 * days, StepOutputs: 100 * days}, store.Pruned{Alerts: 2, StepOutputs: 2})
	after := read(t, s, "OLD")
	for i := range before.Incident.Alerts {
		before.Incident.Alerts[i].Raw = nil
	}
	for i := range before.Steps {
		before.Steps[i].Output = nil
	}
	wantSame(t, after, before)
	for _, id := range []incident.ID{"OPEN", "NEW", "WAITING"} {
		r := read(t, s, id)
		if len(r.Steps[1].Output) < 50_000 || len(r.Steps[0].Output) == 0 || len(r.Incident.Alerts[0].Raw) == 0 {
			t.Errorf("%s has lost something", id)
		}
	}
}

// An incident goes whole; one that is open, or has an event that waits, stays however old it is.
func pruneWhole(t *testing.T, s *store.Store) {
	oldAndNew(t, s)
	prunes(t, s, store.Retention{Incidents: 100 * days}, store.Pruned{Incidents: 1})
	_, err := s.Record(t.Context(), "OLD")
	wantError(t, err, store.ErrNotFound)
	for _, id := range []incident.ID{"OPEN", "NEW", "WAITING"} {
		read(t, s, id)
	}
	waiting := pending(t, s, "P1")[0]
	must(t, s.SettleDeliveries(t.Context(), t0, []incident.Settled{{Seq: waiting.Seq, State: incident.Handed}}))
	prunes(t, s, store.Retention{Incidents: 100 * days, Deliveries: 100 * days}, store.Pruned{Incidents: 1, Deliveries: 1})
	if b := begin(t, s, record("OLD")); b.Run != 1 || b.Known {
		t.Errorf("after it was pruned it begins as %+v", b)
	}
}

// What is kept for ever is not touched.
func pruneNothing(t *testing.T, s *store.Store) {
	oldAndNew(t, s)
	prunes(t, s, store.Retention{}, store.Pruned{})
	if n := len(read(t, s, "OLD").Steps[1].Output); n < 50_000 {
		t.Errorf("an output has %d bytes", n)
	}
}

// Others write while hundreds of incidents are pruned.
func pruneManyWhileOthersWrite(t *testing.T, s *store.Store) {
	const many = 180
	together(many, func(i int) {
		id := incident.ID(fmt.Sprintf("OLD%d", i))
		_, err := s.Begin(context.Background(), record(id))
		if err == nil {
			err = s.Append(context.Background(), []incident.Transition{transition(id, "end", 1, incident.ResponseEnd)})
		}
		if err != nil {
			t.Error(err)
		}
	})
	together(4, func(i int) {
		if i == 0 {
			if p, err := s.Prune(context.Background(), store.Retention{Incidents: days}, later); err != nil || p.Incidents != many {
				t.Errorf("%+v, error %v", p, err)
			}
			return
		}
		for n := range 30 {
			if _, _, err := s.PutDelivery(context.Background(), delivery("Q", incident.ServiceID(fmt.Sprint("P", i)), 100*i+n)); err != nil {
				t.Error(err)
			}
		}
	})
	list, err := s.List(t.Context(), incident.Filter{})
	must(t, err)
	if len(list) != 0 {
		t.Errorf("%d are left", len(list))
	}
}
