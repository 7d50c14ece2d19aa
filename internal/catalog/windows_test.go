package catalog_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
)

// TestPolicy: the windows of a file decide, with their conditions and calendars.
func TestPolicy(t *testing.T) {
	c := load(t, archive(t, "good-windows.txtar"))
	acme, _ := c.Customer("acme")
	tokyo := acme.TimeZone
	if acme.Policy.Zone() != tokyo {
		t.Errorf("the zone is %s", acme.Policy.Zone())
	}
	web := incident.Incident{Service: incident.Ref{ID: "PX10"}, Urgency: "high", Alerts: []incident.Alert{{Severity: "warning"}}}
	critical, low := web, web
	critical.Alerts = []incident.Alert{{Severity: "critical"}}
	low.Urgency = "low"
	tests := map[string]struct {
		at      time.Time
		inc     incident.Incident
		answers [3]incident.Answer
		window  string // of the first answer that is not allow
	}{
		"a day":             {time.Date(2026, 11, 25, 12, 0, 0, 0, tokyo), web, [3]incident.Answer{"allow", "allow", "allow"}, ""},
		"a night":           {time.Date(2026, 11, 25, 23, 0, 0, 0, tokyo), web, [3]incident.Answer{"defer", "allow", "allow"}, `quiet hours "nights"`},
		"a critical one":    {time.Date(2026, 11, 25, 23, 0, 0, 0, tokyo), critical, [3]incident.Answer{"allow", "allow", "allow"}, ""},
		"the batch":         {time.Date(2026, 11, 28, 12, 0, 0, 0, tokyo), web, [3]incident.Answer{"allow", "allow", "forbid"}, `quiet hours "weekly batch"`},
		"a holiday":         {time.Date(2026, 11, 23, 12, 0, 0, 0, tokyo), low, [3]incident.Answer{"allow", "defer", "allow"}, `quiet hours "holidays"`},
		"an urgent holiday": {time.Date(2026, 11, 23, 12, 0, 0, 0, tokyo), web, [3]incident.Answer{"allow", "allow", "allow"}, ""},
		"the .ics file":     {time.Date(2026, 12, 30, 12, 0, 0, 0, tokyo), web, [3]incident.Answer{"allow", "suppress", "allow"}, `quiet hours "factory"`},
		"maintenance":       {time.Date(2026, 12, 1, 3, 0, 0, 0, tokyo), critical, [3]incident.Answer{"allow", "suppress", "forbid"}, `maintenance "release 42"`},
	}
	for name, tt := range tests {
		d := acme.Policy.Decide(tt.at, tt.inc, acme.Facts())
		got := [3]incident.Answer{d.Contact.Answer, d.Page.Answer, d.Recover.Answer}
		window := ""
		for _, q := range quiethours.Questions() {
			if r := d.Ruling(q); window == "" {
				window = r.Window
			}
		}
		if got != tt.answers || window != tt.window {
			t.Errorf("%s: %v by %q, want %v by %q", name, got, window, tt.answers, tt.window)
		}
	}
}

// lint reads a customer with these sections and gives what is doubtful at that instant.
func lint(t *testing.T, now time.Time, sections string, more ...string) []string {
	t.Helper()
	fsys := fstest.MapFS{"customers/acme.yaml": {Data: []byte("name: A\ntime_zone: Asia/Tokyo\nlanguage: en\npagerduty: {services: [PX10]}\ntiers: [{name: a, slack: \"#a\"}]\n" + sections)}}
	for i := 0; i+1 < len(more); i += 2 {
		fsys[more[i]] = &fstest.MapFile{Data: []byte(more[i+1])}
	}
	var told []string
	for _, p := range load(t, fsys).Lint(now) {
		if !p.Warning {
			t.Errorf("an error, not a warning: %v", p)
		}
		told = append(told, strings.TrimPrefix(p.String(), "customers/acme.yaml:"))
	}
	return told
}

func TestLint(t *testing.T) {
	const nights = `  - {name: nights, when: {from: "22:00", to: "07:00"}, contact: defer}` + "\n"
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		now      time.Time
		sections string
		files    []string
		want     []string
	}{
		"nothing is doubtful": {now, "quiet_hours:\n" + nights + `  - {name: weekends, when: {days: [sat, sun]}, contact: defer, page: suppress}` + "\n", nil, nil},
		"no windows":          {now, "labels: {a: b}\n", nil, nil},
		"different answers": {now, "quiet_hours:\n" + nights + `  - {name: batch, when: {cron: "0 2 * * SAT", for: 3h}, contact: suppress, recover: forbid}` + "\n", nil, []string{
			`8:5: quiet_hours[1].contact: "batch" answers suppress here, and "nights" answers defer: at Sat 2026-11-28 02:00 JST both are open, for every incident ` +
				`(the strictest wins, suppress; give one of them match or unless, when that is not meant)`}},
		"an allow that lifts nothing": {now, "quiet_hours:\n" + nights + `  - {name: critical, when: {from: "22:00", to: "07:00"}, contact: allow, recover: forbid, match: alert.severity == "critical"}` + "\n", nil, []string{
			`8:5: quiet_hours[1].contact: "critical" answers allow here, and "nights" answers defer: at Wed 2026-11-25 22:00 JST both are open, for an incident that both are about ` +
				`(allow lifts no other answer; to except incidents, give the other window unless)`}},
		"maintenance that is stricter": {now, "quiet_hours:\n" + nights + "maintenance:\n  - {name: release 42, from: 2026-12-01T01:00:00+09:00, to: 2026-12-01T04:00:00+09:00, contact: suppress}\n", nil, nil},
		"maintenance that is milder": {now, "quiet_hours:\n" + `  - {name: nights, when: {from: "22:00", to: "07:00"}, page: suppress}` + "\nmaintenance:\n  - {name: release 42, from: 2026-12-01T01:00:00+09:00, to: 2026-12-01T04:00:00+09:00, page: defer}\n", nil, []string{
			`9:5: maintenance[0].page: "release 42" answers defer here, and "nights" answers suppress: at Tue 2026-12-01 01:00 JST both are open, for every incident ` +
				`(the strictest wins, suppress; give one of them match or unless, when that is not meant)`}},
		"never paged": {now, "quiet_hours:\n" + `  - {name: nights, when: {from: "22:00", to: "07:00"}, page: suppress}` + "\n" + `  - {name: days, when: {from: "06:30", to: "22:00"}, page: suppress}` + "\n", nil, []string{
			`7:5: quiet_hours[0].page: the windows "nights", "days" together cover all time: nobody is ever called (leave time without a window; or remove the service from this file)`}},
		"always deferred": {now, "quiet_hours:\n" + `  - {name: always, when: {days: [mon, tue, wed, thu, fri, sat, sun]}, contact: defer, page: defer, recover: forbid, unless: alert.severity == "critical"}` + "\n", nil, []string{
			`7:5: quiet_hours[0].contact: the window "always" covers all time: the customer is never told, and what is deferred waits for an end that does not come, but for what unless excepts (leave time without a window; or remove contacts)`,
			`7:5: quiet_hours[0].page: the window "always" covers all time: nobody is ever called, and what is deferred waits for an end that does not come, but for what unless excepts (leave time without a window)`,
			`7:5: quiet_hours[0].recover: the window "always" covers all time: nothing is ever repaired, every incident goes to a person, but for what unless excepts (leave time without a window; or adopt the scenarios with autonomy: observe)`}},
		"never told": {now, "quiet_hours:\n" + `  - {name: always, when: {days: [mon, tue, wed, thu, fri, sat, sun]}, contact: suppress}` + "\n", nil, []string{
			`7:5: quiet_hours[0].contact: the window "always" covers all time: the customer is never told (remove contacts, when that is meant)`}},
		"for some incidents only": {now, "quiet_hours:\n" + `  - {name: always, when: {days: [mon, tue, wed, thu, fri, sat, sun]}, page: suppress, match: alert.severity == "info"}` + "\n", nil, nil},
		"maintenance that is over": {now, "maintenance:\n  - {name: release 41, from: 2026-11-01T01:00:00+09:00, to: 2026-11-01T04:00:00+09:00, page: suppress}\n" +
			"  - {name: release 42, from: 2026-12-01T01:00:00+09:00, to: 2026-12-01T04:00:00+09:00, page: suppress}\n", nil, []string{
			`7:5: maintenance[0]: the maintenance "release 41" is over since Sun 2026-11-01 04:00 JST (remove it)`}},
		"a day that is years away": {now, "quiet_hours:\n" + `  - {name: sundays, when: {cron: "0 0 29 2 SUN", for: 1h}, page: defer}` + "\n" + `  - {name: far, when: {calendar: far.ics}, page: defer}` + "\n",
			[]string{"customers/far.ics", day("20400101")}, []string{
				`8:5: quiet_hours[1].when: the calendar "far.ics" begins with the year 2040: until then the window "far" does not open`}},
		"a gap in a calendar": {now, "quiet_hours:\n" + `  - {name: closed, when: {calendar: gap.ics}, contact: defer}` + "\n",
			[]string{"customers/gap.ics", strings.Replace(day("20400101"), "BEGIN:VEVENT", strings.ReplaceAll(dayEvent("20250101"), "UID:1", "UID:2")+"\r\nBEGIN:VEVENT", 1)}, []string{
				`7:5: quiet_hours[0]: the window "closed" does not open in the next two years (correct its days, or remove it)`}},
		"a calendar's last year is far": {time.Date(2029, 12, 1, 0, 0, 0, 0, time.UTC), "quiet_hours:\n" + `  - {name: holidays, when: {calendar: japan}, contact: defer}` + "\n", nil, nil},
		"a calendar's last year ends": {time.Date(2030, 10, 4, 0, 0, 0, 0, time.UTC), "quiet_hours:\n" + `  - {name: holidays, when: {calendar: japan}, contact: defer}` + "\n", nil, []string{
			`7:5: quiet_hours[0].when: the calendar "japan" knows the years up to 2030 only: after that the window "holidays" does not open (a newer version of the engine may know more years)`}},
		"a file's last year is over": {now, "quiet_hours:\n" + `  - {name: closed, when: {calendar: old.ics}, contact: defer}` + "\n", []string{"customers/old.ics", day("20251229")}, []string{
			`7:5: quiet_hours[0].when: the calendar "old.ics" knew the years up to 2025: the window "closed" does not open any more (get a newer file)`}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, lint(t, tt.now, tt.sections, tt.files...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// day is a calendar of one day.
func day(date string) string {
	return strings.ReplaceAll(emptyCalendar, "END:VCALENDAR", dayEvent(date)+"\r\nEND:VCALENDAR")
}

func dayEvent(date string) string {
	return "BEGIN:VEVENT\r\nUID:1@example\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:" + date + "\r\nEND:VEVENT"
}

func TestMaintenanceWindow(t *testing.T) {
	from := time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)
	good := incident.Maintenance{ID: "m1", Customer: "acme", From: from, To: from.Add(3 * time.Hour), Match: `incident.service.id == "PX10"`,
		Contact: incident.Suppress, Page: incident.Suppress, Recover: incident.Forbid, Reason: "release 42"}
	w, err := catalog.MaintenanceWindow(good)
	if err != nil {
		t.Fatal(err)
	}
	if w.Label() != `maintenance "release 42"` || w.Match.Source() != good.Match || w.Page != incident.Suppress {
		t.Errorf("window %+v", w)
	}
	policy := quiethours.Policy{}.With(w)
	inc := incident.Incident{Service: incident.Ref{ID: "PX10"}}
	if d := policy.Decide(from, inc, incident.Customer{}); d.Recover.Answer != incident.Forbid || !d.Recover.Until.Equal(good.To) {
		t.Errorf("at its beginning: %+v", d.Recover)
	}

	ended := good
	ended.EndedAt, ended.EndedBy, ended.Reason = from.Add(time.Hour), "alice", ""
	if w, err = catalog.MaintenanceWindow(ended); err != nil || w.Name != "m1" {
		t.Fatalf("without a reason: %+v, %v", w, err)
	}
	d := quiethours.Policy{}.With(w).Decide(from.Add(30*time.Minute), inc, incident.Customer{})
	if !d.Page.Until.Equal(ended.EndedAt) {
		t.Errorf("one that was ended lasts until %s", d.Page.Until)
	}
	ended.EndedAt = from.Add(-time.Hour)
	if w, err = catalog.MaintenanceWindow(ended); err != nil {
		t.Fatal(err)
	}
	if spans := (quiethours.Policy{}).With(w).Spans(from.AddDate(0, 0, -1), from.AddDate(0, 0, 1)); len(spans) > 0 {
		t.Errorf("one that was ended before it began covers %v", spans)
	}
}

// TestMaintenanceWhoseConditionBreaks: it silences nobody, and lets nothing be changed.
func TestMaintenanceWhoseConditionBreaks(t *testing.T) {
	from := time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)
	w, err := catalog.MaintenanceWindow(incident.Maintenance{ID: "m1", From: from, To: from.Add(time.Hour), Match: "alert.old_field == 1",
		Contact: incident.Suppress, Page: incident.Suppress, Recover: incident.Forbid, Reason: "release 42"})
	if err == nil || w.Match.Source() != "alert.old_field == 1" {
		t.Fatalf("window %+v, error %v", w, err)
	}
	d := quiethours.Policy{}.With(w).Decide(from, incident.Incident{}, incident.Customer{})
	if d.Contact.Answer != incident.Allow || d.Page.Answer != incident.Allow || d.Recover.Answer != incident.Forbid {
		t.Errorf("decision %+v", d)
	}
}

func TestWrongMaintenance(t *testing.T) {
	from := time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		change func(*incident.Maintenance)
		want   string
	}{
		"no time":       {func(m *incident.Maintenance) { m.To = time.Time{} }, "maintenance needs a beginning and an end (from, to)"},
		"ends before":   {func(m *incident.Maintenance) { m.To = m.From.Add(-time.Hour) }, "maintenance ends at 2026-12-01T00:00:00Z, which is not after its beginning at 2026-12-01T01:00:00Z"},
		"ends at once":  {func(m *incident.Maintenance) { m.To = m.From }, "maintenance ends at 2026-12-01T01:00:00Z, which is not after its beginning at 2026-12-01T01:00:00Z"},
		"no answer":     {func(m *incident.Maintenance) { m.Page, m.Contact = "", incident.Allow }, "maintenance that answers no question changes nothing (give contact or page: defer or suppress, or recover: forbid)"},
		"wrong answers": {func(m *incident.Maintenance) { m.Page, m.Recover = incident.Forbid, incident.Defer }, "page: found \"forbid\", expected one of: allow, defer, suppress\nrecover: found \"defer\", expected one of: allow, forbid"},
		"misspelt":      {func(m *incident.Maintenance) { m.Match = `alert.severty == "info"` }, `match "alert.severty == \"info\"": alert has no "severty" (did you mean "severity"?)`},
		"not a boolean": {func(m *incident.Maintenance) { m.Match = `incident.number` }, `match "incident.number": a condition must be true or false; this is a whole number (compare it with something)`},
	}
	for name, tt := range tests {
		m := incident.Maintenance{ID: "m1", From: from, To: from.Add(time.Hour), Page: incident.Suppress, Reason: "release"}
		tt.change(&m)
		w, err := catalog.MaintenanceWindow(m)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s:\n got %v\nwant %s", name, err, tt.want)
		}
		if (w.When != nil) != (m.Match != "") {
			t.Errorf("%s: window %+v", name, w)
		}
	}
}
