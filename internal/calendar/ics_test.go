package calendar_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/calendar"
	"shodo/internal/quiethours"
)

// file makes an .ics file of events, each given by its lines.
func file(events ...string) []byte {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n")
	for i, e := range events {
		fmt.Fprintf(&b, "BEGIN:VEVENT\r\nDTSTAMP:20260101T000000Z\r\n")
		if !strings.Contains(strings.ToUpper(e), "UID:") {
			fmt.Fprintf(&b, "UID:%d\r\n", i)
		}
		b.WriteString(strings.ReplaceAll(e, "\n", "\r\n") + "\r\nEND:VEVENT\r\n")
	}
	b.WriteString("END:VCALENDAR\r\n")
	return []byte(b.String())
}

func TestEvents(t *testing.T) {
	for _, tc := range []struct {
		name   string
		zone   string
		events []string
		want   []string // of 2026 and 2027
	}{
		{"a whole day", "Asia/Tokyo", []string{"DTSTART;VALUE=DATE:20261229"},
			[]string{"2026-12-29T00:00:00+09:00 to 2026-12-30T00:00:00+09:00"}},
		{"whole days are of the reader's zone", "America/New_York", []string{"DTSTART;VALUE=DATE:20261101"},
			[]string{"2026-11-01T00:00:00-04:00 to 2026-11-02T00:00:00-05:00"}},
		{"whole days until DTEND, which is outside", "Asia/Tokyo", []string{"DTSTART;VALUE=DATE:20261229\nDTEND;VALUE=DATE:20270104"},
			[]string{"2026-12-29T00:00:00+09:00 to 2027-01-04T00:00:00+09:00"}},
		{"whole days for a DURATION", "Asia/Tokyo", []string{"DTSTART;VALUE=DATE:20261229\nDURATION:P6D"},
			[]string{"2026-12-29T00:00:00+09:00 to 2027-01-04T00:00:00+09:00"}},
		{"UTC", "Asia/Tokyo", []string{"DTSTART:20261201T160000Z\nDTEND:20261201T190000Z"},
			[]string{"2026-12-02T01:00:00+09:00 to 2026-12-02T04:00:00+09:00"}},
		{"TZID", "Asia/Tokyo", []string{"DTSTART;TZID=America/New_York:20261201T200000\nDTEND;TZID=America/New_York:20261201T230000"},
			[]string{"2026-12-02T10:00:00+09:00 to 2026-12-02T13:00:00+09:00"}},
		{"start and end in different zones", "UTC", []string{"DTSTART;TZID=Asia/Tokyo:20261201T090000\nDTEND:20261201T010000Z"},
			[]string{"2026-12-01T00:00:00Z to 2026-12-01T01:00:00Z"}},
		{"a TZID in quotes", "UTC", []string{`DTSTART;TZID="Asia/Tokyo":20261201T090000` + "\nDURATION:PT1H"},
			[]string{"2026-12-01T00:00:00Z to 2026-12-01T01:00:00Z"}},
		{"times without a zone are of the reader's wall clock", "America/New_York", []string{"DTSTART:20261031T220000\nDTEND:20261101T060000"},
			[]string{"2026-10-31T22:00:00-04:00 to 2026-11-01T06:00:00-05:00"}},
		{"a DURATION in hours is exact", "America/New_York", []string{"DTSTART;TZID=America/New_York:20261031T220000\nDURATION:PT1H30M15S", "DTSTART;TZID=America/New_York:20261031T220000\nDURATION:PT8H"},
			[]string{"2026-10-31T22:00:00-04:00 to 2026-10-31T23:30:15-04:00", "2026-10-31T22:00:00-04:00 to 2026-11-01T05:00:00-05:00"}},
		{"a DURATION in days is on the calendar", "America/New_York", []string{"DTSTART;TZID=America/New_York:20261031T220000\nDURATION:P1DT1H", "DTSTART;TZID=America/New_York:20261201T220000\nDURATION:+P1W"},
			[]string{"2026-10-31T22:00:00-04:00 to 2026-11-01T23:00:00-05:00", "2026-12-01T22:00:00-05:00 to 2026-12-08T22:00:00-05:00"}},
		{"a start in a skipped hour", "America/New_York", []string{"DTSTART;TZID=America/New_York:20260308T023000\nDTEND;TZID=America/New_York:20260308T050000"},
			[]string{"2026-03-08T03:00:00-04:00 to 2026-03-08T05:00:00-04:00"}},
		{"an event of the day before is under way", "Asia/Tokyo", []string{"DTSTART:20251231T000000Z\nDTEND:20260101T000000Z", "DTSTART:20200101T000000Z\nDTEND:20251231T145959Z", "DTSTART;VALUE=DATE:20251231"},
			[]string{"2025-12-31T09:00:00+09:00 to 2026-01-01T09:00:00+09:00"}},
		{"a long event goes on after a short one", "Asia/Tokyo", []string{"DTSTART:20251201T000000Z\nDTEND:20260301T000000Z", "DTSTART:20251202T000000Z\nDTEND:20251203T000000Z"},
			[]string{"2025-12-01T09:00:00+09:00 to 2026-03-01T09:00:00+09:00"}},
		{"cancelled", "Asia/Tokyo", []string{"DTSTART;VALUE=DATE:20261229\nSTATUS:CANCELLED", "DTSTART;VALUE=DATE:20261230\nSTATUS:TENTATIVE"},
			[]string{"2026-12-30T00:00:00+09:00 to 2026-12-31T00:00:00+09:00"}},
		{"names have no case", "Asia/Tokyo", []string{"dtstart;value=DATE:20261229\nrrule:FREQ=DAILY;COUNT=2"},
			[]string{"2026-12-29T00:00:00+09:00 to 2026-12-30T00:00:00+09:00", "2026-12-30T00:00:00+09:00 to 2026-12-31T00:00:00+09:00"}},
		{"an alarm is not the event", "Asia/Tokyo", []string{"DTSTART;VALUE=DATE:20261229\nBEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nDURATION:PT5M\nREPEAT:2\nEND:VALARM"},
			[]string{"2026-12-29T00:00:00+09:00 to 2026-12-30T00:00:00+09:00"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := calendar.ParseICS(file(tc.events...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, spans(t, c, zoneOf(t, tc.zone), "2026-01-01T00:00:00+09:00", "2028-01-01T00:00:00+09:00")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRepeatedEvents(t *testing.T) {
	const hour = "DTSTART;TZID=Asia/Tokyo:20260105T220000\nDTEND;TZID=Asia/Tokyo:20260105T230000\n" // a Monday
	for _, tc := range []struct {
		name   string
		events []string
		want   []string // the starts of the first half of 2026, in Tokyo
	}{
		{"COUNT", []string{hour + "RRULE:FREQ=WEEKLY;COUNT=3"}, []string{"01-05T22:00", "01-12T22:00", "01-19T22:00"}},
		{"UNTIL in UTC is inside", []string{hour + "RRULE:FREQ=DAILY;UNTIL=20260107T130000Z"}, []string{"01-05T22:00", "01-06T22:00", "01-07T22:00"}},
		{"a second before", []string{hour + "RRULE:FREQ=DAILY;UNTIL=20260107T125959Z"}, []string{"01-05T22:00", "01-06T22:00"}},
		{"UNTIL on the event's clock", []string{hour + "RRULE:FREQ=DAILY;UNTIL=20260107T220000"}, []string{"01-05T22:00", "01-06T22:00", "01-07T22:00"}},
		{"UNTIL a day counts to its end", []string{hour + "RRULE:FREQ=DAILY;UNTIL=20260107"}, []string{"01-05T22:00", "01-06T22:00", "01-07T22:00"}},
		{"UNTIL of whole days", []string{"DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;UNTIL=20260106"}, []string{"01-05T00:00", "01-06T00:00"}},
		{"UNTIL of whole days as midnight in UTC", []string{"DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;UNTIL=20260106T000000Z"}, []string{"01-05T00:00", "01-06T00:00"}},
		{"INTERVAL", []string{hour + "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=3"}, []string{"01-05T22:00", "01-19T22:00", "02-02T22:00"}},
		{"INTERVAL of weeks that begin on Sunday", []string{"DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,MO;COUNT=3"}, []string{"01-05T00:00", "01-18T00:00", "01-19T00:00"}},
		{"BYDAY", []string{hour + "RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=4"}, []string{"01-05T22:00", "01-07T22:00", "01-09T22:00", "01-12T22:00"}},
		{"the second Tuesday of the month", []string{"DTSTART;VALUE=DATE:20260113\nRRULE:FREQ=MONTHLY;BYDAY=2TU;COUNT=3"}, []string{"01-13T00:00", "02-10T00:00", "03-10T00:00"}},
		{"the last day of the month", []string{"DTSTART;VALUE=DATE:20260131\nRRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3"}, []string{"01-31T00:00", "02-28T00:00", "03-31T00:00"}},
		{"months without a 31st are left out", []string{"DTSTART;VALUE=DATE:20260131\nRRULE:FREQ=MONTHLY;COUNT=3"}, []string{"01-31T00:00", "03-31T00:00", "05-31T00:00"}},
		{"the last working day of the month", []string{"DTSTART;VALUE=DATE:20260130\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3"}, []string{"01-30T00:00", "02-27T00:00", "03-31T00:00"}},
		{"BYMONTH", []string{"DTSTART;VALUE=DATE:20250301\nRRULE:FREQ=YEARLY;BYMONTH=3,6;BYMONTHDAY=1"}, []string{"03-01T00:00", "06-01T00:00"}},
		{"BYYEARDAY", []string{"DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY;BYYEARDAY=1,100;COUNT=2"}, []string{"01-01T00:00", "04-10T00:00"}},
		{"BYHOUR", []string{hour + "RRULE:FREQ=DAILY;BYHOUR=2,22;COUNT=3"}, []string{"01-05T22:00", "01-06T02:00", "01-06T22:00"}},
		{"HOURLY", []string{hour + "RRULE:FREQ=HOURLY;INTERVAL=12;COUNT=3"}, []string{"01-05T22:00", "01-06T10:00", "01-06T22:00"}},
		{"EXDATE", []string{hour + "RRULE:FREQ=DAILY;COUNT=4\nEXDATE;TZID=Asia/Tokyo:20260106T220000,20260107T220000"}, []string{"01-05T22:00", "01-08T22:00"}},
		{"EXDATE in UTC, twice", []string{hour + "RRULE:FREQ=DAILY;COUNT=4\nEXDATE:20260106T130000Z\nEXDATE:20260107T130000Z"}, []string{"01-05T22:00", "01-08T22:00"}},
		{"EXDATE of whole days", []string{"DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20260106"}, []string{"01-05T00:00", "01-07T00:00"}},
		{"EXDATE of the first", []string{hour + "RRULE:FREQ=DAILY;COUNT=2\nEXDATE:20260105T130000Z"}, []string{"01-06T22:00"}},
		{"RDATE", []string{hour + "RDATE;TZID=Asia/Tokyo:20260201T100000,20260301T100000"}, []string{"01-05T22:00", "02-01T10:00", "03-01T10:00"}},
		{"RDATE of a time that is there", []string{hour + "RRULE:FREQ=DAILY;COUNT=2\nRDATE:20260106T130000Z"}, []string{"01-05T22:00", "01-06T22:00"}},
		{"a time is moved", []string{
			"UID:a\n" + hour + "RRULE:FREQ=DAILY;COUNT=3",
			"UID:a\nRECURRENCE-ID;TZID=Asia/Tokyo:20260106T220000\nDTSTART;TZID=Asia/Tokyo:20260110T080000\nDURATION:PT1H"}, []string{"01-05T22:00", "01-07T22:00", "01-10T08:00"}},
		{"what moves it stands first, and in UTC", []string{
			"UID:a\nRECURRENCE-ID:20260106T130000Z\nDTSTART:20260110T000000Z\nDURATION:PT1H",
			"UID:a\n" + hour + "RRULE:FREQ=DAILY;COUNT=3"}, []string{"01-05T22:00", "01-07T22:00", "01-10T09:00"}},
		{"a time is cancelled", []string{
			"UID:a\n" + hour + "RRULE:FREQ=DAILY;COUNT=3",
			"UID:a\nSTATUS:CANCELLED\nRECURRENCE-ID:20260106T130000Z\nDTSTART:20260106T130000Z\nDURATION:PT1H"}, []string{"01-05T22:00", "01-07T22:00"}},
		{"another event's time is not touched", []string{
			"UID:a\n" + hour + "RRULE:FREQ=DAILY;COUNT=2",
			"UID:b\nRECURRENCE-ID:20260106T130000Z\nDTSTART:20260110T000000Z\nDURATION:PT1H"}, []string{"01-05T22:00", "01-06T22:00", "01-10T09:00"}},
		{"a whole day becomes a time", []string{
			"UID:a\nDTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;COUNT=2",
			"UID:a\nRECURRENCE-ID;VALUE=DATE:20260106\nDTSTART:20260106T000000Z\nDURATION:PT1H"}, []string{"01-05T00:00", "01-06T09:00"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := calendar.ParseICS(file(tc.events...))
			if err != nil {
				t.Fatal(err)
			}
			tokyo := zoneOf(t, "Asia/Tokyo")
			var got []string
			for _, s := range c.Spans(moment(t, "2026-01-01T00:00:00+09:00"), moment(t, "2026-07-01T00:00:00+09:00"), tokyo) {
				got = append(got, s.Start.In(tokyo).Format("01-02T15:04"))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// RFC 5545: a rule keeps its time on the clock of its zone; each time of an event with DTEND lasts exactly as long as the
// first.
func TestRepeatedEventOverTheClocksChange(t *testing.T) {
	c, err := calendar.ParseICS(file(
		"DTSTART;TZID=America/New_York:20260306T220000\nDTEND;TZID=America/New_York:20260307T060000\nRRULE:FREQ=DAILY;COUNT=3",
		"DTSTART:20261031T220000\nDTEND:20261101T060000\nRRULE:FREQ=DAILY;COUNT=2",
		"DTSTART;TZID=America/New_York:20261031T013000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20261101T055900Z\nSUMMARY:repeated hour"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"2026-03-06T22:00:00-05:00 to 2026-03-07T06:00:00-05:00",
		"2026-03-07T22:00:00-05:00 to 2026-03-08T07:00:00-04:00", // eight hours, in the night of seven
		"2026-03-08T22:00:00-04:00 to 2026-03-09T06:00:00-04:00",
		"2026-10-31T01:30:00-04:00 to 2026-10-31T02:30:00-04:00",
		"2026-10-31T22:00:00-04:00 to 2026-11-01T06:00:00-05:00", // without a zone: the wall clock alone counts
		"2026-11-01T01:30:00-04:00 to 2026-11-01T01:30:00-05:00", // the first 01:30 is 05:30 in UTC
		"2026-11-01T22:00:00-05:00 to 2026-11-02T06:00:00-05:00",
	}
	if diff := cmp.Diff(want, spans(t, c, zoneOf(t, "America/New_York"), "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")); diff != "" {
		t.Error(diff)
	}
}

func TestMistakesInEvents(t *testing.T) {
	const day = "SUMMARY:Freeze\nDTSTART;VALUE=DATE:20261229\n"
	const hour = "SUMMARY:Freeze\nDTSTART:20261229T000000Z\nDTEND:20261229T010000Z\n"
	for _, tc := range []struct{ name, event, want string }{
		{"no start", "SUMMARY:Freeze\nDTEND:20261229T000000Z", "it has no DTSTART"},
		{"an unknown zone", "SUMMARY:Freeze\nDTSTART;TZID=Tokyo Standard Time:20261229T000000", `unknown TZID "Tokyo Standard Time": only IANA names such as Asia/Tokyo are known`},
		{"the machine's own zone", "SUMMARY:Freeze\nDTSTART;TZID=Local:20261229T000000", `unknown TZID "Local"`},
		{"an unknown zone of an exception", hour + "EXDATE;TZID=Nowhere:20261229T000000", `EXDATE: unknown TZID "Nowhere"`},
		{"no time at all", "SUMMARY:Freeze\nDTSTART:20261229T000000Z", "it has no DTEND and no DURATION"},
		{"two starts", day + "DTSTART;VALUE=DATE:20261230", "DTSTART is given more than once"},
		{"two ends", hour + "DTEND:20261229T020000Z", "DTEND is given more than once"},
		{"an end and a length", hour + "DURATION:PT1H", "it has both DTEND and DURATION"},
		{"the end of a whole day is the same day", day + "DTEND;VALUE=DATE:20261229", "the DTEND of whole days is the day after the last one"},
		{"the end is before the start", "SUMMARY:Freeze\nDTSTART:20261229T000000Z\nDTEND:20261228T000000Z", "DTEND is not after DTSTART"},
		{"a day that ends at a time", day + "DTEND:20261229T000000Z", "DTSTART is a whole day, DTEND is a time with a zone"},
		{"a time without a zone and one with", "SUMMARY:Freeze\nDTSTART:20261229T000000\nDTEND:20261229T010000Z", "DTSTART is a time without a zone, DTEND is a time with a zone"},
		{"a day that is none", "SUMMARY:Freeze\nDTSTART;VALUE=DATE:20260230", `"20260230" is not a day or time`},
		{"a time that is none", "SUMMARY:Freeze\nDTSTART:2026-12-29T00:00:00Z", "is not a day or time"},
		{"a year before all", "SUMMARY:Freeze\nDTSTART;VALUE=DATE:19691231", "outside of the years 1970 to 2099"},
		{"a year after all", "SUMMARY:Freeze\nDTSTART;VALUE=DATE:21000101", "outside of the years 1970 to 2099"},
		{"a length of no time", "SUMMARY:Freeze\nDTSTART:20261229T000000Z\nDURATION:PT0S", `"PT0S" is no time at all`},
		{"a negative length", "SUMMARY:Freeze\nDTSTART:20261229T000000Z\nDURATION:-PT1H", `"-PT1H" is not a length`},
		{"a length without a number", "SUMMARY:Freeze\nDTSTART:20261229T000000Z\nDURATION:PTH", `"PTH" is not a length`},
		{"a length without a unit", "SUMMARY:Freeze\nDTSTART:20261229T000000Z\nDURATION:PT5", `"PT5" is not a length`},
		{"a length of nothing", "SUMMARY:Freeze\nDTSTART:20261229T000000Z\nDURATION:P", `"P" is not a length`},
		{"a length that ends early", "SUMMARY:Freeze\nDTSTART:20261229T000000Z\nDURATION:P1DT", `"P1DT" is not a length`},
		{"a length out of order", "SUMMARY:Freeze\nDTSTART:20261229T000000Z\nDURATION:PT5S1H", `"PT5S1H" is not a length`},
		{"a length that is too long", "SUMMARY:Freeze\nDTSTART:20261229T000000Z\nDURATION:P367D", "longer than 366 days"},
		{"a whole day of hours", day + "DURATION:PT24H", "is not in whole days"},
		{"every second", hour + "RRULE:FREQ=SECONDLY;COUNT=10", "every minute or second are refused"},
		{"every minute", hour + "RRULE:FREQ=MINUTELY;COUNT=10", "every minute or second are refused"},
		{"an unknown frequency", hour + "RRULE:FREQ=OFTEN", "undefined frequency: OFTEN"},
		{"no frequency", hour + "RRULE:COUNT=3", "FREQ is required"},
		{"no rule", hour + "RRULE:", ""},
		{"an unknown part", hour + "RRULE:FREQ=DAILY;BYMOON=1", "unknown RRULE property: BYMOON"},
		{"Easter", hour + "RRULE:FREQ=YEARLY;BYEASTER=0", "BYEASTER is not a part of RFC 5545"},
		{"a rule that never comes", hour + "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "it never comes"},
		{"a rule that is over before its start", hour + "RRULE:FREQ=DAILY;UNTIL=20251229T000000Z", "it never comes"},
		{"an hour that is never met", hour + "RRULE:FREQ=HOURLY;INTERVAL=2;BYHOUR=1", "it never comes"},
		{"positions of an hour", hour + "RRULE:FREQ=HOURLY;BYSETPOS=2", "BYSETPOS with FREQ=HOURLY is refused"},
		{"too many times", hour + "RRULE:FREQ=HOURLY", "it comes more than 50000 times"},
		{"no times", hour + "RRULE:FREQ=DAILY;COUNT=0", "COUNT must be 1 or more"},
		{"no interval", hour + "RRULE:FREQ=DAILY;INTERVAL=0", "INTERVAL must be 1 to 10000"},
		{"a huge interval", hour + "RRULE:FREQ=DAILY;INTERVAL=9223372036854775807", "INTERVAL must be 1 to 10000"},
		{"two ends of a rule", hour + "RRULE:FREQ=DAILY;COUNT=3;UNTIL=20270101T000000Z", "it has both COUNT and UNTIL"},
		{"an end in UTC of a time without a zone", "SUMMARY:Freeze\nDTSTART:20261229T000000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=20270101T000000Z", "DTSTART is a time without a zone, UNTIL is a time with a zone"},
		{"an end that is no time", hour + "RRULE:FREQ=DAILY;UNTIL=20270140", "RRULE"},
		{"the 53rd Monday of a month", hour + "RRULE:FREQ=YEARLY;BYMONTH=12;BYDAY=53MO", "RRULE"},
		{"a long rule", hour + "RRULE:FREQ=DAILY;BYHOUR=" + strings.Repeat("1,", 600) + "1", "longer than 1000 characters"},
		{"two rules", hour + "RRULE:FREQ=DAILY;COUNT=3\nRRULE:FREQ=WEEKLY;COUNT=3", "more than one RRULE"},
		{"a rule of exceptions", hour + "RRULE:FREQ=DAILY;COUNT=3\nEXRULE:FREQ=WEEKLY;COUNT=3", "EXRULE is not understood"},
		{"periods", hour + "RDATE;VALUE=PERIOD:20261230T000000Z/PT1H", "RDATE: periods are not understood"},
		{"an exception in another form", hour + "RRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20261230", "DTSTART is a time with a zone, EXDATE is a whole day"},
		{"all that follows is moved", hour + "RECURRENCE-ID;RANGE=THISANDFUTURE:20261230T000000Z", "RANGE is not understood"},
		{"a moved time with a rule", hour + "RECURRENCE-ID:20261230T000000Z\nRRULE:FREQ=DAILY;COUNT=2", "both RECURRENCE-ID and RRULE"},
		{"two moved times", hour + "RECURRENCE-ID:20261230T000000Z\nRECURRENCE-ID:20261231T000000Z", "RECURRENCE-ID is given more than once"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := calendar.ParseICS(file("DTSTART;VALUE=DATE:20260101", tc.event))
			if tc.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var wrong *quiethours.SpecError
			if !errors.As(err, &wrong) {
				t.Fatalf("%v, error %v, want a *SpecError", c, err)
			}
			if !strings.HasPrefix(wrong.Message, `event 2 "Freeze": `) || !strings.Contains(wrong.Message, tc.want) || wrong.Hint == "" {
				t.Errorf("%q (%q), want %q of event 2", wrong.Message, wrong.Hint, tc.want)
			}
		})
	}
}

func TestMistakesInFiles(t *testing.T) {
	good := string(file("DTSTART;VALUE=DATE:20260101"))
	many := make([]string, 5001)
	for i := range many {
		many[i] = "DTSTART;VALUE=DATE:20260101"
	}
	often := make([]string, 8)
	for i := range often {
		often[i] = "DTSTART;VALUE=DATE:20200101\nRRULE:FREQ=DAILY"
	}
	for name, tc := range map[string]struct{ file, want string }{
		"nothing":          {"", "does not end with END:VCALENDAR"},
		"cut off":          {good[:len(good)/2], "does not end with END:VCALENDAR"},
		"a page":           {"<html><body>Sign in</body></html>", "does not end with END:VCALENDAR"},
		"no calendar":      {"BEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR", "cannot be read: malformed calendar"},
		"unbalanced":       {strings.Replace(good, "END:VEVENT\r\n", "", 1), "cannot be read"},
		"two files in one": {good + good, "cannot be read"},
		"over 1 MiB":       {strings.Replace(good, "VERSION:2.0", "X-PAD:"+strings.Repeat("x", 1<<20), 1), "at most 1 MiB"},
		"too many events":  {string(file(many...)), "the file has 5001 events"},
		"too many times":   {string(file(often...)), "the events of the file come more than 200000 times"},
		"moved time of another form": {string(file("UID:a\nDTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;COUNT=2",
			"UID:a\nRECURRENCE-ID:20260106T000000Z\nDTSTART:20260106T000000Z\nDURATION:PT1H")), "DTSTART is a whole day, the RECURRENCE-ID of a time of it is a time with a zone"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := calendar.ParseICS([]byte(tc.file))
			var wrong *quiethours.SpecError
			if !errors.As(err, &wrong) || !strings.Contains(wrong.Message, tc.want) || wrong.Hint == "" {
				t.Errorf("error %v, want %q with a hint", err, tc.want)
			}
		})
	}
}

func TestYearsOfEvents(t *testing.T) {
	for name, tc := range map[string]struct {
		events      []string
		first, last int
	}{
		"none":              {nil, 0, 0},
		"a list of days":    {[]string{"DTSTART;VALUE=DATE:20261229", "DTSTART;VALUE=DATE:20251229\nDTEND;VALUE=DATE:20260101"}, 2025, 2026},
		"a rule that ends":  {[]string{"DTSTART;VALUE=DATE:20250101\nRRULE:FREQ=YEARLY;COUNT=4"}, 2025, 2028},
		"a rule until 2030": {[]string{"DTSTART;VALUE=DATE:20250101\nRRULE:FREQ=YEARLY;UNTIL=20301231"}, 2025, 2030},
		"a rule for ever":   {[]string{"DTSTART;VALUE=DATE:20250101\nRRULE:FREQ=YEARLY"}, 2025, 2099},
		"until long after":  {[]string{"DTSTART;VALUE=DATE:20250101\nRRULE:FREQ=YEARLY;UNTIL=25001231"}, 2025, 2099},
		"cancelled for all": {[]string{"DTSTART;VALUE=DATE:20250101\nRRULE:FREQ=YEARLY\nSTATUS:CANCELLED", "DTSTART;VALUE=DATE:20261229"}, 2026, 2026},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := calendar.ParseICS(file(tc.events...))
			if err != nil {
				t.Fatal(err)
			}
			if first, last := c.Valid(); first != tc.first || last != tc.last {
				t.Errorf("years %d to %d, want %d to %d", first, last, tc.first, tc.last)
			}
		})
	}
}

// What stands in an .ics file goes into the hash of the policy.
func TestContent(t *testing.T) {
	content := func(event string) string {
		c, err := calendar.ParseICS(file(event))
		if err != nil {
			t.Fatal(err)
		}
		return quiethours.New(time.UTC, []quiethours.Window{{When: quiethours.OnCalendar("freeze.ics", c)}}).Hash()
	}
	first, again, other := content("DTSTART;VALUE=DATE:20261229"), content("DTSTART;VALUE=DATE:20261229"), content("DTSTART;VALUE=DATE:20261230")
	if first == other {
		t.Error("two files with different days have the same hash")
	}
	if first != again {
		t.Error("the same file has two hashes")
	}
}
