package calendar_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/calendar"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
)

// A file as calendar programs write it, with all that is not for us.
func TestFileOfACalendarProgram(t *testing.T) {
	data, err := os.ReadFile("testdata/change-freeze.ics")
	if err != nil {
		t.Fatal(err)
	}
	c, err := calendar.ParseICS(data)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"2026-11-04T21:00:00+09:00 to 2026-11-05T01:00:00+09:00",
		"2026-12-03T21:00:00+09:00 to 2026-12-03T23:00:00+09:00", // moved by a day, and shorter
		"2026-12-29T00:00:00+09:00 to 2027-01-04T00:00:00+09:00",
		"2027-02-03T21:00:00+09:00 to 2027-02-04T01:00:00+09:00", // January's is left out
		"2027-03-03T21:00:00+09:00 to 2027-03-04T01:00:00+09:00",
	}
	if diff := cmp.Diff(want, spans(t, c, zoneOf(t, "Asia/Tokyo"), "2026-01-01T00:00:00Z", "2030-01-01T00:00:00Z")); diff != "" {
		t.Error(diff)
	}
}

type always string

func (always) Holds(incident.Incident, incident.Customer) (bool, error) { return true, nil }

func (a always) Source() string { return string(a) }

func exported(t *testing.T, zone *time.Location) quiethours.Policy {
	t.Helper()
	nights, err := quiethours.Weekly([]time.Weekday{time.Sunday}, 22*60, 7*60)
	if err != nil {
		t.Fatal(err)
	}
	return quiethours.New(zone, []quiethours.Window{
		{Name: "夜, nights;\r\nEND:VEVENT", Kind: quiethours.QuietHours, When: nights, Contact: incident.Defer, Page: incident.Allow, Unless: always(`alert.severity == "critical"`)},
		{Name: "holidays", Kind: quiethours.QuietHours, When: quiethours.OnCalendar("japan", calendar.Japan()), Contact: incident.Defer, Page: incident.Defer},
		{Name: "release 42", Kind: quiethours.Maintenance, When: quiethours.Once(moment(t, "2026-11-23T01:00:00+09:00"), moment(t, "2026-11-23T04:00:00+09:00")),
			Contact: incident.Suppress, Page: incident.Suppress, Recover: incident.Forbid, Match: always(`incident.service.id == "PX5678"`)},
		{Name: "nothing", Kind: quiethours.Maintenance, When: quiethours.Once(moment(t, "2026-11-23T05:00:00+09:00"), moment(t, "2026-11-23T06:00:00+09:00"))},
		{Name: "nothing", Kind: quiethours.Maintenance, When: quiethours.Once(moment(t, "2026-11-23T05:00:00+09:00"), moment(t, "2026-11-23T06:00:00+09:00"))},
	})
}

func TestExport(t *testing.T) {
	tokyo := zoneOf(t, "Asia/Tokyo")
	p := exported(t, tokyo)
	from, to := moment(t, "2026-11-20T00:00:00+09:00"), moment(t, "2026-11-27T00:00:00+09:00")
	got := calendar.Export(p, "株式会社アクメ, quiet hours", from, to)
	if !bytes.Equal(got, calendar.Export(p, "株式会社アクメ, quiet hours", from.UTC(), to.UTC())) {
		t.Error("the same export has other bytes")
	}
	want, err := os.ReadFile("testdata/export.ics")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(got), "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("the line %q is longer than RFC 5545 allows, or ends wrongly", line)
		}
	}
}

// What is written can be read again.
func TestExportIsReadAgain(t *testing.T) {
	for _, name := range []string{"Asia/Tokyo", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"} {
		t.Run(name, func(t *testing.T) {
			zone := zoneOf(t, name)
			p := exported(t, zone)
			from, to := time.Date(2026, 1, 1, 0, 0, 0, 0, zone), time.Date(2027, 1, 1, 0, 0, 0, 0, zone)
			c, err := calendar.ParseICS(calendar.Export(p, "acme", from, to))
			if err != nil {
				t.Fatal(err)
			}
			var want []quiethours.Span
			for _, s := range p.Spans(from, to) {
				want = append(want, s.Span)
			}
			if diff := cmp.Diff(want, c.Spans(from, to, zone)); diff != "" || len(want) < 50 {
				t.Errorf("%d pieces: %s", len(want), diff)
			}
		})
	}
}

// A piece keeps its UID whatever period is exported, so that subscribers do not see it twice.
func TestUIDsAreStable(t *testing.T) {
	p := exported(t, zoneOf(t, "Asia/Tokyo"))
	uids := func(from, to string) map[string]bool {
		found := make(map[string]bool)
		for _, uid := range regexp.MustCompile(`UID:\S+`).FindAllString(string(calendar.Export(p, "acme", moment(t, from), moment(t, to))), -1) {
			if found[uid] {
				t.Errorf("%s is there twice", uid)
			}
			found[uid] = true
		}
		return found
	}
	week, month := uids("2026-11-20T00:00:00+09:00", "2026-11-27T00:00:00+09:00"), uids("2026-11-01T00:00:00+09:00", "2026-12-01T00:00:00+09:00")
	for uid := range week {
		if !month[uid] {
			t.Errorf("%s of the week is not in its month", uid)
		}
	}
	if len(week) != 5 || len(month) <= len(week) {
		t.Errorf("the week has %d pieces, the month %d", len(week), len(month))
	}
}

// FuzzEvent reaches the rules, which bytes of a whole file seldom do.
func FuzzEvent(f *testing.F) {
	f.Add("20261229", "P1D", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=-1SU;COUNT=3", "20271229")
	f.Add("20261229T000000Z", "PT1H", "FREQ=HOURLY;INTERVAL=5;BYHOUR=1,2;COUNT=9", "20261229T050000Z")
	f.Add("20261229T000000", "P1WT1M1S", "FREQ=MONTHLY;BYDAY=+5MO,53TU,-54SU;BYSETPOS=-1,1;WKST=SU", "20261229T000000")
	f.Add("20240229", "P1D", "FREQ=YEARLY;INTERVAL=4;UNTIL=20400101T000000Z;BYYEARDAY=-366,366", "")
	f.Add("20261229T000000Z", "PT1H", "FREQ=YEARLY;BYMONTH=12;BYDAY=53MO;BYMONTHDAY=-31", "20261229T000000Z")
	f.Fuzz(func(t *testing.T, start, length, rule, except string) {
		if strings.ContainsAny(start+length+rule+except, "\r\n") {
			return
		}
		event := "DTSTART:" + start + "\nDURATION:" + length + "\nRRULE:" + rule
		if except != "" {
			event += "\nEXDATE:" + except
		}
		began := time.Now()
		checkRead(t, file(event))
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func FuzzICS(f *testing.F) {
	data, err := os.ReadFile("testdata/change-freeze.ics")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	for _, event := range []string{
		"DTSTART;VALUE=DATE:20261229\nRRULE:FREQ=YEARLY;BYWEEKNO=53;BYDAY=-1SU;COUNT=3",
		"DTSTART;TZID=America/New_York:20261031T220000\nDURATION:P1WT1H\nRRULE:FREQ=HOURLY;INTERVAL=5;BYHOUR=1,2;COUNT=9",
		"DTSTART:20261229T000000Z\nDTEND:20261229T010000Z\nRRULE:FREQ=MONTHLY;BYDAY=+5MO;BYSETPOS=-1,1;UNTIL=20271231",
		"DTSTART:20261229T000000\nDTEND:20261229T010000\nRDATE:20270101T000000,20270102T000000\nEXDATE:20270101T000000",
		"DTSTART:20261229T000000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;BYMONTH=12;BYDAY=53MO",
		"UID:a\nRECURRENCE-ID:20261229T000000Z\nDTSTART:20261230T000000Z\nDURATION:PT1H\nSTATUS:CANCELLED",
	} {
		f.Add(file(event))
	}
	f.Fuzz(checkRead)
}

// checkRead checks what was read of a file, if it can be read.
func checkRead(t *testing.T, data []byte) {
	c, err := calendar.ParseICS(data)
	if err != nil {
		return
	}
	zone := zoneOf(t, "America/New_York")
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, zone)
	to := from.AddDate(2, 0, 0)
	var previous time.Time
	for _, s := range c.Spans(from, to, zone) {
		if s.IsEmpty() || !s.End.After(from) || !s.Start.Before(to) || s.Start.Before(previous) {
			t.Errorf("the piece %v is empty, outside or out of order", s)
		}
		previous = s.Start
	}
	if first, last := c.Valid(); first > last || first != 0 && first < 1969 {
		t.Errorf("years %d to %d", first, last)
	}
}
