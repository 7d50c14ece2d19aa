package delivery_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"shodo/internal/action/builtin"
	"shodo/internal/analytics"
	"shodo/internal/catalog"
	"shodo/internal/config"
	"shodo/internal/delivery"
	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/mail"
	"shodo/internal/report"
	"shodo/internal/slack"
	"shodo/internal/store"
	"shodo/workflows"
)

const acme = `name: 株式会社アクメ
department: cloud-1
time_zone: Asia/Tokyo
language: ja
pagerduty: {services: [PWEB]}
tiers: [{name: ops, slack: "#ops"}]
`

// office is a sender with a real store, and places that answer from scripts.
type office struct {
	*delivery.Sender
	store   *store.Store
	fail    []error // of the next sends
	missing []string
	mu      sync.Mutex
	posts   []handover.Message
	mails   []mail.Message
	keys    []string
	folder  string
	now     time.Time
	lost    func(context.Context, analytics.Period, report.Edition) (analytics.Lost, error) // what PagerDuty says; nil: nothing is compared
}

func (o *office) Lost(ctx context.Context, p analytics.Period, e report.Edition) (analytics.Lost, error) {
	return o.lost(ctx, p, e)
}

func (o *office) next() error {
	if len(o.fail) == 0 {
		return nil
	}
	err := o.fail[0]
	o.fail = o.fail[1:]
	return err
}

func (o *office) Post(ctx context.Context, channel string, m handover.Message, key string) (slack.Posted, error) {
	if err := cmp.Or(ctx.Err(), o.next()); err != nil {
		return slack.Posted{}, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.posts, o.keys = append(o.posts, m), append(o.keys, channel+" "+key)
	return slack.Posted{Channel: "C1", TS: "1.2", Missing: o.missing}, nil
}

func (o *office) Send(ctx context.Context, m mail.Message) error {
	if err := cmp.Or(ctx.Err(), o.next()); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mails, o.keys = append(o.mails, m), append(o.keys, m.To+" "+m.Key)
	return nil
}

var monday = time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC) // 09:00 in Tokyo

func open(t *testing.T, change func(*config.Report)) *office {
	t.Helper()
	o := &office{folder: filepath.Join(t.TempDir(), "reports"), now: monday.Add(time.Minute)}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	var err error
	if o.store, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "store.db"), log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.store.Close() })
	cat, problems := catalog.Load(fstest.MapFS{"customers/acme.yaml": {Data: []byte(acme)}}, "v1", builtin.List(builtin.Settings{}))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		created := monday.AddDate(0, 0, -3).Add(time.Duration(i) * time.Hour)
		inc := incident.Incident{ID: incident.ID(fmt.Sprintf("Q%d", i)), Number: i, Title: "health check of www.acme.example",
			Service: incident.Ref{ID: "PWEB", Name: "Web"}, CreatedAt: created}
		rec := incident.Record{Incident: inc, WorkflowRun: "w", ReceivedAt: created, Phase: incident.Intake,
			Customer: incident.Customer{ID: "acme", Name: "株式会社アクメ", Department: "cloud-1"}}
		if _, err := o.store.Begin(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		line := func(key string, kind incident.TransitionKind, at time.Time, outcome incident.Outcome) incident.Transition {
			return incident.Transition{Incident: inc.ID, Run: 1, Key: key, Kind: kind, At: at, Outcome: outcome}
		}
		if err := o.store.Append(t.Context(), []incident.Transition{
			line("outcome", incident.Ended, created.Add(time.Minute), incident.Unmatched), line("taken", incident.PersonTook, created.Add(2*time.Minute), ""),
			line("end", incident.ResponseEnd, created.Add(12*time.Minute), "")}); err != nil {
			t.Fatal(err)
		}
	}
	r := config.Report{Name: "weekly", Kind: "weekly", Cron: "0 9 * * MON", TimeZone: "Asia/Tokyo", Language: "ja",
		To: []config.Destination{{Slack: "#ops"}, {Mail: "boss@msp.example"}, {Folder: o.folder}}}
	if change != nil {
		change(&r)
	}
	o.Sender = delivery.New(delivery.Options{
		Reports: func() []config.Report { return []config.Report{r} }, Record: o.store, Ledger: o.store,
		Read: func(ctx context.Context, id incident.ID) (incident.Incident, error) {
			rec, err := o.store.Record(ctx, id)
			return rec.Incident, err
		},
		Imports: o.store.Imports, Catalog: func() *catalog.Catalog { return cat }, Slack: o, Mail: o, Now: func() time.Time { return o.now }, Log: log,
	})
	return o
}

func to(place string) workflows.DeliverInput {
	return workflows.DeliverInput{ReportInput: workflows.ReportInput{Name: "weekly", At: monday}, Place: place}
}

func (o *office) ledger(t *testing.T) []string {
	t.Helper()
	list, err := o.store.ReportDeliveries(t.Context(), "", 100)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, d := range list {
		lines = append(lines, d.Place+": "+d.Result)
	}
	slices.Sort(lines)
	return lines
}

func TestEachPlaceOnce(t *testing.T) {
	o := open(t, nil)
	due, err := o.Due(t.Context(), workflows.ReportInput{Name: "weekly", At: monday})
	if err != nil || !due.NotBefore.IsZero() || len(due.Places) != 3 {
		t.Fatalf("due %+v, %v", due, err)
	}
	for range 2 {
		for _, place := range due.Places {
			if err := o.Deliver(t.Context(), to(place)); err != nil {
				t.Fatalf("%s: %v", place, err)
			}
		}
	}
	if len(o.posts) != 1 || len(o.mails) != 1 {
		t.Fatalf("%d posts, %d mails", len(o.posts), len(o.mails))
	}
	var names []string
	for _, f := range o.posts[0].Files {
		names = append(names, f.Name)
		if strings.HasSuffix(f.Name, ".png") && !strings.HasPrefix(f.Content, "\x89PNG") {
			t.Errorf("%s is no image", f.Name)
		}
	}
	if want := "weekly-2026-W46.html"; !slices.Contains(names, want) || len(names) < 2 {
		t.Errorf("in Slack: %v", names)
	}
	m := o.mails[0]
	if !strings.Contains(m.Subject, "2026") || len(m.Files) != 1 || !strings.Contains(string(m.Files[0].Content), "<html") || strings.Contains(m.Text, "&lt;") || len(m.Text) < 100 {
		t.Errorf("the mail is %q with %d files: %s", m.Subject, len(m.Files), m.Text)
	}
	for _, ending := range []string{".html", ".md", ".json", ".csv"} {
		if data, err := os.ReadFile(filepath.Join(o.folder, "weekly-2026-W46"+ending)); err != nil || len(data) == 0 {
			t.Errorf("%s: %v", ending, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(o.folder, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestTheSameBytesAgain(t *testing.T) {
	o := open(t, nil)
	read := func() string {
		data, err := os.ReadFile(filepath.Join(o.folder, "weekly-2026-W46.html"))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	if err := o.Deliver(t.Context(), to("folder "+o.folder)); err != nil {
		t.Fatal(err)
	}
	first := read()
	o.now = o.now.AddDate(0, 1, 0)
	again := to("folder " + o.folder)
	again.Again = "wish"
	if err := o.Deliver(t.Context(), again); err != nil || read() != first {
		t.Errorf("a month later it is another report: %v", err)
	}
}

func TestTrouble(t *testing.T) {
	away, never := errors.New("away"), fmt.Errorf("post to #ops: %w", slack.ErrChannel)
	o := open(t, nil)
	o.fail, o.missing = []error{away, away}, []string{"files: no scope"}
	for i := range 3 {
		err := o.Deliver(t.Context(), to("slack #ops"))
		if (err == nil) != (i == 2) {
			t.Errorf("try %d: %v", i, err)
		}
		want := "slack #ops: not taken so far: away"
		if i == 2 {
			want = "slack #ops: posted as 1.2, without files: no scope"
		}
		if got := o.ledger(t); !slices.Equal(got, []string{want}) {
			t.Errorf("try %d: the list says %q, want %q", i, got, want)
		}
	}
	o.fail = []error{never}
	if err := o.Deliver(t.Context(), to("mail boss@msp.example")); !errors.Is(err, workflows.ErrNotTaken) {
		t.Errorf("what is never taken: %v", err)
	}
	if err := o.Deliver(t.Context(), to("mail boss@msp.example")); err != nil || len(o.mails) > 0 {
		t.Errorf("what was never taken is tried again: %v", err)
	}
	// A process that died while it was sending.
	died := incident.ReportDelivery{Report: "weekly", At: monday.AddDate(0, 0, 7), Place: "slack #ops", Begun: monday}
	if _, _, err := o.store.BeginReportDelivery(t.Context(), died); err != nil {
		t.Fatal(err)
	}
	in := to("slack #ops")
	in.At = died.At
	if err := o.Deliver(t.Context(), in); err == nil || !strings.Contains(err.Error(), "another attempt does it since") || strings.Contains(strings.Join(o.ledger(t), ""), "not known") {
		t.Errorf("what may still be on its way: %v", err)
	}
	o.now = o.now.Add(10 * time.Minute)
	if err := o.Deliver(t.Context(), in); err != nil || len(o.posts) != 1 {
		t.Errorf("%d posts, %v", len(o.posts), err)
	}
	if got := strings.Join(o.ledger(t), "\n"); !strings.Contains(got, "not sent: post to #ops: "+slack.ErrChannel.Error()) || !strings.Contains(got, "not known whether it arrived") {
		t.Errorf("the list says:\n%s", got)
	}
	for _, in := range []workflows.DeliverInput{{ReportInput: workflows.ReportInput{Name: "gone", At: monday}, Place: "slack #ops"}, to("slack #gone")} {
		if err := o.Deliver(t.Context(), in); !errors.Is(err, workflows.ErrNotTaken) {
			t.Errorf("%+v: %v", in, err)
		}
	}
	if due, err := o.Due(t.Context(), workflows.ReportInput{Name: "gone", At: monday}); err != nil || len(due.Places) > 0 {
		t.Errorf("a report that is not configured: %+v, %v", due, err)
	}
}

// A name that is a mistake gives no report: it would say that all is quiet.
func TestOfNobody(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*config.Report)
		sent   bool
	}{
		"a customer that is not there": {func(r *config.Report) { r.Customer = "acmee" }, false},
		"a department that is no more": {func(r *config.Report) { r.Department = "cloud-9" }, false},
		"a customer":                   {func(r *config.Report) { r.Customer = "acme" }, true},
		"a department":                 {func(r *config.Report) { r.Department = "cloud-1" }, true},
	} {
		o := open(t, c.change)
		err := o.Deliver(t.Context(), to("mail boss@msp.example"))
		if c.sent != (err == nil) || !c.sent && !errors.Is(err, workflows.ErrNotTaken) || c.sent != (len(o.mails) == 1) {
			t.Errorf("%s: %d mails, %v", name, len(o.mails), err)
		}
		if got := strings.Join(o.ledger(t), ""); !c.sent && !strings.Contains(got, "not sent: make the report \"weekly\": neither the catalog nor the record") {
			t.Errorf("%s: the list says %q", name, got)
		}
	}
}

func TestWorkingDays(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	o := open(t, func(r *config.Report) { r.SkipHolidays = "japan" })
	for at, want := range map[string]string{
		"2026-11-16 09:00": "2026-11-16 09:00",
		"2026-11-23 09:00": "2026-11-24 09:00", // Labour Thanksgiving Day
		"2026-11-21 09:00": "2026-11-24 09:00", // Saturday before it
		"2026-05-04 18:30": "2026-05-07 18:30", // Golden Week, with the substitute holiday of the 6th
		"2026-09-21 00:00": "2026-09-24 00:00", // Respect for the Aged Day, a day between, the equinox
	} {
		day, err := time.ParseInLocation("2006-01-02 15:04", at, tokyo)
		if err != nil {
			t.Fatal(err)
		}
		due, err := o.Due(t.Context(), workflows.ReportInput{Name: "weekly", At: day.UTC()})
		if got := due.NotBefore.In(tokyo).Format("2006-01-02 15:04"); err != nil || got != want {
			t.Errorf("%s: %s, want %s, %v", at, got, want, err)
		}
	}
	if due, err := o.Due(t.Context(), workflows.ReportInput{Name: "weekly", At: monday.AddDate(0, 0, 7), Again: "wish"}); err != nil || !due.NotBefore.IsZero() {
		t.Errorf("what somebody wants now waits: %+v, %v", due, err)
	}
}

func TestPeriodBefore(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*60*60)
	for _, c := range []struct {
		kind string
		at   time.Time
		want string
	}{
		{"weekly", time.Date(2026, 11, 16, 9, 0, 0, 0, tokyo), "2026-W46"},
		{"weekly", time.Date(2026, 11, 22, 23, 59, 0, 0, tokyo), "2026-W46"},
		{"weekly", time.Date(2027, 1, 4, 0, 0, 0, 0, tokyo), "2026-W53"},
		{"weekly", time.Date(2026, 11, 15, 16, 0, 0, 0, time.UTC).In(tokyo), "2026-W46"}, // Monday there, Sunday in UTC
		{"monthly", time.Date(2026, 12, 1, 9, 0, 0, 0, tokyo), "2026-11"},
		{"monthly", time.Date(2026, 3, 31, 9, 0, 0, 0, tokyo), "2026-02"},
		{"monthly", time.Date(2027, 1, 1, 0, 0, 0, 0, tokyo), "2026-12"},
	} {
		if p, err := delivery.PeriodBefore(c.kind, c.at); err != nil || p.Name != c.want {
			t.Errorf("%s at %s: %s, want %s, %v", c.kind, c.at, p.Name, c.want, err)
		}
	}
}

// A report says what was found, or that nothing was compared; that PagerDuty is away never keeps it back.
func TestLost(t *testing.T) {
	o := open(t, func(r *config.Report) { r.Customer = "acme" })
	lostOf := func() *int {
		t.Helper()
		made, err := o.Make(t.Context(), o.Reports()[0], monday)
		if err != nil {
			t.Fatal(err)
		}
		return made.Lost
	}
	if lost := lostOf(); lost != nil {
		t.Errorf("%d lost, and nothing was compared", *lost)
	}
	o.PagerDuty = o
	o.lost = func(ctx context.Context, p analytics.Period, e report.Edition) (analytics.Lost, error) {
		if _, limited := ctx.Deadline(); !limited || p.Name != "2026-W46" || e.Customer != "acme" {
			t.Errorf("asked for %+v of %+v, with a deadline %t", p, e, limited)
		}
		return analytics.Lost{Received: 5, InRecord: 3, Unreadable: 2}, nil
	}
	if lost := lostOf(); lost == nil || *lost != 2 {
		t.Errorf("%v lost, want 2", lost)
	}
	o.lost = func(context.Context, analytics.Period, report.Edition) (analytics.Lost, error) {
		return analytics.Lost{}, errors.New("away")
	}
	if lost := lostOf(); lost != nil {
		t.Errorf("%d lost, and PagerDuty is away", *lost)
	}
	synctest.Test(t, func(t *testing.T) { // it does not answer
		o.lost = func(ctx context.Context, _ analytics.Period, _ report.Edition) (analytics.Lost, error) {
			<-ctx.Done()
			return analytics.Lost{}, ctx.Err()
		}
		made, err := delivery.New(delivery.Options{Record: nothing{}, Imports: noImports, Catalog: o.Catalog, Now: o.Now, Log: o.Log, PagerDuty: o}).Make(t.Context(), o.Reports()[0], monday)
		if err != nil || made.Lost != nil {
			t.Errorf("%v", err)
		}
	})
}

func noImports(context.Context) ([]incident.Import, error) { return nil, nil }

// nothing is an empty record.
type nothing struct{}

func (nothing) Facts(context.Context, incident.FactFilter) iter.Seq2[incident.Fact, error] {
	return func(func(incident.Fact, error) bool) {}
}
