package quiethours_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/quiethours"
)

// instant asks one policy one question at one instant.
type instant struct {
	name   string
	at     string // RFC 3339
	ask    incident.Question
	want   incident.Answer
	until  string // RFC 3339; empty for allow
	window string // the name of the window that gives the answer; empty for allow
	about  incident.Incident
}

// setting is a policy with the instants that it is asked at.
type setting struct {
	name     string
	zone     string
	windows  func(*testing.T) []quiethours.Window
	instants []instant
}

const (
	contact = incident.Contact
	page    = incident.Page
	mend    = incident.MayRecover

	allow    = incident.Allow
	deferred = incident.Defer
	suppress = incident.Suppress
	forbid   = incident.Forbid
)

func TestInstants(t *testing.T) {
	count := 0
	for _, s := range concat(customerOfTheManual(), skippedAndRepeated(), otherZones(), longAndJoined(), conditions()) {
		count += len(s.instants)
		t.Run(s.name, func(t *testing.T) {
			zone, err := time.LoadLocation(s.zone)
			if err != nil {
				t.Fatal(err)
			}
			p := quiethours.New(zone, s.windows(t))
			for _, i := range s.instants {
				got := p.Decide(moment(t, i.at), i.about, incident.Customer{}).Ruling(i.ask)
				if got.Question != i.ask || got.Answer != i.want {
					t.Errorf("%s (%s): %s %s, want %s; %s", i.name, i.at, got.Question, got.Answer, i.want, got.Why)
				}
				var until time.Time
				if i.until != "" {
					until = moment(t, i.until)
				}
				if !got.Until.Equal(until) {
					t.Errorf("%s (%s): %s until %s, want %s; %s", i.name, i.at, got.Answer, got.Until, i.until, got.Why)
				}
				if name := strings.TrimSuffix(got.Window, `"`); i.window == "" && name != "" || !strings.HasSuffix(name, i.window) {
					t.Errorf("%s (%s): by %s, want %q; %s", i.name, i.at, got.Window, i.window, got.Why)
				}
				if got.Why == "" || strings.Contains(got.Why, "\n") {
					t.Errorf("%s (%s): why is %q, want one sentence", i.name, i.at, got.Why)
				}
			}
		})
	}
	if count < 100 {
		t.Errorf("only %d instants are tried", count)
	}
}

func concat(groups ...[]setting) (all []setting) {
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	m, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// weekly makes a rule of "mon,tue 22:00-07:00"; "every day" is a list of days, too.
func weekly(t *testing.T, text string) quiethours.Rule {
	t.Helper()
	i := strings.LastIndex(text, " ")
	from, to, _ := strings.Cut(text[i+1:], "-")
	return weeklyRule(t, weekdays(t, text[:i]), wallTime(t, from), wallTime(t, to))
}

func weekdays(t *testing.T, text string) (days []time.Weekday) {
	t.Helper()
	if text == "every day" {
		return nil
	}
	for name := range strings.SplitSeq(text, ",") {
		d, err := quiethours.ParseWeekday(name)
		if err != nil {
			t.Fatal(err)
		}
		days = append(days, d)
	}
	return days
}

func wallTime(t *testing.T, text string) quiethours.WallTime {
	t.Helper()
	w, err := quiethours.ParseWallTime(text)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func once(t *testing.T, from, to string) quiethours.Rule {
	t.Helper()
	return quiethours.Once(moment(t, from), moment(t, to))
}

func holidays(dates ...string) quiethours.Rule {
	var list someDays
	for _, d := range dates {
		day, err := time.Parse(time.DateOnly, d)
		if err != nil {
			panic(err)
		}
		list = append(list, day)
	}
	return quiethours.OnCalendar("japan", list)
}

// condition is true, false or broken for an incident.
type condition struct {
	source string
	holds  func(incident.Incident) (bool, error)
}

func (c condition) Holds(i incident.Incident, _ incident.Customer) (bool, error) { return c.holds(i) }

func (c condition) Source() string { return c.source }

// quiet makes windows that say the same to contact, each with its own rule.
func quiet(named map[string]quiethours.Rule, answer incident.Answer) (windows []quiethours.Window) {
	for _, name := range sortedKeys(named) {
		windows = append(windows, quiethours.Window{Name: name, Kind: quiethours.QuietHours, When: named[name], Contact: answer})
	}
	return windows
}

// customerOfTheManual is the example of the manual of customers' files.
func customerOfTheManual() []setting {
	critical := incident.Incident{Alerts: []incident.Alert{{Severity: "critical"}}}
	released := incident.Incident{Service: incident.Ref{ID: "PX5678"}}
	windows := func(t *testing.T) []quiethours.Window {
		return []quiethours.Window{
			{Name: "nights", Kind: quiethours.QuietHours, When: weekly(t, "mon,tue,wed,thu,fri 22:00-07:00"), Contact: deferred,
				Unless: condition{`alert.severity == "critical"`, func(i incident.Incident) (bool, error) { return i.First().Severity == "critical", nil }}},
			{Name: "weekly batch", Kind: quiethours.QuietHours, When: cronRule(t, "0 2 * * SAT", 3*time.Hour), Contact: suppress, Recover: forbid},
			{Name: "holidays", Kind: quiethours.QuietHours, When: holidays("2026-09-21", "2026-09-22", "2026-09-23", "2026-11-23"), Contact: deferred, Page: deferred},
			{Name: "release 42", Kind: quiethours.Maintenance, When: once(t, "2026-12-01T01:00:00+09:00", "2026-12-01T04:00:00+09:00"),
				Contact: suppress, Page: suppress, Recover: forbid,
				Match: condition{`incident.service.id == "PX5678"`, func(i incident.Incident) (bool, error) { return i.Service.ID == "PX5678", nil }}},
		}
	}
	return []setting{{"customers.md", "Asia/Tokyo", windows, []instant{
		{"a working day", "2026-11-18T15:00:00+09:00", contact, allow, "", "", incident.Incident{}},
		{"the second before the night", "2026-11-18T21:59:59+09:00", contact, allow, "", "", incident.Incident{}},
		{"the first instant of the night", "2026-11-18T22:00:00+09:00", contact, deferred, "2026-11-19T07:00:00+09:00", "nights", incident.Incident{}},
		{"the same instant, written in UTC", "2026-11-18T13:00:00Z", contact, deferred, "2026-11-19T07:00:00+09:00", "nights", incident.Incident{}},
		{"the night does not stop pages", "2026-11-18T22:00:00+09:00", page, allow, "", "", incident.Incident{}},
		{"nor repairs", "2026-11-18T22:00:00+09:00", mend, allow, "", "", incident.Incident{}},
		{"midnight", "2026-11-19T00:00:00+09:00", contact, deferred, "2026-11-19T07:00:00+09:00", "nights", incident.Incident{}},
		{"the last second of the night", "2026-11-19T06:59:59+09:00", contact, deferred, "2026-11-19T07:00:00+09:00", "nights", incident.Incident{}},
		{"the end is outside", "2026-11-19T07:00:00+09:00", contact, allow, "", "", incident.Incident{}},
		{"a deferral ends where something stricter begins", "2026-11-20T23:00:00+09:00", contact, deferred, "2026-11-21T02:00:00+09:00", "nights", incident.Incident{}},
		{"the batch is stricter than the night", "2026-11-21T02:00:00+09:00", contact, suppress, "2026-11-21T05:00:00+09:00", "weekly batch", incident.Incident{}},
		{"nothing is changed in the batch", "2026-11-21T02:00:00+09:00", mend, forbid, "2026-11-21T05:00:00+09:00", "weekly batch", incident.Incident{}},
		{"before the batch things may be changed", "2026-11-21T01:59:59+09:00", mend, allow, "", "", incident.Incident{}},
		{"after the batch it is still night", "2026-11-21T05:00:00+09:00", contact, deferred, "2026-11-21T07:00:00+09:00", "nights", incident.Incident{}},
		{"Friday's night ends on Saturday", "2026-11-21T07:00:00+09:00", contact, allow, "", "", incident.Incident{}},
		{"Saturday has no night", "2026-11-21T23:00:00+09:00", contact, allow, "", "", incident.Incident{}},
		{"a critical alert is told at night", "2026-11-18T23:00:00+09:00", contact, allow, "", "", critical},
		{"but not in the batch", "2026-11-21T03:00:00+09:00", contact, suppress, "2026-11-21T05:00:00+09:00", "weekly batch", critical},
		{"the second before the holiday", "2026-11-22T23:59:59+09:00", contact, allow, "", "", incident.Incident{}},
		{"the holiday and the night after it are one", "2026-11-23T00:00:00+09:00", contact, deferred, "2026-11-24T07:00:00+09:00", "holidays", incident.Incident{}},
		{"paging is deferred by the holiday alone", "2026-11-23T00:00:00+09:00", page, deferred, "2026-11-24T00:00:00+09:00", "holidays", incident.Incident{}},
		{"the window that ends last is named", "2026-11-23T22:30:00+09:00", contact, deferred, "2026-11-24T07:00:00+09:00", "nights", incident.Incident{}},
		{"for paging that is the holiday", "2026-11-23T22:30:00+09:00", page, deferred, "2026-11-24T00:00:00+09:00", "holidays", incident.Incident{}},
		{"a window that does not apply does not join", "2026-11-23T10:00:00+09:00", contact, deferred, "2026-11-24T00:00:00+09:00", "holidays", critical},
		{"three holidays in a row", "2026-09-21T10:00:00+09:00", page, deferred, "2026-09-24T00:00:00+09:00", "holidays", incident.Incident{}},
		{"with the night at their end", "2026-09-21T10:00:00+09:00", contact, deferred, "2026-09-24T07:00:00+09:00", "holidays", incident.Incident{}},
		{"the second before the release", "2026-12-01T00:59:59+09:00", contact, deferred, "2026-12-01T01:00:00+09:00", "nights", released},
		{"the release suppresses telling", "2026-12-01T01:00:00+09:00", contact, suppress, "2026-12-01T04:00:00+09:00", "release 42", released},
		{"and paging", "2026-12-01T01:00:00+09:00", page, suppress, "2026-12-01T04:00:00+09:00", "release 42", released},
		{"and forbids changes", "2026-12-01T03:59:59+09:00", mend, forbid, "2026-12-01T04:00:00+09:00", "release 42", released},
		{"but it is over at its end", "2026-12-01T04:00:00+09:00", mend, allow, "", "", released},
		{"then the night goes on", "2026-12-01T04:00:00+09:00", contact, deferred, "2026-12-01T07:00:00+09:00", "nights", released},
		{"other services are not released", "2026-12-01T01:00:00+09:00", contact, deferred, "2026-12-01T07:00:00+09:00", "nights", incident.Incident{}},
		{"and wake people", "2026-12-01T01:00:00+09:00", page, allow, "", "", incident.Incident{}},
	}}}
}

// single makes a setting of a single window, named "w", that defers contact.
func single(name, zone string, rule func(*testing.T) quiethours.Rule, instants ...instant) setting {
	return setting{name, zone, func(t *testing.T) []quiethours.Window {
		return quiet(map[string]quiethours.Rule{"w": rule(t)}, deferred)
	}, instants}
}

func byWeek(text string) func(*testing.T) quiethours.Rule {
	return func(t *testing.T) quiethours.Rule { return weekly(t, text) }
}

func byDays(text string) func(*testing.T) quiethours.Rule {
	return func(t *testing.T) quiethours.Rule { return quiethours.WholeDays(weekdays(t, text)) }
}

func byCron(spec string, d time.Duration) func(*testing.T) quiethours.Rule {
	return func(t *testing.T) quiethours.Rule { return cronRule(t, spec, d) }
}

// inside and outside ask the single window.
func inside(name, at, until string) instant {
	return instant{name: name, at: at, ask: contact, want: deferred, until: until, window: "w"}
}

func outside(name, at string) instant {
	return instant{name: name, at: at, ask: contact, want: allow}
}

// conditions are windows that are about some incidents only, or cannot tell.
func conditions() []setting {
	is := func(source string, value bool) quiethours.Condition {
		return condition{source, func(incident.Incident) (bool, error) { return value, nil }}
	}
	breaks := condition{"alert.details.depth > 3", func(incident.Incident) (bool, error) { return false, errors.New("alert.details.depth\nis missing") }}
	yes, no := is("true", true), is("false", false)
	with := func(name string, match, unless quiethours.Condition, contactWant, recoverWant incident.Answer) setting {
		at, until := "2026-06-10T23:00:00+09:00", "2026-06-11T07:00:00+09:00"
		ask := func(q incident.Question, want incident.Answer) instant {
			i := instant{name: string(q), at: at, ask: q, want: want}
			if want != allow {
				i.until, i.window = until, "w"
			}
			return i
		}
		pageWant := contactWant
		if pageWant == deferred {
			pageWant = suppress
		}
		return setting{name, "Asia/Tokyo", func(t *testing.T) []quiethours.Window {
			return []quiethours.Window{{Name: "w", Kind: quiethours.Maintenance, When: weekly(t, "every day 22:00-07:00"), Contact: deferred,
				Page: suppress, Recover: forbid, Match: match, Unless: unless}}
		}, []instant{ask(contact, contactWant), ask(page, pageWant), ask(mend, recoverWant)}}
	}
	return []setting{
		with("no condition", nil, nil, deferred, forbid),
		with("match holds", yes, nil, deferred, forbid),
		with("match does not hold", no, nil, allow, allow),
		with("match breaks", breaks, nil, allow, forbid),
		with("unless holds", nil, yes, allow, allow),
		with("unless does not hold", nil, no, deferred, forbid),
		with("unless breaks", nil, breaks, allow, forbid),
		with("match holds and unless breaks", yes, breaks, allow, forbid),
		with("match does not hold and unless breaks", no, breaks, allow, allow),
		with("match breaks and unless holds", breaks, yes, allow, allow),
		with("both hold", yes, yes, allow, allow),
	}
}
