package quiethours_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/quiethours"
)

func tokyoPolicy(t *testing.T, windows ...quiethours.Window) quiethours.Policy {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	return quiethours.New(zone, windows)
}

const friday = "2026-11-20T12:00:00+09:00"

func TestOverlaps(t *testing.T) {
	windows := []quiethours.Window{
		{Name: "nights", When: weekly(t, "mon,tue,wed,thu,fri 22:00-07:00"), Contact: deferred, Page: allow, Unless: fixedCondition(1)},
		{Name: "batch", When: cronRule(t, "0 2 * * SAT", 3*time.Hour), Contact: suppress, Recover: forbid},
		{Name: "also nights", When: weekly(t, "every day 23:00-06:00"), Contact: deferred, Page: suppress},
		{Name: "mornings", When: weekly(t, "every day 07:00-09:00"), Contact: suppress, Page: deferred}, // touches only
		{Name: "release", When: once(t, "2026-12-01T06:30:00+09:00", "2026-12-01T08:00:00+09:00"), Contact: suppress},
		{Name: "years away", When: once(t, "2036-12-01T06:30:00+09:00", "2036-12-01T08:00:00+09:00"), Contact: deferred, Page: suppress},
	}
	var got []string
	for _, o := range tokyoPolicy(t, windows...).Overlaps(moment(t, friday)) {
		got = append(got, fmt.Sprintf("%s: %s %s, %s %s, %s to %s, conditional %t", o.Question, o.A.Name, o.A.Answer(o.Question), o.B.Name, o.B.Answer(o.Question),
			o.First.Start.Format("01-02T15:04"), o.First.End.Format("01-02T15:04"), o.Conditional))
	}
	want := []string{
		"contact: nights defer, batch suppress, 11-21T02:00 to 11-21T05:00, conditional true",
		"page: nights allow, also nights suppress, 11-20T23:00 to 11-21T06:00, conditional true",
		"contact: nights defer, release suppress, 12-01T06:30 to 12-01T07:00, conditional true",
		"contact: batch suppress, also nights defer, 11-21T02:00 to 11-21T05:00, conditional false",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOverlapBeginsNotBeforeItIsAsked(t *testing.T) {
	p := tokyoPolicy(t,
		quiethours.Window{Name: "a", When: quiethours.WholeDays(nil), Contact: deferred},
		quiethours.Window{Name: "b", When: quiethours.WholeDays(nil), Contact: suppress})
	found := p.Overlaps(moment(t, friday))
	if len(found) != 1 || !found[0].First.Start.Equal(moment(t, friday)) {
		t.Errorf("found %+v", found)
	}
}

func TestNeverOpens(t *testing.T) {
	windows := []quiethours.Window{
		{Name: "nights", When: weekly(t, "mon 22:00-07:00")},
		{Name: "over", When: once(t, "2026-11-01T00:00:00Z", "2026-11-20T03:00:00Z")},
		{Name: "not over", When: once(t, "2026-11-01T00:00:00Z", "2026-11-20T03:00:01Z")},
		{Name: "backwards", When: once(t, "2026-12-02T00:00:00Z", "2026-12-01T00:00:00Z")},
		{Name: "leap day", When: cronRule(t, "0 0 29 2 *", time.Hour)},
		{Name: "empty calendar", When: holidays()},
		{Name: "old calendar", When: holidays("2020-01-01")},
		{Name: "calendar", When: holidays("2020-01-01", "2028-01-01")},
	}
	var got []string
	for _, w := range tokyoPolicy(t, windows...).NeverOpens(moment(t, friday)) {
		got = append(got, w.Name)
	}
	if diff := cmp.Diff([]string{"over", "backwards", "empty calendar", "old calendar"}, got); diff != "" {
		t.Error(diff)
	}
}

// Two years and a day before it, a leap day is too far away.
func TestLeapDayIsYearsAway(t *testing.T) {
	p := tokyoPolicy(t, quiethours.Window{Name: "leap day", When: cronRule(t, "0 0 29 2 *", time.Hour)})
	for at, want := range map[string]int{"2026-02-26T00:00:00+09:00": 1, "2026-02-28T00:00:00+09:00": 0} {
		if got := p.NeverOpens(moment(t, at)); len(got) != want {
			t.Errorf("from %s: %d windows never open, want %d", at, len(got), want)
		}
	}
}

func TestCoversEverything(t *testing.T) {
	always := quiethours.WholeDays(nil)
	window := func(name string, rule quiethours.Rule, contact, page, mend incident.Answer) quiethours.Window {
		return quiethours.Window{Name: name, When: rule, Contact: contact, Page: page, Recover: mend}
	}
	conditional := func(w quiethours.Window, match, unless quiethours.Condition) quiethours.Window {
		w.Match, w.Unless = match, unless
		return w
	}
	for _, tc := range []struct {
		name    string
		windows []quiethours.Window
		want    []string
	}{
		{"nothing", nil, nil},
		{"nights only", []quiethours.Window{window("a", weekly(t, "every day 22:00-07:00"), deferred, "", "")}, nil},
		{"the whole week", []quiethours.Window{window("a", always, deferred, "", "")}, []string{"contact defer [a]"}},
		{"all questions", []quiethours.Window{window("a", always, suppress, deferred, forbid)}, []string{"contact suppress [a]", "page defer [a]", "recover forbid [a]"}},
		{"allowed always", []quiethours.Window{window("a", always, allow, allow, allow)}, nil},
		{"days and nights", []quiethours.Window{window("a", weekly(t, "every day 07:00-22:00"), suppress, "", ""), window("b", weekly(t, "every day 22:00-07:00"), deferred, "", "")},
			[]string{"contact defer [a b]"}},
		{"all but a minute", []quiethours.Window{window("a", weekly(t, "every day 07:00-21:59"), suppress, "", ""), window("b", weekly(t, "every day 22:00-07:00"), deferred, "", "")}, nil},
		{"the stricter by itself", []quiethours.Window{window("a", weekly(t, "every day 07:00-22:00"), deferred, "", ""), window("b", always, suppress, "", "")},
			[]string{"contact suppress [b]"}},
		{"some incidents", []quiethours.Window{conditional(window("a", always, suppress, "", ""), fixedCondition(0), nil)}, nil},
		{"all but some incidents", []quiethours.Window{conditional(window("a", always, suppress, "", ""), nil, fixedCondition(0))}, []string{"contact suppress [a]"}},
		{"cron that never ends", []quiethours.Window{window("a", cronRule(t, "0 0 * * *", 60*time.Hour), "", suppress, "")}, []string{"page suppress [a]"}},
		{"a month", []quiethours.Window{window("a", quiethours.Once(moment(t, "2026-11-01T00:00:00Z"), moment(t, "2026-12-31T00:00:00Z")), suppress, "", "")}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			for _, c := range tokyoPolicy(t, tc.windows...).CoversEverything(moment(t, friday)) {
				var names []string
				for _, w := range c.Windows {
					names = append(names, w.Name)
				}
				got = append(got, fmt.Sprintf("%s %s %v", c.Question, c.Answer, names))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// yearly is a calendar that knows some years only.
type yearly struct {
	someDays
	first, last int
}

func (y yearly) Valid() (from, to int) { return y.first, y.last }

func TestYearsMissing(t *testing.T) {
	var windows []quiethours.Window
	for name, c := range map[string]quiethours.Calendar{
		"all years": yearly{}, "enough": yearly{first: 2026, last: 2028}, "ends early": yearly{first: 2019, last: 2027}, "begins late": yearly{first: 2027, last: 2099},
	} {
		windows = append(windows, quiethours.Window{Name: name, When: quiethours.OnCalendar(name+".ics", c)})
	}
	windows = append(windows, quiethours.Window{Name: "no calendar", When: quiethours.WholeDays(nil)})
	got := make(map[string]string)
	for _, m := range tokyoPolicy(t, windows...).YearsMissing(moment(t, friday)) {
		got[m.Window.Name] = fmt.Sprint(m.Calendar, " ", m.First, " ", m.Last)
	}
	want := map[string]string{"ends early": "ends early.ics 2019 2027", "begins late": "begins late.ics 2027 2099"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
