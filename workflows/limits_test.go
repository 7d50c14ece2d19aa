package workflows_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"

	"shodo/internal/incident"
	"shodo/workflows"
)

// Quick steps share one local activity: it has the time of all of them, so that slow answers are results and no error
// of the engine's.
func TestStepsThatShareAnActivityHaveTheirWholeTime(t *testing.T) {
	const steps = 9
	var checks strings.Builder
	for n := range steps {
		fmt.Fprintf(&checks, "  - {id: probe%d, uses: http.request, timeout: 10s, on_error: continue, with: {url: \"https://www.acme.example/%d\"}, healthy: output.status < 500}\n", n, n)
	}
	b := newBench(t, matches+"check:\n"+checks.String()+restarts+verifies)
	b.actions.answers = map[string][]answer{"http.request": {up}}
	var had time.Duration
	b.env.SetOnLocalActivityStartedListener(func(info *activity.Info, _ context.Context, _ []any) {
		if info.ActivityType.Name == "steps" {
			had = info.Deadline.Sub(info.StartedTime)
		}
	})
	b.run()
	if had < steps*10*time.Second {
		t.Errorf("%d steps of 10s have %s together", steps, had)
	}
}

// A step is sent only after the incident has been read again, which can take long: that is not taken from its own time.
func TestAChangeKeepsItsTimeWhenPagerDutyIsSlow(t *testing.T) {
	b := newBench(t, whole)
	b.actions.answers = map[string][]answer{"http.request": {down, up}, "local.read": {journal}, "local.run": {done}}
	var had time.Duration
	b.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if info.ActivityType.Name == "local.run" {
			had = info.StartToCloseTimeout
		}
	})
	b.run()
	const slow = 90 * time.Second // the longest that the client of PagerDuty tries one request
	if step := 30 * time.Second; had < step+slow {
		t.Errorf("a step has %s", had)
	}
}

func TestAnOperatorCancelsTheWorkflow(t *testing.T) {
	for _, c := range []struct {
		name   string
		after  time.Duration
		reason incident.Reason
	}{
		{"while the repair is verified", 20 * time.Second, incident.EngineError},
		{"while people are called", 3 * time.Minute, incident.VerifyFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, whole)
			b.actions.answers = map[string][]answer{"http.request": {down}, "local.read": {journal}, "local.run": {done}}
			b.after(c.after, b.env.CancelWorkflow)
			acknowledgeSoon(b)
			if rec := b.run(); rec.Outcome != incident.HandedOver || rec.Reason != c.reason {
				t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
			}
			if !slices.Contains(b.pd.done(), "page PFIRST") {
				t.Errorf("nobody was paged: %v", b.pd.done())
			}
		})
	}
}

// The token is revoked while a person has the incident: that it cannot be read does not mean that it is over.
func TestWhatCannotBeReadIsNotOver(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		after time.Duration // the end of the run
	}{
		"the token is revoked":     {workflows.ErrRefused, 48 * time.Hour},
		"PagerDuty has it no more": {fmt.Errorf("%w: %w", workflows.ErrRefused, workflows.ErrGone), 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, whole)
			b.pd.act(incident.EventAcknowledged, human)
			b.after(10*time.Minute, func() { b.pd.refuse("Status", c.err) })
			if took := b.run().EndedAt.Sub(b.created); took < c.after-2*time.Hour || took > c.after {
				t.Errorf("ended after %s", took)
			}
		})
	}
}

func (p *pagerDuty) refuse(method string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = map[string]error{method: err}
}
