package history_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"shodo/internal/action/builtin"
	"shodo/internal/analytics"
	"shodo/internal/catalog"
	"shodo/internal/history"
	"shodo/internal/incident"
	"shodo/internal/pagerduty"
	"shodo/internal/sandbox"
	"shodo/internal/secret"
)

// lostCatalog has two customers in two departments, with a service each.
func lostCatalog(t *testing.T) *catalog.Catalog {
	t.Helper()
	const customer = "name: %s\ndepartment: %s\nlanguage: en\ntime_zone: UTC\npagerduty: {services: [%s]}\ntiers: [{name: ops, slack: \"#ops\"}]\n"
	cat, problems := catalog.Load(fstest.MapFS{
		"customers/acme.yaml": {Data: fmt.Appendf(nil, customer, "Acme", "retail", "PWEB001")},
		"customers/beta.yaml": {Data: fmt.Appendf(nil, customer, "Beta", "banks", "PDB0001")},
	}, "v1", builtin.List(builtin.Settings{}))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return cat
}

// lost compares the whole time with PagerDuty.
func (w *world) lost(t *testing.T) history.LostOptions {
	t.Helper()
	p, err := analytics.Between(since, today)
	if err != nil {
		t.Fatal(err)
	}
	return history.LostOptions{
		PagerDuty: pagerduty.NewClient(pagerduty.Options{APIURL: w.url, Token: secret.New("token"), From: "shodo@example.com"}),
		Record:    w.store, Catalog: lostCatalog(t), Period: p, Now: today.Add(time.Hour), Log: slog.New(slog.DiscardHandler)}
}

func TestLost(t *testing.T) {
	account := sandbox.DefaultAccount()
	for n, id := range []string{"PDB0001", "PBATCH1"} {
		s := account.Services[0]
		s.ID, s.Name, s.RoutingKey = id, id, strings.Repeat(fmt.Sprint(n), 32)
		account.Services = append(account.Services, s)
	}
	w := newWorldOf(t, account, true,
		sandbox.History{Since: since, Until: today, Count: 300, Services: []string{"PWEB001", "PDB0001", "PBATCH1"}},
		sandbox.History{Since: today, Until: today.Add(time.Hour), Count: 5, Services: []string{"PWEB001"}}) // after the period
	i := w.options("one")
	i.Until = today.AddDate(0, 0, -30)
	i.Services = []incident.ServiceID{"PWEB001", "PDB0001"}
	w.run(t, i)
	for n, state := range []incident.DeliveryState{incident.Pending, incident.Parked} {
		d := incident.Delivery{State: state, Body: []byte("{}"), Event: incident.Event{ID: incident.EventID(fmt.Sprint(n)), Type: incident.EventTriggered,
			Incident: incident.ID(fmt.Sprintf("QPAST%09d", 298+n)), Service: "PWEB001", ReceivedAt: today.AddDate(0, 0, -1)}}
		if _, _, err := w.store.PutDelivery(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	w.calls.Store(0)
	all, err := history.Lost(t.Context(), w.lost(t))
	if err != nil {
		t.Fatal(err)
	}
	// 300 in 233 days, one after the other: QPAST000000001 is of the first service. Of the last 30 days (38 incidents, 25 of customers) nothing
	// was imported, and two wait in the inbox: 298 of PWEB001 and 299 of PDB0001.
	if all.Received != 200 || all.Others != 100 || all.InInbox != 2 || all.InRecord+all.InInbox+all.Count() != 200 || all.Count() != 23 {
		t.Errorf("received %d, %d in the record, %d in the inbox, %d lost, %d others", all.Received, all.InRecord, all.InInbox, all.Count(), all.Others)
	}
	for _, one := range all.Missing {
		if one.CreatedAt.Before(i.Until) || one.Service != "PWEB001" && one.Service != "PDB0001" || one.ID == "QPAST000000298" {
			t.Errorf("%+v is not lost", one)
		}
	}
	if calls := w.calls.Load(); calls != 13 { // windows of 1, 2, 4, 8, 16 and then 28 days, none with more than a hundred
		t.Errorf("%d requests", calls)
	}

	// What was chosen is asked for alone.
	for name, choose := range map[string]func(*history.LostOptions){
		"a customer":   func(o *history.LostOptions) { o.Customer = "acme" },
		"a department": func(o *history.LostOptions) { o.Department = "retail" },
		"a service":    func(o *history.LostOptions) { o.Service = "PWEB001" },
	} {
		o := w.lost(t)
		choose(&o)
		one, err := history.Lost(t.Context(), o)
		if err != nil || one.Received != 100 || one.Others != 0 || one.Count()+one.InRecord+one.InInbox != 100 || one.InInbox != 1 {
			t.Errorf("%s: %+v, %v", name, one, err)
		}
	}
	for name, choose := range map[string]func(*history.LostOptions){
		"nobody":             func(o *history.LostOptions) { o.Customer = "gamma" },
		"another's service":  func(o *history.LostOptions) { o.Customer, o.Service = "acme", "PDB0001" },
		"nobody's service":   func(o *history.LostOptions) { o.Service = "PBATCH1" },
		"another department": func(o *history.LostOptions) { o.Customer, o.Department = "acme", "banks" },
	} {
		o := w.lost(t)
		choose(&o)
		if _, err := history.Lost(t.Context(), o); !errors.Is(err, analytics.ErrNoServices) {
			t.Errorf("%s: %v", name, err)
		}
	}

	// What is imported is accounted for.
	rest := w.options("two")
	rest.Since = i.Until
	w.run(t, rest)
	if all, err = history.Lost(t.Context(), w.lost(t)); err != nil || all.Count() != 0 || all.InRecord != 200 {
		t.Errorf("after the import: %d lost, %d in the record, %v", all.Count(), all.InRecord, err)
	}
}

// Neither alerts nor logs are read, and the first trouble ends it.
func TestLostReadsOnlyTheList(t *testing.T) {
	w := newWorld(t, false, past(10))
	w.meddle = func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.URL.Path != "/incidents" || strings.Contains(r.URL.RawQuery, "include") {
			t.Errorf("%s was asked for", r.URL)
		}
		return false
	}
	o := w.lost(t)
	if all, err := history.Lost(t.Context(), o); err != nil || all.Count() == 0 {
		t.Errorf("%+v, %v", all, err)
	}
	o.PagerDuty = pagerduty.NewClient(pagerduty.Options{APIURL: w.url, Token: secret.New("another"), From: "shodo@example.com"})
	if _, err := history.Lost(t.Context(), o); !errors.Is(err, pagerduty.ErrUnauthorized) {
		t.Errorf("with another token: %v", err)
	}
}
