package analytics_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/analytics"
	"shodo/internal/incident"
)

// accounts is a record and an inbox that a test can read.
type accounts struct {
	record
	inbox map[incident.ID][]incident.Delivery
	fail  error
}

func (a *accounts) Fingerprints(_ context.Context, ids []incident.ID) (map[incident.ID]string, error) {
	known := map[incident.ID]string{}
	for _, f := range a.facts {
		if slices.Contains(ids, f.ID) {
			known[f.ID] = ""
		}
	}
	return known, a.fail
}

func (a *accounts) Deliveries(_ context.Context, id incident.ID) ([]incident.Delivery, error) {
	return a.inbox[id], nil
}

// received reads lines of an id, a service and when it was created after monday; an empty id is "-".
func received(t *testing.T, table string) iter.Seq2[analytics.Received, error] {
	t.Helper()
	var list []analytics.Received
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		if f[0] == "-" {
			list = append(list, analytics.Received{})
			continue
		}
		list = append(list, analytics.Received{ID: incident.ID(f[0]), Service: incident.ServiceID(f[1]), CreatedAt: monday.Add(span(t, f[2]))})
	}
	return func(yield func(analytics.Received, error) bool) {
		for _, one := range list {
			if !yield(one, nil) {
				return
			}
		}
	}
}

func TestCompare(t *testing.T) {
	now := monday.Add(10 * time.Hour)
	delivery := func(s incident.DeliveryState, settled time.Duration) []incident.Delivery {
		d := incident.Delivery{State: s}
		d.ReceivedAt = now.Add(-9 * time.Hour)
		if settled > 0 {
			d.SettledAt = now.Add(-settled)
		}
		return []incident.Delivery{d}
	}
	for name, c := range map[string]struct {
		record, received string
		inbox            []incident.Delivery // of Q
		want             analytics.Lost
		count            int
		missing          string
	}{
		"in the record":            {record: "Q acme/east/-/- unmatched 1h", received: "Q PA 1h", want: analytics.Lost{Received: 1, InRecord: 1}},
		"recorded with other time": {record: "Q acme/east/-/- unmatched 5h", received: "Q PA 1h", want: analytics.Lost{Received: 1, InRecord: 1}},
		"nowhere":                  {received: "Q PA 1h", want: analytics.Lost{Received: 1}, count: 1, missing: "Q"},
		"waits in the inbox":       {received: "Q PA 1h", inbox: delivery(incident.Pending, 0), want: analytics.Lost{Received: 1, InInbox: 1}},
		"parked":                   {received: "Q PA 1h", inbox: delivery(incident.Parked, 0), want: analytics.Lost{Received: 1, InInbox: 1}},
		"handed over a minute ago": {received: "Q PA 1h", inbox: delivery(incident.Handed, time.Minute), want: analytics.Lost{Received: 1, Young: 1}},
		"handed over and no more":  {received: "Q PA 1h", inbox: delivery(incident.Handed, 3*time.Minute), want: analytics.Lost{Received: 1}, count: 1, missing: "Q"},
		"only a note a minute ago": {received: "Q PA 1h", inbox: delivery(incident.Kept, time.Minute), want: analytics.Lost{Received: 1}, count: 1, missing: "Q"},
		"younger than two minutes": {received: "Q PA 9h58m1s", want: analytics.Lost{Received: 1, Young: 1}},
		"two minutes old":          {received: "Q PA 9h58m", want: analytics.Lost{Received: 1}, count: 1, missing: "Q"},
		"of nobody's service":      {received: "Q PX 1h", want: analytics.Lost{Others: 1}},
		"cannot be read":           {received: "-", want: analytics.Lost{Received: 1, Unreadable: 1}, count: 1},
		"of other periods":         {received: "A PA -1us\nB PA 168h", want: analytics.Lost{}},
		"the period's edges":       {received: "A PA 0s\nB PB 167h59m59s", want: analytics.Lost{Received: 2, Young: 1}, count: 1, missing: "A"},
		"some of everything": {record: "R1 acme/east/-/- unmatched 1h\nR2 beta/west/-/- recovered 2h end=1m", inbox: delivery(incident.Pending, 0),
			received: "R1 PA 1h\nL2 PB 2h\nR2 PB 2h\nX PX 2h\nQ PA 3h\nL1 PA 1h\n-\nY PB 10h",
			want:     analytics.Lost{Received: 7, InRecord: 2, InInbox: 1, Young: 1, Unreadable: 1, Others: 1}, count: 3, missing: "L2 L1"},
	} {
		t.Run(name, func(t *testing.T) {
			a := &accounts{record: record{facts: facts(t, c.record)}, inbox: map[incident.ID][]incident.Delivery{"Q": c.inbox}}
			got, err := analytics.Compare(t.Context(), a, received(t, c.received), analytics.Comparison{
				Period: week(t, "2026-W46"), Services: []incident.ServiceID{"PA", "PB"}, Now: now})
			if err != nil {
				t.Fatal(err)
			}
			var missing []incident.ID
			for _, one := range got.Missing {
				missing = append(missing, one.ID)
			}
			for _, one := range got.Missing {
				if heard := one.ID == "Q" && c.inbox != nil; heard != one.HeardAt.Equal(now.Add(-9*time.Hour)) {
					t.Errorf("%s was first heard of at %s", one.ID, one.HeardAt)
				}
			}
			if words(missing) != c.missing || got.Count() != c.count || got.AccountedFor()+got.Count() != got.Received || got.NotListed() != 0 {
				t.Errorf("missing %q, lost %d, accounted for %d of %d", missing, got.Count(), got.AccountedFor(), got.Received)
			}
			counts := analytics.Lost{Received: got.Received, InRecord: got.InRecord, InInbox: got.InInbox, Young: got.Young, Unreadable: got.Unreadable, Others: got.Others}
			if diff := cmp.Diff(c.want, counts, cmp.AllowUnexported(analytics.Lost{}, analytics.Period{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What cannot be known is an error, and never 0.
func TestCompareKnowsWhenItCannotKnow(t *testing.T) {
	away := errors.New("away")
	in := func(change func(*analytics.Comparison)) analytics.Comparison {
		c := analytics.Comparison{Period: week(t, "2026-W46"), Services: []incident.ServiceID{"PA"}, Now: later, Keep: 60 * 24 * time.Hour}
		if change != nil {
			change(&c)
		}
		return c
	}
	recorded := fact(t, "R acme/east/-/- unmatched 1h")
	recorded.Service = "PA"
	for name, c := range map[string]struct {
		record   *accounts
		received iter.Seq2[analytics.Received, error]
		c        analytics.Comparison
		want     error
	}{
		"all is well":            {&accounts{}, received(t, "X PX 1h"), in(nil), nil},
		"nothing to compare":     {&accounts{}, received(t, ""), in(func(c *analytics.Comparison) { c.Services = nil }), analytics.ErrNoServices},
		"deleted long ago":       {&accounts{}, received(t, ""), in(func(c *analytics.Comparison) { c.Keep = 20 * 24 * time.Hour }), analytics.ErrNotKept},
		"the token sees nothing": {&accounts{record: record{facts: []incident.Fact{recorded}}}, received(t, "X PX 1h"), in(nil), analytics.ErrSeesNothing},
		"nobody was to see it": {&accounts{record: record{facts: []incident.Fact{recorded}}}, received(t, ""),
			in(func(c *analytics.Comparison) { c.Services = []incident.ServiceID{"PB"} }), nil},
		"PagerDuty is away": {&accounts{}, func(yield func(analytics.Received, error) bool) { yield(analytics.Received{}, away) }, in(nil), away},
		"the store is away": {&accounts{fail: away}, received(t, "Q PA 1h"), in(nil), away},
		"the facts fail":    {&accounts{record: record{err: away}}, received(t, ""), in(nil), away},
	} {
		if _, err := analytics.Compare(t.Context(), c.record, c.received, c.c); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestManyMissingAreCounted(t *testing.T) {
	const n = analytics.MaxMissing + 3
	var table strings.Builder
	for i := range n {
		fmt.Fprintf(&table, "Q%d PA %ds\n", i, i)
	}
	got, err := analytics.Compare(t.Context(), &accounts{}, received(t, table.String()), analytics.Comparison{
		Period: week(t, "2026-W46"), Services: []incident.ServiceID{"PA"}, Now: later})
	if err != nil || got.Count() != n || len(got.Missing) != analytics.MaxMissing || got.NotListed() != 3 || got.Missing[0].ID != "Q0" {
		t.Errorf("%d lost, %d listed, %v", got.Count(), len(got.Missing), err)
	}
	data, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Definitions string
		Lost        int
		NotListed   int `json:"missing_not_listed"`
		Missing     []analytics.Received
	}
	if err := json.Unmarshal(data, &out); err != nil || out.Definitions != "v1" || out.Lost != n || out.NotListed != 3 ||
		out.Missing[1].CreatedAt.Format(time.RFC3339) != "2026-11-09T00:00:01+09:00" {
		t.Errorf("%.300s, %v", data, err)
	}
}
