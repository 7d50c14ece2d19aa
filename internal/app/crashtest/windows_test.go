package crashtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"shodo/internal/app"
	"shodo/internal/app/apptest"
	"shodo/internal/incident"
)

// maintenance runs "shodo maintenance" against the process that lives now, and gives what it prints.
func (s *stage) maintenance(args ...string) string {
	s.t.Helper()
	args = append([]string{"maintenance"}, args...)
	args = append(args, "--url", s.engine().url(), "--token-file", filepath.Join(s.data, app.TokenFile))
	out, err := exec.CommandContext(s.t.Context(), apptest.Binary(s.t), args...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("shodo %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// TestMaintenanceOutlivesAKill kills the process while an incident waits for the end of maintenance. In the next life it
// still waits, with the same window; when that is ended by command, it is repaired.
func TestMaintenanceOutlivesAKill(t *testing.T) {
	s := newStage(t)
	e := s.start()
	s.moments.begin()
	window := regexp.MustCompile(`\bM[A-Z2-7]{12}\b`).FindString(s.maintenance("add", "acme", "--for", "2h", "--page", "defer", "--reason", "release 42"))
	id := s.trigger("critical")
	waits := func(r incident.Record) bool { return !r.DeferredUntil.IsZero() }
	before := s.await(id, "the end of the window", waits)
	e.kill()
	s.start()
	if list := s.maintenance("list"); !regexp.MustCompile(window + ` .*running`).MatchString(list) {
		t.Errorf("after the kill the window %s is not there:\n%s", window, list)
	}
	after, err := s.store().Record(t.Context(), id)
	if err != nil || !after.DeferredUntil.Equal(before.DeferredUntil) || after.Outcome != "" {
		t.Errorf("after the kill it waits until %s, want %s; outcome %q, %v", after.DeferredUntil, before.DeferredUntil, after.Outcome, err)
	}
	if _, err := os.Stat(s.flag); err == nil {
		t.Error("something was repaired during maintenance")
	}
	s.maintenance("end", window)
	rec := s.await(id, "its end", over)
	if rec.Outcome != incident.Recovered || s.moments.times(repairStarts) != 1 {
		t.Errorf("it ended as %q (%s) after %d repairs: %s", rec.Outcome, rec.Reason, s.moments.times(repairStarts), rec.Why)
	}
	s.settled()
	s.check(rec)
}
