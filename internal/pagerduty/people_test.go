package pagerduty_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/pagerduty"
	"shodo/internal/sandbox"
	"shodo/internal/secret"
)

var (
	aoi = pagerduty.User{ID: "PUSER01", Name: "Aoi", Email: "aoi+shodo@example.com"}
	ren = pagerduty.User{ID: "PUSER02", Name: "Ren", Email: "ren@example.com"}
)

func TestOnCalls(t *testing.T) {
	a := newAccount(t)
	got, err := a.OnCalls(t.Context(), "PPOLICY")
	must(t, err)
	if diff := cmp.Diff([]pagerduty.Duty{{User: aoi, Level: 1}, {User: ren, Level: 2}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"GET /oncalls"}, a.asked()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if got, err := a.OnCalls(t.Context(), "PNONE"); err != nil || len(got) != 0 {
		t.Errorf("of a policy that is not there: %v %v", got, err)
	}
	if _, err := a.OnCalls(t.Context(), "../users"); !errors.Is(err, pagerduty.ErrNotFound) {
		t.Errorf("of what is no id: %v", err)
	}
}

// What PagerDuty's schedules give: shifts that are over or to come, the same person in two schedules, more than one page,
// and people without a visible address.
func TestOnCallsOfSchedules(t *testing.T) {
	const shift = `{"escalation_level":%d,"start":%s,"end":%s,"user":{"id":%q,"type":"user","summary":%q,"email":%s}}`
	pages := map[string]string{
		"0": `{"more":true,"oncalls":[` + strings.Join([]string{
			fmt.Sprintf(shift, 2, "null", "null", "PREN", "Ren", `"ren@example.com"`),
			fmt.Sprintf(shift, 1, `"2026-11-20T00:00:00Z"`, `"2026-11-20T12:00:00Z"`, "PAOI", "Aoi", `"aoi@example.com"`),
			fmt.Sprintf(shift, 1, `"2026-11-20T12:00:00Z"`, `"2026-11-21T00:00:00Z"`, "PNEXT", "Next", `"next@example.com"`),
			fmt.Sprintf(shift, 1, `"2026-11-19T12:00:00Z"`, `"2026-11-20T03:00:00+09:00"`, "PLAST", "Last", `"last@example.com"`),
		}, ",") + `]}`,
		"100": `{"more":false,"oncalls":[` + strings.Join([]string{
			fmt.Sprintf(shift, 1, `"2026-11-20T06:00:00Z"`, `"2026-11-20T18:00:00Z"`, "PAOI", "Aoi", `"aoi@example.com"`),
			fmt.Sprintf(shift, 1, `"soon"`, "null", "PHID", "Hidden", "null"),
			`{"escalation_level":1,"user":null}`,
		}, ",") + `]}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", "Fri, 20 Nov 2026 08:15:30 GMT")
		fmt.Fprint(w, pages[r.URL.Query().Get("offset")])
	}))
	t.Cleanup(server.Close)
	got, err := pagerduty.NewClient(pagerduty.Options{APIURL: server.URL, Token: secret.New(token)}).OnCalls(t.Context(), "PPOLICY")
	must(t, err)
	want := []pagerduty.Duty{
		{User: pagerduty.User{ID: "PAOI", Name: "Aoi", Email: "aoi@example.com"}, Level: 1},
		{User: pagerduty.User{ID: "PHID", Name: "Hidden"}, Level: 1},
		{User: pagerduty.User{ID: "PREN", Name: "Ren", Email: "ren@example.com"}, Level: 2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestUsers(t *testing.T) {
	a := newAccount(t)
	for name, read := range map[string]func() (pagerduty.User, error){
		"by id":             func() (pagerduty.User, error) { return a.User(t.Context(), "PUSER01") },
		"by e-mail address": func() (pagerduty.User, error) { return a.UserByEmail(t.Context(), "AOI+shodo@example.com") },
	} {
		if got, err := read(); err != nil || got != aoi {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	for name, read := range map[string]func() (pagerduty.User, error){
		"by id":                  func() (pagerduty.User, error) { return a.User(t.Context(), "PNONE") },
		"by what is no id":       func() (pagerduty.User, error) { return a.User(t.Context(), "me/../PUSER01") },
		"by a part of an e-mail": func() (pagerduty.User, error) { return a.UserByEmail(t.Context(), "shodo@example.co") },
	} {
		if _, err := read(); !errors.Is(err, pagerduty.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func acknowledgers(inc incident.Incident) []string {
	var ids []string
	for _, by := range inc.AcknowledgedBy {
		ids = append(ids, by.ID)
	}
	slices.Sort(ids)
	return ids
}

func TestAcknowledgeForAPerson(t *testing.T) {
	for name, tc := range map[string]struct {
		user string
		want []string
	}{
		"who is known":                       {"PUSER02", []string{"PUSER02"}},
		"whom PagerDuty does not have":       {"PGONE", []string{bot}},
		"whose id is none of PagerDuty's":    {"slack:U1", []string{bot}},
		"nobody: the engine acknowledges it": {"", []string{bot}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(t)
			id := a.trigger(t, sandbox.Alert{})
			must(t, a.AcknowledgeFor(t.Context(), id, tc.user))
			must(t, a.AcknowledgeFor(t.Context(), id, tc.user)) // it is theirs already
			if diff := cmp.Diff(tc.want, acknowledgers(a.status(t, id))); diff != "" {
				t.Errorf("acknowledged by (-want +got):\n%s", diff)
			}
		})
	}
}

// The engine works on it, and a person takes it over: the acknowledgement of the one does not hide that of the other.
func TestAcknowledgeForAPersonWhatTheEngineHas(t *testing.T) {
	a := newAccount(t)
	id := a.trigger(t, sandbox.Alert{})
	must(t, a.Acknowledge(t.Context(), id))
	must(t, a.AcknowledgeFor(t.Context(), id, "PUSER01"))
	got := a.status(t, id)
	if diff := cmp.Diff([]string{bot, "PUSER01"}, acknowledgers(got)); diff != "" || got.LastChangeBy.ID != "PUSER01" {
		t.Errorf("last changed by %+v; acknowledged by (-want +got):\n%s", got.LastChangeBy, diff)
	}
}

func TestAcknowledgeForAPersonWhatIsResolved(t *testing.T) {
	a := newAccount(t)
	id := a.trigger(t, sandbox.Alert{})
	must(t, a.ResolveAs("Aoi", string(id), ""))
	if err := a.AcknowledgeFor(t.Context(), id, "PUSER02"); !errors.Is(err, pagerduty.ErrResolved) {
		t.Errorf("error %v, want ErrResolved", err)
	}
	if got := a.status(t, id); got.Status != incident.Resolved {
		t.Errorf("it is %q again", got.Status)
	}
}

// A token that may not speak for others: the engine acknowledges in its own name.
func TestAcknowledgeForAPersonIsNotAllowed(t *testing.T) {
	for name, refusal := range map[string]struct {
		status, code int
	}{"forbidden": {403, 2010}, "no such requester": {400, 1008}} {
		t.Run(name, func(t *testing.T) {
			local, err := sandbox.NewPagerDuty(sandbox.PagerDutyOptions{Account: testAccount()})
			must(t, err)
			t.Cleanup(local.Close)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if from := r.Header.Get("From"); from != "" && from != "shodo@example.com" {
					w.WriteHeader(refusal.status)
					fmt.Fprintf(w, `{"error":{"code":%d,"message":"no"}}`, refusal.code)
					return
				}
				local.ServeHTTP(w, r)
			}))
			t.Cleanup(server.Close)
			c := pagerduty.NewClient(pagerduty.Options{APIURL: server.URL, Token: secret.New(token), From: "shodo@example.com"})
			id, err := local.Trigger(sandbox.Alert{Service: "PWEB001", Summary: "x"})
			must(t, err)
			must(t, c.AcknowledgeFor(t.Context(), incident.ID(id), "PUSER01"))
			got, err := c.Status(t.Context(), incident.ID(id))
			must(t, err)
			if diff := cmp.Diff([]string{bot}, acknowledgers(got)); diff != "" {
				t.Errorf("acknowledged by (-want +got):\n%s", diff)
			}
		})
	}
}

// PagerDuty is away: that is no reason to act in another name; whoever asked tries again.
func TestAcknowledgeForAPersonWhilePagerDutyIsAway(t *testing.T) {
	a := newAccount(t, func(o *pagerduty.Options) { o.Patience = 1 })
	id := a.trigger(t, sandbox.Alert{})
	defer a.Inject(sandbox.Fault{Path: "/users/*", Status: 503})()
	if err := a.AcknowledgeFor(t.Context(), id, "PUSER01"); !errors.Is(err, pagerduty.ErrUnavailable) {
		t.Errorf("error %v, want ErrUnavailable", err)
	}
	if got := a.status(t, id); got.Status != incident.Triggered {
		t.Errorf("it is %q", got.Status)
	}
}
