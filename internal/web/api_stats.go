package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/incident"
	"shodo/internal/yamldoc"
)

// Figures is the record that figures are made of.
type Figures interface {
	analytics.Source
	Imports(context.Context) ([]incident.Import, error)
}

// figuring answers questions about the record, a few at once: each one may read a million incidents.
type figuring struct {
	record Figures
	now    func() time.Time
	turns  chan struct{}
}

// statsAtOnce is how many questions are worked on at once; others wait.
const statsAtOnce = 2

func newFiguring(record Figures, now func() time.Time) *figuring {
	return &figuring{record: record, now: now, turns: make(chan struct{}, statsAtOnce)}
}

// Stats is the answer to a question about figures.
type Stats struct {
	Warnings []string // what to know about it: a history that is imported in part
	analytics.Answer
}

// MarshalJSON writes what "shodo stats --json" does, and before it the warnings.
func (s Stats) MarshalJSON() ([]byte, error) {
	warnings, err := json.Marshal(s.Warnings)
	if err != nil {
		return nil, err
	}
	answer, err := json.Marshal(s.Answer)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]byte(`{"warnings":`), warnings, []byte(","), bytes.TrimPrefix(answer, []byte("{"))), nil
}

// statsNames are the parameters of a question: the flags of "shodo stats".
func statsNames() []string {
	return []string{"week", "month", "since", "until", "zone", "customer", "department", "scenario", "service", "priority", "by", "ids"}
}

// stats answers GET /api/v1/stats.
func (a *api) stats(r *http.Request, _ caller) (int, any, *problem) {
	q, p := a.figures.question(r.URL.Query())
	if p != nil {
		return 0, nil, p
	}
	select {
	case a.figures.turns <- struct{}{}:
		defer func() { <-a.figures.turns }()
	case <-r.Context().Done():
		return 0, nil, unavailable()
	}
	answer, err := analytics.Ask(r.Context(), a.figures.record, q)
	if err == nil {
		var warnings []string
		if warnings, err = a.figures.warnings(r.Context(), q); err == nil {
			return http.StatusOK, Stats{Warnings: warnings, Answer: answer}, nil
		}
	}
	a.log.Error("figures cannot be made", "err", err)
	return 0, nil, unavailable()
}

// warnings tell of history that is only in part in the record.
func (f *figuring) warnings(ctx context.Context, q analytics.Question) ([]string, error) {
	list, err := f.record.Imports(ctx)
	if err != nil {
		return nil, err
	}
	warnings := []string{}
	for _, i := range incident.HalfImports(list, q.Period.Previous(q.Now).Since, q.Period.Until) {
		warnings = append(warnings, fmt.Sprintf("the import of history from %s to %s is not finished: what was created from %s on is missing",
			i.Since.Format(time.RFC3339), i.Until.Format(time.RFC3339), i.DoneTo.Format(time.RFC3339)))
	}
	return warnings, nil
}

// question reads the parameters.
func (f *figuring) question(given url.Values) (analytics.Question, *problem) {
	for name, values := range given {
		if !slices.Contains(statsNames(), name) {
			hint := yamldoc.Suggest(name, statsNames())
			if hint == "" {
				hint = "parameters: " + strings.Join(statsNames(), ", ")
			}
			return analytics.Question{}, wrong(say("unknown parameter %q", "%q というパラメーターはありません", name), text{hint, hint})
		}
		if len(values) > 1 {
			return analytics.Question{}, wrong(say("%s is given %d times", "%s が %d 回指定されています", name, len(values)), say("give it once", "一度だけ指定してください"))
		}
	}
	get := given.Get
	q := analytics.Question{By: analytics.Dimension(get("by")), List: analytics.Figure(get("ids")), Now: f.now(),
		Filter: analytics.Filter{Customer: incident.CustomerID(get("customer")), Department: get("department"),
			Scenario: incident.ScenarioName(get("scenario")), Service: incident.ServiceID(get("service")), Priority: get("priority")}}
	if q.By != analytics.ByNothing && !slices.Contains(analytics.Dimensions(), q.By) {
		return q, oneOf("by", get("by"), analytics.Dimensions())
	}
	if q.List != "" && !slices.Contains(analytics.Names(), q.List) {
		return q, oneOf("ids", get("ids"), analytics.Names())
	}
	var p *problem
	q.Period, p = statsPeriod(get, q.Now)
	return q, p
}

// oneOf says which values there are.
func oneOf[T ~string](name, value string, list []T) *problem {
	var names []string
	for _, one := range list {
		names = append(names, string(one))
	}
	hint := yamldoc.Suggest(value, names)
	if hint == "" {
		hint = "one of " + strings.Join(names, ", ")
	}
	return wrong(say("%s: there is no %q", "%s: %q はありません", name, value), text{hint, hint})
}

// statsPeriod reads the period as the command does: a week, a month, or what is between two instants; the default is seven days.
func statsPeriod(get func(string) string, now time.Time) (analytics.Period, *problem) {
	zone := time.Local
	if name := get("zone"); name != "" {
		var err error
		if zone, err = time.LoadLocation(name); err != nil || name == "Local" {
			return analytics.Period{}, wrong(say("zone: there is no zone %q", "zone: %q というタイムゾーンはありません", name), say("write it as Asia/Tokyo", "Asia/Tokyo のように書いてください"))
		}
	}
	week, month, since, until := get("week"), get("month"), get("since"), get("until")
	if week != "" && month != "" || (week != "" || month != "") && (since != "" || until != "") {
		return analytics.Period{}, wrong(say("a week, a month, or since and until: only one of them names the period", "期間は week、month、since と until のどれか一つで指定します"), text{})
	}
	var p analytics.Period
	var err error
	switch {
	case week != "":
		p, err = analytics.Week(week, zone)
	case month != "":
		p, err = analytics.Month(month, zone)
	default:
		now = now.In(zone)
		from, wrongSince := statsInstant("since", since, now, now.AddDate(0, 0, -7), 0)
		if wrongSince != nil {
			return p, wrongSince
		}
		to, wrongUntil := statsInstant("until", until, now, now, 1)
		if wrongUntil != nil {
			return p, wrongUntil
		}
		p, err = analytics.Between(from, to)
	}
	if err != nil {
		return p, wrong(text{err.Error(), err.Error()}, text{})
	}
	return p, nil
}

var statsAge = regexp.MustCompile(`^(\d{1,5})([mhd])$`)

// statsInstant reads an age (90m, 24h, 7d), a day, or an instant. Of a day it is the beginning, or that of the day so many days later.
func statsInstant(name, given string, now, otherwise time.Time, days int) (time.Time, *problem) {
	if given == "" {
		return otherwise, nil
	}
	if m := statsAge.FindStringSubmatch(given); m != nil {
		n, _ := strconv.Atoi(m[1]) // digits
		switch m[2] {
		case "m":
			return now.Add(-time.Duration(n) * time.Minute), nil
		case "h":
			return now.Add(-time.Duration(n) * time.Hour), nil
		}
		return now.AddDate(0, 0, -n), nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, given, now.Location()); err == nil {
		return day.AddDate(0, 0, days), nil
	}
	at, err := time.Parse(time.RFC3339, given)
	if err != nil {
		return at, wrong(say("%s: %q is not a time", "%s: %q は日時ではありません", name, given),
			text{"write 7d, 2026-11-01 or 2026-11-01T09:00:00+09:00, with + as %2B", "7d、2026-11-01、2026-11-01T09:00:00+09:00 のように (+ は %2B と) 書いてください"})
	}
	return at.In(now.Location()), nil
}
