package workflows_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/workflows"
)

func TestWhatPagerDutyRefusesToCloseIsHandedOver(t *testing.T) {
	b := newBench(t, whole)
	b.actions.answers = map[string][]answer{"http.request": {down, up}, "local.read": {journal}, "local.run": {done}}
	b.pd.fail = map[string]error{"Resolve": workflows.ErrRefused}
	acknowledgeSoon(b)
	rec := b.run()
	if rec.Outcome != incident.HandedOver || rec.Reason != incident.EngineError ||
		!strings.HasPrefix(rec.Why, `"restart" was done, and verified, but PagerDuty refuses to close it`) {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
	if d := cmp.Diff([]string{"acknowledge", "note started", "page PFIRST", "note handed_over"}, b.pd.done()); d != "" {
		t.Errorf("in PagerDuty (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"#first"}, b.slack.sent); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
}
