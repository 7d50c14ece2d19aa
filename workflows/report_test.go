package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"shodo/workflows"
)

// reportWorld is a configuration with one report and places that answer from scripts.
type reportWorld struct {
	mu        sync.Mutex
	notBefore time.Time
	places    []string
	fail      map[string][]error // by place, in turn
	asked     []workflows.ReportInput
	sent      []string
	now       func() time.Time
}

func (r *reportWorld) Due(_ context.Context, in workflows.ReportInput) (workflows.ReportDue, error) {
	r.asked = append(r.asked, in)
	return workflows.ReportDue{NotBefore: r.notBefore, Places: r.places}, nil
}

func (r *reportWorld) Deliver(_ context.Context, in workflows.DeliverInput) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if errs := r.fail[in.Place]; len(errs) > 0 {
		r.fail[in.Place] = errs[1:]
		return errs[0]
	}
	r.sent = append(r.sent, fmt.Sprintf("%s of %s to %s at %s", in.Name, in.At.UTC().Format(time.RFC3339), in.Place, r.now().UTC().Format(time.RFC3339)))
	return nil
}

func TestReport(t *testing.T) {
	monday := time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)
	away := errors.New("mail: connection refused")
	never := fmt.Errorf("%w: no such channel", workflows.ErrNotTaken)
	for _, c := range []struct {
		name      string
		began     time.Time // when the schedule's turn is carried out
		scheduled bool
		in        workflows.ReportInput
		world     *reportWorld
		want      []string
		err       string
	}{
		{name: "to every place", began: monday, scheduled: true, world: &reportWorld{places: []string{"slack #ops", "folder r"}},
			want: []string{"w of 2026-11-16T00:00:00Z to folder r at 2026-11-16T00:00:00Z", "w of 2026-11-16T00:00:00Z to slack #ops at 2026-11-16T00:00:00Z"}},
		{name: "a missed turn is of its own week", began: monday.AddDate(0, 0, 9), scheduled: true, world: &reportWorld{places: []string{"folder r"}},
			want: []string{"w of 2026-11-16T00:00:00Z to folder r at 2026-11-25T00:00:00Z"}},
		{name: "a holiday is waited for", began: monday, scheduled: true, world: &reportWorld{places: []string{"folder r"}, notBefore: monday.AddDate(0, 0, 1)},
			want: []string{"w of 2026-11-16T00:00:00Z to folder r at 2026-11-17T00:00:00Z"}},
		{name: "a report that is configured no more", began: monday, scheduled: true, world: &reportWorld{}},
		{name: "by hand", began: monday.Add(time.Hour), in: workflows.ReportInput{At: monday, Again: "wish"}, world: &reportWorld{places: []string{"folder r"}},
			want: []string{"w of 2026-11-16T00:00:00Z to folder r at 2026-11-16T01:00:00Z"}},
		{name: "without the schedule's time", began: monday.Add(time.Second), world: &reportWorld{places: []string{"folder r"}},
			want: []string{"w of 2026-11-16T00:00:01Z to folder r at 2026-11-16T00:00:01Z"}},
		{name: "a place that takes nothing", began: monday, scheduled: true, err: "send the report \"w\" to slack #gone",
			world: &reportWorld{places: []string{"slack #gone", "folder r"}, fail: map[string][]error{"slack #gone": {never}}},
			want:  []string{"w of 2026-11-16T00:00:00Z to folder r at 2026-11-16T00:00:00Z"}},
		{name: "a place that comes back", began: monday, scheduled: true,
			world: &reportWorld{places: []string{"mail a@b"}, fail: map[string][]error{"mail a@b": {away, away}}},
			want:  []string{"w of 2026-11-16T00:00:00Z to mail a@b at 2026-11-16T00:00:01Z"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			env.SetStartTime(c.began)
			c.world.now = func() time.Time { return env.Now().Truncate(time.Second) }
			if c.scheduled {
				if err := env.SetTypedSearchAttributesOnStart(temporal.NewSearchAttributes(
					temporal.NewSearchAttributeKeyTime("TemporalScheduledStartTime").ValueSet(monday))); err != nil {
					t.Fatal(err)
				}
			}
			workflows.Register(env, workflows.World{Reports: c.world, Log: slog.New(slog.DiscardHandler)}, nil)
			c.in.Name = "w"
			env.ExecuteWorkflow(workflows.ReportWorkflow, c.in)
			err := env.GetWorkflowError()
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("it ended with %v", err)
			}
			slices.Sort(c.world.sent)
			if !slices.Equal(c.world.sent, c.want) {
				t.Errorf("sent %q\nwant %q", c.world.sent, c.want)
			}
		})
	}
}
