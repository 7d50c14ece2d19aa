package history_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/history"
	"shodo/internal/incident"
	"shodo/internal/pagerduty"
	"shodo/internal/sandbox"
	"shodo/internal/sandbox/sandboxtest"
	"shodo/internal/secret"
	"shodo/internal/store"
)

var (
	today = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	since = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
)

// world is a PagerDuty with a past, and an empty record.
type world struct {
	*sandbox.PagerDuty
	store *store.Store
	url   string
	calls atomic.Int64
	// meddle may answer a request instead of PagerDuty.
	meddle func(w http.ResponseWriter, r *http.Request, next http.Handler) bool
}

func newWorld(t *testing.T, checked bool, pasts ...sandbox.History) *world {
	t.Helper()
	return newWorldOf(t, sandbox.Account{}, checked, pasts...)
}

func newWorldOf(t *testing.T, account sandbox.Account, checked bool, pasts ...sandbox.History) *world {
	t.Helper()
	local, err := sandbox.NewPagerDuty(sandbox.PagerDutyOptions{Account: account, Token: "token", Clock: func() time.Time { return today }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(local.Close)
	w := &world{PagerDuty: local}
	for _, past := range pasts {
		if _, err := local.AddHistory(past); err != nil {
			t.Fatal(err)
		}
	}
	var served http.Handler = local
	if checked {
		served = sandboxtest.Checked(t)(local)
	}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.calls.Add(1)
		if w.meddle == nil || !w.meddle(rw, r, served) {
			served.ServeHTTP(rw, r)
		}
	}))
	t.Cleanup(server.Close)
	w.url = server.URL
	if w.store, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "store.db"), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.store.Close() })
	return w
}

// options import everything.
func (w *world) options(id string) history.Options {
	client := pagerduty.NewClient(pagerduty.Options{APIURL: w.url, Token: secret.New("token"), From: "shodo@example.com"})
	return history.Options{
		PagerDuty: client, Record: w.store, ID: id, Since: since, Until: today, Self: "PBOT001", Alerts: client.Alerts,
		Customer: func(incident.ServiceID) incident.Customer { return incident.Customer{ID: "acme", Department: "retail"} },
		Now:      func() time.Time { return today }, Log: slog.New(slog.DiscardHandler),
		Gone: func(err error) bool { return errors.Is(err, pagerduty.ErrNotFound) },
		Away: func(err error) bool { return errors.Is(err, pagerduty.ErrUnavailable) },
	}
}

func (w *world) run(t *testing.T, o history.Options) incident.Import {
	t.Helper()
	i, err := history.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// all gives the record, by incident.
func (w *world) all(t *testing.T) map[incident.ID]incident.Record {
	t.Helper()
	list, err := w.store.List(t.Context(), incident.Filter{Limit: incident.MaxLimit})
	if err != nil {
		t.Fatal(err)
	}
	records := map[incident.ID]incident.Record{}
	for _, r := range list {
		if records[r.Incident.ID], err = w.store.Record(t.Context(), r.Incident.ID); err != nil {
			t.Fatal(err)
		}
	}
	return records
}

func past(count int) sandbox.History {
	return sandbox.History{Since: since, Until: today, Count: count}
}

func TestImport(t *testing.T) {
	w := newWorld(t, true, past(100))
	var told []float64
	o := w.options("one")
	o.Progress = func(p history.Progress) { told = append(told, p.Done()) }
	i := w.run(t, o)
	if diff := cmp.Diff(incident.ImportCounts{Imported: 100}, i.ImportCounts); diff != "" {
		t.Error(diff)
	}
	if i.IsHalf() || !i.DoneTo.Equal(today) {
		t.Errorf("the import is %+v", i)
	}
	if len(told) < 3 || told[0] != 0 || told[len(told)-1] != 1 {
		t.Errorf("told was %v", told)
	}
	for n := 1; n < len(told); n++ {
		if told[n] < told[n-1] {
			t.Errorf("the progress goes back: %v", told)
		}
	}

	type story struct {
		Outcome     incident.Outcome
		First, Took time.Duration
		By          string
		Alerts      int
		Why         string
	}
	got := map[string]story{}
	records := w.all(t)
	for n := 1; n <= 10; n++ {
		r := records[incident.ID(fmt.Sprintf("QPAST%09d", n))]
		took := time.Duration(-1)
		if !r.TakenAt.IsZero() {
			took = r.TakenAt.Sub(r.OutcomeAt)
		}
		got[r.Incident.Title] = story{r.Outcome, r.FirstResponse(), took, r.TakenBy, len(r.Incident.Alerts), r.Why}
		if !r.IsImported() || r.Customer.Department != "retail" || r.Run != 1 || r.Phase != incident.End || r.Match.Scenario != "" {
			t.Errorf("the record is %+v", r)
		}
	}
	const person, m = "before the engine: a person resolved it", time.Minute
	want := map[string]story{
		"Disk /var on web-1 is 95% full":                         {incident.Unmatched, 31 * m, 4 * m, "Ben Carter", 1, person},
		"web-2 does not answer: https://shop.example.com/health": {incident.Unmatched, 12 * m, 2 * m, "Chie Mori", 1, person},
		"CPU of app-3 is over 90%":                               {incident.ResolvedUpstream, 6 * m, -1, "", 1, "before the engine: the monitor resolved it, and no person touched it"},
		"Disk /var on web-4 is 91% full":                         {incident.Unmatched, 44 * m, 9 * m, "Ben Carter", 2, person},
		"夜間バッチ JOB5 が異常終了しました":                                   {incident.Unmatched, 75 * m, 15 * m, "Chie Mori", 1, person},
		"Replication lag of db-6 is 45 seconds":                  {incident.Unmatched, 20 * m, 3 * m, "Aiko Tanaka", 1, person},
		"Queue orders on mq-7 has too many messages":             {incident.Unmatched, 25 * m, -1, "", 1, person},
		"Certificate of shop8.example.com expires":               {incident.Unmatched, 240 * m, -1, "", 1, "before the engine: PagerDuty resolved it by itself, as when its time was over"},
		"web-9 does not answer: https://shop.example.com/health": {incident.Unmatched, 9 * m, 1 * m, "Aiko Tanaka", 1, person},
		"A customer calls about order 10":                        {incident.Unmatched, 50 * m, 5 * m, "Ben Carter", 0, person},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	first := records["QPAST000000001"].Incident.Alerts[0]
	if first.Severity != "error" || first.Source != "web-1" || first.Details["host"] != "web-1" || len(first.Raw) == 0 {
		t.Errorf("the alert is %+v", first)
	}

	// The same import again changes nothing, and asks for lists only.
	before := w.calls.Load()
	i = w.run(t, w.options("two"))
	if diff := cmp.Diff(incident.ImportCounts{Unchanged: 100}, i.ImportCounts); diff != "" {
		t.Error(diff)
	}
	if calls := w.calls.Load() - before; calls > 25 {
		t.Errorf("%d requests for what is there already", calls)
	}
	if diff := cmp.Diff(records, w.all(t)); diff != "" {
		t.Errorf("the second import changed the record: %s", diff)
	}
}

func TestFewRequests(t *testing.T) {
	w := newWorld(t, false, past(2000))
	w.run(t, w.options("one"))
	// One for the alerts of each of nine in ten, and for all together the lists and the log: about 4 lines of each incident, by the hundred.
	if extra := w.calls.Load() - 1800; extra < 0 || extra > 300 {
		t.Errorf("%d requests beside those for alerts", extra)
	}
}

func TestOfServices(t *testing.T) {
	w := newWorld(t, true, past(40))
	o := w.options("one")
	o.Services = []incident.ServiceID{"PNONE01"}
	if i := w.run(t, o); i.Seen() != 0 {
		t.Errorf("of a service that is not there: %+v", i)
	}
	o = w.options("two")
	o.Services = []incident.ServiceID{incident.ServiceID(sandbox.DefaultAccount().Services[0].ID)}
	if i := w.run(t, o); i.Imported != 40 {
		t.Errorf("of the service: %+v", i)
	}
	o.ID, o.Services = "three", []incident.ServiceID{"../users"}
	if _, err := history.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "is no id of a service") {
		t.Errorf("error %v", err)
	}
}

func TestDryRun(t *testing.T) {
	w := newWorld(t, true, past(40))
	o := w.options("one")
	o.DryRun = true
	i := w.run(t, o)
	imports, err := w.store.Imports(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if i.Imported != 40 || len(w.all(t)) != 0 || len(imports) != 0 {
		t.Errorf("counted are %+v; in the record are %d incidents, %d imports", i, len(w.all(t)), len(imports))
	}
}

// TestMoreThanTenThousandInOneDay: windows are halved until PagerDuty gives all of each.
func TestMoreThanTenThousandInOneDay(t *testing.T) {
	day := since.AddDate(0, 1, 0)
	w := newWorld(t, false, past(20), sandbox.History{Since: day, Until: day.Add(20 * time.Hour), Count: 10_400})
	o := w.options("one")
	o.DryRun = true
	i := w.run(t, o)
	if diff := cmp.Diff(incident.ImportCounts{Imported: 10_420}, i.ImportCounts); diff != "" {
		t.Error(diff)
	}
}

// The alert out of the log is enough for what a scenario asks.
func TestAlertsOutOfTheLog(t *testing.T) {
	w := newWorld(t, false, past(5))
	o := w.options("one")
	o.Alerts = func(_ context.Context, one incident.HistoryIncident) ([]incident.Alert, error) {
		return pagerduty.TriggerAlert(one), nil
	}
	w.run(t, o)
	r, err := w.store.Record(t.Context(), "QPAST000000001")
	if err != nil || len(r.Incident.Alerts) != 1 || r.Incident.Alerts[0].Severity == "" || r.Incident.Alerts[0].Details["host"] == nil {
		t.Errorf("the alerts are %+v, %v", r.Incident.Alerts, err)
	}
}

func TestMoreThanTenThousandInOneSecond(t *testing.T) {
	at := since.AddDate(0, 1, 0)
	w := newWorld(t, false, sandbox.History{Since: at, Until: at.Add(time.Second), Count: 10_050})
	o := w.options("one")
	o.Since, o.Until, o.DryRun = at, at.Add(10*time.Second), true
	o.Alerts = func(context.Context, incident.HistoryIncident) ([]incident.Alert, error) { return nil, nil }
	if i := w.run(t, o); i.Imported != 10_000 || i.Unreadable == 0 {
		t.Errorf("the import is %+v", i)
	}
}

// TestKilledAndResumed: whenever it is stopped, it goes on, and ends with the same record.
func TestKilledAndResumed(t *testing.T) {
	whole := newWorld(t, false, past(250))
	whole.run(t, whole.options("one"))
	w := newWorld(t, false, past(250))
	var last incident.Import
	for try := 0; ; try++ {
		if try == 60 {
			t.Fatal("it does not come to an end")
		}
		ctx, kill := context.WithCancel(t.Context())
		left := int64(40 + 7*try)
		stopAt := w.calls.Load() + left
		w.meddle = func(http.ResponseWriter, *http.Request, http.Handler) bool {
			if w.calls.Load() >= stopAt {
				kill()
			}
			return false
		}
		i, err := history.Run(ctx, w.options(fmt.Sprintf("try-%d", try)))
		kill()
		if err == nil {
			last = i
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		imports, err := w.store.Imports(t.Context())
		if err != nil || len(imports) > 1 {
			t.Fatalf("after try %d there are the imports %+v, %v", try, imports, err)
		}
	}
	if last.ID != "try-0" || last.Imported != 250 || last.Unchanged != 0 {
		t.Errorf("the import is %+v", last)
	}
	if diff := cmp.Diff(whole.all(t), w.all(t)); diff != "" {
		t.Error(diff)
	}
}

func TestTroubleOnTheWay(t *testing.T) {
	w := newWorld(t, true, past(60))
	for _, f := range []sandbox.Fault{
		{Path: "/incidents", Times: 2, Status: 500},
		{Path: "/log_entries", Times: 1, Status: 429},
		{Path: "/log_entries", Times: 1, Status: 429, RetryAfter: time.Second},
		{Path: "/incidents/*/alerts", Times: 2, Status: 502},
		{Path: "/incidents/*/alerts", Times: 1, LoseResponse: true},
	} {
		w.Inject(f)
	}
	if i := w.run(t, w.options("one")); i.Imported != 60 {
		t.Errorf("the import is %+v", i)
	}
}

func TestRefused(t *testing.T) {
	for status, want := range map[int]error{401: pagerduty.ErrUnauthorized, 402: pagerduty.ErrRejected, 403: pagerduty.ErrForbidden} {
		w := newWorld(t, false, past(60))
		remove := w.Inject(sandbox.Fault{Path: "/log_entries", Status: status})
		_, err := history.Run(t.Context(), w.options("one"))
		var refused *pagerduty.Error
		if !errors.Is(err, want) || !errors.As(err, &refused) || refused.Status != status {
			t.Errorf("%d: error %v", status, err)
		}
		remove() // whoever gives the permission goes on where it stopped
		if i := w.run(t, w.options("two")); i.ID != "one" || i.Imported != 60 {
			t.Errorf("%d: afterwards %+v", status, i)
		}
	}
}

// TestMalformed: what cannot be read is counted, and details in any form stop nothing.
func TestMalformed(t *testing.T) {
	w := newWorld(t, false, past(30))
	w.meddle = func(rw http.ResponseWriter, r *http.Request, next http.Handler) bool {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		var answer map[string]any
		if json.Unmarshal(rec.Body.Bytes(), &answer) != nil {
			return false
		}
		if list, ok := answer["incidents"].([]any); ok && len(list) > 0 && r.URL.Query().Get("offset") == "0" && strings.Contains(r.URL.Query().Get("since"), "2026-04-01") {
			answer["incidents"] = append(list, "garbage", 42, nil, map[string]any{"id": "QNOTIME"}, map[string]any{"id": "../x", "created_at": "2026-04-01T00:00:00Z", "status": "resolved"})
		}
		if list, ok := answer["log_entries"].([]any); ok && len(list) > 0 {
			list[0].(map[string]any)["event_details"] = map[string]any{"nested": map[string]any{"deep": []any{1, "two"}}, "description": 3}
			list[0].(map[string]any)["channel"] = "a text"
			answer["log_entries"] = append(list, 7, []any{}, map[string]any{"type": "resolve_log_entry"})
		}
		raw, err := json.Marshal(answer)
		if err != nil {
			return false
		}
		rw.Header().Set("Content-Type", "application/json")
		rw.WriteHeader(rec.Code)
		_, _ = rw.Write(raw)
		return true
	}
	if i := w.run(t, w.options("one")); i.Imported != 30 || i.Unreadable != 5 || i.IsHalf() {
		t.Errorf("the import is %+v", i)
	}
}

// TestChangesDuringTheImport: one that is open is left to the engine, one that is reopened after it was listed is brought as it was, and the
// next import brings both as they have become.
func TestChangesDuringTheImport(t *testing.T) {
	w := newWorld(t, false, past(20))
	open, err := w.Trigger(sandbox.Alert{Service: sandbox.DefaultAccount().Services[0].ID, Summary: "it is open"})
	if err != nil {
		t.Fatal(err)
	}
	o := w.options("one")
	o.Until = today.Add(time.Hour)
	done := false
	w.meddle = func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.URL.Path == "/incidents/QPAST000000002/alerts" && !done { // the list and the log were read
			done = true
			if err := w.Reopen("PAIKO01", "QPAST000000002"); err != nil {
				t.Error(err)
			}
		}
		return false
	}
	i := w.run(t, o)
	if i.Imported != 20 || i.Open != 1 {
		t.Errorf("the import is %+v", i)
	}
	if _, err := w.store.Record(t.Context(), incident.ID(open)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the open one: %v", err)
	}
	for _, id := range []string{open, "QPAST000000002"} {
		if err := w.ResolveAs("PBEN001", id, ""); err != nil {
			t.Fatal(err)
		}
	}
	o.ID = "two"
	if i = w.run(t, o); i.Imported != 2 || i.Unchanged != 19 {
		t.Errorf("the next import is %+v", i)
	}
	r, err := w.store.Record(t.Context(), "QPAST000000002")
	if err != nil || r.FirstResponse() != 12*time.Minute {
		t.Errorf("the reopened one took %s: its first response ended with its first resolve; %v", r.FirstResponse(), err)
	}
}

func TestTheEnginesAreLeft(t *testing.T) {
	w := newWorld(t, false, past(20))
	if _, err := w.store.Begin(t.Context(), incident.Record{WorkflowRun: "w1", Incident: incident.Incident{ID: "QPAST000000003", Title: "the engine's", CreatedAt: since}}); err != nil {
		t.Fatal(err)
	}
	if i := w.run(t, w.options("one")); i.Imported != 19 || i.Engine != 1 {
		t.Errorf("the import is %+v", i)
	}
	if r := w.all(t)["QPAST000000003"]; r.Incident.Title != "the engine's" || r.IsImported() {
		t.Errorf("the engine's is %+v", r)
	}
}

// TestNobodys: what was nobody's is brought again when a customer has its service, and never the other way round.
func TestNobodys(t *testing.T) {
	w := newWorld(t, false, past(10))
	customer, asked := incident.Customer{}, 0
	of := func(id string) history.Options {
		o := w.options(id)
		o.Customer = func(incident.ServiceID) incident.Customer { asked++; return customer }
		return o
	}
	for i, step := range []struct {
		customer incident.CustomerID
		want     incident.ImportCounts
		in       incident.CustomerID
	}{
		{"", incident.ImportCounts{Imported: 10}, ""},
		{"", incident.ImportCounts{Unchanged: 10}, ""},
		{"acme", incident.ImportCounts{Imported: 10}, "acme"},
		{"", incident.ImportCounts{Unchanged: 10}, "acme"},
		{"zeta", incident.ImportCounts{Unchanged: 10}, "acme"},
	} {
		customer, asked = incident.Customer{ID: step.customer}, 0
		if diff := cmp.Diff(step.want, w.run(t, of(fmt.Sprint(i))).ImportCounts); diff != "" || asked != 10 {
			t.Errorf("step %d, asked %d times: %s", i, asked, diff)
		}
		if in := w.all(t)["QPAST000000001"].Customer.ID; in != step.in {
			t.Errorf("step %d: it is %q's", i, in)
		}
	}
}

func TestNoTime(t *testing.T) {
	w := newWorld(t, false)
	o := w.options("one")
	o.Since = o.Until
	if _, err := history.Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "before it begins") {
		t.Errorf("error %v", err)
	}
}
