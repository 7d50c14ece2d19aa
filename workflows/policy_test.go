package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"shodo/internal/customer"
	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/internal/store"
	"shodo/workflows"
)

// policies are the customer's windows, which may change while incidents wait.
type policies struct {
	mu      sync.Mutex
	windows []quiethours.Window
	version int
	fail    error
}

func (p *policies) Policy(context.Context, incident.CustomerID) (quiethours.Policy, string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return quiethours.New(time.UTC, p.windows), fmt.Sprintf("v%d", p.version), p.fail
}

func (p *policies) are(windows ...quiethours.Window) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.windows, p.version = windows, p.version+1
}

// answers are what a window says.
type answers map[incident.Question]incident.Answer

var (
	pageDeferred  = answers{incident.Page: incident.Defer}
	recoverForbid = answers{incident.MayRecover: incident.Forbid}
	allSuppressed = answers{incident.Contact: incident.Suppress, incident.Page: incident.Suppress, incident.MayRecover: incident.Forbid}
)

// window is one that opens and closes at these times of the run.
func (b *bench) window(name string, from, to time.Duration, a answers) quiethours.Window {
	return quiethours.Window{Name: name, Kind: quiethours.QuietHours, When: quiethours.Once(b.created.Add(from), b.created.Add(to)),
		Contact: a[incident.Contact], Page: a[incident.Page], Recover: a[incident.MayRecover]}
}

// errNotTaken is what nobody ever takes.
var errNotTaken = fmt.Errorf("%w: no such channel", workflows.ErrNotTaken)

// windowsChange has the engine told that the customer's windows are others now.
func (b *bench) windowsChange(after time.Duration, windows ...quiethours.Window) {
	b.after(after, func() {
		b.policies.are(windows...)
		b.env.SignalWorkflow("policy", nil)
	})
}

// next makes another run of the incident's workflow, which begins at that time.
func (b *bench) next(at time.Duration) {
	b.journal.run += "/next"
	b.environment(b.created.Add(at))
}

// record gives the record as it is.
func (b *bench) record() incident.Record {
	b.t.Helper()
	rec, err := b.store.Record(b.t.Context(), "Q1")
	if err != nil {
		b.t.Fatal(err)
	}
	return rec
}

// digest plays the digest of a window that ends at that time of the run.
func (b *bench) digest(end time.Duration) {
	b.t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(b.world.Log))
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(b.created.Add(end - time.Hour))
	env.SetTestTimeout(30 * time.Second)
	world := b.world
	world.Now = env.Now
	workflows.Register(env, world, nil)
	env.ExecuteWorkflow(workflows.DigestWorkflow, workflows.DigestInput{Customer: "acme", End: b.created.Add(end)})
	if err := env.GetWorkflowError(); err != nil || !env.IsWorkflowCompleted() {
		b.t.Fatalf("the digest did not end: %v", err)
	}
}

// digests are those that were started, by their ends.
type digests struct {
	mu    sync.Mutex
	ends  []time.Time
	onNew func(incident.CustomerID, time.Time)
	fail  int // how many starts are not known to have succeeded
}

func (d *digests) Start(_ context.Context, customer incident.CustomerID, end time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.ContainsFunc(d.ends, end.Equal) {
		d.ends = append(d.ends, end)
		if d.onNew != nil {
			d.onNew(customer, end)
		}
	}
	if d.fail > 0 {
		d.fail--
		return errors.New("temporal did not answer")
	}
	return nil
}

// contacts are what the customer was told.
type contacts struct {
	mu   sync.Mutex
	told []string // who, and the subject
	sent int      // how often anybody was told anything, the same again too
	keys []string
	last handover.ContactMessage
	news []workflows.ContactNews
	fail map[string]error
}

func (c *contacts) TellContact(_ context.Context, to customer.Contact, news workflows.ContactNews) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.fail[to.String()]; err != nil {
		return "", err
	}
	c.sent++
	key := news.Key + " to " + to.String()
	if slices.Contains(c.keys, key) {
		return "", nil
	}
	c.keys, c.told, c.last = append(c.keys, key), append(c.told, to.String()+": "+news.Message.Subject), news.Message
	c.news = append(c.news, news)
	return "", nil
}

// fragile is the store's record, which may break after it has written.
type fragile struct {
	*store.Store
	mu      sync.Mutex
	crash   string // the answer to the next line whose key begins so is lost
	onCrash func()
	run     string // the test environment gives all runs of a workflow the same id
}

func (j *fragile) Begin(ctx context.Context, rec incident.Record) (incident.Begun, error) {
	rec.WorkflowRun += j.run
	return j.Store.Begin(ctx, rec)
}

func (j *fragile) Append(ctx context.Context, lines []incident.Transition) error {
	if err := j.Store.Append(ctx, lines); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.crash != "" && slices.ContainsFunc(lines, func(t incident.Transition) bool { return strings.HasPrefix(t.Key, j.crash) }) {
		if j.crash = ""; j.onCrash != nil {
			j.onCrash()
		}
		return errors.New("the process died")
	}
	return nil
}

// story gives what the record tells about windows: each line's kind, with its question and window.
func story(rec incident.Record) []string {
	var told []string
	for _, t := range rec.Transitions {
		switch t.Kind {
		case incident.Deferred, incident.Resumed, incident.Listed, incident.ToldContact, incident.ToldTier, incident.Ended:
			line := string(t.Kind)
			for _, part := range []string{string(t.Question), string(t.Outcome), string(t.Reason), t.By} {
				if part != "" {
					line += " " + part
				}
			}
			told = append(told, line)
		}
	}
	return told
}

// lineAt gives the first line of the kind.
func lineAt(t *testing.T, rec incident.Record, kind incident.TransitionKind) incident.Transition {
	t.Helper()
	for _, line := range rec.Transitions {
		if line.Kind == kind {
			return line
		}
	}
	t.Fatalf("the record has no %q: %v", kind, story(rec))
	return incident.Transition{}
}

func count(rec incident.Record, kind incident.TransitionKind) int {
	n := 0
	for _, t := range rec.Transitions {
		if t.Kind == kind {
			n++
		}
	}
	return n
}

func lineTime(rec incident.Record, kind incident.TransitionKind) time.Time {
	for _, t := range rec.Transitions {
		if t.Kind == kind {
			return t.At
		}
	}
	return time.Time{}
}
