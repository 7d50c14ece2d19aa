package quiethours_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"shodo/internal/quiethours"
)

func sortedKeys(m map[string]quiethours.Rule) []string { return slices.Sorted(maps.Keys(m)) }

// skippedAndRepeated are the nights on which the clocks are changed. New York: 2026-03-08 02:00 becomes 03:00,
// 2026-11-01 02:00 becomes 01:00.
func skippedAndRepeated() []setting {
	const newYork = "America/New_York"
	return []setting{
		single("starts in the skipped hour", newYork, byWeek("sun 02:30-05:00"),
			outside("before the gap", "2026-03-08T01:59:59-05:00"),
			inside("the next instant that exists", "2026-03-08T03:00:00-04:00", "2026-03-08T05:00:00-04:00"),
			inside("the last second", "2026-03-08T04:59:59-04:00", "2026-03-08T05:00:00-04:00"),
			outside("the end", "2026-03-08T05:00:00-04:00"),
			outside("a week later, before the start", "2026-03-15T02:29:59-04:00"),
			inside("a week later", "2026-03-15T02:30:00-04:00", "2026-03-15T05:00:00-04:00")),
		single("lies in the skipped hour", newYork, byWeek("sun 02:15-02:45"),
			outside("before the gap", "2026-03-08T01:59:59-05:00"),
			outside("after the gap", "2026-03-08T03:00:00-04:00"),
			inside("a week later", "2026-03-15T02:15:00-04:00", "2026-03-15T02:45:00-04:00")),
		single("ends in the skipped hour", newYork, byWeek("sat 22:00-02:30"),
			inside("before the gap", "2026-03-08T01:59:59-05:00", "2026-03-08T03:00:00-04:00"),
			outside("after the gap", "2026-03-08T03:00:00-04:00")),
		single("lies in the repeated hour", newYork, byWeek("sun 01:00-01:30"),
			outside("before it", "2026-11-01T00:59:59-04:00"),
			inside("the first pass", "2026-11-01T01:00:00-04:00", "2026-11-01T01:30:00-05:00"),
			inside("between the passes", "2026-11-01T01:45:00-04:00", "2026-11-01T01:30:00-05:00"),
			inside("the second pass", "2026-11-01T01:29:59-05:00", "2026-11-01T01:30:00-05:00"),
			outside("after the second pass", "2026-11-01T01:30:00-05:00")),
		single("starts in the repeated hour", newYork, byWeek("sun 01:30-03:00"),
			outside("before the first of the two", "2026-11-01T01:29:59-04:00"),
			inside("the first of the two", "2026-11-01T01:30:00-04:00", "2026-11-01T03:00:00-05:00"),
			inside("the clock shows less than the start again", "2026-11-01T01:00:00-05:00", "2026-11-01T03:00:00-05:00"),
			outside("the end", "2026-11-01T03:00:00-05:00")),
		single("ends in the repeated hour", newYork, byWeek("sat 22:00-01:30"),
			inside("the first of the two ends", "2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"),
			inside("before the second", "2026-11-01T01:29:59-05:00", "2026-11-01T01:30:00-05:00"),
			outside("the second", "2026-11-01T01:30:00-05:00")),
		single("a day of 25 and one of 23 hours", newYork, byDays("sun"),
			inside("25 hours", "2026-11-01T00:00:00-04:00", "2026-11-02T00:00:00-05:00"),
			inside("the last second of 25 hours", "2026-11-01T23:59:59-05:00", "2026-11-02T00:00:00-05:00"),
			inside("23 hours", "2026-03-08T00:00:00-05:00", "2026-03-09T00:00:00-04:00"),
			outside("Monday", "2026-03-09T00:00:00-04:00")),
		single("cron in the skipped hour", newYork, byCron("30 2 * * SUN", time.Hour),
			outside("before the gap", "2026-03-08T01:59:59-05:00"),
			inside("cron does not skip it", "2026-03-08T03:00:00-04:00", "2026-03-08T03:30:00-04:00"),
			outside("its end is on the wall clock", "2026-03-08T03:30:00-04:00")),
		single("cron in the repeated hour", newYork, byCron("30 1 * * *", 30*time.Minute),
			outside("before it", "2026-11-01T01:29:59-04:00"),
			inside("one window, not two", "2026-11-01T01:30:00-04:00", "2026-11-01T02:00:00-05:00"),
			inside("the second pass", "2026-11-01T01:00:00-05:00", "2026-11-01T02:00:00-05:00"),
			outside("the end", "2026-11-01T02:00:00-05:00")),
		single("nights in London", "Europe/London", byWeek("every day 23:00-07:00"),
			inside("the short one", "2026-03-28T23:00:00Z", "2026-03-29T07:00:00+01:00"),
			inside("its last second", "2026-03-29T06:59:59+01:00", "2026-03-29T07:00:00+01:00"),
			outside("its end", "2026-03-29T06:00:00Z"),
			inside("the long one", "2026-10-24T23:00:00+01:00", "2026-10-25T07:00:00Z"),
			inside("the first 01:30", "2026-10-25T01:30:00+01:00", "2026-10-25T07:00:00Z"),
			inside("the second 01:30", "2026-10-25T01:30:00Z", "2026-10-25T07:00:00Z")),
		single("half an hour is skipped", "Australia/Lord_Howe", byWeek("sun 02:10-03:00"),
			outside("before the gap", "2026-10-04T01:59:59+10:30"),
			inside("after the gap of half an hour", "2026-10-04T02:30:00+11:00", "2026-10-04T03:00:00+11:00"),
			outside("the end", "2026-10-04T03:00:00+11:00")),
		single("the skipped half hour itself", "Australia/Lord_Howe", byWeek("sun 02:00-02:30"),
			outside("before the gap", "2026-10-04T01:59:59+10:30"),
			outside("after the gap", "2026-10-04T02:30:00+11:00"),
			inside("a week later", "2026-10-11T02:00:00+11:00", "2026-10-11T02:30:00+11:00")),
		single("half an hour is repeated", "Australia/Lord_Howe", byWeek("sun 01:30-01:45"),
			outside("before it", "2026-04-05T01:29:59+11:00"),
			inside("the first pass", "2026-04-05T01:30:00+11:00", "2026-04-05T01:45:00+10:30"),
			inside("between the passes", "2026-04-05T01:50:00+11:00", "2026-04-05T01:45:00+10:30"),
			outside("after the second pass", "2026-04-05T01:45:00+10:30")),
		single("a day that does not exist", "Pacific/Apia", byDays("fri"), // 2011-12-30 was left out
			outside("Thursday's last second", "2011-12-29T23:59:59-10:00"),
			outside("Saturday's first", "2011-12-31T00:00:00+14:00"),
			inside("a week later", "2012-01-06T00:00:00+14:00", "2012-01-07T00:00:00+14:00")),
	}
}

// otherZones have half and quarter hours, and leap days have their own.
func otherZones() []setting {
	return []setting{
		single("half an hour off", "Asia/Kolkata", byWeek("every day 22:00-07:00"),
			outside("before", "2026-06-10T16:29:59Z"),
			inside("the start", "2026-06-10T16:30:00Z", "2026-06-11T01:30:00Z"),
			outside("the end", "2026-06-11T01:30:00Z")),
		single("three quarters of an hour off", "Asia/Kathmandu", byDays("sat"),
			outside("before", "2026-06-12T18:14:59Z"),
			inside("the start", "2026-06-12T18:15:00Z", "2026-06-13T18:15:00Z"),
			outside("the end", "2026-06-13T18:15:00Z")),
		single("a leap day by cron", "Asia/Tokyo", byCron("0 0 29 2 *", 24*time.Hour),
			outside("the day before", "2028-02-28T23:59:59+09:00"),
			inside("the leap day", "2028-02-29T12:00:00+09:00", "2028-03-01T00:00:00+09:00"),
			outside("the day after", "2028-03-01T00:00:00+09:00"),
			outside("another year, the day before", "2027-02-28T12:00:00+09:00"),
			outside("another year, the day after", "2027-03-01T12:00:00+09:00"),
			outside("2100 has no leap day", "2100-03-01T00:00:00+09:00")),
		single("a night into a leap day", "Asia/Tokyo", byWeek("mon 22:00-07:00"),
			inside("on 28 February", "2028-02-28T22:00:00+09:00", "2028-02-29T07:00:00+09:00"),
			inside("on the leap day", "2028-02-29T06:59:59+09:00", "2028-02-29T07:00:00+09:00"),
			outside("the next night", "2028-02-29T23:00:00+09:00")),
		single("the end of a year", "Asia/Tokyo", byWeek("thu 22:00-07:00"),
			inside("in the old year", "2026-12-31T23:59:59+09:00", "2027-01-01T07:00:00+09:00"),
			inside("in the new one", "2027-01-01T00:00:00+09:00", "2027-01-01T07:00:00+09:00")),
		single("months of 31 days only", "UTC", byCron("0 0 31 * *", 24*time.Hour),
			outside("30 June", "2026-06-30T12:00:00Z"),
			inside("31 July", "2026-07-31T12:00:00Z", "2026-08-01T00:00:00Z")),
	}
}

// longAndJoined are windows longer than a day, and windows that overlap or touch.
func longAndJoined() []setting {
	const newYork = "America/New_York"
	several := func(name string, rules map[string]string, instants ...instant) setting {
		return setting{name, "Asia/Tokyo", func(t *testing.T) []quiethours.Window {
			all := make(map[string]quiethours.Rule)
			for name, text := range rules {
				all[name] = weekly(t, text)
			}
			return quiet(all, deferred)
		}, instants}
	}
	by := func(window, name, at, until string) instant {
		i := inside(name, at, until)
		i.window = window
		return i
	}
	return []setting{
		single("60 hours over the clocks' change", newYork, byCron("0 18 * * FRI", 60*time.Hour),
			outside("before", "2026-03-06T17:59:59-05:00"),
			inside("59 hours in spring", "2026-03-06T18:00:00-05:00", "2026-03-09T06:00:00-04:00"),
			inside("in the middle", "2026-03-08T12:00:00-04:00", "2026-03-09T06:00:00-04:00"),
			outside("the end", "2026-03-09T06:00:00-04:00"),
			inside("61 hours in autumn", "2026-10-30T18:00:00-04:00", "2026-11-02T06:00:00-05:00")),
		single("ten days a month", "Asia/Tokyo", byCron("0 12 1 * *", 240*time.Hour),
			inside("day four", "2026-11-05T00:00:00+09:00", "2026-11-11T12:00:00+09:00"),
			outside("day eleven", "2026-11-11T12:00:00+09:00")),
		single("without an end", "Asia/Tokyo", byCron("0 0 * * *", 60*time.Hour),
			inside("the horizon is the end", "2026-01-01T00:00:00+09:00", "2027-02-05T00:00:00+09:00")),
		single("every minute for a minute", "Asia/Tokyo", byCron("* 9-16 * * *", time.Minute),
			outside("before", "2026-11-05T08:59:59+09:00"),
			inside("joined", "2026-11-05T09:00:00+09:00", "2026-11-05T17:00:00+09:00")),
		single("two days in a row", "Asia/Tokyo", byDays("sat,sun"),
			inside("joined", "2026-11-21T00:00:00+09:00", "2026-11-23T00:00:00+09:00"),
			outside("Monday", "2026-11-23T00:00:00+09:00")),
		several("back to back", map[string]string{"mornings": "every day 07:00-09:00", "nights": "every day 22:00-07:00"},
			by("nights", "the first names the ruling", "2026-06-10T23:00:00+09:00", "2026-06-11T09:00:00+09:00"),
			by("mornings", "then the second", "2026-06-11T07:00:00+09:00", "2026-06-11T09:00:00+09:00"),
			outside("after both", "2026-06-11T09:00:00+09:00")),
		several("a minute between them", map[string]string{"mornings": "every day 07:01-09:00", "nights": "every day 22:00-07:00"},
			by("nights", "not joined", "2026-06-10T23:00:00+09:00", "2026-06-11T07:00:00+09:00"),
			outside("the minute", "2026-06-11T07:00:30+09:00"),
			by("mornings", "the second", "2026-06-11T07:01:00+09:00", "2026-06-11T09:00:00+09:00")),
		several("overlapping", map[string]string{"evenings": "every day 20:00-23:00", "nights": "every day 22:00-02:00"},
			by("evenings", "the first alone", "2026-06-10T21:00:00+09:00", "2026-06-11T02:00:00+09:00"),
			by("nights", "the longer of two", "2026-06-10T22:30:00+09:00", "2026-06-11T02:00:00+09:00"),
			outside("after both", "2026-06-11T02:00:00+09:00")),
		several("the first of equals is named", map[string]string{"a": "every day 22:00-07:00", "b": "every day 21:00-07:00"},
			by("a", "both end at seven", "2026-06-10T23:00:00+09:00", "2026-06-11T07:00:00+09:00")),
		{"a weekend with its nights", "Asia/Tokyo", func(t *testing.T) []quiethours.Window {
			return quiet(map[string]quiethours.Rule{"nights": weekly(t, "every day 22:00-07:00"), "weekends": quiethours.WholeDays(weekdays(t, "sat,sun"))}, deferred)
		}, []instant{
			by("nights", "from Friday's night to Monday morning", "2026-11-20T22:00:00+09:00", "2026-11-23T07:00:00+09:00"),
			by("weekends", "on Saturday", "2026-11-21T12:00:00+09:00", "2026-11-23T07:00:00+09:00"),
			outside("Monday", "2026-11-23T07:00:00+09:00"),
		}},
		{"something stricter in the middle", "Asia/Tokyo", func(t *testing.T) []quiethours.Window {
			return append(quiet(map[string]quiethours.Rule{"sundays": quiethours.WholeDays(weekdays(t, "sun"))}, deferred),
				quiet(map[string]quiethours.Rule{"lunch": weekly(t, "every day 12:00-13:00")}, suppress)...)
		}, []instant{
			by("sundays", "before it", "2026-11-22T10:00:00+09:00", "2026-11-22T12:00:00+09:00"),
			{name: "in it", at: "2026-11-22T12:30:00+09:00", ask: contact, want: suppress, until: "2026-11-22T13:00:00+09:00", window: "lunch"},
			by("sundays", "after it", "2026-11-22T13:00:00+09:00", "2026-11-23T00:00:00+09:00"),
			{name: "on Monday", at: "2026-11-23T12:30:00+09:00", ask: contact, want: suppress, until: "2026-11-23T13:00:00+09:00", window: "lunch"},
		}},
	}
}
