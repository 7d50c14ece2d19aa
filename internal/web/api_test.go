package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/internal/scenario"
	"shodo/internal/secret"
	"shodo/internal/store"
	"shodo/internal/web"
)

const (
	aliceToken = "alice-0123456789abcdef0123456789"
	localToken = "local-0123456789abcdef0123456789"
)

// board is a server with a real store, two customers and a clock that stands still.
type board struct {
	http.Handler
	store *store.Store
	log   bytes.Buffer
	now   time.Time
	fails error // of the store
	desk  *desk
	known int // of the customers: the first so many
}

func newBoard(t testing.TB) *board {
	t.Helper()
	b := &board{now: time.Date(2026, 11, 30, 15, 30, 0, 0, time.UTC), known: 2} // 00:30 of December 1 in Tokyo
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "store.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	b.store = s
	now := func() time.Time { return b.now }
	b.desk = &desk{store: s}
	b.Handler = web.New(web.Options{
		API: web.API{
			Tokens:      []web.Token{{Name: "alice", Value: secret.New(aliceToken)}, {Name: "cli", Value: secret.New(localToken), Local: true}},
			Maintenance: b, Pauses: b.desk, Figures: figures{b}, Customers: func() web.Customers { return customers(t)[:b.known] }, Now: now,
		},
		Slack:    web.Slack{On: true, SigningSecret: secret.New(signingSecret), Operators: []string{"U0OPERATOR"}, Policies: b, Private: b.desk},
		Choices:  web.Choices{Chooser: b.desk, Records: b.desk, People: b.desk},
		Ready:    func(context.Context) []web.Check { return nil },
		Registry: prometheus.NewRegistry(),
		Log:      slog.New(slog.NewTextHandler(&b.log, nil)),
	})
	return b
}

// catalog is the two customers of the tests: one in Tokyo, one in New York.
type catalog []*customer.Customer

var zones = sync.OnceValues(func() (list [2]*time.Location, err error) {
	for i, name := range []string{"Asia/Tokyo", "America/New_York"} {
		if list[i], err = time.LoadLocation(name); err != nil {
			return list, err
		}
	}
	return list, nil
})

func customers(t testing.TB) catalog {
	z, err := zones()
	if err != nil {
		t.Fatal(err)
	}
	night := quiethours.Window{Name: "nights <!here> `x`", Kind: quiethours.QuietHours, Contact: incident.Defer, Page: incident.Defer,
		When: quiethours.Once(time.Date(2026, 11, 30, 13, 0, 0, 0, time.UTC), time.Date(2026, 11, 30, 22, 0, 0, 0, time.UTC))}
	return catalog{
		{ID: "acme", Name: "アクメ <株>", TimeZone: z[0], Language: "ja", Policy: quiethours.New(z[0], []quiethours.Window{night})},
		{ID: "globex", Name: "Globex", TimeZone: z[1], Language: "en", Policy: quiethours.New(z[1], nil)},
	}
}

func (c catalog) Customers() []*customer.Customer { return c }

func (c catalog) Scenarios() []*scenario.Scenario {
	return []*scenario.Scenario{{Name: "disk-usage"}, {Name: "http-down"}, {Name: "acme"}}
}

func (c catalog) Customer(id incident.CustomerID) (*customer.Customer, bool) {
	for _, one := range c {
		if one.ID == id {
			return one, true
		}
	}
	return nil, false
}

func (b *board) AddMaintenance(ctx context.Context, m incident.Maintenance) error {
	return errors.Join(b.fails, b.store.AddMaintenance(ctx, m))
}

func (b *board) EndMaintenance(ctx context.Context, id, by string, at time.Time) (incident.Maintenance, error) {
	m, err := b.store.EndMaintenance(ctx, id, by, at)
	return m, errors.Join(b.fails, err)
}

func (b *board) Maintenances(ctx context.Context, id incident.CustomerID, after time.Time) ([]incident.Maintenance, error) {
	list, err := b.store.Maintenances(ctx, id, after)
	return list, errors.Join(b.fails, err)
}

func (b *board) Policy(_ context.Context, id incident.CustomerID) (quiethours.Policy, string, error) {
	z, _ := zones()
	c, ok := customers(nil).Customer(id)
	if !ok {
		return quiethours.New(z[0], nil), "v1", b.fails
	}
	return c.Policy, "v1", b.fails
}

// call sends a request with alice's token, unless the headers say otherwise, and gives the status and the JSON.
func (b *board) call(t *testing.T, method, path, body string, headers ...string) (int, map[string]any, http.Header) {
	t.Helper()
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+aliceToken)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	b.ServeHTTP(rec, req)
	var answer map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s %s answers %d, which is not JSON: %v\n%s", method, path, rec.Code, err, rec.Body)
	}
	return rec.Code, answer, rec.Header()
}

const maintenancePath = "/api/v1/maintenance"

func TestAWindowIsAddedListedAndEnded(t *testing.T) {
	b := newBoard(t)
	status, added, _ := b.call(t, "POST", maintenancePath, `{"customer": "acme", "from": "2026-12-01T01:00", "to": "2026-12-01T04:00:00+09:00",
		"match": "incident.service.id == \"PX5678\"", "page": "defer", "reason": "release 42"}`)
	id, _ := added["id"].(string)
	want := map[string]any{"id": id, "customer": "acme", "from": "2026-12-01T01:00:00+09:00", "to": "2026-12-01T04:00:00+09:00",
		"match": `incident.service.id == "PX5678"`, "contact": "suppress", "page": "defer", "recover": "forbid", "reason": "release 42",
		"added_by": "alice", "added_at": "2026-12-01T00:30:00+09:00", "state": "planned", "time_zone": "Asia/Tokyo"}
	if diff := cmp.Diff(want, added); status != 201 || diff != "" || len(id) != 13 {
		t.Fatalf("answered %d (-want +got):\n%s", status, diff)
	}
	if _, list, _ := b.call(t, "GET", maintenancePath+"?customer=acme", ""); !cmp.Equal(list, map[string]any{"maintenance": []any{added}}) {
		t.Errorf("listed: %v", list)
	}
	if _, list, _ := b.call(t, "GET", maintenancePath+"?customer=globex", ""); !cmp.Equal(list, map[string]any{"maintenance": []any{}}) {
		t.Errorf("of the other customer: %v", list)
	}
	b.now = b.now.Add(time.Hour)
	status, ended, _ := b.call(t, "DELETE", maintenancePath+"/"+strings.ToLower(id), "", "Authorization", "Bearer "+localToken, "X-Shodo-User", "bob")
	if status != 200 || ended["ended_by"] != "cli:bob" || ended["ended_at"] != "2026-12-01T01:30:00+09:00" || ended["state"] != "over" {
		t.Errorf("ended: %d %v", status, ended)
	}
	b.now = b.now.Add(time.Hour)
	if _, again, _ := b.call(t, "DELETE", maintenancePath+"/"+id, ""); !cmp.Equal(again, ended) {
		t.Errorf("ended again: %v", again)
	}
	if _, list, _ := b.call(t, "GET", maintenancePath, ""); len(list["maintenance"].([]any)) != 0 {
		t.Errorf("listed after its end: %v", list)
	}
	if _, list, _ := b.call(t, "GET", maintenancePath+"?since=2026-12-01T01:00:00%2B09:00", ""); !cmp.Equal(list["maintenance"], any([]any{ended})) {
		t.Errorf("listed of the past: %v", list)
	}
	for _, line := range []string{`msg="maintenance added" customer=acme maintenance=` + id + ` by=alice`, `msg="maintenance ended" customer=acme maintenance=` + id + ` by=cli:bob`} {
		if !strings.Contains(b.log.String(), line) {
			t.Errorf("the log has no %q:\n%s", line, &b.log)
		}
	}
}

func TestWhatIsLeftOutIsFilledIn(t *testing.T) {
	b := newBoard(t)
	_, m, _ := b.call(t, "POST", maintenancePath, `{"customer": "globex", "for": "1h30m", "reason": "  moving\thouses "}`)
	if m["error"] == nil {
		t.Errorf("a tab inside a reason is taken: %v", m)
	}
	_, m, _ = b.call(t, "POST", maintenancePath, `{"customer": "globex", "for": "2d", "contact": "", "reason": "  moving houses "}`)
	got := []any{m["from"], m["to"], m["match"], m["contact"], m["page"], m["recover"], m["reason"], m["state"], m["time_zone"]}
	want := []any{"2026-11-30T10:30:00-05:00", "2026-12-02T10:30:00-05:00", nil, "suppress", "suppress", "forbid", "moving houses", "running", "America/New_York"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.now = b.now.Add(50 * time.Hour)
	if _, m, _ := b.call(t, "DELETE", maintenancePath+"/"+m["id"].(string), ""); m["state"] != "over" || m["ended_by"] != nil {
		t.Errorf("ended after its end: %v", m)
	}
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	const ok = `"customer": "acme", "reason": "x"`
	b := newBoard(t)
	for _, c := range []struct {
		name, body  string
		status      int
		error, hint string
	}{
		{"no body", ``, 400, "the body is empty", "send a JSON object"},
		{"no JSON", `customer=acme`, 400, "the body is not one JSON object: ", ""},
		{"a list", `[]`, 400, "found array", ""},
		{"two objects", `{` + ok + `, "for": "2h"} {}`, 400, "something follows the object", ""},
		{"a misspelt field", `{"custmer": "acme"}`, 400, `unknown field "custmer"`, `did you mean "customer"?`},
		{"an unknown field", `{"zzzzzzzz": 1}`, 400, `unknown field "zzzzzzzz"`, "fields: customer, from, to, for, match"},
		{"a number", `{"customer": 7}`, 400, "customer: found number, expected string", ""},
		{"64 KiB and more", `{"reason": "` + strings.Repeat("x", 64<<10) + `"}`, 413, "larger than 64 KiB", ""},
		{"no customer", `{"for": "2h", "reason": "x"}`, 400, "the customer is missing", "there are: acme, globex"},
		{"unknown customer", `{"customer": "acne", "for": "2h", "reason": "x"}`, 400, `there is no customer "acne"`, `did you mean "acme"?`},
		{"no end", `{` + ok + `}`, 400, "the end is missing", `either "to" or "for"`},
		{"two ends", `{` + ok + `, "for": "2h", "to": "2026-12-01T04:00"}`, 400, "given twice", ""},
		{"a wrong duration", `{` + ok + `, "for": "two hours"}`, 400, `for: "two hours" is not a duration`, "such as 90m"},
		{"a negative duration", `{` + ok + `, "for": "-2h"}`, 400, "is not a duration", ""},
		{"too long", `{` + ok + `, "for": "32d"}`, 400, "longer than 31 days", "the customer's file"},
		{"far too long", `{` + ok + `, "for": "65535d"}`, 400, "longer than 31 days", ""},
		{"no time", `{` + ok + `, "from": "tomorrow", "for": "2h"}`, 400, `from: "tomorrow" is not a time`, "2026-12-01T01:00 by the customer's clocks (Asia/Tokyo)"},
		{"a clock without a day", `{` + ok + `, "to": "04:00"}`, 400, `to: "04:00" is not a time`, ""},
		{"to is from", `{` + ok + `, "from": "2026-12-01T04:00", "to": "2026-12-01T04:00"}`, 400, "it ends (2026-12-01 04:00 JST) before it begins", ""},
		{"to before from", `{` + ok + `, "from": "2026-12-02T04:00", "to": "2026-12-01T04:00"}`, 400, "before it begins", ""},
		{"over", `{` + ok + `, "from": "2026-11-01T04:00", "to": "2026-11-01T05:00"}`, 400, "over already", "in the future"},
		{"in another year", `{` + ok + `, "from": "2062-12-01T04:00", "for": "2h"}`, 400, "more than a year from now", ""},
		{"a wrong answer", `{` + ok + `, "for": "2h", "page": "forbid"}`, 400, `page: "forbid" is no answer`, "one of allow, defer, suppress"},
		{"another one", `{` + ok + `, "for": "2h", "recover": "suppress"}`, 400, `recover: "suppress" is no answer`, "one of allow, forbid"},
		{"no effect", `{` + ok + `, "for": "2h", "contact": "allow", "page": "allow", "recover": "allow"}`, 400, "allows everything", ""},
		{"a wrong condition", `{` + ok + `, "for": "2h", "match": "incident.servce.id == 1"}`, 400, "match: ", "service"},
		{"a condition that is none", `{` + ok + `, "for": "2h", "match": "incident.title"}`, 400, "match: ", ""},
		{"no reason", `{"customer": "acme", "for": "2h", "reason": " "}`, 400, "the reason is missing", "record"},
		{"a reason of two lines", `{"customer": "acme", "for": "2h", "reason": "a\nb"}`, 400, "not one line", ""},
		{"a long reason", `{"customer": "acme", "for": "2h", "reason": "` + strings.Repeat("長", 201) + `"}`, 400, "longer than 200 characters", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, answer, _ := b.call(t, "POST", maintenancePath, c.body)
			message, _ := answer["error"].(string)
			hint, _ := answer["hint"].(string)
			if status != c.status || !strings.Contains(message, c.error) || !strings.Contains(hint, c.hint) {
				t.Errorf("answered %d %q (%q), want %d %q (%q)", status, message, hint, c.status, c.error, c.hint)
			}
			if list, err := b.store.Maintenances(t.Context(), "", time.Time{}); err != nil || len(list) > 0 {
				t.Errorf("kept: %v %v", list, err)
			}
		})
	}
}

// Who has no token learns nothing: the answer is the same for what is there and what is not.
func TestWithoutAValidToken(t *testing.T) {
	b := newBoard(t)
	_, added, _ := b.call(t, "POST", maintenancePath, `{"customer": "acme", "for": "2h", "reason": "x"}`)
	var first map[string]any
	for _, path := range []string{maintenancePath, maintenancePath + "/" + added["id"].(string), maintenancePath + "/MNOTHING", "/api/v1/nothing", "/api/"} {
		for _, given := range []string{"", "Bearer ", "Bearer wrong", "Bearer " + aliceToken + " ", aliceToken, "Basic " + aliceToken, "bearer: " + aliceToken} {
			for _, method := range []string{"GET", "POST", "DELETE", "PUT"} {
				status, answer, header := b.call(t, method, path, `{`, "Authorization", given)
				if first == nil {
					first = answer
				}
				if status != 401 || header.Get("WWW-Authenticate") != `Bearer realm="shodo"` || !cmp.Equal(answer, first) {
					t.Fatalf("%s %s with %q: %d %v %v", method, path, given, status, header, answer)
				}
			}
		}
	}
	if !strings.Contains(b.log.String(), "without a valid token was refused") || strings.Contains(b.log.String(), aliceToken) {
		t.Errorf("log:\n%s", &b.log)
	}
	rec := httptest.NewRecorder()
	b.ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	if !strings.Contains(rec.Body.String(), `shodo_api_requests_total{route="none",status="401"} 140`) {
		t.Errorf("refusals are not counted:\n%s", rec.Body)
	}
}

func TestOnlyTheLocalTokenNamesItsUser(t *testing.T) {
	b := newBoard(t)
	for _, c := range []struct{ token, user, want string }{
		{aliceToken, "bob", "alice"},
		{localToken, "bob", "cli:bob"},
		{localToken, "", "cli"},
		{localToken, "a b", "cli"},
		{localToken, "bob\x01", "cli"},
		{localToken, strings.Repeat("x", 65), "cli"},
	} {
		_, m, _ := b.call(t, "POST", maintenancePath, `{"customer": "acme", "for": "2h", "reason": "x"}`, "Authorization", "Bearer "+c.token, "X-Shodo-User", c.user)
		if m["added_by"] != c.want {
			t.Errorf("user %q: added by %v, want %q", c.user, m["added_by"], c.want)
		}
	}
}

func TestTheSameKeyGivesTheSameWindow(t *testing.T) {
	b := newBoard(t)
	const key = "Idempotency-Key"
	add := func(body string, headers ...string) (int, map[string]any) {
		status, answer, _ := b.call(t, "POST", maintenancePath, body, headers...)
		return status, answer
	}
	const body = `{"customer": "acme", "for": "2h", "reason": "x"}`
	status, first := add(body, key, "k1")
	if status != 201 {
		t.Fatalf("%d %v", status, first)
	}
	b.now = b.now.Add(10 * time.Minute)
	if status, again := add(body, key, "k1"); status != 200 || !cmp.Equal(first, again) {
		t.Errorf("again: %d %v", status, again)
	}
	if status, other := add(body, key, "k2"); status != 201 || other["id"] == first["id"] {
		t.Errorf("another key: %d %v", status, other)
	}
	if status, other := add(body, key, "k1", "Authorization", "Bearer "+localToken); status != 201 || other["id"] == first["id"] {
		t.Errorf("another one's key: %d %v", status, other)
	}
	for _, body := range []string{`{"customer": "acme", "for": "3h", "reason": "x"}`, `{"customer": "globex", "for": "2h", "reason": "x"}`,
		`{"customer": "acme", "for": "2h", "reason": "y"}`} {
		if status, answer := add(body, key, "k1"); status != 409 || !strings.Contains(answer["error"].(string), first["id"].(string)) {
			t.Errorf("another window with the key: %d %v", status, answer)
		}
	}
	for _, bad := range []string{"a b", "é", strings.Repeat("k", 256)} {
		if status, answer := add(body, key, bad); status != 400 {
			t.Errorf("key %q: %d %v", bad, status, answer)
		}
	}
}

func TestOtherRequestsOfTheAPI(t *testing.T) {
	b := newBoard(t)
	for _, c := range []struct {
		method, path string
		status       int
		error        string
	}{
		{"PUT", maintenancePath, 405, "PUT is not possible here"},
		{"GET", maintenancePath + "/M1", 405, "GET is not possible here"},
		{"GET", "/api/v2/maintenance", 404, "there is no /api/v2/maintenance"},
		{"GET", maintenancePath + "?customer=acne", 400, `there is no customer "acne"`},
		{"GET", maintenancePath + "?since=yesterday", 400, `since: "yesterday" is not a time`},
		{"DELETE", maintenancePath + "/MNOTHING", 404, `there is no maintenance "MNOTHING"`},
	} {
		status, answer, header := b.call(t, c.method, c.path, "")
		if status != c.status || answer["error"] != c.error || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: %d %v", c.method, c.path, status, answer)
		}
		if (status == 405) != (header.Get("Allow") != "") {
			t.Errorf("%s %s: Allow %q", c.method, c.path, header.Get("Allow"))
		}
	}
}

func TestTheStoreIsAway(t *testing.T) {
	b := newBoard(t)
	_, added, _ := b.call(t, "POST", maintenancePath, `{"customer": "acme", "for": "2h", "reason": "x"}`)
	b.fails = errors.New("disk full at /secret/place")
	for _, c := range []struct{ method, path, body string }{
		{"POST", maintenancePath, `{"customer": "acme", "for": "2h", "reason": "x"}`},
		{"GET", maintenancePath, ""},
		{"DELETE", maintenancePath + "/" + added["id"].(string), ""},
	} {
		status, answer, header := b.call(t, c.method, c.path, c.body)
		if status != 503 || header.Get("Retry-After") == "" || strings.Contains(answer["error"].(string), "/secret") {
			t.Errorf("%s: %d %v", c.method, status, answer)
		}
	}
	if !strings.Contains(b.log.String(), "disk full") {
		t.Errorf("the log does not say why:\n%s", &b.log)
	}
}

func TestWithoutMaintenanceThereIsNoAPI(t *testing.T) {
	for _, path := range []string{maintenancePath, "/webhooks/slack/commands"} {
		rec := httptest.NewRecorder()
		handler(&inbox{}, nil, io.Discard).ServeHTTP(rec, httptest.NewRequest("POST", path, nil))
		if rec.Code != 404 {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}

func FuzzAPI(f *testing.F) {
	for _, body := range []string{`{"customer": "acme", "for": "2h", "reason": "x"}`, `{"customer":"acme","from":"2026-12-01T01:00","to":"2026-12-01T01:01","match":"true","reason":"x"}`, `[`, ``} {
		f.Add(body, "k")
	}
	b := newBoard(f)
	f.Fuzz(func(t *testing.T, body, key string) {
		status, answer, _ := b.call(t, "POST", maintenancePath, body, "Idempotency-Key", key)
		if status/100 == 2 {
			from, err1 := time.Parse(time.RFC3339, answer["from"].(string))
			to, err2 := time.Parse(time.RFC3339, answer["to"].(string))
			if err1 != nil || err2 != nil || !from.Before(to) || !to.After(b.now) || to.Sub(from) > web.MaxWindow || answer["reason"] == "" {
				t.Errorf("taken: %v", answer)
			}
		} else if status/100 != 4 || answer["error"] == "" {
			t.Errorf("%d %v", status, answer)
		}
	})
}
