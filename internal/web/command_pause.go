package web

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"shodo/internal/customer"
	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/roster"
)

const (
	// mostOpen is how many open incidents one answer lists.
	mostOpen = 15
	// maxShown is the size in bytes up to which an answer has blocks: Socket Mode drops what is larger than 20 KiB.
	maxShown = 16 << 10
)

// stop pauses or resumes what was named.
func (c *commands) stop(ctx context.Context, t typed, cmd command) (result string, _ answer) {
	if c.pausing.keep == nil {
		return "wrong", private(help(t.command).in(c.anyLanguage()))
	}
	scope, name, p := c.target(ctx, cmd)
	lang := c.language(command{customer: name})
	if scope != incident.PauseCustomer {
		lang = c.anyLanguage()
	}
	if p != nil {
		return "wrong", private(p.said(lang))
	}
	who, refused := c.mayPause(ctx, t, scope, name, lang)
	if refused != "" {
		return "refused", private(refused)
	}
	if cmd.verb == verbResume {
		ended, p := c.pausing.endScope(ctx, scope, name, who)
		if p != nil {
			return "wrong", private(p.said(lang))
		}
		return "done", private(saidResumed(ended, scope, name, lang))
	}
	one, again, p := c.pausing.add(ctx, pauseRequest{Scope: string(scope), Name: name, Cancel: cmd.cancel, Reason: cmd.reason}, who, t.trigger)
	if p != nil {
		return "wrong", private(p.said(lang))
	}
	return "done", private(saidPaused(one, again, t.command, lang))
}

// target finds what a word means: all, a customer, a scenario, or with "resume" the id of a pause.
func (c *commands) target(ctx context.Context, cmd command) (incident.PauseScope, string, *problem) {
	word := cmd.target
	if strings.EqualFold(word, string(incident.PauseAll)) {
		return incident.PauseAll, "", nil
	}
	for _, scope := range []incident.PauseScope{incident.PauseCustomer, incident.PauseScenario} {
		if name, ok := strings.CutPrefix(word, string(scope)+":"); ok {
			return scope, name, nil
		}
	}
	if cmd.verb == verbResume {
		known, p := c.pausing.inForce(ctx)
		if p != nil {
			return "", "", p
		}
		for _, k := range known { // also of what is in the catalog no more
			if strings.EqualFold(k.ID, word) || k.Name == word {
				return k.Scope, k.Name, nil
			}
		}
	}
	isCustomer, isScenario := slices.Contains(c.pausing.customerNames(), word), slices.Contains(c.pausing.scenarioNames(), word)
	switch {
	case isCustomer && isScenario:
		return "", "", wrong(say("%q is a customer and a scenario", "%q は顧客にもシナリオにもあります", word),
			say("write `customer:%s` or `scenario:%s`", "`customer:%s` または `scenario:%s` と書いてください", word, word))
	case isCustomer:
		return incident.PauseCustomer, word, nil
	case isScenario:
		return incident.PauseScenario, word, nil
	}
	return "", "", c.pausing.known(word, slices.Concat([]string{"all"}, c.pausing.customerNames(), c.pausing.scenarioNames()),
		say("customer or scenario", "顧客またはシナリオ"))
}

// mayPause says who it is that may; or why not. Operators may pause everything, and a customer's people the customer.
func (c *commands) mayPause(ctx context.Context, t typed, scope incident.PauseScope, name, lang string) (who, refused string) {
	var whose *customer.Customer
	if scope == incident.PauseCustomer {
		whose, _ = c.windows.customers().Customer(incident.CustomerID(name))
	}
	isOperator := slices.Contains(c.Operators, t.user)
	if !isOperator && (whose == nil || c.deciding.People == nil) {
		return "", notAnOperator(t.user).in(lang)
	}
	if c.deciding.People == nil {
		return by(t), ""
	}
	ctx, cancel := context.WithTimeout(ctx, whoTimeout)
	defer cancel()
	v := c.deciding.People.May(ctx, roster.Ask{User: t.user, Handle: t.handle, Customer: whose})
	if !v.Allowed {
		return "", saidNotYou(v, whose.Name, lang)
	}
	return fmt.Sprintf("%s (%s)", v.Person.Name, v.Person.ID), ""
}

// status tells what is paused and what is open.
func (c *commands) status(ctx context.Context, lang string) (string, *problem) {
	var lines []string
	if c.pausing.keep != nil {
		paused, p := c.pausing.inForce(ctx)
		if p != nil {
			return "", p
		}
		lines = append(lines, saidPauses(paused, c.windows.now(), lang))
	}
	if c.deciding.Records == nil {
		return strings.Join(lines, "\n"), nil
	}
	open, err := c.deciding.Records.List(ctx, incident.Filter{Open: true, Limit: incident.MaxLimit})
	if err != nil {
		c.log.Error("list open incidents", "err", err)
		return "", unavailable()
	}
	return strings.Join(append(lines, saidOpen(open, c.windows.now(), lang)), "\n"), nil
}

// show tells the story of one incident, as its message in the channel does, without the buttons.
func (c *commands) show(ctx context.Context, cmd command, lang string) (result string, _ answer) {
	if c.deciding.Records == nil {
		return "wrong", private(noIncident(incident.ID(cmd.id)).said(lang))
	}
	about, p := c.deciding.look(ctx, incident.ID(strings.ToUpper(cmd.id)))
	if p != nil {
		return "wrong", private(p.said(lang))
	}
	m := handover.Build(about.record, handover.Options{Language: about.language(), TimeZone: c.windows.zoneOf(about.record.Customer.ID), Now: c.windows.now()}).Slack()
	said := private(m.Text)
	size := 0
	for _, b := range m.Blocks {
		if b.Type == "actions" {
			continue
		}
		size += sizeOf(b)
		if size > maxShown {
			break
		}
		said.Blocks = append(said.Blocks, b)
	}
	return "done", said
}
