package quiethours_test

import (
	"fmt"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/quiethours"
)

// A decision is made several times for each incident, in its path.
func BenchmarkDecide(b *testing.B) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		b.Fatal(err)
	}
	week := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	var weekly, cron, always []quiethours.Window
	for i := range 10 {
		name := fmt.Sprintf("w%d", i)
		w := weeklyRule(b, week, quiethours.WallTime(20*60+i), quiethours.WallTime(7*60+i))
		weekly = append(weekly, quiethours.Window{Name: name, Kind: quiethours.QuietHours, When: w, Contact: incident.Defer, Page: incident.Defer, Recover: incident.Forbid})
		c := cronRule(b, fmt.Sprintf("%d 20 * * MON-FRI", i), 11*time.Hour)
		cron = append(cron, quiethours.Window{Name: name, Kind: quiethours.QuietHours, When: c, Contact: incident.Defer, Page: incident.Defer, Recover: incident.Forbid})
	}
	for _, day := range week {
		always = append(always, quiethours.Window{Name: day.String(), Kind: quiethours.QuietHours, Contact: incident.Defer,
			When: quiethours.WholeDays([]time.Weekday{day, (day + 1) % 7, (day + 2) % 7})})
	}
	day, night := time.Date(2026, 6, 10, 12, 0, 0, 0, zone), time.Date(2026, 6, 10, 23, 0, 0, 0, zone)
	for _, bc := range []struct {
		name    string
		windows []quiethours.Window
		at      time.Time
	}{
		{"none", nil, day},
		{"10 weekly, none open", weekly, day},
		{"10 weekly, all open", weekly, night},
		{"10 cron, all open", cron, night},
		{"5 that cover everything", always, day},
	} {
		b.Run(bc.name, func(b *testing.B) {
			p := quiethours.New(zone, bc.windows)
			b.ReportAllocs()
			for b.Loop() {
				p.Decide(bc.at, incident.Incident{}, incident.Customer{})
			}
		})
	}
}

func weeklyRule(tb testing.TB, days []time.Weekday, from, to quiethours.WallTime) quiethours.Rule {
	tb.Helper()
	r, err := quiethours.Weekly(days, from, to)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func cronRule(tb testing.TB, spec string, d time.Duration) quiethours.Rule {
	tb.Helper()
	r, err := quiethours.Cron(spec, d)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}
