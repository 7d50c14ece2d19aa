package crashtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"shodo/internal/app/apptest"
	"shodo/internal/incident"
	"shodo/internal/sandbox"
	"shodo/internal/store"
)

const webhookPath = "/webhooks/pagerduty"

const customerFile = `name: Acme
time_zone: Asia/Tokyo
language: en
pagerduty: {services: [PWEB001]}
scenarios: {web: {}}
allow: ["http.*", "local.*"]
tiers:
  - {name: first, slack: "#operations", pagerduty: {escalation_policy: PMGR001}}
`

// The first incident of the demo, with programs that tell the stage how far they are.
const scenarioFile = `title: Web is down
autonomy: automatic
match: {when: 'alert.severity == "critical"'}
target: web
limits: {timeout: 5m}
check:
  - id: probe
    uses: http.request
    with: {url: "%[1]s/", timeout: 2s}
    timeout: 3s
    healthy: output.status < 500
gather:
  - id: journal
    uses: local.read
    timeout: 5s
    with: {command: [%[2]q, gather, %[1]q]}
recover:
  - name: restart
    steps:
      - uses: local.run
        timeout: 30s
        on_error: hand_over
        with: {command: [%[2]q, repair, %[1]q, %[3]q]}
verify: {within: 5s, every: 200ms, stable_for: 200ms}
`

const configFile = `listen: 127.0.0.1:0
data_dir: %[1]q
stop_timeout: 30s
catalog: {dir: %[2]q}
pagerduty:
  api_url: %[3]q
  token: {env: PD_TOKEN}
  from: shodo@example.com
  webhook_secrets: [{env: PD_SECRET}]
slack: {api_url: %[4]q, bot_token: {env: SLACK_TOKEN}, channel: "#operations"}
actions: {local_run: {programs: [%[5]q]}}
log: {format: json}
`

// stage is the world around the process: PagerDuty, Slack, and a web service that is healthy while a file exists. It
// outlives the process.
type stage struct {
	t       *testing.T
	sandbox *sandbox.Server
	service *httptest.Server // the programs' moments, PagerDuty's webhooks and the way to Slack go over it too
	flag    string
	data    string // data_dir
	config  string // shodo.yaml
	moments moments
	records *store.Store // opened at the first use

	fate fate

	mu   sync.Mutex
	life *engine // the latest
}

// fate is what becomes of the repair program.
type fate int

const (
	theRepairWorks fate = iota
	theRepairFails      // it ends at once, with an error
	theRepairDies       // it dies with the process
)

func newStage(t *testing.T) *stage {
	t.Helper()
	return newStageOf(t, scenarioFile, configFile)
}

// newStageOf plays another scenario, with other settings.
func newStageOf(t *testing.T, scenario, settings string) *stage {
	t.Helper()
	dir := t.TempDir()
	s := &stage{t: t, flag: filepath.Join(dir, "up"), data: filepath.Join(dir, "data"), config: filepath.Join(dir, "shodo.yaml")}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s.sandbox, err = sandbox.New(sandbox.Options{From: "shodo@example.com", Token: "pd-token", BotToken: "xoxb-token",
		RetryBackoff: 50 * time.Millisecond, PostInterval: time.Millisecond, CheckPagerDuty: s.watchPagerDuty,
		Channels: []sandbox.Channel{{ID: "C0OPERATIONS", Name: "operations"}}})
	if err != nil {
		t.Fatal(err)
	}
	s.sandbox.Start()
	s.service = httptest.NewServer(s.routes())
	s.sandbox.PagerDuty.Subscribe(s.service.URL+webhookPath, apptest.Secret)
	catalog := apptest.WriteCatalog(t, map[string]string{
		"customers/acme.yaml": customerFile,
		"scenarios/web.yaml":  fmt.Sprintf(scenario, s.service.URL, program, s.flag),
	})
	text := fmt.Sprintf(settings, s.data, catalog, s.sandbox.PagerDutyURL(), s.service.URL+"/api/", program)
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

func (s *stage) close() {
	life := s.engine()
	if s.t.Failed() && life != nil {
		s.t.Logf("the moments were\n%s", strings.Join(s.moments.all(), "\n"))
		s.t.Logf("the last process said\n%s", life.log())
	}
	if life != nil {
		life.kill()
	}
	if s.records != nil {
		_ = s.records.Close()
	}
	_ = s.sandbox.Close()
	s.service.Close()
}

// start begins a life of the process and waits until it is ready.
func (s *stage) start() *engine {
	s.t.Helper()
	e := s.launch()
	if err := e.awaitReady(); err != nil {
		s.t.Fatal(err)
	}
	return e
}

// launch begins a life of the process.
func (s *stage) launch() *engine {
	s.t.Helper()
	e := start(s.t, s.config)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.life = e
	return e
}

func (s *stage) engine() *engine {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.life
}

func (s *stage) trigger(severity string) incident.ID {
	s.t.Helper()
	id, err := s.sandbox.PagerDuty.Trigger(sandbox.Alert{Service: "PWEB001", Summary: "web is down", Severity: severity})
	if err != nil {
		s.t.Fatal(err)
	}
	return incident.ID(id)
}

// watchPagerDuty makes moments of the requests to PagerDuty.
func (s *stage) watchPagerDuty(next http.Handler) http.Handler { return s.watch("", next) }

// watch makes moments of requests: every answer, and before that every change.
func (s *stage) watch(who string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the process has gone
		}
		what := who + nameOf(r, body)
		if r.Method != http.MethodGet && s.moments.reach(what+" is sent") {
			panic(http.ErrAbortHandler) // nobody ever gets it
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		if s.moments.reach(what + " is to be answered") {
			panic(http.ErrAbortHandler) // it is done, and the process does not hear of it
		}
		copyAnswer(w, answer.Code, answer.Header(), answer.Body.Bytes())
	})
}

// nameOf names a request to PagerDuty: "GET /incidents/ID", "PUT /incidents/ID resolved".
func nameOf(r *http.Request, body []byte) string {
	parts := strings.Split(r.URL.Path, "/")
	for i := 2; i < len(parts) && parts[1] != "api"; i += 2 {
		parts[i] = "ID"
	}
	var change struct {
		Incident struct{ Status string }
	}
	_ = json.Unmarshal(body, &change) // most requests have none
	return strings.TrimSpace(r.Method + " " + strings.Join(parts, "/") + " " + change.Incident.Status)
}

func copyAnswer(w http.ResponseWriter, status int, header http.Header, body []byte) {
	for name, values := range header {
		w.Header()[name] = values
	}
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (s *stage) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.probe)
	mux.HandleFunc("POST /moments", s.program)
	mux.HandleFunc("POST "+webhookPath, s.webhook)
	mux.Handle("/api/", s.watch("Slack ", s.sandbox.Slack))
	mux.Handle("/api/auth.test", s.sandbox.Slack) // asked by /readyz, beside any incident
	return mux
}

// probe is the web service.
func (s *stage) probe(w http.ResponseWriter, _ *http.Request) {
	if s.moments.reach("probe") {
		panic(http.ErrAbortHandler)
	}
	if _, err := os.Stat(s.flag); err != nil {
		w.WriteHeader(http.StatusBadGateway)
	}
}

// program hears how far a program of the scenario is.
func (s *stage) program(w http.ResponseWriter, r *http.Request) {
	name := r.URL.Query().Get("name")
	if name == repairEnds {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done() // the program has ended, and its connections with it
		s.moments.reach(name)
		return
	}
	cut := s.moments.reach(name)
	if s.fate == theRepairFails && name == repairStarts || s.fate == theRepairDies && cut {
		w.WriteHeader(http.StatusGone)
	}
}

// webhook passes PagerDuty's webhooks on to the process that lives now.
func (s *stage) webhook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var told struct {
		Event struct {
			Type string `json:"event_type"`
		} `json:"event"`
	}
	if err := json.Unmarshal(body, &told); err != nil {
		s.t.Errorf("a webhook cannot be read: %v", err)
	}
	if s.moments.reach("webhook " + told.Event.Type + " is sent") {
		panic(http.ErrAbortHandler)
	}
	status, err := s.forward(r, body)
	if err != nil {
		panic(http.ErrAbortHandler) // nobody is there; PagerDuty tries again
	}
	if status == http.StatusAccepted {
		if s.moments.reach("webhook " + told.Event.Type + " is to be answered") {
			panic(http.ErrAbortHandler) // it is stored, and PagerDuty does not know
		}
		s.moments.reach("webhook " + told.Event.Type + " is answered")
	}
	w.WriteHeader(status)
}

func (s *stage) forward(r *http.Request, body []byte) (int, error) {
	e := s.engine()
	if e == nil || e.url() == "" {
		return 0, fmt.Errorf("no process listens")
	}
	request, err := http.NewRequestWithContext(r.Context(), http.MethodPost, e.url()+webhookPath, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header = r.Header.Clone()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// store reads the record beside the process.
func (s *stage) store() *store.Store {
	s.t.Helper()
	if s.records == nil {
		var err error
		s.records, err = store.OpenReader(s.t.Context(), filepath.Join(s.data, "store.db"), slog.New(slog.DiscardHandler))
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return s.records
}

// await waits until the record of an incident is as wanted.
func (s *stage) await(id incident.ID, what string, wanted func(incident.Record) bool) incident.Record {
	s.t.Helper()
	var rec incident.Record
	err := poll(func() bool {
		var err error
		rec, err = s.store().Record(s.t.Context(), id)
		return err == nil && wanted(rec)
	})
	if err != nil {
		s.t.Fatalf("incident %s never came to %s; it is in phase %q, outcome %q: %s", id, what, rec.Phase, rec.Outcome, rec.Why)
	}
	return rec
}

// settled waits until PagerDuty has told everything and nothing waits in the inbox.
func (s *stage) settled() {
	s.t.Helper()
	var left incident.Backlog
	err := poll(func() bool {
		var err error
		left, err = s.store().Backlog(s.t.Context())
		return err == nil && left.Pending == 0 && s.sandbox.PagerDuty.Idle()
	})
	if err != nil || left.Parked > 0 {
		s.t.Errorf("in the inbox %d wait and %d are parked", left.Pending, left.Parked)
	}
}
