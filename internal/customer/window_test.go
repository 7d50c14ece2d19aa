package customer_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
)

// TestWindows: what the file says is what the windows have; what it leaves out is not made up.
func TestWindows(t *testing.T) {
	c := load(t, "good-windows.yaml")
	type window struct {
		Name     string
		Kind     quiethours.Kind
		When     string
		Answers  [3]incident.Answer
		Match    string
		Unless   string
		Lines    [2]int // of the window and its name
		Finished string
	}
	var got []window
	for _, w := range c.Windows {
		one := window{Name: w.Name, Kind: w.Kind, When: w.Calendar.Name, Answers: [3]incident.Answer{w.Contact, w.Page, w.Recover},
			Lines: [2]int{w.Place.Line, w.NamePlace.Line}}
		if w.When != nil {
			one.When = w.When.Spec()
		}
		if w.Match != nil {
			one.Match = w.Match.Source
		}
		if w.Unless != nil {
			one.Unless = w.Unless.Source
		}
		if !w.Ends.IsZero() {
			one.Finished = w.Ends.Format("2006-01-02T15:04Z07:00")
		}
		got = append(got, one)
	}
	want := []window{
		{Name: "nights", Kind: quiethours.QuietHours, When: "mon,tue,wed,thu,fri 22:00-07:00", Answers: [3]incident.Answer{"defer"}, Unless: `alert.severity == "critical"`, Lines: [2]int{10, 10}},
		{Name: "weekends", Kind: quiethours.QuietHours, When: "sat,sun all day", Answers: [3]incident.Answer{"defer"}, Lines: [2]int{14, 14}},
		{Name: "weekly batch", Kind: quiethours.QuietHours, When: "cron 0 2 * * SAT for 3h", Answers: [3]incident.Answer{"suppress", "", "forbid"}, Lines: [2]int{17, 17}},
		{Name: "祝日", Kind: quiethours.QuietHours, When: "japan", Answers: [3]incident.Answer{"defer", "defer"}, Lines: [2]int{21, 21}},
		{Name: "factory is closed", Kind: quiethours.QuietHours, When: "factory.ics", Answers: [3]incident.Answer{"", "suppress"}, Match: `customer.labels.site == "factory"`, Lines: [2]int{25, 25}},
		{Name: "until midnight", Kind: quiethours.QuietHours, When: "every day 23:00-00:00", Answers: [3]incident.Answer{"allow", "defer"}, Match: "alert.severity == \"info\"\n", Lines: [2]int{29, 29}},
		{Name: "release 42", Kind: quiethours.Maintenance, When: "2026-11-30T16:00:00Z to 2026-11-30T19:00:00Z", Answers: [3]incident.Answer{"suppress", "suppress", "forbid"},
			Match: `incident.service.id == "PX1234"`, Lines: [2]int{36, 36}, Finished: "2026-12-01T04:00+09:00"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]customer.Contact{{Email: "ops@acme.example", Tell: []customer.Moment{customer.OfClose}}, {Slack: "#acme-shared", Tell: []customer.Moment{customer.OfClose}}}, c.Contacts); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
	if c.Contacts[0].String() != "ops@acme.example" || c.Contacts[1].String() != "#acme-shared" {
		t.Errorf("contacts are named %s, %s", c.Contacts[0], c.Contacts[1])
	}
}

// TestPlacesOfConditions: a place in a condition can be counted out exactly when it is written as it is read.
func TestPlacesOfConditions(t *testing.T) {
	const file = `name: A
time_zone: UTC
language: en
pagerduty: {services: [PX1234]}
tiers: [{name: ops, slack: "#ops"}]
quiet_hours:
  - {name: plain, when: {days: [sat]}, contact: defer, match: incident.number == 1}
  - {name: single, when: {days: [sat]}, contact: defer, match: 'incident.number == 1'}
  - {name: double, when: {days: [sat]}, contact: defer, match: "incident.number == 1"}
  - {name: escaped, when: {days: [sat]}, contact: defer, match: "incident.title == \"x\""}
  - name: block
    when: {days: [sat]}
    contact: defer
    match: >-
      incident.number == 1
`
	c, problems := customer.Parse("a", "a.yaml", []byte(file))
	if problems != nil {
		t.Fatal(problems)
	}
	type place struct {
		Line, Column int
		Inline       bool
	}
	var got []place
	for _, w := range c.Windows {
		got = append(got, place{w.Match.Place.Line, w.Match.Place.Column, w.Match.Inline})
	}
	want := []place{{7, 63, true}, {8, 65, true}, {9, 65, true}, {10, 66, false}, {14, 12, false}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
