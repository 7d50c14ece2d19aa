package analytics_test

import (
	"strings"
	"testing"
	"time"

	"shodo/internal/analytics"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

const stamp = "2006-01-02T15:04-07:00"

func TestPeriods(t *testing.T) {
	past := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct{ zone, text, since, until, before string }{
		{"Asia/Tokyo", "2026-W46", "2026-11-09T00:00+09:00", "2026-11-16T00:00+09:00", "2026-W45"},
		{"Asia/Tokyo", "2026-W01", "2025-12-29T00:00+09:00", "2026-01-05T00:00+09:00", "2025-W52"},
		{"Asia/Tokyo", "2026-W53", "2026-12-28T00:00+09:00", "2027-01-04T00:00+09:00", "2026-W52"}, // a year of 53 weeks
		{"UTC", "2027-W01", "2027-01-04T00:00+00:00", "2027-01-11T00:00+00:00", "2026-W53"},
		{"Europe/Berlin", "2026-W43", "2026-10-19T00:00+02:00", "2026-10-26T00:00+01:00", "2026-W42"}, // 169 hours
		{"Asia/Tokyo", "2026-11", "2026-11-01T00:00+09:00", "2026-12-01T00:00+09:00", "2026-10"},
		{"Asia/Tokyo", "2028-03", "2028-03-01T00:00+09:00", "2028-04-01T00:00+09:00", "2028-02"}, // before it 29 days
	} {
		read := analytics.Month
		if strings.Contains(c.text, "W") {
			read = analytics.Week
		}
		p, err := read(c.text, zone(t, c.zone))
		if err != nil {
			t.Fatal(err)
		}
		prev := p.Previous(past)
		if p.Since.Format(stamp) != c.since || p.Until.Format(stamp) != c.until || prev.Name != c.before || !prev.Until.Equal(p.Since) {
			t.Errorf("%s in %s: %s to %s, before it %s", c.text, c.zone, p.Since.Format(stamp), p.Until.Format(stamp), prev.Name)
		}
		again, err := read(prev.Name, zone(t, c.zone))
		if err != nil || !again.Since.Equal(prev.Since) || !again.Until.Equal(prev.Until) {
			t.Errorf("%s: %v to %v is not what its name says (%v)", prev.Name, prev.Since, prev.Until, err)
		}
	}
}

func TestNoSuchPeriod(t *testing.T) {
	for _, text := range []string{"2025-W53", "2026-W00", "2026-W54", "2026-46", "W46", "2026-W4", "2026-W46 ", "２０２６-W46"} {
		if p, err := analytics.Week(text, time.UTC); err == nil {
			t.Errorf("week %q is %v", text, p)
		}
	}
	for _, text := range []string{"2026-00", "2026-13", "2026-1", "2026", "November"} {
		if p, err := analytics.Month(text, time.UTC); err == nil {
			t.Errorf("month %q is %v", text, p)
		}
	}
	if p, err := analytics.Between(later, later); err == nil {
		t.Errorf("a period of nothing is %v", p)
	}
}

func TestPreviousOfAnyPeriod(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	past := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct{ since, until, want string }{
		"hours":                     {"2026-11-20T06:00+01:00", "2026-11-20T09:00+01:00", "2026-11-20T03:00+01:00"},
		"days, one with 25 hours":   {"2026-10-25T00:00+02:00", "2026-10-27T00:00+01:00", "2026-10-23T00:00+02:00"},
		"days after the clocks ran": {"2026-10-26T00:00+01:00", "2026-10-28T00:00+01:00", "2026-10-24T00:00+02:00"},
	} {
		p, err := analytics.Between(at(t, c.since, berlin), at(t, c.until, berlin))
		if err != nil {
			t.Fatal(err)
		}
		if prev := p.Previous(past); prev.Since.Format(stamp) != c.want || !prev.Until.Equal(p.Since) {
			t.Errorf("%s: the one before begins %s, want %s", name, prev.Since.Format(stamp), c.want)
		}
	}
}

// On Wednesday noon the week is compared with Monday to Wednesday noon.
func TestPreviousOfAPeriodThatIsNotOver(t *testing.T) {
	utc := time.UTC
	for name, c := range map[string]struct{ period, now, until string }{
		"week":                {"2026-W46", "2026-11-11T12:00+00:00", "2026-11-04T12:00+00:00"},
		"week to come":        {"2026-W46", "2026-11-01T12:00+00:00", "2026-11-02T00:00+00:00"},
		"month":               {"2026-11", "2026-11-11T12:00+00:00", "2026-10-11T12:00+00:00"},
		"month after a short": {"2026-03", "2026-03-30T12:00+00:00", "2026-03-01T00:00+00:00"},
	} {
		read := analytics.Month
		if strings.Contains(c.period, "W") {
			read = analytics.Week
		}
		p, err := read(c.period, utc)
		if err != nil {
			t.Fatal(err)
		}
		if prev := p.Previous(at(t, c.now, utc)); prev.Until.Format(stamp) != c.until {
			t.Errorf("%s: until %s, want %s", name, prev.Until.Format(stamp), c.until)
		}
	}
}

func at(t *testing.T, text string, zone *time.Location) time.Time {
	t.Helper()
	v, err := time.Parse(stamp, text)
	if err != nil {
		t.Fatal(err)
	}
	return v.In(zone)
}
