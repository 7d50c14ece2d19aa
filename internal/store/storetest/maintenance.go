package storetest

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/store"
)

func maintenance(id string, customer incident.CustomerID, from, to int) incident.Maintenance {
	return incident.Maintenance{ID: id, Customer: customer, From: after(from), To: after(to), Match: `incident.service.id == "PX"`,
		Contact: incident.Suppress, Page: incident.Defer, Recover: incident.Forbid, Reason: "リリース 42", AddedBy: "Sato", AddedAt: t0}
}

func add(t *testing.T, s *store.Store, list ...incident.Maintenance) {
	t.Helper()
	for _, m := range list {
		must(t, s.AddMaintenance(t.Context(), m))
	}
}

func maintenances(t *testing.T, s *store.Store, customer incident.CustomerID, endingAfter time.Time) []incident.Maintenance {
	t.Helper()
	list, err := s.Maintenances(t.Context(), customer, endingAfter)
	must(t, err)
	return list
}

func listsMaintenance(t *testing.T, s *store.Store) {
	tokyo := time.FixedZone("JST", 9*60*60)
	late, early, other := maintenance("M1", "acme", 300, 400), maintenance("M2", "acme", 100, 200), maintenance("M3", "beta", 100, 500)
	zoned := late
	zoned.From, zoned.To = late.From.In(tokyo), late.To.In(tokyo)
	add(t, s, zoned, early, other)
	all := []incident.Maintenance{early, other, late}
	for _, c := range []struct {
		customer incident.CustomerID
		after    time.Time
		want     []incident.Maintenance
	}{
		{"", time.Time{}, all},
		{"", after(0), all},
		{"", after(199), all},
		{"", after(200), []incident.Maintenance{other, late}}, // over in this instant
		{"", after(500), nil},
		{"acme", time.Time{}, []incident.Maintenance{early, late}},
		{"acme", after(200), []incident.Maintenance{late}},
		{"beta", after(200), []incident.Maintenance{other}},
		{"' OR 1=1 --", time.Time{}, nil},
	} {
		wantSame(t, maintenances(t, s, c.customer, c.after), c.want)
	}
}

func maintenanceOnce(t *testing.T, s *store.Store) {
	first := maintenance("M1", "acme", 100, 200)
	second := maintenance("M1", "beta", 300, 400)
	add(t, s, first, first, second)
	wantSame(t, maintenances(t, s, "", time.Time{}), []incident.Maintenance{first})
}

func endedMaintenance(t *testing.T, s *store.Store) {
	want := maintenance("M1", "acme", 100, 200)
	add(t, s, want, maintenance("M2", "acme", 100, 200))
	_, err := s.EndMaintenance(t.Context(), "M9", "Ueno", after(150))
	wantError(t, err, store.ErrNotFound)
	want.EndedBy, want.EndedAt = "Ueno", after(150)
	for i, by := range []string{"Ueno", "Ueno", "Sato"} { // the first one counts
		got, err := s.EndMaintenance(t.Context(), "M1", by, after(150+i))
		must(t, err)
		wantSame(t, got, want)
	}
	for at, n := range map[int]int{149: 2, 150: 1, 199: 1, 200: 0} { // it is over from then on
		if got := maintenances(t, s, "acme", after(at)); len(got) != n {
			t.Errorf("at %d there are %d, want %d", at, len(got), n)
		}
	}
	add(t, s, maintenance("M1", "acme", 100, 200)) // what has ended does not begin again
	wantSame(t, maintenances(t, s, "acme", time.Time{})[0], want)

	// Ended after it was over: its own end counts.
	_, err = s.EndMaintenance(t.Context(), "M2", "Ueno", after(900))
	must(t, err)
	if got := maintenances(t, s, "acme", after(200)); len(got) != 0 {
		t.Errorf("%+v", got)
	}

	add(t, s, maintenance("M3", "acme", 100, 200))
	var first atomic.Int32
	together(20, func(i int) {
		at := after(110 + i)
		got, err := s.EndMaintenance(t.Context(), "M3", "Ueno", at)
		if err != nil {
			t.Error(err)
		}
		if got.EndedAt.Equal(at) {
			first.Add(1)
		}
	})
	if first.Load() != 1 {
		t.Fatalf("%d callers have ended it", first.Load())
	}
}

func refusedMaintenance(t *testing.T, s *store.Store) {
	for name, change := range map[string]func(*incident.Maintenance){
		"no id":          func(m *incident.Maintenance) { m.ID = "" },
		"no customer":    func(m *incident.Maintenance) { m.Customer = "" },
		"no beginning":   func(m *incident.Maintenance) { m.From = time.Time{} },
		"no end":         func(m *incident.Maintenance) { m.To = time.Time{} },
		"no time at all": func(m *incident.Maintenance) { m.To = m.From },
		"not known when": func(m *incident.Maintenance) { m.AddedAt = time.Time{} },
	} {
		m := maintenance("M1", "acme", 100, 200)
		change(&m)
		if err := s.AddMaintenance(t.Context(), m); err == nil || !strings.Contains(err.Error(), store.ErrInvalid.Error()) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	add(t, s, maintenance("M1", "acme", 100, 200))
	_, err := s.EndMaintenance(t.Context(), "M1", "Ueno", time.Time{})
	wantError(t, err, store.ErrInvalid)
	hostile := maintenance("M2", "acme\x00'", 100, 200)
	hostile.Reason, hostile.AddedBy = "\xff\x00'); DROP TABLE maintenances; --", "\xfe"
	add(t, s, hostile)
	got := maintenances(t, s, "acme\uFFFD'", time.Time{})
	if len(got) != 1 || got[0].Reason != "\uFFFD\uFFFD'); DROP TABLE maintenances; --" || got[0].AddedBy != "\uFFFD" {
		t.Errorf("%+v", got)
	}
}
