package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"shodo/internal/incident"
	"shodo/internal/terminal"
)

// The sizes to which a story cuts what is long, unless all of it is wanted.
const (
	storyLine  = 300 // columns of a value on one line
	storyLines = 15  // lines of an output
)

// storyOf tells everything that a record holds, for a person at a terminal, at that time and in its zone. It is made of
// the record alone.
func storyOf(rec incident.Record, now time.Time, full bool) string {
	t := &teller{rec: rec, now: now, zone: now.Location(), full: full}
	t.headline()
	t.whatCameIn()
	t.whatMatched()
	t.whatHappened()
	t.howItEnded()
	return t.b.String()
}

// teller writes one story.
type teller struct {
	b    strings.Builder
	rec  incident.Record
	now  time.Time
	zone *time.Location
	full bool
}

func (t *teller) line(format string, args ...any) {
	t.b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

func (t *teller) title(s string) { t.line("\n%s", strings.ToUpper(s)) }

// field writes a name and a value, which may come from outside. Nothing is written for an empty value.
func (t *teller) field(name, value string) {
	if value = t.cut(terminal.OneLine(value)); value != "" {
		t.line("  %s%s", terminal.Pad(name, 16), value)
	}
}

func (t *teller) cut(s string) string {
	if t.full {
		return s
	}
	return terminal.Cut(s, storyLine)
}

func (t *teller) clock(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.In(t.zone).Format("2006-01-02 15:04:05 MST")
}

func (t *teller) day(at time.Time) string { return at.In(t.zone).Format(time.DateOnly) }

func (t *teller) hour(at time.Time) string { return at.In(t.zone).Format("15:04:05.000") }

func (t *teller) headline() {
	in := t.rec.Incident
	number := ""
	if in.Number > 0 {
		number = fmt.Sprintf(" (#%d)", in.Number)
	}
	t.line("%s%s  %s", in.ID, number, terminal.OneLine(in.Title))
	t.line("%s · first response: %s", outcomeOf(t.rec, t.now), responseOf(t.rec))
	if t.rec.Why != "" {
		t.line("%s", terminal.OneLine(t.rec.Why))
	}
}

func (t *teller) whatCameIn() {
	in := t.rec.Incident
	t.title("what came in")
	t.field("in PagerDuty", in.URL)
	t.field("service", named(in.Service))
	t.field("urgency", strings.TrimSuffix(in.Urgency+", "+in.Priority, ", "))
	t.field("escalation", named(in.EscalationPolicy))
	t.field("created", t.clock(in.CreatedAt))
	t.field("received", t.clock(t.rec.ReceivedAt))
	if t.rec.Run > 1 {
		t.field("run", fmt.Sprintf("%d: it was reopened", t.rec.Run))
	}
	if in.AlertCount > len(in.Alerts) {
		t.field("alerts", fmt.Sprintf("%d, of which the first %d are kept", in.AlertCount, len(in.Alerts)))
	}
	for i, a := range in.Alerts {
		t.alert(i+1, a)
	}
}

func (t *teller) alert(n int, a incident.Alert) {
	t.field(fmt.Sprintf("alert %d", n), joined(": ", a.Severity, a.Summary))
	t.field("  from", joined(", ", a.Source, a.Component, a.Group, a.Class, prefixed("monitor ", a.Monitor)))
	t.field("  created", t.clock(a.CreatedAt))
	if len(a.Details) > 0 {
		t.field("  details", compact(mustJSON(a.Details)))
	}
	for _, l := range a.Links {
		t.field("  link", l)
	}
}

func (t *teller) whatMatched() {
	m, c := t.rec.Match, t.rec.Customer
	t.title("what matched, and why")
	customer := "none has the service"
	if c.ID != "" {
		customer = joined(", ", fmt.Sprintf("%s (%s)", c.ID, c.Name), c.Department, c.TimeZone, c.Language)
	}
	t.field("customer", customer)
	t.field("scenario", cmp.Or(joined(": ", string(m.Scenario), m.Title), "none"))
	t.field("because", m.Why)
	for _, other := range m.Considered {
		if other.Scenario != m.Scenario {
			t.field("not", fmt.Sprintf("%s: %s", other.Scenario, other.Why))
		}
	}
	for _, others := range m.PassedOver {
		t.field("not", fmt.Sprintf("%s: %s", count(others.Count, "other scenario"), passedOver(others.By)))
	}
	t.field("target", m.Target)
	t.field("autonomy", string(m.Autonomy))
	t.inputs()
	t.field("runbook", m.Runbook)
	t.field("versions", joined(", ", prefixed("engine ", t.rec.EngineVersion), prefixed("catalog ", t.rec.CatalogVersion),
		prefixed("scenario ", terminal.Cut(m.Hash, 13))))
}

// passedOver says why scenarios were passed over together.
func passedOver(by string) string {
	switch by {
	case incident.PassedByService:
		return "for other services"
	case incident.PassedByMatch:
		return "the condition does not hold"
	case incident.PassedByRank:
		return "come later than the one that matches"
	}
	return "ruled out by " + by
}

func (t *teller) inputs() {
	var values map[string]json.RawMessage
	if json.Unmarshal(t.rec.Match.Inputs, &values) != nil {
		return
	}
	from := map[string]string{}
	for _, o := range t.rec.Match.Origins {
		from[o.Input] = o.From
	}
	for _, name := range sortedKeys(values) {
		t.field("input", fmt.Sprintf("%s = %s%s", name, text(values[name]), wrapped(" (from the ", strings.TrimPrefix(from[name], "the "), ")")))
	}
}

// moment is one thing that happened.
type moment struct {
	at   time.Time
	run  int
	step *incident.Step
	line *incident.Transition
}

// whatHappened puts steps and transitions into one order of time.
func (t *teller) whatHappened() {
	var moments []moment
	for i := range t.rec.Transitions {
		n := &t.rec.Transitions[i]
		moments = append(moments, moment{at: n.At, run: n.Run, line: n})
	}
	for i := range t.rec.Steps {
		s := &t.rec.Steps[i]
		moments = append(moments, moment{at: s.StartedAt, run: s.Run, step: s})
	}
	slices.SortStableFunc(moments, func(a, b moment) int { return cmp.Or(cmp.Compare(a.run, b.run), a.at.Compare(b.at)) })
	t.title("what happened")
	run, day := 1, t.day(t.rec.Incident.CreatedAt)
	said := map[string]string{} // the last verdict on each step: what verify finds again is not shown again
	for _, m := range moments {
		if m.run != run {
			run = m.run
			t.line("  run %d", run)
		}
		if today := t.day(m.at); today != day && !m.at.IsZero() {
			day = today
			t.line("  %s", day)
		}
		if m.step != nil {
			t.step(*m.step, said)
		} else {
			t.transition(*m.line)
		}
	}
}

func (t *teller) step(s incident.Step, said map[string]string) {
	how := string(s.Status)
	if s.Healthy != nil {
		how = map[bool]string{true: "healthy", false: "unhealthy"}[*s.Healthy]
	}
	if s.ErrorKind != "" {
		how += " (" + string(s.ErrorKind) + ")"
	}
	verdict := how
	if d := s.Duration(); d > 0 {
		how += ", " + took(d)
	}
	name := s.Name
	if s.Name != s.Action {
		name += " · " + s.Action
	}
	if s.Phase == incident.Recover && s.Round > 0 {
		name += fmt.Sprintf(" (attempt %d, at a person's wish)", s.Attempt)
	}
	t.line("  %s    %s: %s", t.hour(s.StartedAt), terminal.OneLine(name), how)
	if !t.full && s.Phase == incident.Verify && s.Round > 0 && said[s.Name] == verdict {
		return // nothing new: verify has looked again, and it is as it was
	}
	said[s.Name] = verdict
	if params := compact(s.Params); params != "" && params != "{}" {
		t.line("%swith   %s", inner, t.cut(terminal.OneLine(params)))
	}
	if s.Error != "" {
		t.line("%serror  %s", inner, t.cut(terminal.OneLine(s.Error)))
	}
	if s.Note != "" {
		t.line("%snote   %s", inner, t.cut(terminal.OneLine(s.Note)))
	}
	t.output(s.Output)
}

const inner = "                    "

// output writes an action's output field by field. What is empty says nothing.
func (t *teller) output(data json.RawMessage) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil {
		if len(data) > 0 && string(data) != "null" {
			t.line("%sgave   %s", inner, t.cut(terminal.OneLine(compact(data))))
		}
		return
	}
	var short []string
	var long []string
	for _, name := range sortedKeys(fields) {
		value := text(fields[name])
		switch {
		case value == "" || value == "false" || value == "null" || value == "{}" || value == "0" && name != "exit_code":
		case strings.Contains(strings.TrimSpace(value), "\n") || terminal.Columns(value) > 80:
			long = append(long, name)
		default:
			short = append(short, name+" "+terminal.OneLine(value))
		}
	}
	if len(short) > 0 {
		t.line("%sgave   %s", inner, strings.Join(short, ", "))
	}
	for _, name := range long {
		if value := strings.TrimSpace(text(fields[name])); strings.Contains(value, "\n") {
			t.block(name, value)
		} else {
			t.line("%s%s  %s", inner, terminal.Pad(name, max(5, len(name))), t.cut(terminal.OneLine(value)))
		}
	}
}

// block writes a text of several lines: its end, because that is where a log says what happened.
func (t *teller) block(name, value string) {
	lines := terminal.Lines(value)
	left := 0
	if !t.full && len(lines) > storyLines {
		left = len(lines) - storyLines
		lines = lines[left:]
	}
	note := ""
	if left > 0 {
		note = fmt.Sprintf(" (the last %d of %d lines; all with --full)", storyLines, left+storyLines)
	}
	t.line("%s%s%s", inner, name, note)
	for _, l := range lines {
		t.line("%s  │ %s", inner, t.cut(l))
	}
}

func (t *teller) howItEnded() {
	t.title("how it ended")
	outcome := outcomeOf(t.rec, t.now)
	if t.rec.Outcome == "" {
		outcome = "the first response is running, in phase " + string(t.rec.Phase)
	}
	if t.rec.Outcome == "" && !t.rec.DeferredUntil.IsZero() {
		outcome = "the first response waits for the end of a window"
	}
	t.field("outcome", outcome)
	t.field("why", t.rec.Why)
	t.field("changed", map[bool]string{true: "the engine may have changed something", false: "the engine changed nothing"}[t.rec.Changed()])
	if !t.rec.OutcomeAt.IsZero() {
		t.field("decided", t.clock(t.rec.OutcomeAt))
	}
	t.waits()
	if !t.rec.TakenAt.IsZero() {
		t.field("taken", fmt.Sprintf("%s by %s", t.clock(t.rec.TakenAt), t.rec.TakenBy))
	}
	t.owner()
	if t.rec.EndedAt.IsZero() {
		t.field("first response", "open: it ends when the incident is resolved, or somebody finishes it")
		return
	}
	t.field("first response", fmt.Sprintf("%s, until %s", took(t.rec.FirstResponse()), t.clock(t.rec.EndedAt)))
}

// owner says who has the incident now, where that is not who took it first.
func (t *teller) owner() {
	by, at := t.rec.TakenBy, t.rec.TakenAt
	for _, n := range t.rec.Transitions {
		switch {
		case n.Run != t.rec.Run:
		case n.Kind == incident.PersonTook:
			by, at = n.By, n.At
		case n.Kind == incident.EventSeen && strings.HasPrefix(n.Key, incident.ReleasedKey):
			by, at = "nobody any more", n.At
		}
	}
	if by != t.rec.TakenBy {
		t.field("now with", fmt.Sprintf("%s, since %s", by, t.clock(at)))
	}
}

// named gives a thing of PagerDuty with its id.
func named(r incident.Ref) string { return joined(" ", r.ID, wrapped("(", r.Name, ")")) }

// joined joins what is not empty.
func joined(separator string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), separator)
}

func prefixed(prefix, s string) string { return wrapped(prefix, s, "") }

func wrapped(before, s, after string) string {
	if s == "" {
		return ""
	}
	return before + s + after
}

// compact gives JSON on one line.
func compact(data json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, data) != nil {
		return string(data)
	}
	return b.String()
}

// text gives a JSON value as people read it: a string without quotes.
func text(data json.RawMessage) string {
	var s string
	if json.Unmarshal(data, &s) == nil {
		return s
	}
	return compact(data)
}

// mustJSON encodes what was decoded from JSON before.
func mustJSON(v any) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if enc.Encode(v) != nil {
		return nil
	}
	return bytes.TrimSpace(b.Bytes())
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
