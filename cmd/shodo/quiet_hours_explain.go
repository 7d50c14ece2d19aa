package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"shodo/internal/catalog"
	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// explanation is what explain says, for other programs.
type explanation struct {
	incident.Match
	Decides *autonomyExplained `json:"decides,omitempty"`
	Windows *windowsExplained  `json:"windows,omitempty"`
}

// windowsExplained is what the customer's windows make of an incident at an instant.
type windowsExplained struct {
	At       time.Time     `json:"at"`
	Decision quietDecision `json:"decision"`
	Follows  []string      `json:"follows"` // what the engine would do, in sentences
}

// windowsAt decides by the windows of the incident's customer. It is nil when there are none to tell of: no customer,
// or one without windows and no instant was asked about.
func windowsAt(at string, inc incident.Incident, d catalog.Decision, now time.Time) (*windowsExplained, error) {
	if d.Customer == nil || at == "" && d.Customer.Policy.IsEmpty() {
		return nil, nil
	}
	zone := d.Customer.TimeZone
	when := now.In(zone).Truncate(time.Second)
	if at != "" {
		var err error
		if when, err = clockTime("--at", at, zone, 0); err != nil {
			return nil, err
		}
	}
	w := &windowsExplained{At: when, Decision: decisionOf(d.Customer.Policy.Decide(when, inc, d.Customer.Facts()), zone)}
	w.Follows = whatFollows(d, w.Decision)
	return w, nil
}

func (w *windowsExplained) write(out io.Writer) {
	if w == nil {
		return
	}
	words := quietWords["en"]
	fmt.Fprintf(out, "\nquiet hours and maintenance at %s:\n", words.instant(w.At))
	w.Decision.each(func(q incident.Question, r quietRuling) {
		fmt.Fprintf(out, "  %-8s %s: %s\n", q, r.Answer, r.Why)
	})
	fmt.Fprintln(out, "\nwhat follows:")
	for _, one := range w.Follows {
		fmt.Fprintf(out, "  %s\n", one)
	}
}

// snoozedBeyond is how long after a window's end PagerDuty wakes somebody, when the engine does not.
const snoozedBeyond = 5 * time.Minute

// whatFollows tells what the engine would do with the incident.
func whatFollows(d catalog.Decision, r quietDecision) []string {
	show := quietWords["en"].instant
	var list []string
	runs := d.Scenario != nil && d.Problem == ""
	repairs := runs && len(d.Scenario.Recover) > 0 && (d.Match.Autonomy == incident.Automatic || d.Match.Autonomy == incident.Approve)
	asks := repairs && autonomyOf(d, nil).asks()
	forbidden := repairs && r.Recover.Answer == incident.Forbid
	switch {
	case forbidden:
		list = append(list, fmt.Sprintf("check and gather run; nothing is repaired before %s", show(r.Recover.Until)))
	case asks && r.Page.Answer != incident.Allow:
		list = append(list, "check, gather and recover run as always, up to the first approval: nobody is asked for it now")
	case asks:
		list = append(list, "check, gather and recover run as always; approvals are asked for at once")
	case repairs:
		list = append(list, "check, gather and recover run as always")
	case runs:
		list = append(list, "check and gather run as always; they change nothing")
	}
	called := "when it does not end well"
	if forbidden {
		called = "when it is really broken"
	}
	if !runs {
		called = "no scenario runs"
	}
	first, _ := d.Customer.Tier("")
	if runs && d.Scenario.HandOver.To != "" {
		first, _ = d.Customer.Tier(d.Scenario.HandOver.To)
	}
	switch r.Page.Answer {
	case incident.Defer:
		list = append(list, fmt.Sprintf("%s, nobody is called: the incident is snoozed in PagerDuty until %s, and at %s it is read, decided and checked again; what is still broken then goes on from there",
			called, show(r.Page.Until.Add(snoozedBeyond)), show(r.Page.Until)))
	case incident.Suppress:
		list = append(list, fmt.Sprintf("%s, nobody is called: it ends as suppressed, and is snoozed in PagerDuty until %s; what is still open then comes back", called, show(r.Page.Until)))
	default:
		list = append(list, fmt.Sprintf("%s, the tier %q is told at once", called, first.Name))
	}
	if runs {
		list = append(list, whatTheCustomerIsTold(d.Customer, d.Scenario, r.Contact)...)
	}
	return list
}

// whatTheCustomerIsTold says it for scenarios that tell the customer something.
func whatTheCustomerIsTold(c *customer.Customer, s *scenario.Scenario, r quietRuling) []string {
	reports := len(s.Recover) == 0 && s.Unrecovered == scenario.UnrecoveredReport
	if !reports && !s.Close.TellCustomer {
		return nil
	}
	if len(c.Contacts) == 0 {
		return []string{"the scenario tells the customer, who has no contacts: nobody is told"}
	}
	var names []string
	for _, one := range c.Contacts {
		names = append(names, one.String())
	}
	contacts := strings.Join(names, ", ")
	switch r.Answer {
	case incident.Defer:
		return []string{fmt.Sprintf("the customer is told at %s, in one digest, if it is still true then: %s", quietWords["en"].instant(r.Until), contacts)}
	case incident.Suppress:
		return []string{fmt.Sprintf("the customer is not told; the record has it (it would be %s)", contacts)}
	}
	return []string{"the customer is told as soon as it is closed: " + contacts}
}
