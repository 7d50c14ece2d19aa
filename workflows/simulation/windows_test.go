package simulation

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"shodo/internal/calendar"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/internal/scenario"
	"shodo/internal/yamldoc"
)

// window is a window as the engine gets it, with what it is about in words of the simulation.
type window struct {
	quiethours.Window
	about about
}

// about says which incidents a window is for.
type about int

const (
	everything  about = iota
	warnings          // match
	notCritical       // unless
	unclear           // the condition breaks
)

// applies is the judge's own knowledge of conditions: when in doubt a person is called, and nothing is changed.
func (a about) applies(q incident.Question, severity string) bool {
	switch a {
	case warnings:
		return severity == "warning"
	case notCritical:
		return severity != "critical"
	case unclear:
		return q == incident.MayRecover
	}
	return true
}

// breaks is a condition that cannot be evaluated.
type breaks struct{}

func (breaks) Holds(incident.Incident, incident.Customer) (bool, error) {
	return false, errors.New("there is no such field")
}

func (breaks) Source() string { return "alert.details.size > 3" }

func condition(source string) quiethours.Condition {
	c, problem := scenario.CompileCondition(yamldoc.Place{}, source)
	if problem != nil {
		panic(problem.Message)
	}
	return c
}

// rules are a customer's windows through the simulated time.
type rules struct {
	zone     *time.Location
	versions []version   // by from
	known    []time.Time // what edges gives
}

// version is the windows that are in force from an instant on.
type version struct {
	from    time.Time
	windows []window
	what    string // how it differs from the one before
}

func (r *rules) at(t time.Time) version {
	i := len(r.versions) - 1
	for i > 0 && r.versions[i].from.After(t) {
		i--
	}
	return r.versions[i]
}

// policy is what the engine sees at an instant.
func (r *rules) policy(t time.Time) quiethours.Policy {
	v := r.at(t)
	list := make([]quiethours.Window, len(v.windows))
	for i, w := range v.windows {
		list[i] = w.Window
	}
	return quiethours.New(r.zone, list)
}

// answer is the judge's: the strictest answer of the windows that cover the instant and are about the incident.
func (r *rules) answer(t time.Time, q incident.Question, severity string) (incident.Answer, string) {
	worst, by := incident.Allow, ""
	for _, w := range r.at(t).windows {
		a := w.Answer(q)
		if strictness(a) > strictness(worst) && w.about.applies(q, severity) && r.covers(w, t) {
			worst, by = a, fmt.Sprintf("%s, %s", w.Label(), w.When.Spec())
		}
	}
	return worst, by
}

func strictness(a incident.Answer) int {
	return slices.Index([]incident.Answer{incident.Allow, incident.Defer, incident.Suppress, incident.Forbid}, a)
}

func (r *rules) covers(w window, t time.Time) bool {
	for _, s := range quiethours.New(r.zone, []quiethours.Window{w.Window}).Spans(t, t.Add(time.Second)) {
		if !t.Before(s.Start) && t.Before(s.End) {
			return true
		}
	}
	return false
}

// edges are all instants at which an answer may become another one, in order.
func (r *rules) edges() []time.Time {
	if r.known != nil {
		return r.known
	}
	for i, v := range r.versions {
		to := v.from.Add(length + after)
		if i+1 < len(r.versions) {
			to = r.versions[i+1].from
		}
		r.known = append(r.known, v.from)
		for _, s := range r.policy(v.from).Spans(v.from, to) {
			for _, edge := range []time.Time{s.Start, s.End} {
				if edge.After(v.from) && edge.Before(to) {
					r.known = append(r.known, edge)
				}
			}
		}
	}
	slices.SortFunc(r.known, time.Time.Compare)
	return r.known
}

// drawRules makes a customer's windows and their changes.
func drawRules(rng *rand.Rand, begin time.Time) *rules {
	zone, err := time.LoadLocation(pick(rng, "Asia/Tokyo", "America/New_York", "Europe/London", "Australia/Lord_Howe",
		"Asia/Kolkata", "America/Sao_Paulo", "UTC"))
	if err != nil {
		panic(err)
	}
	r := &rules{zone: zone}
	var list []window
	if !chance(rng, 0.06) { // a few customers have none
		for i := range 1 + rng.IntN(3) {
			list = append(list, drawWindow(rng, begin, fmt.Sprintf("w%d", i+1)))
		}
	}
	r.versions = []version{{from: begin.Add(-time.Hour), windows: list, what: "the beginning"}}
	instants := make([]time.Time, rng.IntN(24))
	for i := range instants {
		instants[i] = begin.Add(seconds(rng, 0, length))
	}
	slices.SortFunc(instants, time.Time.Compare)
	for i, at := range slices.CompactFunc(instants, time.Time.Equal) {
		windows, what := r.change(rng, slices.Clone(r.versions[len(r.versions)-1].windows), at, fmt.Sprintf("c%d", i+1))
		r.versions = append(r.versions, version{at, windows, what})
	}
	// Windows may cover everything, and then nothing ends. So in the end the customer has none any more.
	r.versions = append(r.versions, version{from: begin.Add(length + 10*24*time.Hour), what: "all windows are removed"})
	return r
}

// change makes other windows of some; of those that are open, if there are any.
func (r *rules) change(rng *rand.Rand, list []window, at time.Time, name string) ([]window, string) {
	if len(list) == 0 || chance(rng, 0.5) {
		w := drawWindow(rng, at, name)
		if chance(rng, 0.7) { // at run time, and soon
			from := at.Add(seconds(rng, -time.Hour, 6*time.Hour))
			w.Kind, w.When = quiethours.Maintenance, quiethours.Once(from, from.Add(drawLength(rng)))
		}
		return append(list, w), fmt.Sprintf("%s (%s) is added", w.Label(), w.When.Spec())
	}
	i := rng.IntN(len(list))
	for range 5 {
		if r.covers(list[i], at) {
			break
		}
		i = rng.IntN(len(list))
	}
	old := list[i]
	if chance(rng, 0.5) {
		return slices.Delete(list, i, i+1), old.Label() + " is removed"
	}
	list[i].When = drawRule(rng, at)
	return list, fmt.Sprintf("%s is moved to %s", old.Label(), list[i].When.Spec())
}

func drawWindow(rng *rand.Rand, around time.Time, name string) window {
	w := window{Window: quiethours.Window{Name: name, Kind: quiethours.QuietHours, When: drawRule(rng, around)}}
	for w.Contact == "" && w.Page == "" && w.Recover == "" {
		w.Contact = pick(rng, "", incident.Allow, incident.Defer, incident.Defer, incident.Suppress)
		w.Page = pick(rng, "", "", incident.Defer, incident.Defer, incident.Defer, incident.Suppress)
		w.Recover = pick(rng, "", "", incident.Allow, incident.Forbid)
	}
	w.about = pick(rng, everything, everything, everything, warnings, notCritical, unclear)
	switch w.about {
	case warnings:
		w.Match = condition(`alert.severity == "warning"`)
	case notCritical:
		w.Unless = condition(`alert.severity == "critical"`)
	case unclear:
		w.Match = breaks{}
	}
	return w
}

// drawRule makes one of every kind.
func drawRule(rng *rand.Rand, around time.Time) quiethours.Rule {
	must := func(r quiethours.Rule, err error) quiethours.Rule {
		if err != nil {
			panic(err)
		}
		return r
	}
	var days []time.Weekday
	for d := time.Sunday; d <= time.Saturday; d++ {
		if chance(rng, 0.6) {
			days = append(days, d)
		}
	}
	switch rng.IntN(7) {
	case 0, 1, 6:
		from := rng.IntN(24 * 4)
		to := (from + 1 + rng.IntN(24*4-1)) % (24 * 4)
		return must(quiethours.Weekly(days, quiethours.WallTime(from*15), quiethours.WallTime(to*15)))
	case 2:
		if len(days) > 3 {
			days = days[:3]
		}
		return quiethours.WholeDays(append(days, time.Saturday))
	case 3:
		spec := fmt.Sprintf("%d %d * * %s", rng.IntN(60), rng.IntN(24), pick(rng, "*", "SAT", "MON-FRI", "2"))
		return must(quiethours.Cron(spec, seconds(rng, 10*time.Minute, 30*time.Hour).Truncate(time.Minute)))
	case 4:
		if chance(rng, 0.5) {
			return quiethours.OnCalendar("japan", calendar.Japan())
		}
		return quiethours.OnCalendar("days.ics", drawCalendar(rng, around))
	default:
		from := around.Add(seconds(rng, -24*time.Hour, 20*24*time.Hour))
		return quiethours.Once(from, from.Add(drawLength(rng)))
	}
}

// drawLength is longer than a snooze of PagerDuty now and then.
func drawLength(rng *rand.Rand) time.Duration {
	if chance(rng, 0.15) {
		return seconds(rng, 6*24*time.Hour, 17*24*time.Hour)
	}
	return seconds(rng, 5*time.Minute, 40*time.Hour)
}

// drawCalendar is a file with days and timed events.
func drawCalendar(rng *rand.Rand, around time.Time) quiethours.Calendar {
	lines := []string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//simulation//EN"}
	for i := range 12 {
		start := around.Add(seconds(rng, 0, length)).UTC()
		begin, end := "DTSTART;VALUE=DATE:"+start.Format("20060102"), "DTEND;VALUE=DATE:"+start.AddDate(0, 0, 1+rng.IntN(2)).Format("20060102")
		if i%2 == 0 {
			begin = "DTSTART:" + start.Format("20060102T150405Z")
			end = "DTEND:" + start.Add(seconds(rng, time.Hour, 20*time.Hour)).Format("20060102T150405Z")
		}
		lines = append(lines, "BEGIN:VEVENT", fmt.Sprintf("UID:e%d@simulation", i), "DTSTAMP:20260101T000000Z", "SUMMARY:closed", begin, end, "END:VEVENT")
	}
	c, err := calendar.ParseICS([]byte(strings.Join(append(lines, "END:VCALENDAR", ""), "\r\n")))
	if err != nil {
		panic(err)
	}
	return c
}
