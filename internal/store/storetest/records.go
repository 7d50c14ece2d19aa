package storetest

import (
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/store"
)

// jsonText is what JSON makes of a text that is not UTF-8.
func jsonText(s string) string {
	raw, _ := json.Marshal(s)
	var out string
	_ = json.Unmarshal(raw, &out)
	return out
}

func beginFirst(t *testing.T, s *store.Store) {
	want := record("Q1")
	want.Steps = []incident.Step{step("Q1", incident.Check, 0)} // not Begin's to store
	wantSame(t, begin(t, s, want), incident.Begun{Run: 1})
	want.Run, want.Steps = 1, nil
	wantSame(t, read(t, s, "Q1"), want)

	_, err := s.Record(t.Context(), "Q2")
	wantError(t, err, store.ErrNotFound)
}

func beginRepeated(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	appendAll(t, s, transition("Q1", "taken", 5, incident.PersonTook))
	again := record("Q1")
	again.Match.Scenario, again.Match.Target, again.CatalogVersion = "other", "web-2", "c2"
	again.Incident.Alerts[0].Raw = []byte(`"newer"`)
	wantSame(t, begin(t, s, again), incident.Begun{Run: 1, Known: true})

	got := read(t, s, "Q1")
	if got.Match.Scenario != "other" || got.CatalogVersion != "c2" || string(got.Incident.Alerts[0].Raw) != `"newer"` {
		t.Fatalf("the engine goes on with what it read last, but the record says %+v", got)
	}
	if !got.TakenAt.Equal(after(5)) {
		t.Fatal("what had happened is gone")
	}
	found, err := s.List(t.Context(), incident.Filter{Scenario: "other"})
	must(t, err)
	if len(found) != 1 {
		t.Fatalf("found %d times by the new scenario", len(found))
	}
}

func beginReopened(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	appendAll(t, s, transition("Q1", "outcome", 5, incident.Ended), transition("Q1", "end", 6, incident.ResponseEnd))
	must(t, s.FinishStep(t.Context(), step("Q1", incident.Check, 0)))

	second := record("Q1")
	second.WorkflowRun, second.ReceivedAt = "run-2", after(100)
	second.Incident.Alerts = second.Incident.Alerts[:1]
	wantSame(t, begin(t, s, second), incident.Begun{Run: 2})
	got := read(t, s, "Q1")
	if len(got.Transitions) != 2 || len(got.Steps) != 1 {
		t.Fatalf("the first run's story is gone: %+v", got)
	}
	want := second
	want.Run, want.Steps, want.Transitions = 2, got.Steps, got.Transitions
	wantSame(t, got, want)

	wantSame(t, begin(t, s, second), incident.Begun{Run: 2, Known: true})
	wantSame(t, begin(t, s, record("Q1")), incident.Begun{Run: 1, Known: true}) // the first workflow, late
	wantSame(t, read(t, s, "Q1"), want)
}

func beginClosed(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	late := record("Q1")
	late.WorkflowRun, late.Incident.Status = "run-2", incident.Resolved
	appendAll(t, s, incident.Transition{Incident: "Q1", Run: 1, Key: "o", At: after(5), Kind: incident.Ended, Outcome: incident.Recovered})
	before := read(t, s, "Q1")
	wantSame(t, begin(t, s, late), incident.Begun{Run: 1, Closed: true})
	wantSame(t, read(t, s, "Q1"), before)
}

func refusedBegin(t *testing.T, s *store.Store) {
	r := record("")
	_, err := s.Begin(t.Context(), r)
	wantError(t, err, store.ErrInvalid)
	r = record("Q1")
	r.WorkflowRun = ""
	_, err = s.Begin(t.Context(), r)
	wantError(t, err, store.ErrInvalid)

	// An incident that could not even be read is recorded, under the time at which it was received.
	begin(t, s, incident.Record{Incident: incident.Incident{ID: "Q2"}, WorkflowRun: "w", ReceivedAt: after(3)})
	found, err := s.List(t.Context(), incident.Filter{Since: after(3), Until: after(4)})
	must(t, err)
	if len(found) != 1 || found[0].Phase != incident.Intake {
		t.Fatalf("found %+v", found)
	}
}

func appendRepeated(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	first := incident.Transition{Incident: "Q1", Run: 1, Key: "check", At: after(2), Kind: incident.PhaseBegan,
		Phase: incident.Check, Attempt: 1, Outcome: incident.HandedOver, Reason: incident.Storm, By: "x", Why: "y"}
	earlier := transition("Q1", "decided", 1, incident.Decided)
	appendAll(t, s, first, earlier)
	changed := first
	changed.Phase, changed.Why = incident.Recover, "again"
	appendAll(t, s, changed)
	appendAll(t, s)
	got := read(t, s, "Q1")
	wantSame(t, got.Transitions, []incident.Transition{earlier, first})
	if got.Phase != incident.Check {
		t.Fatalf("a repetition moved the phase to %q", got.Phase)
	}
}

func firstTransitionCounts(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	ended := func(key string, at int, o incident.Outcome, r incident.Reason) incident.Transition {
		return incident.Transition{Incident: "Q1", Run: 1, Key: key, At: after(at), Kind: incident.Ended, Outcome: o, Reason: r, Why: key}
	}
	took := func(key string, at int, by string) incident.Transition {
		return incident.Transition{Incident: "Q1", Run: 1, Key: key, At: after(at), Kind: incident.PersonTook, By: by}
	}
	phase := func(key string, at int, p incident.Phase) incident.Transition {
		return incident.Transition{Incident: "Q1", Run: 1, Key: key, At: after(at), Kind: incident.PhaseBegan, Phase: p}
	}
	appendAll(t, s, phase("p1", 1, incident.Check), ended("o1", 5, incident.HandedOver, incident.VerifyFailed),
		phase("p2", 5, incident.HandOver), took("t1", 6, "Sato"), took("t2", 7, "Ueno"), transition("Q1", "e1", 8, incident.ResponseEnd))
	appendAll(t, s, ended("o2", 9, incident.Recovered, ""), transition("Q1", "e2", 10, incident.ResponseEnd), phase("p3", 11, incident.Verify))
	got := read(t, s, "Q1")
	want := record("Q1")
	want.Run, want.Phase, want.Outcome, want.Reason, want.Why = 1, incident.End, incident.HandedOver, incident.VerifyFailed, "o1"
	want.OutcomeAt, want.TakenAt, want.TakenBy, want.EndedAt = after(5), after(6), "Sato", after(8)
	want.Transitions = got.Transitions
	wantSame(t, got, want)
	if len(got.Transitions) != 9 {
		t.Fatalf("%d transitions, want all 9", len(got.Transitions))
	}
}

func earlierRunLeavesRow(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	second := record("Q1")
	second.WorkflowRun = "run-2"
	begin(t, s, second)
	appendAll(t, s, transition("Q1", "o", 5, incident.Ended), transition("Q1", "e", 6, incident.ResponseEnd),
		transition("Q1", "t", 6, incident.PersonTook), transition("Q1", "p", 6, incident.PhaseBegan))
	must(t, s.FinishStep(t.Context(), step("Q1", incident.Check, 0)))
	got := read(t, s, "Q1")
	if got.Run != 2 || got.Phase != incident.Intake || !got.OutcomeAt.IsZero() || !got.EndedAt.IsZero() ||
		!got.TakenAt.IsZero() || !got.StartedAt.IsZero() {
		t.Fatalf("the first run changed the second's row: %+v", got)
	}
}

func appendAllOrNone(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	err := s.Append(t.Context(), []incident.Transition{transition("Q1", "a", 1, incident.Ended), transition("Q2", "b", 1, incident.Decided)})
	wantError(t, err, store.ErrNotFound)
	err = s.Append(t.Context(), []incident.Transition{transition("Q1", "a", 1, incident.Ended), {Incident: "Q1", Run: 1, At: t0}})
	wantError(t, err, store.ErrInvalid)
	err = s.Append(t.Context(), []incident.Transition{{Incident: "Q1", Run: 1, Key: "k"}})
	wantError(t, err, store.ErrInvalid)
	if got := read(t, s, "Q1"); len(got.Transitions) != 0 || !got.OutcomeAt.IsZero() {
		t.Fatalf("half of it was written: %+v", got)
	}
}

func changingStep(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	st := step("Q1", incident.Recover, 0)
	if _, found, err := s.FindStep(t.Context(), st.StepKey); found || err != nil {
		t.Fatalf("found %v before it began, error %v", found, err)
	}
	state, err := s.StartStep(t.Context(), st)
	must(t, err)
	intent := st
	intent.Status, intent.Output, intent.EndedAt = incident.Started, nil, time.Time{}
	wantSame(t, state, incident.StepState{New: true, Step: intent})

	later := st // after a crash, the engine comes back with its own time
	later.StartedAt = after(500)
	state, err = s.StartStep(t.Context(), later)
	must(t, err)
	wantSame(t, state, incident.StepState{Step: intent})

	healthy := false
	later.Status, later.Error, later.ErrorKind, later.Healthy = incident.Failed, "exit 1", incident.Permanent, &healthy
	must(t, s.FinishStep(t.Context(), later))
	later.StartedAt = st.StartedAt
	state, err = s.StartStep(t.Context(), st)
	must(t, err)
	wantSame(t, state, incident.StepState{Step: later})
	known, found, err := s.FindStep(t.Context(), st.StepKey)
	must(t, err)
	if !found {
		t.Fatal("not found")
	}
	wantSame(t, known, later)
	wantSame(t, read(t, s, "Q1").Steps, []incident.Step{later})

	refused := step("Q1", incident.Recover, 5) // it was never sent, so it may be decided anew
	refused.Status, refused.Error, refused.ErrorKind, refused.Output = incident.Failed, "not now", incident.Refused, nil
	must(t, s.FinishStep(t.Context(), refused))
	anew := step("Q1", incident.Recover, 5)
	anew.StartedAt = after(900)
	for n := range 2 {
		state, err = s.StartStep(t.Context(), anew)
		must(t, err)
		intent = anew
		intent.Status, intent.Output, intent.EndedAt = incident.Started, nil, time.Time{}
		wantSame(t, state, incident.StepState{New: n == 0, Step: intent})
	}

	var sent atomic.Int32
	together(20, func(i int) { // twenty workers, one sends
		st := step("Q1", incident.Recover, 7)
		st.StartedAt = after(i)
		state, err := s.StartStep(t.Context(), st)
		if err != nil {
			t.Error(err)
		}
		if state.New {
			sent.Add(1)
		}
	})
	if sent.Load() != 1 {
		t.Fatalf("sent %d times", sent.Load())
	}
}

func stepRepeated(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	st := step("Q1", incident.Check, 0)
	must(t, s.FinishStep(t.Context(), st))
	must(t, s.FinishStep(t.Context(), st))
	wantSame(t, read(t, s, "Q1").Steps, []incident.Step{st})

	st.Status, st.Output, st.Error, st.EndedAt = incident.Failed, nil, "refused", after(77)
	must(t, s.FinishStep(t.Context(), st))
	wantSame(t, read(t, s, "Q1").Steps, []incident.Step{st})

	keys := []func(*incident.Step){
		func(s *incident.Step) { s.Run = 2 },
		func(s *incident.Step) { s.Phase = incident.Verify },
		func(s *incident.Step) { s.Attempt = 2 },
		func(s *incident.Step) { s.Round = 1 },
		func(s *incident.Step) { s.Index = 1 },
	}
	for i, change := range keys {
		other := st
		change(&other)
		other.StartedAt = after(100 - i) // in the order of their start, not of their end
		must(t, s.FinishStep(t.Context(), other))
	}
	steps := read(t, s, "Q1").Steps
	if len(steps) != 6 || steps[1].Index != 1 || steps[5].Run != 2 {
		t.Fatalf("steps %+v", steps)
	}
}

func outputs(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	big := func(n int) []byte { return []byte(`{"text":"` + strings.Repeat("ログ\\u0000 ", n) + `"}`) }
	for i, out := range [][]byte{nil, []byte(`{}`), big(100), big(1 << 17), []byte("not JSON \x00\xff"), []byte(strings.Repeat("x", 1<<20))} {
		st := step("Q1", incident.Gather, i)
		st.Output = out
		must(t, s.FinishStep(t.Context(), st))
		got := read(t, s, "Q1").Steps[i].Output
		switch {
		case json.Valid(out) && string(got) != string(out), len(out) == 0 && got != nil:
			t.Fatalf("output %d of %d bytes came back changed, with %d bytes", i, len(out), len(got))
		case len(out) > 0 && !json.Valid(got):
			t.Fatalf("output %d is not JSON", i)
		}
	}
	// A long output that is replaced by a short one, and by none.
	for _, out := range []string{string(big(1 << 17)), `"short"`, string(big(1 << 16)), ""} {
		st := step("Q1", incident.Gather, 0)
		st.Output = []byte(out)
		must(t, s.FinishStep(t.Context(), st))
		if got := string(read(t, s, "Q1").Steps[0].Output); got != out {
			t.Fatalf("%d bytes came back as %d", len(out), len(got))
		}
	}
}

func startedAt(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	for i, at := range []struct {
		status incident.StepStatus
		start  int
		want   int
	}{
		{incident.Skipped, 1, 0}, {incident.Planned, 1, 0}, {incident.Succeeded, 9, 9}, {incident.Failed, 5, 5}, {incident.Succeeded, 7, 5},
	} {
		st := step("Q1", incident.Check, i)
		st.Status, st.StartedAt = at.status, after(at.start)
		must(t, s.FinishStep(t.Context(), st))
		want := time.Time{}
		if at.want > 0 {
			want = after(at.want)
		}
		if got := read(t, s, "Q1").StartedAt; !got.Equal(want) {
			t.Fatalf("after step %d it had started at %v, want %v", i, got, want)
		}
	}
	st := step("Q1", incident.Recover, 0)
	st.StartedAt = after(3)
	_, err := s.StartStep(t.Context(), st)
	must(t, err)
	if got := read(t, s, "Q1").StartedAt; !got.Equal(after(3)) {
		t.Fatalf("started at %v", got)
	}
}

func refusedSteps(t *testing.T, s *store.Store) {
	_, err := s.StartStep(t.Context(), step("Q1", incident.Recover, 0))
	wantError(t, err, store.ErrNotFound)
	wantError(t, s.FinishStep(t.Context(), step("Q1", incident.Check, 0)), store.ErrNotFound)
	begin(t, s, record("Q1"))
	st := step("Q1", incident.Recover, 0)
	st.Status = incident.Started
	wantError(t, s.FinishStep(t.Context(), st), store.ErrInvalid)
	st.StartedAt = time.Time{}
	_, err = s.StartStep(t.Context(), st)
	wantError(t, err, store.ErrInvalid)
	if n := len(read(t, s, "Q1").Steps); n != 0 {
		t.Fatalf("%d steps were written", n)
	}
}
