package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shodo/internal/incident"
	"shodo/internal/store"
)

var historyBegin = time.Date(2025, 11, 1, 0, 0, 0, 0, time.UTC)

func newImport(id string) incident.Import {
	return incident.Import{ID: id, Since: historyBegin, Until: historyBegin.AddDate(0, 1, 0), BegunAt: historyBegin.AddDate(1, 0, 0)}
}

// imported is an incident that a person acknowledged after a minute and resolved after ten.
func imported(id, fingerprint string) incident.Imported {
	created := historyBegin.Add(time.Hour)
	r := incident.Record{WorkflowRun: incident.ImportedRun, Run: 1, ReceivedAt: created, Phase: incident.End,
		Customer: incident.Customer{ID: "acme", Department: "retail"},
		Incident: incident.Incident{ID: incident.ID(id), Title: "Disk full " + fingerprint, Status: incident.Resolved, CreatedAt: created, Service: incident.Ref{ID: "PWEB001"},
			AlertCount: 1, Alerts: []incident.Alert{{Summary: "Disk full", Raw: []byte(`{"id":"A1"}`)}}}}
	for i, n := range []incident.Transition{
		{Kind: incident.Ended, Outcome: incident.Unmatched, At: created},
		{Kind: incident.PersonTook, By: "Aiko", At: created.Add(time.Minute)},
		{Kind: incident.ResponseEnd, At: created.Add(10 * time.Minute)},
	} {
		n.Incident, n.Run, n.Key = incident.ID(id), 1, fmt.Sprintf("imported/%d", i)
		r.Transitions = append(r.Transitions, n)
	}
	return incident.Imported{Record: r, Fingerprint: fingerprint}
}

func begunImport(t *testing.T, s *store.Store, i incident.Import) incident.Import {
	t.Helper()
	begun, err := s.BeginImport(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	return begun
}

func saveImported(t *testing.T, s *store.Store, i incident.Import, list ...incident.Imported) incident.ImportCounts {
	t.Helper()
	counts, err := s.SaveImported(t.Context(), i, list)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func importsHistory(t *testing.T, s *store.Store) {
	i := begunImport(t, s, newImport("one"))
	i.ImportCounts = saveImported(t, s, i, imported("Q1", "a"), imported("Q2", "a"))
	if diff := cmp.Diff(incident.ImportCounts{Imported: 2}, i.ImportCounts); diff != "" {
		t.Error(diff)
	}
	r, err := s.Record(t.Context(), "Q1")
	if err != nil {
		t.Fatal(err)
	}
	if !r.IsImported() || r.Outcome != incident.Unmatched || r.TakenBy != "Aiko" || r.FirstResponse() != 10*time.Minute || r.Phase != incident.End ||
		len(r.Transitions) != 3 || string(r.Incident.Alerts[0].Raw) != `{"id":"A1"}` {
		t.Errorf("the record is %+v", r)
	}

	// The same again changes nothing; what has changed in PagerDuty is replaced as a whole.
	before, err := s.Record(t.Context(), "Q1")
	if err != nil {
		t.Fatal(err)
	}
	changed := imported("Q2", "b")
	changed.Record.Transitions = changed.Record.Transitions[:1]
	changed.Record.Incident.Alerts = nil
	i.ImportCounts = saveImported(t, s, i, imported("Q1", "a"), changed)
	if diff := cmp.Diff(incident.ImportCounts{Imported: 3, Unchanged: 1}, i.ImportCounts); diff != "" {
		t.Error(diff)
	}
	after, err := s.Record(t.Context(), "Q1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if r, err = s.Record(t.Context(), "Q2"); err != nil || r.Incident.Title != "Disk full b" || !r.EndedAt.IsZero() || len(r.Transitions) != 1 || len(r.Incident.Alerts) != 0 {
		t.Errorf("the changed record is %+v, %v", r, err)
	}
}

func importKeepsTheEngines(t *testing.T, s *store.Store) {
	begin(t, s, incident.Record{WorkflowRun: "w1", Incident: incident.Incident{ID: "Q1", Title: "the engine's", CreatedAt: historyBegin}})
	i := begunImport(t, s, newImport("one"))
	if diff := cmp.Diff(incident.ImportCounts{Engine: 1, Imported: 1}, saveImported(t, s, i, imported("Q1", "a"), imported("Q2", "a"))); diff != "" {
		t.Error(diff)
	}
	if r, err := s.Record(t.Context(), "Q1"); err != nil || r.IsImported() || r.Incident.Title != "the engine's" || len(r.Transitions) != 0 {
		t.Errorf("the record is %+v, %v", r, err)
	}
	known, err := s.Fingerprints(t.Context(), []incident.ID{"Q1", "Q2", "Q3"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[incident.ID]string{"Q1": "", "Q2": "a"}, known); diff != "" {
		t.Error(diff)
	}
	// An incident of the history that comes back is the engine's from then on.
	begin(t, s, incident.Record{WorkflowRun: "w2", Incident: incident.Incident{ID: "Q2", Status: incident.Triggered, CreatedAt: historyBegin}})
	if diff := cmp.Diff(incident.ImportCounts{Engine: 1}, saveImported(t, s, i, imported("Q2", "b"))); diff != "" {
		t.Error(diff)
	}
}

func importGoesOn(t *testing.T, s *store.Store) {
	i := begunImport(t, s, newImport("one"))
	i.DoneTo = i.Since.Add(24 * time.Hour)
	i.ImportCounts = saveImported(t, s, i, imported("Q1", "a"))
	again := begunImport(t, s, newImport("two"))
	if diff := cmp.Diff(i, again); diff != "" {
		t.Errorf("it does not go on where it was: %s", diff)
	}
	other := newImport("three")
	other.Services = []incident.ServiceID{"PWEB001", "PDB0001"}
	if got := begunImport(t, s, other); got.ID != "three" {
		t.Errorf("an import of other services is %+v", got)
	}
	i.DoneTo, i.EndedAt = i.Until, i.BegunAt.Add(time.Hour)
	saveImported(t, s, i)
	if got := begunImport(t, s, newImport("four")); got.ID != "four" {
		t.Errorf("after one that was finished comes %+v", got)
	}
	list, err := s.Imports(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	half := 0
	for _, one := range list {
		if one.IsHalf() {
			half++
		}
	}
	if len(list) != 3 || half != 2 {
		t.Errorf("the imports are %+v", list)
	}
}

func refusedImports(t *testing.T, s *store.Store) {
	bad := newImport("one")
	bad.Until = bad.Since
	if _, err := s.BeginImport(t.Context(), bad); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("an import of no time: %v", err)
	}
	i := begunImport(t, s, newImport("one"))
	notImported := imported("Q2", "a")
	notImported.Record.WorkflowRun = "w1"
	if _, err := s.SaveImported(t.Context(), i, []incident.Imported{imported("Q1", "a"), notImported}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a record that is not marked: %v", err)
	}
	if _, err := s.SaveImported(t.Context(), newImport("nobody"), []incident.Imported{imported("Q1", "a")}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an import that was not begun: %v", err)
	}
	if _, err := s.Record(t.Context(), "Q1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("something of it was written: %v", err)
	}
}

// What was deleted because its retention was over is not brought again.
func importAfterPrune(t *testing.T, s *store.Store) {
	i := begunImport(t, s, newImport("one"))
	saveImported(t, s, i, imported("Q1", "a"))
	if _, err := s.Prune(t.Context(), store.Retention{Incidents: 24 * time.Hour}, historyBegin.AddDate(0, 2, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Record(t.Context(), "Q1"); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("it is not deleted: %v", err)
	}
	known, err := s.Fingerprints(t.Context(), []incident.ID{"Q1"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[incident.ID]string{"Q1": "a"}, known); diff != "" {
		t.Error(diff)
	}
}
