package catalog

import (
	"fmt"

	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// approvals tells of approvals that the scenario's own autonomy makes useless, and of a promise without content.
func (l *scenarioLint) approvals(s *scenario.Scenario) {
	if s.Autonomy == incident.Observe || s.Autonomy == incident.Suggest {
		for i, a := range s.Recover {
			if a.Approval != nil {
				l.add(l.place(s, fmt.Sprintf("recover[%d].approval", i)).Warning(
					fmt.Sprintf("approval has no effect: autonomy is %s, so the engine never makes the attempt of its own accord", s.Autonomy),
					"remove it, or raise autonomy to approve or automatic"))
			}
		}
	}
	if s.HandOver.Always && len(s.HandOver.Remaining) == 0 {
		l.add(l.place(s, "hand_over.always").Warning("a person always gets it, and is not told what for", "say it under hand_over.remaining"))
	}
}

// asked tells of tiers that a customer's incidents would ask for approval, where nobody could answer, or nobody would hear it.
// One warning for a tier and scenario is enough.
func (l *scenarioLint) asked(c *customer.Customer, one *candidate) {
	nobody, unheard := map[string]bool{}, map[string]bool{}
	for i := range one.scenario.Recover {
		attempt := &one.scenario.Recover[i]
		approval := attempt.ApprovalAt(one.autonomy)
		if approval == nil {
			continue
		}
		tier, ok := c.Tier(approval.From)
		if !ok {
			continue // Load tells
		}
		if !tier.Answerable() && !nobody[tier.Name] {
			nobody[tier.Name] = true
			l.add(one.adoption.Place.Warning(
				fmt.Sprintf("scenario %q asks the tier %q to approve %q, and nobody of it could: it has neither people nor an escalation policy", one.scenario.Name, tier.Name, attempt.Name),
				"add people: {slack_users: [...]} or pagerduty: {escalation_policy: ...} to the tier"))
		}
		if tier.Slack == "" && !unheard[tier.Name] {
			unheard[tier.Name] = true
			l.add(one.adoption.Place.Warning(
				fmt.Sprintf("scenario %q asks the tier %q to approve %q, and it has no Slack channel: only a note in PagerDuty asks, and that pages nobody", one.scenario.Name, tier.Name, attempt.Name),
				`add slack: "#..." to the tier`))
		}
	}
}
