package history_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/history"
	"shodo/internal/incident"
	"shodo/internal/pagerduty"
	"shodo/internal/sandbox"
)

// fails answers requests for some paths with a status or a text instead of PagerDuty.
func fails(status int, body string, paths ...string) func(http.ResponseWriter, *http.Request, http.Handler) bool {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !slices.ContainsFunc(paths, func(p string) bool { return strings.HasSuffix(r.URL.Path, p) }) {
			return false
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}
}

// TestOneThatIsNeverGiven: an incident that PagerDuty lists and does not give, whatever it answers, stops nothing. A later import brings it.
func TestOneThatIsNeverGiven(t *testing.T) {
	t.Parallel() // it waits most of the time
	for name, meddle := range map[string]func(http.ResponseWriter, *http.Request, http.Handler) bool{
		"not found":   fails(404, `{"error": {"code": 2100, "message": "Not Found"}}`, "/QPAST000000004/alerts"),
		"fails":       fails(500, "oops", "/QPAST000000004/alerts"),
		"garbage":     fails(200, "<html>", "/QPAST000000004/alerts"),
		"no list":     fails(200, "{}", "/QPAST000000004/alerts"),
		"without log": fails(404, "{}", "/QPAST000000004/log_entries", "/log_entries?"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, false, past(8))
			w.meddle = meddle
			o := w.options("one")
			o.Services = []incident.ServiceID{incident.ServiceID(sandbox.DefaultAccount().Services[0].ID)} // so each log is read by itself
			want := incident.ImportCounts{Imported: 7, Unreadable: 1}
			i := w.run(t, o)
			if diff := cmp.Diff(want, i.ImportCounts); diff != "" || i.IsHalf() {
				t.Errorf("the import is %+v: %s", i, diff)
			}
			w.meddle = nil
			o.ID = "two"
			if diff := cmp.Diff(incident.ImportCounts{Imported: 1, Unchanged: 7}, w.run(t, o).ImportCounts); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestNoneIsGiven: where PagerDuty lists and gives nothing else, the import stops. It has left out a few at most, and these are counted.
func TestNoneIsGiven(t *testing.T) {
	t.Parallel() // it waits most of the time
	w := newWorld(t, false, past(20))
	w.meddle = fails(500, "oops", "/alerts")
	if _, err := history.Run(t.Context(), w.options("one")); !errors.Is(err, pagerduty.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	w.meddle = nil
	if i := w.run(t, w.options("two")); i.ID != "one" || i.Imported != 17 || i.Unreadable != 3 {
		t.Errorf("afterwards %+v", i)
	}
	if i := w.run(t, w.options("three")); i.Imported != 3 || i.Unchanged != 17 {
		t.Errorf("the next one %+v", i)
	}
}

// TestAway: the import waits for PagerDuty, whatever it was about to read, and stops when that takes too long.
func TestAway(t *testing.T) {
	t.Parallel() // it waits most of the time
	for _, path := range []string{"/incidents", "/log_entries", "/alerts"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, false, past(20))
			out := 0 // requests of the time that PagerDuty is away, which begins with the path
			w.meddle = func(rw http.ResponseWriter, r *http.Request, _ http.Handler) bool {
				if out == 0 && !strings.HasSuffix(r.URL.Path, path) || out >= 10 {
					return false
				}
				out++
				rw.WriteHeader(503)
				return true
			}
			o := w.options("one")
			o.Pauses = []time.Duration{time.Millisecond, time.Millisecond}
			if i := w.run(t, o); i.Imported != 20 || i.Unreadable != 0 {
				t.Errorf("the import is %+v", i)
			}
		})
	}
	w := newWorld(t, false, past(20))
	w.meddle = fails(503, "", "")
	o := w.options("one")
	o.Pauses = []time.Duration{time.Millisecond}
	if _, err := history.Run(t.Context(), o); !errors.Is(err, pagerduty.ErrUnavailable) {
		t.Errorf("error %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	o.Pauses = []time.Duration{time.Hour}
	o.Away = func(err error) bool { stop(); return errors.Is(err, pagerduty.ErrUnavailable) }
	if _, err := history.Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped while it waits: error %v", err)
	}
}

// listed is a list as a PagerDuty of a few words gives it.
type listed struct {
	history.PagerDuty
	page func(incident.HistoryQuery) incident.HistoryPage
}

func (l listed) History(_ context.Context, q incident.HistoryQuery) (incident.HistoryPage, error) {
	return l.page(q), nil
}

func open(n int) incident.HistoryIncident {
	return incident.HistoryIncident{Incident: incident.Incident{ID: incident.ID(fmt.Sprint("Q", n)), CreatedAt: since.Add(time.Duration(n) * time.Second), Status: incident.Triggered}}
}

// TestFewerThanCounted: what PagerDuty counts and does not give is told, and not passed over.
func TestFewerThanCounted(t *testing.T) {
	one, two, three := open(1), open(2), open(3)
	for name, c := range map[string]struct {
		pages []incident.HistoryPage
		want  incident.ImportCounts
	}{
		"as counted":             {[]incident.HistoryPage{{Total: 3, More: true, Incidents: []incident.HistoryIncident{one, two}}, {Incidents: []incident.HistoryIncident{three}}}, incident.ImportCounts{Open: 3}},
		"an empty page":          {[]incident.HistoryPage{{Total: 3, More: true, Incidents: []incident.HistoryIncident{one, two}}, {More: true}}, incident.ImportCounts{Open: 2, Unreadable: 1}},
		"one twice, another not": {[]incident.HistoryPage{{Total: 3, More: true, Incidents: []incident.HistoryIncident{one, two}}, {Incidents: []incident.HistoryIncident{two}}}, incident.ImportCounts{Open: 2, Unreadable: 1}},
		"some are no incidents":  {[]incident.HistoryPage{{Total: 3, More: true, Unreadable: 2}, {Incidents: []incident.HistoryIncident{three}}}, incident.ImportCounts{Open: 1, Unreadable: 2}},
		"not counted":            {[]incident.HistoryPage{{More: true, Incidents: []incident.HistoryIncident{one, two}}, {Incidents: []incident.HistoryIncident{three}}}, incident.ImportCounts{Open: 3}},
	} {
		w := newWorld(t, false)
		o := w.options("one")
		o.Until = since.Add(time.Hour)
		o.PagerDuty = listed{o.PagerDuty, func(q incident.HistoryQuery) incident.HistoryPage { return c.pages[min(q.Offset, 1)] }}
		if diff := cmp.Diff(c.want, w.run(t, o).ImportCounts); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestLargeLogEntries: of incidents whose log entries are large, fewer are held at once.
func TestLargeLogEntries(t *testing.T) {
	const each = 1 << 20
	w := newWorld(t, false)
	held, most := 0, 0
	o := w.options("one")
	o.Until, o.DryRun = since.Add(200*time.Second), true
	o.PagerDuty = listed{o.PagerDuty, func(q incident.HistoryQuery) incident.HistoryPage {
		if q.Offset == 0 {
			held = 0
		}
		var page incident.HistoryPage
		for n := int(q.Since.Sub(since).Seconds()) + q.Offset; n < int(q.Until.Sub(since).Seconds()) && len(page.Incidents) < 10; n++ {
			one := open(n)
			one.Trigger = make([]byte, each)
			page.Incidents = append(page.Incidents, one)
		}
		page.More = len(page.Incidents) == 10
		held += len(page.Incidents) * each
		most = max(most, held)
		return page
	}}
	if i := w.run(t, o); i.Open != 200 || i.Unreadable != 0 || most > 80*each {
		t.Errorf("%d MiB are held for %+v", most>>20, i)
	}
}

// TestTheClockIsPutBack: an import that was begun by another clock asks for no time that ends before it begins.
func TestTheClockIsPutBack(t *testing.T) {
	w := newWorld(t, false, past(20))
	w.meddle = func(rw http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if q := r.URL.Query(); r.URL.Path == "/log_entries" && q.Get("until") <= q.Get("since") { // both in UTC
			rw.WriteHeader(400)
			return true
		}
		return false
	}
	o := w.options("one")
	o.Now = func() time.Time { return since.AddDate(-1, 0, 0) }
	if i := w.run(t, o); i.Imported != 20 {
		t.Errorf("the import is %+v", i)
	}
}
