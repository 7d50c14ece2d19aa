package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"shodo/internal/catalog"
	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// autonomyExplained is how much the engine would do by itself, and what people decide.
type autonomyExplained struct {
	Level    incident.Autonomy  `json:"level"`              // after the customer's lowering
	Scenario incident.Autonomy  `json:"scenario"`           // what the scenario says
	Lowered  string             `json:"lowered,omitempty"`  // where the customer's file lowers it: "customers/acme.yaml:12"
	Attempts []attemptExplained `json:"attempts,omitempty"` // of recover, in order
	Deciders []decider          `json:"deciders,omitempty"` // who may decide, by tier
	Two      bool               `json:"two_people,omitempty"`
	Pauses   []incident.Pause   `json:"pauses,omitempty"` // of the kill switch, in force here
}

// attemptExplained is one attempt, and who begins it.
type attemptExplained struct {
	Attempt int    `json:"attempt"`
	Name    string `json:"name"`
	// By is "engine", "approval" (the engine, once a person has agreed), "person" (it is offered), or "nobody".
	By       string             `json:"by"`
	Approval *approvalExplained `json:"approval,omitempty"`
}

// approvalExplained is who would be asked.
type approvalExplained struct {
	From      string             `json:"from"` // the tier's own name
	Within    string             `json:"within"`
	Otherwise scenario.Otherwise `json:"otherwise"`
}

// decider is one tier, and who of it may decide.
type decider struct {
	Tier             string   `json:"tier"`
	SlackUsers       []string `json:"slack_users,omitempty"`
	SlackGroups      []string `json:"slack_groups,omitempty"`
	EscalationPolicy string   `json:"escalation_policy,omitempty"` // whoever is on call for it
}

// autonomyOf explains the autonomy of a decision; nil when no scenario matched.
func autonomyOf(d catalog.Decision, pauses []incident.Pause) *autonomyExplained {
	if d.Scenario == nil {
		return nil
	}
	a := &autonomyExplained{Level: d.Match.Autonomy, Scenario: d.Scenario.Autonomy, Two: d.Customer.TwoPeople}
	if a.Level != a.Scenario {
		_, name, own := strings.Cut(string(d.Match.Scenario), "/")
		if !own {
			name = string(d.Match.Scenario)
		}
		if adopted, ok := d.Customer.Adoption(incident.ScenarioName(name)); ok {
			a.Lowered = fmt.Sprintf("%s:%d", adopted.AutonomyPlace.File, adopted.AutonomyPlace.Line)
		}
	}
	for i := range d.Scenario.Recover {
		a.Attempts = append(a.Attempts, attemptOf(d.Customer, a.Level, i+1, &d.Scenario.Recover[i]))
	}
	if len(a.Attempts) > 0 {
		for _, t := range d.Customer.Tiers {
			a.Deciders = append(a.Deciders, decider{Tier: t.Name, SlackUsers: t.People.SlackUsers, SlackGroups: t.People.SlackGroups, EscalationPolicy: t.EscalationPolicy})
		}
	}
	for _, p := range pauses {
		if p.Stops(d.Customer.ID, d.Match.Scenario) {
			a.Pauses = append(a.Pauses, p)
		}
	}
	return a
}

func attemptOf(c *customer.Customer, level incident.Autonomy, number int, attempt *scenario.Attempt) attemptExplained {
	one := attemptExplained{Attempt: number, Name: attempt.Name, By: "engine"}
	switch approval := attempt.ApprovalAt(level); {
	case level == incident.Observe:
		one.By = "nobody"
	case level == incident.Suggest:
		one.By = "person"
	case approval != nil:
		tier, _ := c.Tier(approval.From)
		one.By, one.Approval = "approval", &approvalExplained{From: tier.Name, Within: plain(approval.Within), Otherwise: approval.Otherwise}
	}
	return one
}

// asks says whether people are asked for anything before the hand-over is over.
func (a *autonomyExplained) asks() bool {
	for _, one := range a.Attempts {
		if one.By == "approval" || one.By == "person" {
			return true
		}
	}
	return false
}

// note says who begins the attempt, for the head of its steps; empty: the engine, at once.
func (a *autonomyExplained) note(number int) string {
	switch one := a.Attempts[number-1]; one.By {
	case "nobody":
		return " (not run: " + string(a.Level) + ")"
	case "person":
		return " (not run by itself: the hand-over offers it, and a person starts it)"
	case "approval":
		return fmt.Sprintf(" (asks %s for approval, for %s; without a yes %s)", one.Approval.From, one.Approval.Within, otherwiseText(one.Approval.Otherwise))
	}
	return ""
}

func otherwiseText(o scenario.Otherwise) string {
	if o == scenario.OtherwiseNextAttempt {
		return "the next attempt"
	}
	return "a person goes on"
}

// level writes the autonomy with where it comes from.
func (a *autonomyExplained) level() string {
	if a.Lowered == "" {
		return string(a.Level)
	}
	return fmt.Sprintf("%s (the scenario says %s; %s lowers it)", a.Level, a.Scenario, a.Lowered)
}

// writePauses tells what the kill switch stops here.
func (a *autonomyExplained) writePauses(w io.Writer) {
	for _, p := range a.Pauses {
		what := string(p.Scope)
		if p.Name != "" {
			what += " " + p.Name
		}
		fmt.Fprintf(w, "paused    %s by %s since %s: %s; nothing runs, a person is told at once (\"shodo resume %s\" ends it)\n",
			what, p.By, p.At.UTC().Format("2006-01-02 15:04 MST"), firstOf(p.Reason, "no reason is given"), p.ID)
	}
}

// writeDeciders tells who may approve and start attempts.
func (a *autonomyExplained) writeDeciders(w io.Writer) {
	if !a.asks() && !a.Two {
		return
	}
	fmt.Fprintln(w, "\nwho may decide (and slack.operators):")
	for _, one := range a.Deciders {
		var who []string
		who = append(who, one.SlackUsers...)
		for _, group := range one.SlackGroups {
			who = append(who, "group "+group)
		}
		if one.EscalationPolicy != "" {
			who = append(who, "on call for "+one.EscalationPolicy)
		}
		fmt.Fprintf(w, "  %-14s %s\n", one.Tier, firstOf(strings.Join(who, ", "), "nobody: neither people nor an escalation policy"))
	}
	if a.Two {
		fmt.Fprintln(w, "  what one person starts, another one approves (two_people)")
	}
}

// pausesHere gives the pauses of a running engine, when the flags say where its record is.
func (f *storeFlags) pausesHere(cmd *cobra.Command) ([]incident.Pause, error) {
	if f.store == "" && f.config == "" {
		return nil, nil
	}
	s, err := f.open(cmd)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return s.PausesInForce(cmd.Context())
}
