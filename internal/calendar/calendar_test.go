package calendar_test

import (
	"bufio"
	"os"
	"strings"
	"testing"
	"time"

	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/calendar"
	"shodo/internal/quiethours"
)

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func moment(t testing.TB, text string) time.Time {
	t.Helper()
	m, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// spans gives a calendar's pieces as text: "2026-11-23T00:00:00+09:00 to 2026-11-24T00:00:00+09:00".
func spans(t testing.TB, c quiethours.Calendar, zone *time.Location, from, to string) []string {
	t.Helper()
	var all []string
	for _, s := range c.Spans(moment(t, from), moment(t, to), zone) {
		all = append(all, s.Start.In(zone).Format(time.RFC3339)+" to "+s.End.In(zone).Format(time.RFC3339))
	}
	return all
}

// The table of holidays follows from the Act on National Holidays, apart from what special laws have moved. So a slip of
// the pen shows, in both.
func TestJapanByTheAct(t *testing.T) {
	tokyo := zoneOf(t, "Asia/Tokyo")
	// What special laws have changed: the accession of 2019, the Olympic games of 2020, which took place in 2021.
	added := days("2019-04-30", "2019-05-01", "2019-05-02", "2019-10-22",
		"2020-07-23", "2020-07-24", "2020-08-10", "2021-07-22", "2021-07-23", "2021-08-08", "2021-08-09")
	removed := days("2019-02-23", "2020-07-20", "2020-08-11", "2020-10-12", "2021-07-19", "2021-08-11", "2021-10-11")
	first, last := calendar.Japan().Valid()
	want := make(map[string]bool)
	for year := first; year <= last; year++ {
		for day := range byTheAct(year) {
			if text := day.Format(time.DateOnly); !removed[text] {
				want[text] = true
			}
		}
	}
	for day := range added {
		want[day] = true
	}
	got := make(map[string]bool)
	for _, s := range calendar.Japan().Spans(time.Unix(0, 0), time.Date(2100, 1, 1, 0, 0, 0, 0, tokyo), tokyo) {
		day := s.Start.Format(time.DateOnly)
		if got[day] || !s.End.Equal(s.Start.AddDate(0, 0, 1)) {
			t.Errorf("%v is twice in the table, or no whole day", s)
		}
		got[day] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func days(dates ...string) map[string]bool {
	set := make(map[string]bool)
	for _, d := range dates {
		set[d] = true
	}
	return set
}

// byTheAct gives the holidays of a year by the Act on National Holidays (Act No. 178 of 1948) as it stands: article 2,
// and the two rules of article 3. The equinoxes are computed by the usual formula for 1980 to 2099.
func byTheAct(year int) map[time.Time]bool {
	on := func(m time.Month, d int) time.Time { return time.Date(year, m, d, 0, 0, 0, 0, time.UTC) }
	monday := func(m time.Month, nth int) time.Time {
		first := on(m, 1)
		return first.AddDate(0, 0, (8-int(first.Weekday()))%7+7*(nth-1))
	}
	equinox := func(base float64) int { return int(base + 0.242194*float64(year-1980) - float64((year-1980)/4)) }
	named := []time.Time{on(1, 1), monday(1, 2), on(2, 11), on(2, 23), on(3, equinox(20.8431)), on(4, 29), on(5, 3), on(5, 4), on(5, 5),
		monday(7, 3), on(8, 11), monday(9, 3), on(9, equinox(23.2488)), monday(10, 2), on(11, 3), on(11, 23)}
	is := make(map[time.Time]bool)
	for _, d := range named {
		is[d] = true
	}
	all := make(map[time.Time]bool)
	for _, d := range named {
		all[d] = true
		if d.Weekday() == time.Sunday { // then the next day that is no holiday is off
			for is[d] {
				d = d.AddDate(0, 0, 1)
			}
			all[d] = true
		}
	}
	for _, d := range named { // and so is a day between two holidays
		if between := d.AddDate(0, 0, 1); is[between.AddDate(0, 0, 1)] {
			all[between] = true
		}
	}
	return all
}

func TestJapan(t *testing.T) {
	tokyo := zoneOf(t, "Asia/Tokyo")
	japan, found := calendar.Named("japan")
	if !found || len(calendar.Names()) != 1 || calendar.Names()[0] != "japan" {
		t.Fatalf("the names are %v", calendar.Names())
	}
	if _, found := calendar.Named("atlantis"); found {
		t.Error("there is a calendar of Atlantis")
	}
	if first, last := japan.Valid(); first != 2019 || last != 2030 {
		t.Errorf("the years are %d to %d", first, last)
	}
	for _, tc := range []struct {
		name, zone, from, to string
		want                 []string
	}{
		{"a day between two holidays", "Asia/Tokyo", "2026-09-19T00:00:00+09:00", "2026-09-30T00:00:00+09:00", []string{
			"2026-09-21T00:00:00+09:00 to 2026-09-22T00:00:00+09:00",
			"2026-09-22T00:00:00+09:00 to 2026-09-23T00:00:00+09:00",
			"2026-09-23T00:00:00+09:00 to 2026-09-24T00:00:00+09:00"}},
		{"days of the customer's zone", "America/New_York", "2026-11-20T00:00:00-05:00", "2026-11-30T00:00:00-05:00", []string{
			"2026-11-23T00:00:00-05:00 to 2026-11-24T00:00:00-05:00"}},
		{"a day that is under way", "Asia/Tokyo", "2026-11-23T23:59:59+09:00", "2026-11-24T00:00:00+09:00", []string{
			"2026-11-23T00:00:00+09:00 to 2026-11-24T00:00:00+09:00"}},
		{"its first hour, the day before in UTC", "Asia/Tokyo", "2026-11-23T00:00:00+09:00", "2026-11-23T01:00:00+09:00", []string{
			"2026-11-23T00:00:00+09:00 to 2026-11-24T00:00:00+09:00"}},
		{"its last hour, the day after in UTC", "America/New_York", "2026-11-23T23:00:00-05:00", "2026-11-24T00:00:00-05:00", []string{
			"2026-11-23T00:00:00-05:00 to 2026-11-24T00:00:00-05:00"}},
		{"its end is outside", "Asia/Tokyo", "2026-11-24T00:00:00+09:00", "2026-11-25T00:00:00+09:00", nil},
		{"so is its start", "Asia/Tokyo", "2026-11-22T00:00:00+09:00", "2026-11-23T00:00:00+09:00", nil},
		{"before the table", "Asia/Tokyo", "2018-01-01T00:00:00+09:00", "2019-01-01T00:00:00+09:00", nil},
		{"after the table", "Asia/Tokyo", "2031-01-01T00:00:00+09:00", "2040-01-01T00:00:00+09:00", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, spans(t, japan, zoneOf(t, tc.zone), tc.from, tc.to)); diff != "" {
				t.Error(diff)
			}
		})
	}
	policy := quiethours.New(tokyo, []quiethours.Window{{Name: "holidays", When: quiethours.OnCalendar("japan", japan)}})
	for at, missing := range map[string]int{"2026-11-20T00:00:00+09:00": 0, "2028-12-29T00:00:00+09:00": 0, "2028-12-31T00:00:00+09:00": 1, "2018-12-31T00:00:00+09:00": 1} {
		if got := policy.YearsMissing(moment(t, at)); len(got) != missing {
			t.Errorf("at %s: %+v, want %d", at, got, missing)
		}
	}
}

// Each line of the table has a name, and the header says which years were announced.
func TestJapanTable(t *testing.T) {
	text, err := os.ReadFile("japan.csv")
	if err != nil {
		t.Fatal(err)
	}
	previous := ""
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		date, name, _ := strings.Cut(lines.Text(), ",")
		if date <= previous || name == "" {
			t.Errorf("the line %q has no name, or is out of order", lines.Text())
		}
		previous = date
	}
}
