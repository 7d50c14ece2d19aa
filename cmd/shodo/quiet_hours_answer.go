package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/internal/terminal"
	"shodo/internal/yamldoc"
)

// quietFacts are what is known of the incident that is asked about.
type quietFacts struct {
	incident incident.Incident
	customer incident.Customer
	given    []string // what expressions can read of it: "alert.severity", "incident.service.id"
}

func factsOf(c *customer.Customer, severity, service string) (quietFacts, error) {
	f := quietFacts{customer: c.Facts()}
	var services []string
	for _, s := range c.Services {
		services = append(services, string(s.ID))
	}
	if service == "" && len(services) == 1 {
		service = services[0] // there is no other
	}
	if service != "" {
		if !slices.Contains(services, service) {
			return f, fmt.Errorf("--service %q is not one of customer %q%s", service, c.ID,
				hinted(firstOf(yamldoc.Suggest(service, services), "its services: "+strings.Join(services, ", "))))
		}
		f.incident.Service.ID = service
		f.given = append(f.given, "incident.service.id")
	}
	if severity != "" {
		f.incident.Alerts = []incident.Alert{{Severity: severity}}
		f.given = append(f.given, "alert.severity")
	}
	return f, nil
}

// missing lists what the window's conditions read and nobody gave.
func (f quietFacts) missing(w quiethours.Window) []string {
	var names []string
	for _, c := range []quiethours.Condition{w.Match, w.Unless} {
		reads, ok := c.(interface{ Reads() []string })
		if !ok {
			continue
		}
		for _, name := range reads.Reads() {
			if !strings.HasPrefix(name, "customer") && !slices.Contains(f.given, name) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// windowScope says which incidents a window is about, as far as the facts tell.
type windowScope string

const (
	aboutIt   windowScope = "applies"        // it is about this one
	aboutNot  windowScope = "does_not_apply" // it is not
	aboutSome windowScope = "depends"        // that depends on what is not given
	aboutWho  windowScope = "cannot_be_told" // a condition breaks
)

// scopeOf evaluates the conditions of a window.
func (f quietFacts) scopeOf(w quiethours.Window) windowScope {
	if len(f.missing(w)) > 0 {
		return aboutSome
	}
	found := aboutIt
	for _, one := range []struct {
		condition quiethours.Condition
		wanted    bool
	}{{w.Match, true}, {w.Unless, false}} {
		if one.condition == nil {
			continue
		}
		switch holds, err := one.condition.Holds(f.incident, f.customer); {
		case err != nil:
			found = aboutWho
		case holds != one.wanted:
			return aboutNot
		}
	}
	return found
}

// quietAnswer is what quiet-hours says about one instant.
type quietAnswer struct {
	Customer incident.CustomerID `json:"customer"`
	Name     string              `json:"name"`
	TimeZone string              `json:"time_zone"`
	Catalog  string              `json:"catalog"`
	At       time.Time           `json:"at"`
	Severity string              `json:"severity,omitempty"`
	Service  string              `json:"service,omitempty"`
	Decision quietDecision       `json:"decision"`
	Open     []openWindow        `json:"open"` // the windows that are open then, by their start
}

// quietDecision is the three answers for other programs.
type quietDecision struct {
	Contact quietRuling `json:"contact"`
	Page    quietRuling `json:"page"`
	Recover quietRuling `json:"recover"`
}

func (d quietDecision) each(use func(incident.Question, quietRuling)) {
	use(incident.Contact, d.Contact)
	use(incident.Page, d.Page)
	use(incident.MayRecover, d.Recover)
}

type quietRuling struct {
	Answer incident.Answer `json:"answer"`
	Until  time.Time       `json:"until,omitzero"`
	Window string          `json:"window,omitempty"`
	Why    string          `json:"why"`
}

type openWindow struct {
	Name    string          `json:"name"`
	Kind    quiethours.Kind `json:"kind"`
	Rule    string          `json:"rule"`
	Start   time.Time       `json:"start"`
	End     time.Time       `json:"end"`
	Contact incident.Answer `json:"contact"`
	Page    incident.Answer `json:"page"`
	Recover incident.Answer `json:"recover"`
	Match   string          `json:"match,omitempty"`
	Unless  string          `json:"unless,omitempty"`
	Scope   windowScope     `json:"scope"`
	Missing []string        `json:"missing,omitempty"` // what the conditions read and is not given

	window quiethours.Window
}

func answerTo(q quietQuestion) quietAnswer {
	zone := q.customer.TimeZone
	a := quietAnswer{Customer: q.customer.ID, Name: q.customer.Name, TimeZone: zone.String(), Catalog: q.catalog, At: q.at.Truncate(time.Second),
		Severity: q.facts.incident.First().Severity, Open: []openWindow{}}
	if len(q.customer.Services) > 1 {
		a.Service = q.facts.incident.Service.ID
	}
	a.Decision = decisionOf(q.policy.Decide(q.at, q.facts.incident, q.facts.customer), zone)
	for _, s := range q.policy.Spans(q.at, q.at.Add(time.Nanosecond)) {
		w := s.Window
		a.Open = append(a.Open, openWindow{Name: w.Name, Kind: w.Kind, Rule: w.When.Spec(), Start: s.Start.In(zone), End: s.End.In(zone),
			Contact: w.Answer(incident.Contact), Page: w.Answer(incident.Page), Recover: w.Answer(incident.MayRecover),
			Match: sourceOf(w.Match), Unless: sourceOf(w.Unless), Scope: q.facts.scopeOf(w), Missing: q.facts.missing(w), window: w})
	}
	return a
}

// decisionOf gives the three answers with times of the zone.
func decisionOf(d quiethours.Decision, zone *time.Location) quietDecision {
	ruling := func(r quiethours.Ruling) quietRuling {
		one := quietRuling{Answer: r.Answer, Window: r.Window, Why: r.Why}
		if !r.Until.IsZero() {
			one.Until = r.Until.In(zone)
		}
		return one
	}
	return quietDecision{Contact: ruling(d.Contact), Page: ruling(d.Page), Recover: ruling(d.Recover)}
}

func sourceOf(c quiethours.Condition) string {
	if c == nil {
		return ""
	}
	return strings.TrimSpace(c.Source())
}

// answerPage is an answer for people.
type answerPage struct {
	quietAnswer
	words quietLanguage
}

func (p answerPage) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s) · %s · %s\n", terminal.OneLine(p.Name), p.Customer, p.TimeZone, fmt.Sprintf(p.words.catalog, p.Catalog))
	fmt.Fprintf(&b, "%s%s\n\n", p.words.instant(p.At), p.about())
	width := 0
	for _, q := range quiethours.Questions() {
		width = max(width, terminal.Columns(p.words.questions[q]))
	}
	p.Decision.each(func(q incident.Question, r quietRuling) {
		line := p.words.words[r.Answer]
		if !r.Until.IsZero() {
			line += fmt.Sprintf(p.words.until, p.words.instant(r.Until), p.words.length(r.Until.Sub(p.At)))
		}
		line += ": " + p.words.means[q][r.Answer]
		fmt.Fprintf(&b, "%s  %s\n", terminal.Pad(p.words.questions[q], width), line)
		if by := p.by(r); by != "" {
			fmt.Fprintf(&b, "%s  %s\n", strings.Repeat(" ", width), by)
		}
	})
	if len(p.Open) > 0 {
		fmt.Fprintf(&b, "\n%s\n", p.words.open)
	}
	for _, w := range p.Open {
		rule := ""
		if w.Kind == quiethours.QuietHours {
			rule = ": " + w.Rule
		}
		fmt.Fprintf(&b, "  %s%s\n", p.words.label(w.window), rule)
		fmt.Fprintf(&b, "    %s – %s\n", p.words.instant(w.Start), p.words.instant(w.End))
		fmt.Fprintf(&b, "    %s\n", p.words.says(w.window))
		if text := p.words.conditions(w.window); text != "" {
			fmt.Fprintf(&b, "    %s: %s\n", text, p.scope(w))
		}
	}
	return b.String()
}

// about says which incident the answer is for.
func (p answerPage) about() string {
	var known []string
	if p.Severity != "" {
		known = append(known, fmt.Sprintf(p.words.severity, p.Severity))
	}
	if p.Service != "" {
		known = append(known, fmt.Sprintf(p.words.service, p.Service))
	}
	if len(known) == 0 {
		return ""
	}
	return fmt.Sprintf(p.words.about, strings.Join(known, p.words.and))
}

// by names the window that gives an answer; empty for what no window forbids.
func (p answerPage) by(r quietRuling) string {
	for _, w := range p.Open {
		if w.window.Label() == r.Window {
			return fmt.Sprintf(p.words.by, p.words.label(w.window))
		}
	}
	return ""
}

// scope says whether a window with conditions is about the incident.
func (p answerPage) scope(w openWindow) string {
	if w.Scope == aboutSome {
		return fmt.Sprintf(p.words.scopes[w.Scope], strings.Join(w.Missing, ", "))
	}
	return p.words.scopes[w.Scope]
}
