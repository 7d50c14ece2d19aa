package customer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"shodo/internal/incident"
	"shodo/internal/secret"
	"shodo/internal/yamldoc"
)

// Parse reads a customer's file. The id is the file's base name; the file name is for the problems. The customer is
// nil when there is a problem that is not a warning.
func Parse(id incident.CustomerID, file string, source []byte) (*Customer, yamldoc.Problems) {
	var f document
	problems := yamldoc.Decode(file, source, &f)
	if problems.Err() != nil {
		return nil, problems
	}
	c := &Customer{
		ID: id, Name: f.Name, Department: f.Department, TimeZone: f.TimeZone.loc, Language: f.Language, Labels: f.Labels,
		Services: f.PagerDuty.Services, Credentials: f.Credentials.credentials(),
		Adopted: f.Scenarios, Allow: f.Allow, Tiers: f.Tiers, TwoPeople: f.TwoPeople, Contacts: f.Contacts, Letters: f.Letters, Windows: f.windows(), Place: yamldoc.Place{File: file, Line: 1, Column: 1},
	}
	return c, problems
}

// document is the file as it is written.
type document struct {
	Name       string            `yaml:"name" required:"true" doc:"The customer's name, for people."`
	Department string            `yaml:"department" doc:"The unit that answers for the customer: figures are told by it."`
	TimeZone   zone              `yaml:"time_zone" required:"true" doc:"An IANA name, such as Asia/Tokyo: of quiet hours and of times in messages."`
	Language   string            `yaml:"language" required:"true" enum:"ja,en" doc:"The language of everything said about this customer."`
	Labels     map[string]string `yaml:"labels" doc:"Texts of your own that expressions read as customer.labels."`
	PagerDuty  struct {
		Services services `yaml:"services" required:"true" doc:"Ids of the PagerDuty services whose incidents are this customer's."`
	} `yaml:"pagerduty" required:"true" doc:"Whose incidents they are."`
	Credentials credentials `yaml:"credentials" doc:"How actions log in. Secrets are references, never values."`
	Scenarios   adoptions   `yaml:"scenarios" doc:"The scenarios that run for this customer, by their names; no other one does."`
	Allow       globs       `yaml:"allow" doc:"The actions that scenarios may use for this customer, by name or glob."`
	Tiers       tiers       `yaml:"tiers" required:"true" doc:"Who is told of a hand-over, in turn; and who may decide."`
	TwoPeople   bool        `yaml:"two_people" doc:"Whether an attempt that a person starts needs a second person who approves it."`

	Contacts    contacts    `yaml:"contacts" doc:"Where the customer itself is told what happened."`
	Letters     letters     `yaml:"letters" doc:"The customer's own wording of what its contacts are told by mail, Slack and ticket."`
	QuietHours  quietHours  `yaml:"quiet_hours" doc:"Windows that come again: when whom not to tell, and when to change nothing."`
	Maintenance maintenance `yaml:"maintenance" doc:"Windows that come once."`
}

// DecodeYAML reads the file, and compares what stands in different sections.
func (doc *document) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	type plain document
	d.Decode(n, (*plain)(doc))
	checkNames(d, doc.windows())
}

func (doc *document) windows() []Window {
	return slices.Concat(doc.QuietHours, quietHours(doc.Maintenance))
}

type zone struct{ loc *time.Location }

func (z *zone) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var name string
	if !d.Decode(n, &name) || name == "" {
		return // told, or empty, which "required" tells
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		d.Problem(n, fmt.Sprintf("unknown time zone %q", name), `give an IANA name, such as "Asia/Tokyo" or "UTC"`)
		return
	}
	z.loc = loc
}

var pagerdutyID = regexp.MustCompile(`^[A-Z0-9]{4,20}$`)

type services []Service

func (s *services) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var ids []yamldoc.Located[string]
	if !d.Decode(n, &ids) {
		return
	}
	seen := map[string]bool{}
	for _, id := range ids {
		switch {
		case !pagerdutyID.MatchString(id.Value):
			d.Add(id.Place.Problem(fmt.Sprintf("%q is not the id of a PagerDuty service", id.Value),
				"capital letters and digits, such as PNE3JZM: the end of the service's address in PagerDuty"))
		case seen[id.Value]:
			d.Add(id.Place.Problem(fmt.Sprintf("the service %q is given twice", id.Value), "keep one of them"))
		}
		seen[id.Value] = true
		*s = append(*s, Service{ID: incident.ServiceID(id.Value), Place: id.Place})
	}
}

type adoptions []Adoption

type adoptionDocument struct {
	With     map[string]yamldoc.Located[any]    `yaml:"with" doc:"The scenario's inputs that this customer fills."`
	Autonomy yamldoc.Located[incident.Autonomy] `yaml:"autonomy" doc:"The most that this customer permits; it lowers what the scenario says."`
}

// DecodeYAML reads {NAME: {with: {...}, autonomy: ...}}.
func (a *adoptions) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var entries map[incident.ScenarioName]yamldoc.Located[adoptionDocument]
	if !d.Decode(n, &entries) {
		return
	}
	for name, e := range entries {
		one := Adoption{Scenario: name, Place: e.Place, With: map[string]any{}, Autonomy: e.Value.Autonomy.Value,
			AutonomyPlace: e.Value.Autonomy.Place, WithPlaces: map[string]yamldoc.Place{}}
		for input, v := range e.Value.With {
			if v.Value == nil && v.Place.Line > 0 {
				d.Add(v.Place.Problem("found no value", "give it one, or remove the key"))
			}
			one.With[input], one.WithPlaces[input] = v.Value, v.Place
		}
		if p := one.AutonomyPlace; p.Line > 0 && !slices.Contains(levels, string(one.Autonomy)) {
			d.Add(p.Problem(fmt.Sprintf("found %q, expected one of: %s", one.Autonomy, strings.Join(levels, ", ")), yamldoc.Suggest(string(one.Autonomy), levels)))
		}
		*a = append(*a, one)
	}
	slices.SortFunc(*a, func(x, y Adoption) int { return strings.Compare(string(x.Scenario), string(y.Scenario)) })
}

// levels are the autonomy levels, the lowest first.
var levels = []string{string(incident.Observe), string(incident.Suggest), string(incident.Approve), string(incident.Automatic)}

var globText = regexp.MustCompile(`^[a-z0-9_.*]+$`)

type globs []Glob

func (g *globs) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var patterns []yamldoc.Located[string]
	if !d.Decode(n, &patterns) {
		return
	}
	for _, p := range patterns {
		if !globText.MatchString(p.Value) {
			d.Add(p.Place.Problem(fmt.Sprintf("%q is not a pattern over action names", p.Value), `such as "http.request" or "ssh.*"`))
		}
		*g = append(*g, Glob{Pattern: p.Value, Place: p.Place})
	}
}

type tiers []Tier

type tierDocument struct {
	Name      string         `yaml:"name" required:"true" doc:"Lower-case letters, digits, _ and -; first_tier always means the first one."`
	After     *time.Duration `yaml:"after" doc:"How long the tier before may leave a hand-over unanswered; for every tier but the first."`
	Slack     *string        `yaml:"slack" doc:"The Slack channel: \"#name\", or its id."`
	PagerDuty struct {
		EscalationPolicy string `yaml:"escalation_policy" required:"true" doc:"The id of the escalation policy that pages this tier."`
	} `yaml:"pagerduty" doc:"How PagerDuty wakes this tier."`
	People people `yaml:"people" doc:"Who may decide, beside whoever is on call for the escalation policy."`
}

var (
	tierName     = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,40}$`)
	slackChannel = regexp.MustCompile(`^(#[^\s#,@A-Z]{1,80}|[CG][A-Z0-9]{6,20})$`)
)

func (t *tiers) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var entries []tierDocument
	if !d.Decode(n, &entries) {
		return // the checks below would only repeat what was told
	}
	seen := map[string]bool{}
	for i, e := range entries {
		at, node := d.AtIndex(i), n.Content[i]
		one := Tier{Name: e.Name, EscalationPolicy: e.PagerDuty.EscalationPolicy, People: People(e.People)}
		switch {
		case !tierName.MatchString(e.Name):
			at.ProblemIn(node, "name", fmt.Sprintf("%q is not a name", e.Name), "lower-case letters, digits, _ and -, such as first_tier")
		case seen[e.Name]:
			at.ProblemIn(node, "name", fmt.Sprintf("the tier %q is given twice", e.Name), "")
		case e.Name == FirstTier && i > 0:
			at.ProblemIn(node, "name", fmt.Sprintf("%q is not the first tier", e.Name), "scenarios use this name for the first one; move it up, or rename it")
		}
		seen[e.Name] = true
		switch {
		case i == 0 && e.After != nil:
			at.ProblemIn(node, "after", "the first tier is told at once", "remove \"after\"")
		case i > 0 && e.After == nil:
			at.Problem(node, `the key "after" is missing`, "how long the tier before may leave a hand-over unanswered, such as 10m")
		case i > 0 && (*e.After < time.Second || *e.After > 24*time.Hour):
			at.ProblemIn(node, "after", fmt.Sprintf("%s is not between 1s and 24h", *e.After), "")
		case i > 0:
			one.After = *e.After
		}
		if e.Slack != nil {
			one.Slack = *e.Slack
			if !slackChannel.MatchString(one.Slack) {
				at.ProblemIn(node, "slack", fmt.Sprintf("%q is not a Slack channel", one.Slack), `write "#name" with the quotes, or the channel's id, such as C024BE91L`)
			}
		}
		if p := one.EscalationPolicy; p != "" && !pagerdutyID.MatchString(p) {
			at.ProblemIn(node, "pagerduty", fmt.Sprintf("%q is not the id of an escalation policy", p), "capital letters and digits: the end of its address in PagerDuty")
		}
		if one.Slack == "" && one.EscalationPolicy == "" {
			at.Problem(node, "nobody would be told: neither slack nor pagerduty is given", "")
		}
		*t = append(*t, one)
	}
}

// credentials is the section as it is written.
type credentials struct {
	SSH  *sshCredential            `yaml:"ssh" doc:"How the customer's hosts are reached."`
	HTTP map[string]httpCredential `yaml:"http" doc:"Headers that authenticate the engine, by the name that scenarios give in auth."`
	AWS  *struct {
		RoleARN    string     `yaml:"role_arn" required:"true" doc:"The role that the engine takes."`
		ExternalID secret.Ref `yaml:"external_id" doc:"Where the external id is kept."`
		Region     string     `yaml:"region" required:"true" doc:"The region, such as ap-northeast-1."`
	} `yaml:"aws" doc:"The customer's AWS account."`
}

func (c credentials) credentials() Credentials {
	out := Credentials{SSH: (*SSH)(c.SSH), AWS: nil}
	if c.AWS != nil {
		out.AWS = &AWS{RoleARN: c.AWS.RoleARN, ExternalID: c.AWS.ExternalID, Region: c.AWS.Region}
	}
	if len(c.HTTP) > 0 {
		out.HTTP = make(map[string]HTTP, len(c.HTTP))
		for name, h := range c.HTTP {
			out.HTTP[name] = HTTP(h)
		}
	}
	return out
}

type sshCredential SSH

type sshDocument struct {
	User       string     `yaml:"user" required:"true" doc:"The user to log in as."`
	Port       *int       `yaml:"port" doc:"The TCP port. The default is 22."`
	Key        secret.Ref `yaml:"key" doc:"Where the private key is kept."`
	KnownHosts secret.Ref `yaml:"known_hosts" required:"true" doc:"Where the host keys are kept, in the form of OpenSSH's known_hosts."`
	Agent      bool       `yaml:"agent" doc:"Whether keys of the engine's SSH agent may be used."`
}

func (s *sshCredential) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var given sshDocument
	if !d.Decode(n, &given) {
		return
	}
	*s = sshCredential{User: given.User, Key: given.Key, KnownHosts: given.KnownHosts, Agent: given.Agent}
	if given.Key.IsZero() && !given.Agent {
		d.Problem(n, `neither "key" nor "agent: true" is given`, "passwords are not supported")
	}
	if given.Port != nil {
		if s.Port = *given.Port; s.Port < 1 || s.Port > 65535 {
			d.ProblemIn(n, "port", fmt.Sprintf("%d is not a port", s.Port), "1 to 65535")
		}
	}
}

type httpCredential HTTP

type httpDocument struct {
	Header string     `yaml:"header" required:"true" doc:"The header's name, such as Authorization."`
	Value  secret.Ref `yaml:"value" required:"true" doc:"Where the header's value is kept."`
}

// headerName is RFC 9110's token.
var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")

func (h *httpCredential) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var given httpDocument
	d.Decode(n, &given)
	*h = httpCredential(given)
	if h.Header != "" && !headerName.MatchString(h.Header) {
		d.ProblemIn(n, "header", fmt.Sprintf("%q is not the name of a header", h.Header), `such as "Authorization"`)
	}
}
