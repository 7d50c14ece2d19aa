package web

import (
	"strconv"
	"strings"
	"time"
)

// localForms are how people write a time without an offset: the customer's wall clock.
var localForms = []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05"}

// readTime reads the beginning or the end of a window: an instant with its offset, or the wall clock in the zone. A
// beginning that the wall clock shows twice is the first of the two, an end the second; what it skips is the next instant
// that exists. So a window covers both passes of a repeated hour, as quiet hours do.
func readTime(text string, zone *time.Location, end bool) (time.Time, bool) {
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(form, text); err == nil {
			return t.In(zone), true
		}
	}
	for _, form := range localForms {
		if wall, err := time.Parse(form, text); err == nil {
			return onWallClock(wall, zone, end), true
		}
	}
	return time.Time{}, false
}

// onWallClock gives the instant at which the zone's clocks show what the UTC clock shows at wall.
func onWallClock(wall time.Time, zone *time.Location, end bool) time.Time {
	const most = 26 * time.Hour // zones are less than 15 hours from UTC; and there is at most one change in so short a time
	before := wall.Add(-most).In(zone)
	by := func(at time.Time) time.Time { // with the offset that is in force at that instant
		_, offset := at.Zone()
		return wall.Add(-time.Duration(offset) * time.Second).In(zone)
	}
	first := by(before)
	_, change := before.ZoneBounds()
	if change.IsZero() || change.After(wall.Add(most)) {
		return first
	}
	second := by(change)
	switch {
	case end && second.After(change):
		return second
	case end && first.After(change), !end && !first.Before(change) && second.Before(change):
		return change.In(zone)
	case !end && !first.Before(change):
		return second
	}
	return first
}

// readDuration reads how long a window lasts: "90m", "2h", "1h30m", or whole days, "3d".
func readDuration(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err == nil
	}
	d, err := time.ParseDuration(text)
	return d, err == nil
}
