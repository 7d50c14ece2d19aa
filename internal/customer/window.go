package customer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"

	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/internal/yamldoc"
)

// Window is one of the customer's quiet_hours or maintenance, as the file says it.
type Window struct {
	Name     string // unique within the customer
	Kind     quiethours.Kind
	When     quiethours.Rule // nil for a calendar
	Calendar Calendar        // for who has no When
	Contact  incident.Answer // empty, when the window leaves the question alone; Page and Recover too
	Page     incident.Answer
	Recover  incident.Answer
	Match    *Expression // nil: for every incident
	Unless   *Expression // nil: none is excepted

	Place     yamldoc.Place // of the window
	NamePlace yamldoc.Place
	Ends      time.Time // of maintenance; zero for quiet hours, which never end
}

// Calendar names a calendar: one that the engine knows, such as "japan", or an .ics file beside the customer's file.
type Calendar struct {
	Name  string
	Place yamldoc.Place
}

// Expression is a condition that is not compiled yet.
type Expression struct {
	Source string
	Place  yamldoc.Place // of its first character, when it is Inline
	Inline bool          // whether it is written on one line as it is read, so that a place in it can be counted out
}

// DecodeYAML reads the text.
func (e *Expression) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	if !d.Decode(n, &e.Source) {
		return
	}
	e.Place = d.Place(n)
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		e.Inline = !strings.ContainsAny(e.Source, "\"\\\n\t")
		e.Place.Column++
	case n.Style&yaml.SingleQuotedStyle != 0:
		e.Inline = !strings.ContainsAny(e.Source, "'\n")
		e.Place.Column++
	default:
		e.Inline = n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0
	}
}

// answersDocument are the keys that both kinds of windows have.
type answersDocument struct {
	contact, page, recover yamldoc.Located[string]
	match, unless          *Expression
}

type quietHours []Window

type quietHoursDocument struct {
	Name    yamldoc.Located[string] `yaml:"name" required:"true" doc:"The window's name, in messages; unique within the customer."`
	When    when                    `yaml:"when" required:"true" doc:"{days, from, to}, {cron, for} or {calendar}, on the customer's clock."`
	Contact yamldoc.Located[string] `yaml:"contact" schema:"telling" doc:"May the customer be told?"`
	Page    yamldoc.Located[string] `yaml:"page" schema:"telling" doc:"May a tier be woken?"`
	Recover yamldoc.Located[string] `yaml:"recover" schema:"recovering" doc:"May actions change something?"`
	Match   *Expression             `yaml:"match" doc:"The window is only for incidents for which this holds: a condition over incident, alert and customer."`
	Unless  *Expression             `yaml:"unless" doc:"The window is not for incidents for which this holds."`
}

// DecodeYAML reads the section quiet_hours.
func (q *quietHours) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	each(n, d, func(e quietHoursDocument, node *yaml.Node, at *yamldoc.Decoder) {
		w := Window{Kind: quiethours.QuietHours, When: e.When.rule, Calendar: e.When.calendar}
		w.fill(node, at, e.Name, answersDocument{e.Contact, e.Page, e.Recover, e.Match, e.Unless})
		*q = append(*q, w)
	})
}

type maintenance []Window

type maintenanceDocument struct {
	Name    yamldoc.Located[string] `yaml:"name" required:"true" doc:"What is done, in messages; unique within the customer."`
	From    time.Time               `yaml:"from" doc:"When it begins, with the offset."`
	To      time.Time               `yaml:"to" doc:"When it ends, with the offset."`
	Contact yamldoc.Located[string] `yaml:"contact" schema:"telling" doc:"May the customer be told?"`
	Page    yamldoc.Located[string] `yaml:"page" schema:"telling" doc:"May a tier be woken?"`
	Recover yamldoc.Located[string] `yaml:"recover" schema:"recovering" doc:"May actions change something?"`
	Match   *Expression             `yaml:"match" doc:"The window is only for incidents for which this holds: a condition over incident, alert and customer."`
	Unless  *Expression             `yaml:"unless" doc:"The window is not for incidents for which this holds."`
}

// longMaintenance is more than anybody plans as one piece of work.
const longMaintenance = 31 * 24 * time.Hour

// DecodeYAML reads the section maintenance.
func (m *maintenance) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	each(n, d, func(e maintenanceDocument, node *yaml.Node, at *yamldoc.Decoder) {
		w := Window{Kind: quiethours.Maintenance, Ends: e.To}
		switch lasts := e.To.Sub(e.From); {
		case e.From.IsZero() || e.To.IsZero():
			at.Problem(node, fmt.Sprintf("the key %q is missing", missing(e.From.IsZero(), "from", "to")), "when it begins and ends, such as 2026-12-01T01:00:00+09:00")
		case lasts == 0:
			at.ProblemIn(node, "to", "the maintenance ends when it begins", "")
		case lasts < 0:
			at.ProblemIn(node, "to", "the maintenance ends before it begins", "is the day right, and the offset of both?")
		default:
			w.When = quiethours.Once(e.From, e.To)
			if lasts > longMaintenance {
				at.Warn(node, fmt.Sprintf("the maintenance lasts %d days", int(lasts.Hours()/24)), "is the year right?")
			}
		}
		w.fill(node, at, e.Name, answersDocument{e.Contact, e.Page, e.Recover, e.Match, e.Unless})
		*m = append(*m, w)
	})
}

// each reads the entries of a list, and gives on those that can be read; the others are told.
func each[T any](n *yaml.Node, d *yamldoc.Decoder, use func(one T, node *yaml.Node, at *yamldoc.Decoder)) {
	if n.Kind != yaml.SequenceNode {
		d.Decode(n, &[]T{}) // tells what was found
		return
	}
	for i, node := range n.Content {
		var one T
		if at := d.AtIndex(i); at.Decode(node, &one) {
			use(one, node, at)
		}
	}
}

// missing gives the first name when it is missing, else the second.
func missing(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

const maxWindowName = 80 // runes; it stands in messages

// fill reads what both kinds have.
func (w *Window) fill(n *yaml.Node, d *yamldoc.Decoder, name yamldoc.Located[string], doc answersDocument) {
	w.Name, w.NamePlace, w.Place, w.Match, w.Unless = name.Value, name.Place, d.Place(n), doc.match, doc.unless
	if len([]rune(w.Name)) > maxWindowName || strings.ContainsFunc(w.Name, unicode.IsControl) {
		d.Add(name.Place.Problem(fmt.Sprintf("the name is longer than %d characters, or holds a line end", maxWindowName), ""))
	}
	told := given(doc.contact.Place) || given(doc.page.Place) || given(doc.recover.Place)
	w.Contact = answer(d, incident.Contact, doc.contact)
	w.Page = answer(d, incident.Page, doc.page)
	w.Recover = answer(d, incident.MayRecover, doc.recover)
	switch {
	case !told:
		d.Problem(n, "the window answers no question, so it would change nothing", "give at least one of contact, page (defer or suppress) and recover (forbid)")
	case !slices.ContainsFunc([]incident.Answer{w.Contact, w.Page, w.Recover}, isStrict):
		d.Warn(n, "the window changes nothing: of several the strictest answer wins, so allow never lifts another window's answer",
			`to except incidents from another window, give that one "unless"`)
	}
}

// answer reads what the window says to a question.
func answer(d *yamldoc.Decoder, q incident.Question, text yamldoc.Located[string]) incident.Answer {
	if !given(text.Place) {
		return ""
	}
	known, hint := answersTo(q), ""
	if q == incident.MayRecover {
		if text.Value == string(incident.Defer) || text.Value == string(incident.Suppress) {
			hint = "write forbid: nothing is changed, and a person goes on; with page: defer, it all waits for the end"
		}
	} else if text.Value == string(incident.Forbid) {
		hint = "write suppress, or defer"
	}
	if !slices.Contains(known, text.Value) {
		d.Add(text.Place.Problem(fmt.Sprintf("found %q, expected one of: %s", text.Value, strings.Join(known, ", ")),
			cmp.Or(hint, yamldoc.Suggest(text.Value, known))))
	}
	return incident.Answer(text.Value)
}

// answersTo gives what a window may say to a question.
func answersTo(q incident.Question) []string {
	if q == incident.MayRecover {
		return []string{string(incident.Allow), string(incident.Forbid)}
	}
	return []string{string(incident.Allow), string(incident.Defer), string(incident.Suppress)}
}

func isStrict(a incident.Answer) bool { return a != "" && a != incident.Allow }

// checkNames tells of windows that have one name: an answer says by which one it was given.
func checkNames(d *yamldoc.Decoder, windows []Window) {
	first := map[string]Window{}
	for _, w := range windows {
		if other, taken := first[w.Name]; taken {
			d.Add(w.NamePlace.Problem(fmt.Sprintf("the name %q is given twice, first on line %d", w.Name, other.NamePlace.Line),
				"an answer tells the window by its name: give each its own"))
			continue
		}
		first[w.Name] = w
	}
}
