// Package storetest is the contract of package store as tests: what every database behind it must do. Run it with a
// function that opens a fresh, empty store.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shodo/internal/incident"
	"shodo/internal/store"
)

// Open gives a fresh, empty store that is closed when the test ends.
type Open func(t *testing.T) *store.Store

// Run runs the whole contract.
func Run(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, *store.Store){
		"deliveries/once":              deliveredOnce,
		"deliveries/as_received":       deliveredAsReceived,
		"deliveries/order":             deliveriesInOrder,
		"deliveries/lanes":             incidentKeepsItsLane,
		"deliveries/settle":            settle,
		"deliveries/prune":             prune,
		"deliveries/refused":           refusedDeliveries,
		"begin/first":                  beginFirst,
		"begin/repeated":               beginRepeated,
		"begin/reopened":               beginReopened,
		"begin/closed":                 beginClosed,
		"begin/refused":                refusedBegin,
		"transitions/repeated":         appendRepeated,
		"transitions/first_one_counts": firstTransitionCounts,
		"transitions/earlier_run":      earlierRunLeavesRow,
		"transitions/all_or_none":      appendAllOrNone,
		"deferrals/open":               openDeferrals,
		"deferrals/until":              deferralsUntil,
		"deferrals/refused":            refusedDeferrals,
		"deferrals/many_at_once":       manyDeferralsAtOnce,
		"deferrals/waits":              waits,
		"deferrals/suppressed":         suppressed,
		"maintenance/lists":            listsMaintenance,
		"maintenance/once":             maintenanceOnce,
		"maintenance/ended":            endedMaintenance,
		"maintenance/refused":          refusedMaintenance,
		"pauses/lists":                 listsPauses,
		"pauses/once":                  pauseOnce,
		"pauses/ended":                 endedPause,
		"pauses/refused":               refusedPauses,
		"reports/once":                 reportsOnce,
		"reports/at_once":              reportsAtOnce,
		"steps/changing":               changingStep,
		"steps/repeated":               stepRepeated,
		"steps/outputs":                outputs,
		"steps/started_at":             startedAt,
		"steps/refused":                refusedSteps,
		"budgets":                      budgets,
		"list":                         list,
		"facts":                        facts,
		"facts/reopened":               factsOfReopened,
		"facts/stopped":                factsStopped,
		"facts/attempts":               factsOfAttempts,
		"pages":                        pages,
		"pages/changed":                pagesOfChanged,
		"pages/many":                   manyPages,
		"imports":                      importsHistory,
		"imports/engine":               importKeepsTheEngines,
		"imports/goes_on":              importGoesOn,
		"imports/after_prune":          importAfterPrune,
		"imports/refused":              refusedImports,
		"prune/parts":                  pruneParts,
		"prune/whole":                  pruneWhole,
		"prune/nothing":                pruneNothing,
		"prune/many":                   pruneManyWhileOthersWrite,
		"export":                       exportsAll,
		"export/period":                exportsPeriod,
		"deeds":                        deeds,
		"deeds/reopened":               deedsOfReopened,
		"past":                         past,
		"past/reopened":                pastOfReopened,
		"past/stopped":                 pastStopped,
		"hostile_text":                 hostileText,
		"writes/failure_is_alone":      failureIsAlone,
		"writes/caller_gone":           callerGone,
		"writes/after_close":           afterClose,
		"writes/many_at_once":          manyAtOnce,
		"watch":                        watch,
		"watch/slow":                   watchSlow,
		"ping":                         func(t *testing.T, s *store.Store) { must(t, s.Ping(t.Context())) },
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// t0 is a moment with microseconds, the precision of the store.
var t0 = time.Date(2026, 11, 20, 8, 15, 30, 123456000, time.UTC)

func after(seconds int) time.Time { return t0.Add(time.Duration(seconds) * time.Second) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

func wantSame(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("difference (-want +got):\n%s", diff)
	}
}

// delivery is the n-th event of an incident.
func delivery(id incident.ID, service incident.ServiceID, n int) incident.Delivery {
	return incident.Delivery{
		Event: incident.Event{
			ID: incident.EventID(fmt.Sprintf("event-%s-%d", id, n)), Type: incident.EventTriggered, Incident: id,
			Service: service, OccurredAt: after(n), ReceivedAt: after(n + 1),
			Agent: incident.Agent{ID: "PUSER", Name: "Ueno", Type: "user_reference"},
		},
		Subscription: "PSUB", Body: []byte(`{"event":{}}`),
	}
}

func put(t *testing.T, s *store.Store, list ...incident.Delivery) {
	t.Helper()
	for _, d := range list {
		_, fresh, err := s.PutDelivery(t.Context(), d)
		must(t, err)
		if !fresh {
			t.Fatalf("event %q is taken for a repetition", d.ID)
		}
	}
}

func pending(t *testing.T, s *store.Store, lane string) []incident.Delivery {
	t.Helper()
	list, err := s.PendingDeliveries(t.Context(), lane, 0, 1000)
	must(t, err)
	return list
}

// record is a matched incident as the engine begins it.
func record(id incident.ID) incident.Record {
	return incident.Record{
		Incident: incident.Incident{
			ID: id, Number: 42, Title: "ディスク使用率 95%", Status: incident.Triggered, Urgency: "high", Priority: "P1",
			Service: incident.Ref{ID: "PWEB", Name: "web"}, CreatedAt: t0,
			Alerts: []incident.Alert{
				{ID: "A1", Summary: "disk", Details: map[string]any{"mount": "/data"}, CreatedAt: t0, Raw: []byte(`{"raw": 1 }`)},
				{ID: "A2", Summary: "no raw form", CreatedAt: t0},
				{ID: "A3", Summary: "other", CreatedAt: t0, Raw: []byte(`{"raw":3}`)},
			},
			AlertCount: 3,
		},
		WorkflowRun: "run-1-" + string(id),
		Customer:    incident.Customer{ID: "acme", Name: "Acme", Department: "east"},
		Match:       incident.Match{Scenario: "disk-full", Target: "web-1", Inputs: []byte(`{"mount":"/data"}`), Why: "service"},
		Phase:       incident.Intake, CatalogVersion: "c1", EngineVersion: "v1", ReceivedAt: after(1),
	}
}

func begin(t *testing.T, s *store.Store, r incident.Record) incident.Begun {
	t.Helper()
	begun, err := s.Begin(t.Context(), r)
	must(t, err)
	return begun
}

func read(t *testing.T, s *store.Store, id incident.ID) incident.Record {
	t.Helper()
	r, err := s.Record(t.Context(), id)
	must(t, err)
	return r
}

func step(id incident.ID, phase incident.Phase, index int) incident.Step {
	return incident.Step{
		StepKey: incident.StepKey{Incident: id, Run: 1, Phase: phase, Attempt: 1, Index: index},
		ID:      "probe", Name: "probe", Action: "http.request", Status: incident.Succeeded,
		Params: []byte(`{"url":"http://web-1/"}`), Output: []byte(`{"status":200}`),
		StartedAt: after(10 + index), EndedAt: after(20 + index),
	}
}

func transition(id incident.ID, key string, seconds int, kind incident.TransitionKind) incident.Transition {
	return incident.Transition{Incident: id, Run: 1, Key: key, At: after(seconds), Kind: kind, Why: "because"}
}

func appendAll(t *testing.T, s *store.Store, list ...incident.Transition) {
	t.Helper()
	must(t, s.Append(t.Context(), list))
}

// together runs f n times at once.
func together(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

func failureIsAlone(t *testing.T, s *store.Store) {
	begin(t, s, record("GOOD"))
	together(200, func(i int) {
		if i%10 == 0 {
			err := s.Append(t.Context(), []incident.Transition{transition("NOBODY", "k", i, incident.Decided)})
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("error %v, want not found", err)
			}
			return
		}
		if err := s.Append(t.Context(), []incident.Transition{transition("GOOD", fmt.Sprint(i), i, incident.Decided)}); err != nil {
			t.Error(err)
		}
	})
	if n := len(read(t, s, "GOOD").Transitions); n != 180 {
		t.Fatalf("%d transitions, want 180", n)
	}
}

func callerGone(t *testing.T, s *store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := s.PutDelivery(ctx, delivery("Q1", "P1", 1))
	wantError(t, err, context.Canceled)
	put(t, s, delivery("Q1", "P1", 1)) // it may be repeated, and was not stored
}

func afterClose(t *testing.T, s *store.Store) {
	must(t, s.Close())
	_, _, err := s.PutDelivery(t.Context(), delivery("Q1", "P1", 1))
	wantError(t, err, store.ErrClosed)
	must(t, s.Close())
}

// manyAtOnce mixes all writes of many incidents and reads them while they are written.
func manyAtOnce(t *testing.T, s *store.Store) {
	together(60, func(i int) {
		id := incident.ID(fmt.Sprintf("Q%d", i))
		check := func(err error) {
			if err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
		_, _, err := s.PutDelivery(t.Context(), delivery(id, "P1", 1))
		check(err)
		_, err = s.Begin(t.Context(), record(id))
		check(err)
		for n := range 5 {
			check(s.Append(t.Context(), []incident.Transition{transition(id, fmt.Sprint(n), n, incident.PhaseBegan)}))
			check(s.FinishStep(t.Context(), step(id, incident.Check, n)))
			r, err := s.Record(t.Context(), id)
			check(err)
			if len(r.Steps) != n+1 || len(r.Transitions) != n+1 {
				t.Errorf("%s: %d steps and %d transitions right after number %d", id, len(r.Steps), len(r.Transitions), n+1)
			}
		}
	})
}
