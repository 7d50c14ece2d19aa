package crashtest

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/sandbox"
)

// TestStartIsFast prints how long a start takes, with new databases and with those of a killed process. The aim is
// under 3 s; what fails the test is five times as much, so that a busy machine does not.
func TestStartIsFast(t *testing.T) {
	s := newStage(t)
	for _, what := range []string{"with new databases", "after a kill", "once more"} {
		began := time.Now()
		e := s.start()
		took := time.Since(began)
		t.Logf("from start to ready %s: %s", what, took.Round(time.Millisecond))
		if took > 15*time.Second {
			t.Errorf("the start took %s", took)
		}
		e.kill()
	}
}

// TestSIGTERMCutsNoStepInHalf stops the process at several moments of an incident. It waits for the step that runs, says
// so with exit code 0, and its next life goes on from there.
func TestSIGTERMCutsNoStepInHalf(t *testing.T) {
	moments := []string{"PUT /incidents/ID acknowledged is to be answered 1", "probe 1", gatherRuns + " 1", repairStarts + " 1",
		repairHalf + " 1", "probe 2", "PUT /incidents/ID resolved is to be answered 1"}
	if testing.Short() {
		moments = moments[3:5]
	}
	together(t, moments, func(t *testing.T, moment string) {
		s := newStage(t)
		s.start()
		stopping := make(chan struct{})
		s.moments.begin(trap{moment, false, func() { s.stopSlowly(strings.HasPrefix(moment, "repair")); close(stopping) }})
		id := s.trigger("critical")
		await(t, stopping, moment)
		if code, err := s.engine().exit(); err != nil || code != 0 {
			t.Fatalf("after SIGTERM it ended with exit code %d (%v)", code, err)
		}
		rec, err := s.store().Record(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		phases := map[incident.Phase]int{}
		for _, step := range rec.Steps {
			phases[step.Phase]++
			if step.Status != incident.Succeeded || step.EndedAt.IsZero() {
				t.Errorf("step %s of %s was cut: %s %s (%s)", step.Name, step.Phase, step.Status, step.ErrorKind, step.Error)
			}
		}
		if strings.HasPrefix(moment, "repair") && phases[incident.Recover] != 1 {
			t.Errorf("the record does not know the repair: %v", phases)
		}
		s.start()
		rec = s.await(id, "its end", over)
		s.verdict(rec, nil)
		s.settled()
		s.check(rec)
	})
}

// stopSlowly asks the process to stop. The moment at which it does so lasts until the process has begun to stop, or two
// seconds longer.
func (s *stage) stopSlowly(longer bool) {
	e := s.engine()
	e.term()
	if err := e.awaitLog("waiting for running steps"); err != nil {
		s.t.Error(err)
	}
	if !longer {
		return
	}
	select {
	case <-e.dead:
		s.t.Error("the process did not wait for the step")
	case <-time.After(2 * time.Second):
	}
}

// TestSecondEngine: a second process on the same data directory says why it does not start, and the first goes on.
func TestSecondEngine(t *testing.T) {
	s := newStage(t)
	first := s.start()
	second := start(t, s.config)
	code, err := second.exit()
	if err != nil || code == 0 {
		t.Errorf("the second engine ended with exit code %d (%v)", code, err)
	}
	last := second.log()[strings.LastIndex(second.log(), "\n")+1:]
	for _, wanted := range []string{"another engine is using this database", fmt.Sprintf("process %d", first.cmd.Process.Pid),
		filepath.Join(s.data, "store.db")} {
		if !strings.Contains(last, wanted) {
			t.Errorf("the second engine says nothing of %q: %s", wanted, last)
		}
	}
	s.moments.begin()
	id := s.trigger("critical")
	rec := s.await(id, "its end", over)
	s.verdict(rec, nil)
	s.settled()
	s.check(rec)
}

// TestPagerDutyIsAwayAtTheStart: events are stored and answered, and worked on when PagerDuty is back; until then the
// process says what is wrong.
func TestPagerDutyIsAwayAtTheStart(t *testing.T) {
	s := newStage(t)
	s.sandbox.PagerDuty.SetOutage(true)
	e := s.launch()
	if err := e.awaitLog(`"msg":"listening"`); err != nil {
		t.Fatal(err)
	}
	s.moments.begin()
	id := s.trigger("critical")
	if err := poll(s.sandbox.PagerDuty.Idle); err != nil {
		t.Fatalf("the webhook is not taken: %+v", s.sandbox.PagerDuty.Deliveries())
	}
	if status, body, err := e.get("/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "pagerduty") {
		t.Errorf("/readyz gives %d: %s (%v)", status, body, err)
	}
	if left, err := s.store().Backlog(t.Context()); err != nil || left.Pending != 1 {
		t.Errorf("%d events wait, error %v", left.Pending, err)
	}
	e.kill() // and a crash on top of it
	e = s.launch()
	if err := e.awaitLog("events wait in the inbox"); err != nil {
		t.Fatal(err)
	}
	s.sandbox.PagerDuty.SetOutage(false)
	if err := e.awaitReady(); err != nil {
		t.Fatal(err)
	}
	rec := s.await(id, "its end", over)
	s.verdict(rec, nil)
	s.settled()
	s.check(rec)
}

// TestAcceptedInABurst kills the process in the middle of a burst of incidents that no scenario covers. Each of them has
// one history in the end, and is told.
func TestAcceptedInABurst(t *testing.T) {
	const incidents, atAnswer = 16, 6
	s := newStage(t)
	s.start()
	killed := make(chan struct{})
	s.moments.begin(trap{fmt.Sprintf("webhook incident.triggered is answered %d", atAnswer), true, func() {
		s.engine().kill()
		close(killed)
	}})
	var ids []incident.ID
	for n := range incidents {
		id, err := s.sandbox.PagerDuty.Trigger(sandbox.Alert{Service: "PWEB001", Summary: fmt.Sprint("note ", n), Severity: "info"})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, incident.ID(id))
	}
	await(t, killed, "the kill")
	s.start()
	for _, id := range ids {
		rec := s.await(id, "a hand-over", over)
		if rec.Outcome != incident.Unmatched || rec.Run != 1 {
			t.Errorf("incident %s ended as %q in run %d: %s", id, rec.Outcome, rec.Run, rec.Why)
		}
		inc, _ := s.sandbox.PagerDuty.Incident(string(id))
		if inc.Status != "triggered" || len(inc.Notes) != 1 {
			t.Errorf("in PagerDuty incident %s is %s with %d notes", id, inc.Status, len(inc.Notes))
		}
	}
	s.settled()
	if _, err := os.Stat(s.flag); err == nil {
		t.Error("something was repaired")
	}
}
