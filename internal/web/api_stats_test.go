package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"shodo/internal/incident"
)

// figures is the board's store, which may fail.
type figures struct{ *board }

func (f figures) Facts(ctx context.Context, filter incident.FactFilter) iter.Seq2[incident.Fact, error] {
	if f.fails != nil {
		return func(yield func(incident.Fact, error) bool) { yield(incident.Fact{}, f.fails) }
	}
	return f.store.Facts(ctx, filter)
}

func (f figures) Imports(ctx context.Context) ([]incident.Import, error) { return f.store.Imports(ctx) }

// past writes one incident of each day of November: those of even days were recovered.
func (b *board) past(t *testing.T) {
	t.Helper()
	for day := 1; day <= 30; day++ {
		created := time.Date(2026, 11, day, 3, 0, 0, 0, time.UTC)
		id := incident.ID(fmt.Sprintf("Q%02d", day))
		customer := incident.Customer{ID: "acme", Department: "retail"}
		if day%3 == 0 {
			customer = incident.Customer{ID: "zeta", Department: "bank"}
		}
		if _, err := b.store.Begin(t.Context(), incident.Record{WorkflowRun: "w", Customer: customer, Incident: incident.Incident{ID: id, Title: "Disk full", CreatedAt: created}}); err != nil {
			t.Fatal(err)
		}
		outcome := incident.Unmatched
		if day%2 == 0 {
			outcome = incident.Recovered
		}
		if err := b.store.Append(t.Context(), []incident.Transition{
			{Incident: id, Run: 1, Key: "o", At: created.Add(time.Minute), Kind: incident.Ended, Outcome: outcome},
			{Incident: id, Run: 1, Key: "e", At: created.Add(2 * time.Minute), Kind: incident.ResponseEnd},
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// stats asks for figures as alice.
func (b *board) stats(t *testing.T, query string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/stats?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+aliceToken)
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestStats(t *testing.T) {
	b := newBoard(t)
	b.past(t)
	for _, c := range []struct {
		query                string
		incidents, automatic int
		groups               string
	}{
		{"month=2026-11&zone=UTC", 30, 15, ""},
		{"month=2026-11&zone=UTC&by=customer", 30, 15, "acme zeta"},
		{"month=2026-11&zone=UTC&customer=zeta", 10, 5, ""},
		{"month=2026-11&zone=UTC&department=retail", 20, 10, ""},
		{"week=2026-W46&zone=Asia/Tokyo", 7, 3, ""},
		{"since=2026-11-01&until=2026-11-02&zone=UTC", 2, 1, ""},
		{"since=7d&zone=UTC", 7, 4, ""},
		{"since=2026-11-29T00:00:00Z&until=2026-11-30T00:00:00Z", 1, 0, ""},
		{"zone=UTC", 7, 4, ""},
	} {
		status, body := b.stats(t, c.query)
		var got struct {
			Warnings    []string
			Definitions string
			Figures     struct {
				Incidents int
				Automatic struct{ Count int }
			}
			Groups []struct{ Name string }
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK {
			t.Fatalf("%s: status %d, %v, %s", c.query, status, err, body)
		}
		var groups []string
		for _, g := range got.Groups {
			groups = append(groups, g.Name)
		}
		if got.Figures.Incidents != c.incidents || got.Figures.Automatic.Count != c.automatic || strings.Join(groups, " ") != c.groups || got.Definitions == "" || got.Warnings == nil {
			t.Errorf("%s: %+v", c.query, got)
		}
	}
	if _, body := b.stats(t, "month=2026-11&zone=UTC&ids=recovered"); !strings.Contains(body, `"incidents":["Q02","Q04"`) {
		t.Errorf("the incidents are not listed: %s", body)
	}
}

func TestStatsRefused(t *testing.T) {
	b := newBoard(t)
	for query, want := range map[string]string{
		"mont=2026-11":                 `did you mean \"month\"?`,
		"whatever=1":                   "parameters: week, month",
		"month=2026-13":                "2026-13",
		"week=2026-W99":                "2026-W99",
		"month=2026-11&week=2026-W46":  "only one of them names the period",
		"month=2026-11&since=7d":       "only one of them names the period",
		"since=yesterday":              `since: \"yesterday\" is not a time`,
		"since=2026-11-02&until=1 day": "is not a time",
		"since=2026-11-02&until=90d":   "before it begins",
		"zone=Mars":                    `there is no zone \"Mars\"`,
		"by=custmer":                   `did you mean \"customer\"?`,
		"ids=nothing":                  "one of incidents",
		"month=2026-10&month=2026-11":  "month is given 2 times",
	} {
		status, body := b.stats(t, strings.ReplaceAll(query, " ", "%20"))
		if status != http.StatusBadRequest || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, %s", query, status, body)
		}
	}
	b.fails = errors.New("the disk fails")
	if status, body := b.stats(t, ""); status != http.StatusServiceUnavailable || strings.Contains(body, "disk") || !strings.Contains(b.log.String(), "the disk fails") {
		t.Errorf("a store that fails: status %d, %s", status, body)
	}
	w := httptest.NewRecorder()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "/api/v1/stats", nil)
	if b.ServeHTTP(w, r); w.Code != http.StatusUnauthorized {
		t.Errorf("without a token: %d", w.Code)
	}
	w = httptest.NewRecorder()
	r, _ = http.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/stats", nil)
	r.Header.Set("Authorization", "Bearer "+aliceToken)
	if b.ServeHTTP(w, r); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET" {
		t.Errorf("POST: %d, %q", w.Code, w.Header().Get("Allow"))
	}
}

// A history that is in the record in part only is told beside the figures of its time, and of no other.
func TestStatsOfHalfAHistory(t *testing.T) {
	b := newBoard(t)
	begin := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	i, err := b.store.BeginImport(t.Context(), incident.Import{ID: "one", Since: begin, Until: begin.AddDate(0, 1, 15), BegunAt: b.now})
	if err != nil {
		t.Fatal(err)
	}
	i.DoneTo = begin.AddDate(0, 0, 20)
	if _, err := b.store.SaveImported(t.Context(), i, nil); err != nil {
		t.Fatal(err)
	}
	for query, warned := range map[string]bool{"month=2026-10&zone=UTC": true, "month=2026-11&zone=UTC": true, "month=2026-09&zone=UTC": false, "since=2026-11-28&zone=UTC": false} {
		_, body := b.stats(t, query)
		if got := strings.Contains(body, `{"warnings":["the import of history from 2026-10-01T00:00:00Z to 2026-11-16T00:00:00Z is not finished: what was created from 2026-10-21T00:00:00Z on is missing"],"definitions"`); got != warned {
			t.Errorf("%s: %s", query, body)
		}
	}
}
