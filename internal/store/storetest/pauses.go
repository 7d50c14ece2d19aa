package storetest

import (
	"sync/atomic"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/store"
)

func pause(id string, scope incident.PauseScope, name string, at int) incident.Pause {
	return incident.Pause{ID: id, Scope: scope, Name: name, Reason: "復旧手順の見直し", By: "Sato (slack:U1)", At: after(at)}
}

func addPauses(t *testing.T, s *store.Store, list ...incident.Pause) {
	t.Helper()
	for _, p := range list {
		must(t, s.AddPause(t.Context(), p))
	}
}

func inForce(t *testing.T, s *store.Store) []incident.Pause {
	t.Helper()
	list, err := s.PausesInForce(t.Context())
	must(t, err)
	return list
}

func listsPauses(t *testing.T, s *store.Store) {
	if list := inForce(t, s); len(list) != 0 {
		t.Fatalf("in force from the beginning: %+v", list)
	}
	all, one, customer := pause("P3", incident.PauseAll, "", 10), pause("P2", incident.PauseScenario, "disk-full", 20), pause("P1", incident.PauseCustomer, "acme", 20)
	one.Cancel = true
	addPauses(t, s, one, all, customer)
	wantSame(t, inForce(t, s), []incident.Pause{all, customer, one})
	ended, err := s.EndPause(t.Context(), "P3", "Ueno", after(60))
	must(t, err)
	all.ResumedBy, all.ResumedAt = "Ueno", after(60)
	wantSame(t, ended, all)
	wantSame(t, inForce(t, s), []incident.Pause{customer, one})
	for _, c := range []struct {
		since time.Time
		want  []incident.Pause
	}{
		{time.Time{}, []incident.Pause{all, customer, one}},
		{after(59), []incident.Pause{all, customer, one}},
		{after(60), []incident.Pause{customer, one}}, // over in this instant
	} {
		list, err := s.Pauses(t.Context(), c.since)
		must(t, err)
		wantSame(t, list, c.want)
	}
}

func pauseOnce(t *testing.T, s *store.Store) {
	first := pause("P1", incident.PauseAll, "", 10)
	addPauses(t, s, first, first, pause("P1", incident.PauseCustomer, "acme", 30))
	wantSame(t, inForce(t, s), []incident.Pause{first})
	if _, err := s.EndPause(t.Context(), "P1", "Ueno", after(40)); err != nil {
		t.Fatal(err)
	}
	addPauses(t, s, first) // what has ended does not begin again
	if list := inForce(t, s); len(list) != 0 {
		t.Fatalf("%+v", list)
	}
}

func endedPause(t *testing.T, s *store.Store) {
	_, err := s.EndPause(t.Context(), "P9", "Ueno", after(50))
	wantError(t, err, store.ErrNotFound)
	addPauses(t, s, pause("P1", incident.PauseAll, "", 10))
	var first atomic.Int32
	together(20, func(i int) {
		at := after(110 + i)
		got, err := s.EndPause(t.Context(), "P1", "Ueno", at)
		if err != nil {
			t.Error(err)
		}
		if got.ResumedAt.Equal(at) {
			first.Add(1)
		}
	})
	if first.Load() != 1 {
		t.Fatalf("%d callers have ended it", first.Load())
	}
	_, err = s.EndPause(t.Context(), "P1", "Ueno", time.Time{})
	wantError(t, err, store.ErrInvalid)
}

func refusedPauses(t *testing.T, s *store.Store) {
	for name, p := range map[string]incident.Pause{
		"no id":                 pause("", incident.PauseAll, "", 10),
		"no scope":              pause("P1", "", "", 10),
		"another scope":         pause("P1", "service", "PX", 10),
		"everything has a name": pause("P1", incident.PauseAll, "acme", 10),
		"no customer":           pause("P1", incident.PauseCustomer, "", 10),
		"no scenario":           pause("P1", incident.PauseScenario, "", 10),
		"not known when":        {ID: "P1", Scope: incident.PauseAll},
	} {
		t.Run(name, func(t *testing.T) { wantError(t, s.AddPause(t.Context(), p), store.ErrInvalid) })
	}
	hostile := pause("P2", incident.PauseCustomer, "acme\x00'", 10)
	hostile.Reason, hostile.By = "\xff\x00'); DROP TABLE pauses; --", "\xfe"
	addPauses(t, s, hostile)
	got := inForce(t, s)
	if len(got) != 1 || got[0].Name != "acme\uFFFD'" || got[0].Reason != "\uFFFD\uFFFD'); DROP TABLE pauses; --" || got[0].By != "\uFFFD" {
		t.Errorf("%+v", got)
	}
}
