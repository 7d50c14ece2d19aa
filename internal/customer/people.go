package customer

import (
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"

	"shodo/internal/yamldoc"
)

// People names those of a tier who may decide, beside whoever is on call for its escalation policy.
type People struct {
	SlackUsers  []string // ids of users
	SlackGroups []string // ids of user groups
}

// IsEmpty says whether nobody is named.
func (p People) IsEmpty() bool { return len(p.SlackUsers) == 0 && len(p.SlackGroups) == 0 }

// Answerable says whether the tier has anybody who could decide: people by name, or an escalation policy with its on-call.
func (t Tier) Answerable() bool { return !t.People.IsEmpty() || t.EscalationPolicy != "" }

// Slack's ids, by their first letter: users, users of an Enterprise Grid, user groups.
var (
	slackUser  = regexp.MustCompile(`^[UW][A-Z0-9]{6,20}$`)
	slackGroup = regexp.MustCompile(`^S[A-Z0-9]{6,20}$`)
)

type people People

type peopleDocument struct {
	SlackUsers  []yamldoc.Located[string] `yaml:"slack_users" doc:"Ids of Slack users, such as U024BE7LH."`
	SlackGroups []yamldoc.Located[string] `yaml:"slack_groups" doc:"Ids of Slack user groups, such as S0615G0KT: everyone in them."`
}

// DecodeYAML reads {slack_users: [U...], slack_groups: [S...]}.
func (p *people) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var given peopleDocument
	if !d.Decode(n, &given) {
		return
	}
	p.SlackUsers = ids(d, given.SlackUsers, slackUser, "Slack user", "not the name but the member id, such as U024BE7LH: in Slack, the profile's menu copies it")
	p.SlackGroups = ids(d, given.SlackGroups, slackGroup, "Slack user group", "not the handle but the id, such as S0615G0KT: the end of the group's address in Slack")
	if len(given.SlackUsers)+len(given.SlackGroups) == 0 {
		d.Problem(n, "nobody is named: neither slack_users nor slack_groups is given", "name somebody, or remove the key: whoever is on call may decide")
	}
}

// ids checks a list of ids of one kind.
func ids(d *yamldoc.Decoder, given []yamldoc.Located[string], form *regexp.Regexp, what, hint string) []string {
	var list []string
	seen := map[string]bool{}
	for _, id := range given {
		switch {
		case !form.MatchString(id.Value):
			d.Add(id.Place.Problem(fmt.Sprintf("%q is not the id of a %s", id.Value, what), hint))
		case seen[id.Value]:
			d.Add(id.Place.Problem(fmt.Sprintf("the %s %q is given twice", what, id.Value), "keep one of them"))
		}
		seen[id.Value] = true
		list = append(list, id.Value)
	}
	return list
}
