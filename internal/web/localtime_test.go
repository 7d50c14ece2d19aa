package web_test

import (
	"testing"
	"time"

	"shodo/internal/web"
)

// Every minute around each change of the clocks in a year, against what the words mean: a beginning is the first instant at
// which the clocks show that time or a later one, an end is the first instant after the last one at which they showed an
// earlier time.
func TestWallClockTimesAroundChanges(t *testing.T) {
	for _, name := range []string{"Asia/Tokyo", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "Asia/Kathmandu", "America/St_Johns"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		checked := 0
		for _, year := range []int{2011, 2026} { // at the end of 2011 Apia skipped a day
			for at := time.Date(year, 1, 1, 0, 0, 0, 0, zone); at.Year() <= year; {
				_, change := at.ZoneBounds()
				if change.IsZero() {
					break
				}
				if _, before := change.Add(-time.Second).Zone(); change.Year() == year && before != offset(change) {
					checkAround(t, zone, change)
					checked++
				}
				at = change
			}
		}
		t.Logf("%s: %d changes", name, checked)
		if noon := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC); web.OnWallClock(noon, zone, false).Format("2006-01-02T15:04") != "2026-08-01T12:00" {
			t.Errorf("%s: noon is not noon", name)
		}
	}
}

func offset(t time.Time) int { _, o := t.Zone(); return o }

func checkAround(t *testing.T, zone *time.Location, change time.Time) {
	const reach = 30 * time.Hour
	const step = 30 * time.Minute // every change of these zones lies on such a minute
	wallOf := func(at time.Time) time.Time { return at.UTC().Add(time.Duration(offset(at.In(zone))) * time.Second) }
	for wall := wallOf(change).Add(-3 * time.Hour); wall.Before(wallOf(change).Add(3 * time.Hour)); wall = wall.Add(step) {
		var begin, end time.Time
		for at := change.Add(-reach); at.Before(change.Add(reach)); at = at.Add(step) {
			if begin.IsZero() && !wallOf(at).Before(wall) {
				begin = at
			}
			if wallOf(at).Before(wall) {
				end = at.Add(step)
			}
		}
		if got := web.OnWallClock(wall, zone, false); !got.Equal(begin) {
			t.Errorf("%s: from %s is %s, want %s", zone, wall.Format("2006-01-02T15:04"), got, begin.In(zone))
		}
		if got := web.OnWallClock(wall, zone, true); !got.Equal(end) {
			t.Errorf("%s: to %s is %s, want %s", zone, wall.Format("2006-01-02T15:04"), got, end.In(zone))
		}
	}
}

func TestWaysToWriteATime(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2026, 12, 1, 6, 0, 0, 0, time.UTC)
	for _, given := range []string{"2026-12-01T01:00", "2026-12-01T01:00:00", "2026-12-01 01:00", "2026-12-01T06:00:00Z", "2026-12-01T06:00Z",
		"2026-12-01T15:00+09:00", "2026-12-01T15:00:00+09:00"} {
		if got, ok := web.ReadTime(given, zone, false); !ok || !got.Equal(want) || got.Location() != zone {
			t.Errorf("%q: %v %t", given, got, ok)
		}
	}
	for _, given := range []string{"", "01:00", "2026-12-01", "2026-02-30T01:00", "2026-12-01T24:00", "2026-12-01T1:00 JST", "now", "1"} {
		if got, ok := web.ReadTime(given, zone, false); ok {
			t.Errorf("%q is read as %s", given, got)
		}
	}
}
