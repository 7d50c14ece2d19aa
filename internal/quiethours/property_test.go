package quiethours_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "time/tzdata"

	"shodo/internal/incident"
	"shodo/internal/quiethours"
)

// The oracle goes through three years minute by minute, by the definition of the package comment and nothing else: a
// piece [start, end) of the wall clock covers the minute when the clock has shown start or later by then, and still
// shows less than end then or later.
//
// Every rule is written down as the wall minutes at which a piece starts, and the one length of its pieces.

// years is a zone's clock, minute by minute.
type years struct {
	zone       *time.Location
	base       int64   // the first minute, since 1970
	wall       []int64 // what the clock shows in each minute, in minutes since 1970
	shown      []int64 // the most that it has shown up to each minute
	comes      []int64 // the least that it shows from each minute on
	wallFrom   int64   // the first wall minute of the tables of starts
	wallLength int
	changes    []int // minutes at which the clock is changed
}

const minutesOfDay = 24 * 60

func newYears(t *testing.T, name string, first, count int) *years {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(first, 1, 1, 0, 0, 0, 0, time.UTC)
	n := int(from.AddDate(count, 0, 0).Sub(from).Minutes())
	y := &years{zone: zone, base: from.Unix() / 60, wall: make([]int64, n), shown: make([]int64, n), comes: make([]int64, n)}
	for m := range n {
		_, offset := y.at(m).Zone()
		y.wall[m] = y.base + int64(m) + int64(offset/60)
		y.shown[m] = y.wall[m]
		if m > 0 {
			y.shown[m] = max(y.shown[m], y.shown[m-1])
			if y.wall[m] != y.wall[m-1]+1 {
				y.changes = append(y.changes, m)
			}
		}
	}
	for m := n - 1; m >= 0; m-- {
		y.comes[m] = y.wall[m]
		if m < n-1 {
			y.comes[m] = min(y.comes[m], y.comes[m+1])
		}
	}
	y.wallFrom = y.base - 40*minutesOfDay
	y.wallLength = n + 80*minutesOfDay
	return y
}

func (y *years) at(m int) time.Time { return time.Unix((y.base+int64(m))*60, 0).In(y.zone) }

// pieces is a rule as the oracle knows it.
type pieces struct {
	until  []int32 // how many pieces start at or before each wall minute, from wallFrom on
	length int64   // minutes
}

// newPieces makes the table of a rule that starts pieces at some minutes of the day, on some days.
func (y *years) newPieces(length int, onDay func(time.Time) bool, onMinute func(minute int) bool) pieces {
	p := pieces{until: make([]int32, y.wallLength), length: int64(length)}
	var count int32
	on := false
	for i := range p.until {
		minute := int((y.wallFrom + int64(i)) % minutesOfDay)
		if minute == 0 || i == 0 {
			on = onDay(time.Unix((y.wallFrom+int64(i))*60, 0).UTC())
		}
		if on && onMinute(minute) {
			count++
		}
		p.until[i] = count
	}
	return p
}

// covers says whether a piece covers minute m.
func (y *years) covers(p pieces, m int) bool {
	return p.until[y.shown[m]-y.wallFrom] > p.until[y.comes[m]-p.length-y.wallFrom]
}

// candidate is a window with all that the oracle knows of it.
type candidate struct {
	quiethours.Window
	inside []bool
	fit    int // 0: about the incident, 1: not, 2: cannot be told
}

func (c candidate) applies(q incident.Question) bool {
	return c.fit == 0 || c.fit == 2 && q == incident.MayRecover
}

// draw makes a random window.
func (y *years) draw(t *testing.T, r *rand.Rand, number int) candidate {
	t.Helper()
	c := candidate{inside: make([]bool, len(y.wall))}
	c.Name = "w" + strconv.Itoa(number)
	c.Kind = quiethours.QuietHours
	pick := func(answers ...incident.Answer) incident.Answer { return answers[r.IntN(len(answers))] }
	c.Contact = pick("", incident.Allow, incident.Defer, incident.Defer, incident.Suppress)
	c.Page = pick("", incident.Allow, incident.Defer, incident.Defer, incident.Suppress)
	c.Recover = pick("", incident.Allow, incident.Forbid)
	y.drawConditions(r, &c)
	var p pieces
	switch kind := r.IntN(10); {
	case kind < 3:
		c.When, p = y.drawWeekly(t, r)
	case kind < 4:
		days, list := drawWeek(r)
		c.When = quiethours.WholeDays(list)
		p = y.newPieces(minutesOfDay, days, func(minute int) bool { return minute == 0 })
	case kind < 7:
		c.When, p = y.drawCron(t, r)
	case kind < 9:
		c.When, p = y.drawCalendar(r)
	default:
		c.Kind = quiethours.Maintenance
		from := r.IntN(len(y.wall))
		to := min(from+1+r.IntN(5*minutesOfDay), len(y.wall)-1)
		c.When = quiethours.Once(y.at(from), y.at(to))
		for m := from; m < to; m++ {
			c.inside[m] = true
		}
		return c
	}
	for m := range c.inside {
		c.inside[m] = y.covers(p, m)
	}
	return c
}

func (y *years) drawConditions(r *rand.Rand, c *candidate) {
	const holds, fails, breaks = 0, 1, 2
	match, unless := holds, fails
	if r.IntN(3) == 0 {
		match = r.IntN(3)
		c.Match = fixedCondition(match)
	}
	if r.IntN(3) == 0 {
		unless = r.IntN(3)
		c.Unless = fixedCondition(unless)
	}
	switch {
	case match == fails || unless == holds:
		c.fit = 1
	case match == breaks || unless == breaks:
		c.fit = 2
	}
}

// fixedCondition holds (0), does not (1) or cannot be evaluated (2).
type fixedCondition int

func (c fixedCondition) Holds(incident.Incident, incident.Customer) (bool, error) {
	if c == 2 {
		return false, errors.New("alert.details.depth is missing")
	}
	return c == 0, nil
}

func (c fixedCondition) Source() string {
	return [...]string{"true", "false", "alert.details.depth > 3"}[c]
}

func drawWeek(r *rand.Rand) (on func(time.Time) bool, list []time.Weekday) {
	set := 1 + r.IntN(127)
	for d := range 7 {
		if set&(1<<d) != 0 {
			list = append(list, time.Weekday(d))
		}
	}
	return func(day time.Time) bool { return set&(1<<int(day.Weekday())) != 0 }, list
}

func (y *years) drawWeekly(t *testing.T, r *rand.Rand) (quiethours.Rule, pieces) {
	t.Helper()
	on, list := drawWeek(r)
	from := r.IntN(minutesOfDay)
	if r.IntN(2) == 0 {
		from = r.IntN(5 * 60) // where the clocks are changed
	}
	to := (from + 1 + r.IntN(minutesOfDay-1)) % minutesOfDay
	if r.IntN(3) == 0 {
		to = (from + 1 + r.IntN(90)) % minutesOfDay
	}
	rule, err := quiethours.Weekly(list, quiethours.WallTime(from), quiethours.WallTime(to))
	if err != nil {
		t.Fatal(err)
	}
	length := to - from
	if length <= 0 {
		length += minutesOfDay
	}
	return rule, y.newPieces(length, on, func(minute int) bool { return minute == from })
}

// field is one field of a cron schedule with the numbers that it means.
type field struct {
	text string
	has  func(n int) bool
}

func star() field      { return field{"*", func(int) bool { return true }} }
func one(n int) field  { return field{strconv.Itoa(n), func(m int) bool { return m == n }} }
func each(n int) field { return field{"*/" + strconv.Itoa(n), func(m int) bool { return m%n == 0 }} }
func between(a, b int) field {
	return field{fmt.Sprintf("%d-%d", a, b), func(m int) bool { return a <= m && m <= b }}
}
func named(text string, n ...int) field {
	return field{text, func(m int) bool {
		for _, v := range n {
			if v == m {
				return true
			}
		}
		return false
	}}
}

func (y *years) drawCron(t *testing.T, r *rand.Rand) (quiethours.Rule, pieces) {
	t.Helper()
	pick := func(fields ...field) field { return fields[r.IntN(len(fields))] }
	minute := pick(one(0), one(r.IntN(60)), each(15), named("5,35", 5, 35), star())
	hour := pick(one(r.IntN(24)), one(1+r.IntN(3)), between(8, 18), each(6), star())
	dom := pick(star(), star(), one(1), between(1, 7), one(29), one(31))
	month := pick(star(), star(), star(), one(2), named("MAR,APR,OCT,NOV", 3, 4, 10, 11))
	dow := pick(star(), star(), named("SAT", 6), named("MON-FRI", 1, 2, 3, 4, 5), named("sun", 0))
	if dom.text == "31" {
		month = star() // of some months there is none
	}
	lengths := []int{1, 10, 15, 45, 180, 600, minutesOfDay, 60 * 60, 8 * minutesOfDay}
	length := lengths[r.IntN(len(lengths))]
	spec := strings.Join([]string{minute.text, hour.text, dom.text, month.text, dow.text}, " ")
	rule, err := quiethours.Cron(spec, time.Duration(length)*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return rule, y.newPieces(length, func(day time.Time) bool {
		inMonth, inWeek := dom.has(day.Day()), dow.has(int(day.Weekday()))
		both := inMonth && inWeek
		if dom.text != "*" && dow.text != "*" {
			both = inMonth || inWeek // so says cron(5)
		}
		return both && month.has(int(day.Month()))
	}, func(m int) bool { return hour.has(m/60) && minute.has(m%60) })
}

// someDays is a calendar of whole days.
type someDays []time.Time

func (s someDays) Spans(from, to time.Time, zone *time.Location) []quiethours.Span {
	var found []quiethours.Span
	for _, d := range s {
		if span := quiethours.OnWall(zone, d, d.AddDate(0, 0, 1)); span.End.After(from) && span.Start.Before(to) {
			found = append(found, span)
		}
	}
	return found
}

func (someDays) Valid() (from, to int) { return 0, 0 }

func (s someDays) Content() string { return fmt.Sprint([]time.Time(s)) }

func (y *years) drawCalendar(r *rand.Rand) (quiethours.Rule, pieces) {
	var list someDays
	days := make(map[time.Time]bool)
	for d := time.Unix(y.base*60, 0).UTC().AddDate(0, 0, -3); d.Unix()/60 < y.base+int64(len(y.wall)); d = d.AddDate(0, 0, 1) {
		if r.IntN(20) == 0 || days[d.AddDate(0, 0, -1)] && r.IntN(2) == 0 {
			days[d] = true
			list = append(list, d)
		}
	}
	return quiethours.OnCalendar("drawn", list), y.newPieces(minutesOfDay,
		func(day time.Time) bool { return days[day] }, func(minute int) bool { return minute == 0 })
}

func strictness(a incident.Answer) uint8 {
	switch a {
	case incident.Defer:
		return 1
	case incident.Suppress, incident.Forbid:
		return 2
	}
	return 0
}

// verdict is the oracle's answer to one question, for each minute.
type verdict struct {
	question incident.Question
	strict   []uint8
	changes  []int // the minute at which it changes next; none: the count of minutes
}

func (y *years) verdict(windows []candidate, q incident.Question) verdict {
	v := verdict{question: q, strict: make([]uint8, len(y.wall))}
	for _, w := range windows {
		if a := strictness(w.Answer(q)); w.applies(q) && a > 0 {
			for m, inside := range w.inside {
				if inside {
					v.strict[m] = max(v.strict[m], a)
				}
			}
		}
	}
	v.changes = nextChanges(v.strict)
	return v
}

func nextChanges[T comparable](values []T) []int {
	changes := make([]int, len(values))
	for m := len(values) - 1; m >= 0; m-- {
		changes[m] = m + 1
		if m+1 < len(values) && values[m+1] == values[m] {
			changes[m] = changes[m+1]
		}
	}
	return changes
}

func TestAgainstMinuteByMinute(t *testing.T) {
	policies := policiesPerZone
	if testing.Short() {
		policies = 2
	}
	for _, tc := range []struct {
		zone     string
		first    int
		policies int
	}{
		{"Asia/Tokyo", 2023, policies},
		{"America/New_York", 2023, policies},
		{"Europe/London", 2023, policies},
		{"Australia/Lord_Howe", 2023, policies},    // half an hour of daylight-saving time
		{"Pacific/Apia", 2010, (policies + 3) / 4}, // went without 2011-12-30
		{"Asia/Kathmandu", 2023, (policies + 3) / 4},
	} {
		t.Run(tc.zone, func(t *testing.T) {
			y := newYears(t, tc.zone, tc.first, 3)
			for n := range tc.policies {
				seed := uint64(n + 1)
				r := rand.New(rand.NewPCG(seed, uint64(len(tc.zone))))
				var windows []candidate
				for i := range 1 + r.IntN(4) {
					windows = append(windows, y.draw(t, r, i))
				}
				y.check(t, r, windows)
				if t.Failed() {
					t.Fatalf("seed %d:%s", seed, describe(windows))
				}
			}
		})
	}
}

func describe(windows []candidate) string {
	var b strings.Builder
	for _, w := range windows {
		fmt.Fprintf(&b, "\n%s: %s; contact %q, page %q, recover %q, fit %d", w.Label(), w.When.Spec(), w.Contact, w.Page, w.Recover, w.fit)
	}
	return b.String()
}

func (y *years) check(t *testing.T, r *rand.Rand, windows []candidate) {
	t.Helper()
	var plain []quiethours.Window
	for _, w := range windows {
		plain = append(plain, w.Window)
	}
	p := quiethours.New(y.zone, plain)
	y.checkSpans(t, p, windows)
	var verdicts []verdict
	for _, q := range quiethours.Questions() {
		verdicts = append(verdicts, y.verdict(windows, q))
	}
	ends := make([][]int, len(windows))
	for i, w := range windows {
		ends[i] = nextChanges(w.inside)
	}
	for _, m := range y.samples(r, verdicts) {
		at := y.at(m).Add(time.Duration(r.IntN(2)*r.IntN(60)) * time.Second)
		decision := p.Decide(at, incident.Incident{}, incident.Customer{})
		for _, v := range verdicts {
			got := decision.Ruling(v.question)
			switch {
			case strictness(got.Answer) != v.strict[m]:
				t.Errorf("%s at %s: %s, want strictness %d; %s", v.question, at, got.Answer, v.strict[m], got.Why)
				return
			case got.Answer == incident.Allow:
			case !y.isEnd(got.Until, at, v.changes[m]):
				t.Errorf("%s at %s: %s until %s, want %s; %s", v.question, at, got.Answer, got.Until, y.at(v.changes[m]), got.Why)
				return
			case !gives(windows, ends, got, m):
				t.Errorf("%s at %s: %s by %s, which does not give it or not the longest", v.question, at, got.Answer, got.Window)
				return
			}
		}
	}
}

// samples are the minutes that are asked about: around changes of the clock, around changes of the answers, and any.
func (y *years) samples(r *rand.Rand, verdicts []verdict) []int {
	var samples []int
	for _, c := range y.changes {
		for range 50 {
			samples = append(samples, c-130+r.IntN(260))
		}
	}
	for _, v := range verdicts {
		for range 50 {
			m := r.IntN(len(v.changes))
			samples = append(samples, m)
			if end := v.changes[m]; end < len(v.changes) {
				samples = append(samples, end-1, end)
			}
		}
	}
	return samples
}

// isEnd says whether a ruling ends where the oracle says: at a minute, at the horizon, or after the oracle's years.
func (y *years) isEnd(until, at time.Time, change int) bool {
	horizon := at.Add(quiethours.Horizon)
	if end := y.at(change); change < len(y.wall) {
		return until.Equal(end) || end.After(horizon) && until.Equal(horizon)
	}
	return !until.Before(y.at(len(y.wall)-1)) || until.Equal(horizon)
}

// gives says whether the window that a ruling names gives its answer, and no other one that does ends later by itself.
func gives(windows []candidate, ends [][]int, got quiethours.Ruling, m int) bool {
	named, longest := 0, 0
	for i, w := range windows {
		if w.applies(got.Question) && w.inside[m] && w.Answer(got.Question) == got.Answer {
			longest = max(longest, ends[i][m])
			if w.Label() == got.Window {
				named = ends[i][m]
			}
		}
	}
	return named > 0 && named == longest
}

func (y *years) checkSpans(t *testing.T, p quiethours.Policy, windows []candidate) {
	t.Helper()
	covered := make(map[string][]bool)
	for _, w := range windows {
		covered[w.Name] = make([]bool, len(y.wall))
	}
	for _, s := range p.Spans(y.at(0), y.at(len(y.wall))) {
		if s.IsEmpty() {
			t.Errorf("%s has an empty piece at %s", s.Window.Label(), s.Start)
		}
		minutes := covered[s.Window.Name]
		for m := max(s.Start.Unix()/60-y.base, 0); m < min(s.End.Unix()/60-y.base, int64(len(minutes))); m++ {
			minutes[m] = true
		}
	}
	for _, w := range windows {
		for m, got := range covered[w.Name] {
			if got != w.inside[m] {
				t.Errorf("%s (%s) covers %s: %t, want %t", w.Label(), w.When.Spec(), y.at(m), got, w.inside[m])
				break
			}
		}
	}
}
