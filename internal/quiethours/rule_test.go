package quiethours_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/quiethours"
)

func TestMistakesInRules(t *testing.T) {
	clock := func(text string) func() error {
		return func() error { _, err := quiethours.ParseWallTime(text); return err }
	}
	cron := func(spec string, d time.Duration) func() error {
		return func() error { _, err := quiethours.Cron(spec, d); return err }
	}
	week := func(from, to quiethours.WallTime) func() error {
		return func() error { _, err := quiethours.Weekly(nil, from, to); return err }
	}
	for _, tc := range []struct {
		name string
		try  func() error
		want string // in the message
		hint string // in the hint
	}{
		{"from equal to to", week(22*60, 22*60), `from and to are both "22:00"`, "leave both out for whole days"},
		{"24:00", clock("24:00"), `"24:00" is not a time of day`, `write to: "00:00"`},
		{"25:00", clock("25:00"), `"25:00" is not a time of day`, `the last "23:59"`},
		{"12:60", clock("12:60"), `"12:60" is not a time of day`, `the last "23:59"`},
		{"one digit", clock("7:00"), `"7:00" is not a time of day`, "two digits"},
		{"with seconds", clock("07:00:00"), `"07:00:00" is not a time of day`, "two digits"},
		{"signs", clock("+7:00"), `"+7:00" is not`, "two digits"},
		{"nothing", clock(""), `"" is not a time of day`, "two digits"},
		{"a time before midnight", week(-1, 60), "not a time of day", "23:59"},
		{"a time after the day", week(60, 24*60), "not a time of day", "23:59"},
		{"a day that is none", func() error { _, err := quiethours.ParseWeekday("someday"); return err }, `"someday"`, "mon, tue"},
		{"the 30th of February", cron("0 0 30 2 *", time.Hour), `"0 0 30 2 *" never comes`, "day of the month"},
		{"the 31st of short months", cron("0 0 31 4,6,9,11 *", time.Hour), "never comes", "day of the month"},
		{"@every", cron("@every 1h", time.Hour), "@every are not understood", "five fields"},
		{"@daily", cron("@daily", time.Hour), "@daily", "five fields"},
		{"a zone", cron("TZ=Asia/Tokyo 0 2 * * *", time.Hour), "no zone of its own", "time_zone"},
		{"a zone and nothing else", cron("CRON_TZ=UTC", time.Hour), "no zone of its own", "time_zone"},
		{"six fields", cron("0 0 2 * * SAT", time.Hour), "expected exactly 5 fields", "five fields"},
		{"no field", cron(" ", time.Hour), "cron", "five fields"},
		{"Sunday as 7", cron("0 2 * * 7", time.Hour), "above maximum", "five fields"},
		{"no length", cron("0 2 * * *", 0), "cannot last 0s", "such as 3h"},
		{"a negative length", cron("0 2 * * *", -time.Hour), "cannot last -1h", "such as 3h"},
		{"over a month", cron("0 2 * * *", 745*time.Hour), "cannot last 745h", "31 days"},
		{"half a second", cron("0 2 * * *", time.Second/2), "cannot last 500ms", "whole seconds"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var wrong *quiethours.SpecError
			if err := tc.try(); !errors.As(err, &wrong) {
				t.Fatalf("error %v, want a *SpecError", err)
			}
			if !strings.Contains(wrong.Message, tc.want) || !strings.Contains(wrong.Hint, tc.hint) {
				t.Errorf("%q (%q), want %q (%q)", wrong.Message, wrong.Hint, tc.want, tc.hint)
			}
			if !strings.Contains(wrong.Error(), wrong.Hint) {
				t.Errorf("the error %q leaves its hint out", wrong)
			}
		})
	}
}

func TestSpecs(t *testing.T) {
	utc := time.Date(2026, 12, 1, 1, 0, 0, 0, time.FixedZone("", 9*3600))
	for want, rule := range map[string]quiethours.Rule{
		"mon,fri 22:00-07:00":                          weekly(t, "fri,mon 22:00-07:00"),
		"every day 00:00-23:59":                        weekly(t, "every day 00:00-23:59"),
		"sat,sun all day":                              quiethours.WholeDays(weekdays(t, "sun,sat")),
		"every day all day":                            quiethours.WholeDays(nil),
		"cron 0 2 * * SAT for 3h":                      cronRule(t, " 0 2 *  * sat", 3*time.Hour),
		"cron 0 2 * * 1-5 for 1h30m":                   cronRule(t, "0 2 * * 1-5", 90*time.Minute),
		"cron 0 2 * * * for 10s":                       cronRule(t, "0 2 * * *", 10*time.Second),
		"cron 0 2 * * * for 20m":                       cronRule(t, "0 2 * * *", 20*time.Minute),
		"cron 0 2 * * * for 10h":                       cronRule(t, "0 2 * * *", 10*time.Hour),
		"2026-11-30T16:00:00Z to 2026-11-30T19:00:00Z": quiethours.Once(utc, utc.Add(3*time.Hour)),
		`calendar "japan"`:                             holidays("2026-11-23"),
	} {
		if got := rule.Spec(); got != want {
			t.Errorf("spec %q, want %q", got, want)
		}
	}
}

// The rarest of all days: around 2100, which is no leap year, eight years lie between two of them.
func TestLeapDays(t *testing.T) {
	rule := cronRule(t, "0 0 29 2 *", 24*time.Hour)
	p := quiethours.New(time.UTC, quiet(map[string]quiethours.Rule{"w": rule}, deferred))
	var got []string
	for year := 2090; year < 2110; year++ {
		from := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		for _, s := range p.Spans(from, from.AddDate(1, 0, 0)) {
			got = append(got, s.Start.Format(time.DateOnly)+" to "+s.End.Format(time.DateOnly))
		}
	}
	want := []string{"2092-02-29 to 2092-03-01", "2096-02-29 to 2096-03-01", "2104-02-29 to 2104-03-01", "2108-02-29 to 2108-03-01"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSpansAreWhole(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	p := quiethours.New(zone, []quiethours.Window{
		{Name: "nights", When: weekly(t, "every day 22:00-07:00")},
		{Name: "days", When: quiethours.WholeDays(weekdays(t, "sat,sun"))},
		{Name: "batch", When: cronRule(t, "0 2 * * SAT", 3*time.Hour)},
		{Name: "release", When: once(t, "2026-11-21T03:00:00+09:00", "2026-11-21T04:00:00+09:00")},
		{Name: "holidays", When: holidays("2026-11-23")},
		{Name: "over", When: once(t, "2026-11-01T00:00:00Z", "2026-11-21T00:00:00+09:00")},
		{Name: "later", When: once(t, "2026-11-23T00:00:00+09:00", "2026-11-24T00:00:00+09:00")},
		{Name: "none", When: once(t, "2026-11-22T00:00:00Z", "2026-11-22T00:00:00Z")},
	})
	var got []string
	for _, s := range p.Spans(moment(t, "2026-11-21T00:00:00+09:00"), moment(t, "2026-11-23T00:00:00+09:00")) {
		got = append(got, s.Window.Name+" "+s.Start.In(zone).Format("02T15:04")+" "+s.End.In(zone).Format("02T15:04"))
	}
	want := []string{
		"nights 20T22:00 21T07:00", // reaches into the period
		"days 21T00:00 22T00:00",
		"batch 21T02:00 21T05:00",
		"release 21T03:00 21T04:00",
		"nights 21T22:00 22T07:00",
		"days 22T00:00 23T00:00",   // not joined with the day before
		"nights 22T22:00 23T07:00", // not cut
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzRules(f *testing.F) {
	f.Add("0 2 * * SAT", int64(3*time.Hour), "22:00", "07:00", "mon")
	f.Add("*/5 1-3,5 29 FEB mon-FRI", int64(60*time.Hour), "24:00", "00:00", "SUN")
	f.Add("TZ=", int64(-1), "ab:cd", "٠١:٢٣", "")
	f.Add("? ? ? ? ?", int64(time.Second), "23:59", "23:59", "tues")
	f.Add("0-59/0 * * * *", int64(1), "", ":", "mo")
	f.Fuzz(func(t *testing.T, spec string, length int64, from, to, dayName string) {
		var rules []quiethours.Rule
		if r, err := quiethours.Cron(spec, time.Duration(length)); err == nil {
			rules = append(rules, r)
		}
		day, dayErr := quiethours.ParseWeekday(dayName)
		a, errA := quiethours.ParseWallTime(from)
		b, errB := quiethours.ParseWallTime(to)
		if dayErr == nil && errA == nil && errB == nil {
			if a.String() != from || b.String() != to {
				t.Errorf("%q and %q were read as %s and %s", from, to, a, b)
			}
			if r, err := quiethours.Weekly([]time.Weekday{day}, a, b); err == nil {
				rules = append(rules, r)
			} else if a != b {
				t.Error(err)
			}
		}
		zone, err := time.LoadLocation("America/New_York")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rules {
			p := quiethours.New(zone, []quiethours.Window{{Name: "w", When: r, Contact: deferred}})
			from := time.Date(2026, 3, 1, 0, 0, 0, 0, zone)
			for _, s := range p.Spans(from, from.AddDate(0, 0, 10)) {
				if s.IsEmpty() || !s.End.After(from) {
					t.Errorf("%s: the piece %v is empty or outside", r.Spec(), s.Span)
				}
				got := p.Decide(s.Start, incidentNone, customerNone).Contact
				if got.Answer != deferred || got.Until.Before(s.End) && got.Until.Before(s.Start.Add(quiethours.Horizon)) {
					t.Errorf("%s: %s until %s at the start of %v", r.Spec(), got.Answer, got.Until, s.Span)
				}
			}
		}
	})
}
