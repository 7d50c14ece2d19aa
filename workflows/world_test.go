package workflows_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/action"
	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/store"
	"shodo/workflows"
)

const (
	bot     = "PBOT"
	service = "PWEB"
)

var human = incident.Agent{ID: "PAIKO", Name: "Aiko Tanaka", Type: "user_reference"}

// bench is everything that one run of the workflow needs: Temporal's test environment, a real store and catalog, and a
// world that answers from scripts.
type bench struct {
	t       *testing.T
	env     *testsuite.TestWorkflowEnvironment
	store   *store.Store
	steps   *stepLog
	journal *fragile
	world   workflows.World
	pd      *pagerDuty
	slack   *messages
	actions *script
	created time.Time

	policies *policies
	digests  *digests
	contacts *contacts
	presses  int // of buttons
}

const customerFile = `name: Acme
time_zone: Asia/Tokyo
language: en
pagerduty: {services: [PWEB]}
scenarios: {web: {}}
allow: ["http.*", "local.*"]
tiers:
  - {name: first, slack: "#first", pagerduty: {escalation_policy: PFIRST}}
  - {name: second, after: 10m, slack: "#second", pagerduty: {escalation_policy: PSECOND}}
`

func newBench(t *testing.T, scenarioFile string) *bench {
	t.Helper()
	return newBenchOf(t, scenarioFile, customerFile)
}

func newBenchOf(t *testing.T, scenarioFile, customerFile string) *bench {
	t.Helper()
	set := builtin.List(builtin.Settings{})
	cat, problems := catalog.Load(fstest.MapFS{
		"scenarios/web.yaml":  {Data: []byte(scenarioFile)},
		"customers/acme.yaml": {Data: []byte(customerFile)},
		"runbooks/web.md":     {Data: []byte("# Web\nLook at it.\n")},
	}, "v1", set)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "store.db"), log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })

	b := &bench{t: t, store: db, steps: &stepLog{Store: db}, slack: &messages{}}
	b.created = time.Now().UTC().Truncate(time.Second) // local activities compare the environment's clock with the real one
	b.pd = &pagerDuty{inc: incident.Incident{
		ID: "Q1", Title: "health check of www.acme.example", Status: incident.Triggered, AckTimeout: true, CreatedAt: b.created,
		Service: incident.Ref{ID: service, Name: "Web"}, EscalationPolicy: incident.Ref{ID: "PDEFAULT"},
		Alerts: []incident.Alert{{Summary: "health check", Severity: "critical", CreatedAt: b.created}},
	}}
	b.journal = &fragile{Store: db}
	b.policies, b.digests, b.contacts = &policies{}, &digests{}, &contacts{}
	b.actions = &script{answers: map[string][]answer{}, used: map[string]int{}}
	b.world = workflows.World{
		Catalog:  func() workflows.Catalog { return cat },
		Compiler: scenario.NewCompiler(set, 10),
		Journal:  b.journal, StepLog: b.steps, Budgets: db,
		Policies: b.policies, Deferrals: db, Digests: b.digests, Contacts: b.contacts,
		Incidents: b.pd, PagerDuty: b.pd, Slack: b.slack, Actions: b.actions,
		Self: func(context.Context) (string, error) { return bot, nil },
		Log:  log, EngineVersion: "test",
	}
	b.environment(b.created)
	return b
}

// environment makes the surroundings of one run that begins at that time.
func (b *bench) environment(begins time.Time) {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(b.world.Log))
	b.env = suite.NewTestWorkflowEnvironment()
	b.env.SetStartTime(begins)
	b.env.SetTestTimeout(30 * time.Second)
	b.env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: workflows.WorkflowID("Q1"), TaskQueue: workflows.TaskQueue})
	b.world.Now = b.env.Now
	workflows.Register(b.env, b.world, builtin.List(builtin.Settings{}).Names())
}

// after does something to the world at an instant of the run.
func (b *bench) after(d time.Duration, do func()) { b.env.RegisterDelayedCallback(do, d) }

// tell delivers one of PagerDuty's events to the running workflow.
func (b *bench) tell(kind incident.EventType, by incident.Agent) {
	b.env.SignalWorkflow("event", incident.Event{ID: incident.EventID(fmt.Sprintf("%s@%s", kind, b.env.Now())), Type: kind,
		OccurredAt: b.env.Now(), ReceivedAt: b.env.Now(), Agent: by, Incident: "Q1", Service: service})
}

// person lets somebody act in PagerDuty: its state changes, and the webhook arrives.
func (b *bench) person(kind incident.EventType) {
	b.pd.act(kind, human)
	b.tell(kind, human)
}

// run plays the incident to its end. Whoever it was handed to resolves it in the end, two days later.
func (b *bench) run() incident.Record {
	b.t.Helper()
	return b.runFrom(incident.Event{ID: "E1", Type: incident.EventTriggered, OccurredAt: b.created, ReceivedAt: b.created,
		Incident: "Q1", Service: service})
}

func (b *bench) runFrom(e incident.Event) incident.Record {
	b.t.Helper()
	b.after(48*time.Hour, func() { b.person(incident.EventResolved) })
	return b.play(e)
}

// play plays the incident to its end.
func (b *bench) play(e incident.Event) incident.Record {
	b.t.Helper()
	b.env.ExecuteWorkflow(workflows.IncidentWorkflow, workflows.IncidentInput{Event: e})
	if !b.env.IsWorkflowCompleted() {
		b.t.Fatal("the workflow did not end")
	}
	var again *workflow.ContinueAsNewError
	if err := b.env.GetWorkflowError(); err != nil && !errors.As(err, &again) {
		b.t.Fatalf("the workflow ended with an error: %v", err)
	}
	rec, err := b.store.Record(b.t.Context(), "Q1")
	if err != nil {
		b.t.Fatal(err)
	}
	if rec.Outcome == "" || rec.EndedAt.IsZero() {
		b.t.Errorf("the record has no end: outcome %q, ended %v", rec.Outcome, rec.EndedAt)
	}
	return rec
}

// stepLog is the store's record of steps.
type stepLog struct {
	*store.Store
	blind bool // it finds no earlier step: somebody else writes it a moment later
}

func (l *stepLog) FindStep(ctx context.Context, key incident.StepKey) (incident.Step, bool, error) {
	if l.blind {
		return incident.Step{}, false, nil
	}
	return l.Store.FindStep(ctx, key)
}

// pagerDuty is one incident in PagerDuty, and what was done to it.
type pagerDuty struct {
	mu          sync.Mutex
	inc         incident.Incident
	did         []string
	fail        map[string]error // by method
	unpaged     map[string]error // by escalation policy
	lostSnoozes int
	onSnooze    func()
	onPage      func()
	onResolve   func()
	lost        int // how many answers to Resolve get lost: it is done, and the engine does not know
}

func (p *pagerDuty) begin(method string) error {
	p.mu.Lock()
	return p.fail[method]
}

func (p *pagerDuty) Read(context.Context, incident.ID) (incident.Incident, error) {
	defer p.mu.Unlock()
	return p.inc, p.begin("Read")
}

func (p *pagerDuty) Status(context.Context, incident.ID) (incident.Incident, error) {
	err := p.begin("Status")
	defer p.mu.Unlock()
	return p.inc, err
}

func (p *pagerDuty) AcknowledgeFor(ctx context.Context, id incident.ID, user string) error {
	if user == "" {
		return p.Acknowledge(ctx, id)
	}
	err := p.begin("AcknowledgeFor")
	defer p.mu.Unlock()
	if err == nil {
		p.did = append(p.did, "acknowledge for "+user)
		p.inc.Status, p.inc.AcknowledgedBy = incident.Acknowledged, []incident.Agent{{ID: user, Type: "user_reference"}}
	}
	return err
}

func (p *pagerDuty) Acknowledge(context.Context, incident.ID) error {
	err := p.begin("Acknowledge")
	defer p.mu.Unlock()
	if err == nil {
		p.did = append(p.did, "acknowledge")
		p.inc.Status, p.inc.AcknowledgedBy = incident.Acknowledged, []incident.Agent{{ID: bot, Type: "user_reference"}}
	}
	return err
}

func (p *pagerDuty) Resolve(_ context.Context, _ incident.ID, note string) error {
	err := p.begin("Resolve")
	defer p.mu.Unlock()
	if err == nil {
		if p.onResolve != nil {
			p.onResolve()
		}
		p.did = append(p.did, "resolve")
		p.inc.Status, p.inc.LastChangeBy = incident.Resolved, incident.Agent{ID: bot, Type: "user_reference"}
	}
	if p.lost > 0 {
		p.lost--
		err = errors.New("the connection broke")
	}
	return err
}

func (p *pagerDuty) Note(_ context.Context, _ incident.ID, key, text string, _ bool) error {
	err := p.begin("Note")
	defer p.mu.Unlock()
	did := "note " + key[strings.LastIndex(key, "/")+1:]
	if err == nil && !slices.Contains(p.did, did) {
		p.did = append(p.did, did)
	}
	return err
}

func (p *pagerDuty) Reassign(_ context.Context, _ incident.ID, policy string) error {
	err := cmp.Or(p.begin("Reassign"), p.unpaged[policy])
	defer p.mu.Unlock()
	if err == nil {
		if p.onPage != nil {
			p.onPage()
		}
		p.did = append(p.did, "page "+policy)
		p.inc.Status, p.inc.AcknowledgedBy = incident.Triggered, nil
	}
	return err
}

func (p *pagerDuty) Snooze(_ context.Context, _ incident.ID, d time.Duration) error {
	err := p.begin("Snooze")
	defer p.mu.Unlock()
	if p.lostSnoozes > 0 {
		p.lostSnoozes--
		return errors.New("the connection broke")
	}
	if err == nil {
		p.did = append(p.did, "snooze "+d.Truncate(time.Minute).String())
		if p.onSnooze != nil {
			p.onSnooze()
		}
		self := incident.Agent{ID: bot, Type: "user_reference"}
		p.inc.Status, p.inc.AcknowledgedBy, p.inc.LastChangeBy = incident.Acknowledged, []incident.Agent{self}, self
	}
	return err
}

func (p *pagerDuty) act(kind incident.EventType, by incident.Agent) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.inc.LastChangeBy = by
	switch kind {
	case incident.EventAcknowledged:
		p.inc.Status, p.inc.AcknowledgedBy = incident.Acknowledged, append(p.inc.AcknowledgedBy, by)
	case incident.EventResolved:
		p.inc.Status, p.inc.AcknowledgedBy = incident.Resolved, nil
	}
}

// loud is what was done but to silence it.
func (p *pagerDuty) loud() []string {
	return slices.DeleteFunc(p.done(), func(did string) bool { return strings.HasPrefix(did, "snooze ") })
}

func (p *pagerDuty) done() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.did)
}

// messages is Slack.
type messages struct {
	mu      sync.Mutex
	sent    []string           // the channels
	texts   []string           // the messages
	keys    []string           // of the messages
	tries   int                // how often Slack was asked to take one
	news    []string           // replies in threads
	updates []handover.Message // of messages that were posted before
	updated []workflows.Posted // which ones
	last    handover.Message
	fail    error
}

func (m *messages) Post(_ context.Context, channel string, msg handover.Message, key string) (workflows.Posted, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return workflows.Posted{}, m.fail
	}
	m.tries++
	if slices.Contains(m.keys, key) {
		return workflows.Posted{}, nil // Slack has it already
	}
	m.keys = append(m.keys, key)
	m.sent, m.last = append(m.sent, channel), msg
	text, err := json.Marshal(msg.Blocks)
	if err != nil {
		return workflows.Posted{}, err
	}
	m.texts = append(m.texts, string(text))
	return workflows.Posted{Channel: "C" + channel, TS: fmt.Sprint(len(m.sent))}, nil
}

func (m *messages) Update(_ context.Context, at workflows.Posted, msg handover.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.updates, m.updated = append(m.updates, msg), append(m.updated, at)
	return nil
}

// lastOf gives the blocks of each message as it was updated last, by channel and time.
func (m *messages) lastOf(t *testing.T) map[string]string {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	last := map[string]string{}
	for i, at := range m.updated {
		text, err := json.Marshal(m.updates[i].Blocks)
		if err != nil {
			t.Error(err)
		}
		last[at.Channel+"/"+at.TS] = string(text)
	}
	return last
}

func (m *messages) Reply(_ context.Context, to workflows.Posted, msg handover.Message) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.news = append(m.news, fmt.Sprintf("%s/%s: %s", to.Channel, to.TS, msg.Text))
	return nil
}

// answer is what an action answers once.
type answer struct {
	output string // JSON
	err    error
	hangs  bool   // until it is cancelled
	do     func() // happens meanwhile
}

// script answers actions by their name; the last answer repeats.
type script struct {
	mu      sync.Mutex
	answers map[string][]answer
	used    map[string]int
	ran     []string
	params  []json.RawMessage
	decide  func(action string) *answer // answers instead; nil, and nil of it: as is written
}

func (s *script) Run(ctx context.Context, c workflows.Call) (json.RawMessage, error) {
	s.mu.Lock()
	s.ran = append(s.ran, c.Action)
	s.params = append(s.params, c.Params)
	list := s.answers[c.Action]
	if s.decide != nil {
		if a := s.decide(c.Action); a != nil {
			list = []answer{*a}
		}
	}
	if len(list) == 0 {
		s.mu.Unlock()
		return nil, &workflows.StepError{Kind: incident.Permanent, Err: fmt.Errorf("no answer is written for %q", c.Action)}
	}
	a := list[min(s.used[c.Action], len(list)-1)]
	s.used[c.Action]++
	s.mu.Unlock()
	if a.do != nil {
		a.do()
	}
	if a.hangs {
		<-ctx.Done()
		return nil, &workflows.StepError{Kind: action.KindOf(ctx.Err()), Err: ctx.Err()}
	}
	if a.err != nil {
		return json.RawMessage(a.output), a.err
	}
	return json.RawMessage(a.output), nil
}

func (s *script) count(name string) int {
	n := 0
	for _, r := range s.ran {
		if r == name {
			n++
		}
	}
	return n
}
