package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/store"
	"shodo/internal/web"
)

const quietCustomer = `name: %[1]s
time_zone: Asia/Tokyo
language: en
pagerduty: {services: [%[2]s]}
scenarios: {}
tiers: [{name: first, slack: "#incidents"}]
%[3]s`

const nights = `quiet_hours: [{name: nights, when: {from: "22:00", to: "07:00"}, page: defer}]`

// desk is the windows of two customers, with a store and a clock of its own.
type desk struct {
	*policies
	t       *testing.T
	store   *store.Store
	catalog *catalog.Catalog
	at      time.Time
	log     bytes.Buffer
}

func newDesk(t *testing.T) *desk {
	d := &desk{t: t, at: time.Date(2026, 12, 1, 14, 0, 0, 0, time.UTC)} // 23:00 in Tokyo
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "store.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	d.store = s
	d.load(nights)
	d.policies = newPolicies(func() *catalog.Catalog { return d.catalog }, s, func() time.Time { return d.at }, slog.New(slog.NewTextHandler(&d.log, nil)))
	return d
}

// load puts a catalog in force in which acme has these windows, and globex none.
func (d *desk) load(windows string) {
	d.t.Helper()
	files := fstest.MapFS{"customers/globex.yaml": {Data: fmt.Appendf(nil, quietCustomer, "Globex", "PGLOBEX", "")}}
	if windows != "gone" {
		files["customers/acme.yaml"] = &fstest.MapFile{Data: fmt.Appendf(nil, quietCustomer, "Acme", "PACME00", windows)}
	}
	c, problems := catalog.Load(files, "", builtin.List(builtin.Settings{}))
	if err := problems.Err(); err != nil {
		d.t.Fatal(err)
	}
	d.catalog = c
}

func (d *desk) add(id string, customer incident.CustomerID, match string) {
	d.t.Helper()
	err := d.AddMaintenance(d.t.Context(), incident.Maintenance{ID: id, Customer: customer, From: d.at.Add(-time.Minute), To: d.at.Add(time.Hour),
		Match: match, Contact: incident.Suppress, Page: incident.Suppress, Recover: incident.Forbid, Reason: "release", AddedBy: "alice", AddedAt: d.at})
	if err != nil {
		d.t.Fatal(err)
	}
}

// answers gives the three answers at this moment for a critical alert, and the windows by which they are given.
func (d *desk) answers(customer incident.CustomerID) string {
	d.t.Helper()
	p, _, err := d.Policy(d.t.Context(), customer)
	if err != nil {
		d.t.Fatal(err)
	}
	r := p.Decide(d.at, incident.Incident{Alerts: []incident.Alert{{Severity: "critical"}}}, incident.Customer{ID: customer})
	return fmt.Sprintf("%s %s %s %s", r.Contact.Answer, r.Page.Answer, r.Recover.Answer, r.Page.Window)
}

func TestWindowsOfTheCatalogAndOfRunTime(t *testing.T) {
	d := newDesk(t)
	expect := func(what, acme, globex string) {
		t.Helper()
		if diff := cmp.Diff([]string{acme, globex}, []string{d.answers("acme"), d.answers("globex")}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	const night, none, release = `allow defer allow quiet hours "nights"`, "allow allow allow ", `suppress suppress forbid maintenance "release"`
	expect("at first", night, none)
	d.add("M1", "globex", "")
	expect("with a window", night, release)
	d.add("M2", "acme", `alert.severity == "info"`)
	expect("with one for other alerts", night, release)
	if _, err := d.EndMaintenance(t.Context(), "M1", "bob", d.at); err != nil {
		t.Fatal(err)
	}
	expect("after its end", night, none)
	d.add("M3", "acme", "")
	expect("the strictest", release, none)
	d.at = d.at.Add(2 * time.Hour)
	expect("when it is over", night, none)
	d.load("")
	expect("another catalog", none, none)
	d.load("gone")
	expect("without the customer", none, none)
	if _, err := d.EndMaintenance(t.Context(), "M9", "bob", d.at); !errors.Is(err, web.ErrNoMaintenance) {
		t.Errorf("the end of nothing: %v", err)
	}
}

// A condition that an earlier version of the engine took, and this one does not understand.
func TestAConditionOfAnotherVersion(t *testing.T) {
	d := newDesk(t)
	d.add("M1", "globex", "incident.mood == 'bad'")
	if got, want := d.answers("globex"), "allow allow forbid "; got != want {
		t.Errorf("got %q, want %q: people are told, nothing is changed", got, want)
	}
	if !strings.Contains(d.log.String(), "maintenance=M1") {
		t.Errorf("the log does not tell:\n%s", &d.log)
	}
}

// deferred records an incident that waits, by the windows that are in force now or by others.
func (d *desk) deferred(id incident.ID, customer incident.CustomerID, policy string) {
	d.t.Helper()
	ctx := d.t.Context()
	if _, err := d.store.Begin(ctx, incident.Record{Incident: incident.Incident{ID: id, CreatedAt: d.at}, Run: 1, WorkflowRun: "run-" + string(id), Customer: incident.Customer{ID: customer},
		Phase: incident.Intake, ReceivedAt: d.at}); err != nil {
		d.t.Fatal(err)
	}
	if policy == "" {
		p, _, err := d.Policy(ctx, customer)
		if err != nil {
			d.t.Fatal(err)
		}
		policy = p.Hash()
	}
	if err := d.store.Append(ctx, []incident.Transition{{Incident: id, Run: 1, Key: "deferred/page/1", At: d.at, Kind: incident.Deferred,
		Question: incident.Page, Window: "nights", Until: d.at.Add(8 * time.Hour), Policy: policy}}); err != nil {
		d.t.Fatal(err)
	}
}

func TestWhoWaitsIsToldOfOtherWindows(t *testing.T) {
	d := newDesk(t)
	told := map[changed]time.Time{}
	var got []string
	away := errors.New("temporal is away")
	var fail error
	tell := func(_ context.Context, one incident.Deferral) error {
		got = append(got, string(one.Incident))
		return fail
	}
	expect := func(what string, want ...string) {
		t.Helper()
		got = nil
		if err := d.tellAll(t.Context(), told, tell); (err != nil) != (fail != nil && len(want) > 0) {
			t.Errorf("%s: %v", what, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	d.deferred("Q1", "acme", "")
	d.deferred("Q2", "globex", "of another time")
	expect("at the start, of what changed meanwhile", "Q2")
	expect("not twice")
	d.at = d.at.Add(time.Minute)
	expect("again after a while, when it has not decided by then", "Q2")
	d.add("M1", "globex", "")
	expect("of one customer's new window", "Q2")
	fail = away
	d.add("M2", "acme", "")
	expect("when Temporal is away", "Q1")
	expect("again", "Q1")
	fail = nil
	expect("when it is there", "Q1")
	expect("not twice")
	if _, err := d.EndMaintenance(t.Context(), "M2", "bob", d.at); err != nil {
		t.Fatal(err)
	}
	expect("the windows are those of the deferral again")
	d.load(nights + "\nlabels: {x: y}")
	expect("a catalog with the same windows")
	d.load("gone")
	expect("a catalog without the customer", "Q1")
	if err := d.store.Append(t.Context(), []incident.Transition{{Incident: "Q2", Run: 1, Key: "resumed/page/1", At: d.at, Kind: incident.Resumed, Question: incident.Page}}); err != nil {
		t.Fatal(err)
	}
	d.add("M3", "globex", "")
	expect("who no longer waits is not told")
}

func TestNewsAreToldUntilTheyAreTaken(t *testing.T) {
	d := newDesk(t)
	d.deferred("Q1", "acme", "")
	ctx, cancel := context.WithCancel(t.Context())
	asked, done := make(chan incident.ID), make(chan struct{})
	go func() {
		defer close(done)
		d.tellChanges(ctx, func(_ context.Context, one incident.Deferral) error {
			asked <- one.Incident
			return nil
		})
	}()
	d.add("M1", "acme", "")
	select {
	case id := <-asked:
		if id != "Q1" {
			t.Errorf("told %s", id)
		}
	case <-time.After(10 * time.Second):
		t.Error("a new window is not told")
	}
	cancel()
	<-done
}
