// Package customer reads and checks one customer's file: whose incidents they are, which scenarios run for them and
// with which inputs, what those may do, who is told, and when nobody is: the quiet hours and the maintenance.
//
// Adoption is explicit: a scenario runs for a customer only when the file lists it, and may use only the actions that
// the file allows. Secrets are references, never values.
//
// The package checks what one file can tell by itself; what needs other files (does the scenario exist, does its input
// have that type, what is in a calendar) is package catalog's, and so are the conditions of windows, which are
// expressions of package scenario: a [Window] is what the file says, [Customer.Policy] what package catalog makes of all
// of them. After that a [Customer] does not change. The package never does I/O.
package customer

import (
	"maps"
	"slices"
	"strings"
	"time"

	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/internal/secret"
	"shodo/internal/yamldoc"
)

// FirstTier is the name that always means a customer's first tier, whatever the file calls it.
const FirstTier = "first_tier"

// Customer is one customer's file, checked.
type Customer struct {
	ID         incident.CustomerID
	Name       string
	Department string // the unit of the adoption figures; may be empty
	TimeZone   *time.Location
	Language   string // "ja" or "en": of everything said about this customer
	Labels     map[string]string

	Services    []Service // at least one
	Credentials Credentials
	Adopted     []Adoption        // ordered by the scenario's name
	Allow       []Glob            // the actions that may be used
	Tiers       []Tier            // who is told, in order; at least one
	TwoPeople   bool              // what one person starts, another one has to approve
	Letters     map[Moment]Letter // in whose words; a moment that is not there has ours
	Contacts    []Contact         // where the customer itself is told; may be empty

	Windows []Window          // quiet hours, then maintenance, each in the order of the file
	Policy  quiethours.Policy // the same, ready to decide; only of a customer that package catalog has loaded

	Place yamldoc.Place // the file
}

// Service is a PagerDuty service whose incidents are this customer's.
type Service struct {
	ID    incident.ServiceID
	Place yamldoc.Place
}

// Adoption says that a scenario runs for the customer.
type Adoption struct {
	Scenario incident.ScenarioName
	With     map[string]any    // the inputs that the customer fills, as plain YAML values
	Autonomy incident.Autonomy // the most that the customer permits; empty: what the scenario says

	Place         yamldoc.Place            // of the adoption
	AutonomyPlace yamldoc.Place            // of "autonomy", when it is given
	WithPlaces    map[string]yamldoc.Place // of each input in With
}

// Tier is one of those who are told, in turn.
type Tier struct {
	Name             string        // unique within the customer
	After            time.Duration // how long the tier before it may leave a hand-over unanswered; zero for the first
	Slack            string        // "#name" or a channel id; empty: not told in Slack
	EscalationPolicy string        // PagerDuty's id of the policy that pages this tier; empty: not paged
	People           People        // who may decide; empty: whoever is on call for EscalationPolicy
}

// Credentials are the customer's connections: how actions log in. What is not given is nil or empty.
type Credentials struct {
	SSH  *SSH
	HTTP map[string]HTTP // by the name that a scenario uses
	AWS  *AWS
}

// SSH is how the customer's hosts are reached. Host keys are always checked against KnownHosts.
type SSH struct {
	User       string
	Port       int        // 0: 22
	Key        secret.Ref // a private key; zero: the agent has it
	KnownHosts secret.Ref // in the form of OpenSSH's known_hosts
	Agent      bool       // whether keys of the engine's SSH agent may be used
}

// HTTP is a header that authenticates the engine, such as Authorization.
type HTTP struct {
	Header string
	Value  secret.Ref
}

// AWS is the role that the engine takes in the customer's account.
type AWS struct {
	RoleARN    string
	ExternalID secret.Ref // zero: none
	Region     string
}

// Facts gives what decisions, expressions and messages know of the customer.
func (c *Customer) Facts() incident.Customer {
	return incident.Customer{ID: c.ID, Name: c.Name, Department: c.Department, TimeZone: c.TimeZone.String(),
		Language: c.Language, Labels: maps.Clone(c.Labels)}
}

// Allows says whether the customer permits the action of that name.
func (c *Customer) Allows(action string) bool {
	return slices.ContainsFunc(c.Allow, func(g Glob) bool { return g.Matches(action) })
}

// Adoption gives how the customer adopted the scenario, and whether it did.
func (c *Customer) Adoption(name incident.ScenarioName) (Adoption, bool) {
	i, found := slices.BinarySearchFunc(c.Adopted, name, func(a Adoption, name incident.ScenarioName) int {
		return strings.Compare(string(a.Scenario), string(name))
	})
	if !found {
		return Adoption{}, false
	}
	return c.Adopted[i], true
}

// Tier gives the tier of that name. An empty name and FirstTier mean the first one.
func (c *Customer) Tier(name string) (Tier, bool) {
	for _, t := range c.Tiers {
		if t.Name == name {
			return t, true
		}
	}
	if name == "" || name == FirstTier {
		return c.Tiers[0], true
	}
	return Tier{}, false
}

// TierNames lists the tiers in their order.
func (c *Customer) TierNames() []string {
	names := make([]string, len(c.Tiers))
	for i, t := range c.Tiers {
		names[i] = t.Name
	}
	return names
}

// Glob is a pattern over action names. "*" stands for any characters, dots too: "aws.*" permits every action of AWS.
type Glob struct {
	Pattern string
	Place   yamldoc.Place
}

// Matches says whether the whole name fits the pattern.
func (g Glob) Matches(name string) bool {
	first, rest, star := strings.Cut(g.Pattern, "*")
	name, ok := strings.CutPrefix(name, first)
	for ok && star {
		if rest == "" {
			return true
		}
		var part string
		part, rest, star = strings.Cut(rest, "*")
		if !star {
			return strings.HasSuffix(name, part)
		}
		_, name, ok = strings.Cut(name, part)
	}
	return ok && name == ""
}
