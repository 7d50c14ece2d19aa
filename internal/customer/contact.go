package customer

import (
	"cmp"
	"fmt"
	"net/url"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"shodo/internal/secret"
	"shodo/internal/yamldoc"
)

// Contact is a place where the customer itself is told what happened. Exactly one of the first five is given. It travels in
// histories: of secrets it holds only where they are kept.
type Contact struct {
	Slack   string   `json:"slack,omitempty"` // "#name" or a channel id
	Email   string   `json:"email,omitempty"` // an address alone, without a display name
	Webhook *Webhook `json:"webhook,omitempty"`
	Ticket  *Ticket  `json:"ticket,omitempty"`
	Call    *Call    `json:"call,omitempty"`

	Tell []Moment `json:"tell,omitempty"` // of what it is told; empty in histories of earlier engines: of the close
}

// Moment is something that a contact can be told of.
type Moment string

// The moments. Who is told of a hand-over is told of its end, too.
const (
	OfHandOver Moment = "handed_over" // a person of the provider has to go on
	OfClose    Moment = "closed"      // it was closed or reported without one
)

// Moments lists every moment.
func Moments() []Moment { return []Moment{OfHandOver, OfClose} }

// Webhook is an address of the customer's own systems that takes signed JSON.
type Webhook struct {
	URL    string     `json:"url"`
	Secret secret.Ref `json:"secret"`
}

// Ticket is a tracker in which an issue is opened, and updated later. Exactly one is given.
type Ticket struct {
	Backlog *Backlog `json:"backlog,omitempty"`
	Jira    *Jira    `json:"jira,omitempty"`
	Webhook *Webhook `json:"webhook,omitempty"`
}

// Backlog is a project of Backlog (Nulab).
type Backlog struct {
	URL       string     `json:"url"` // of the space
	Project   string     `json:"project"`
	IssueType string     `json:"issue_type,omitempty"` // empty: the project's first
	Priority  string     `json:"priority,omitempty"`   // empty: Normal
	APIKey    secret.Ref `json:"api_key"`
}

// Jira is a project of Jira Cloud or Jira Data Center.
type Jira struct {
	URL       string     `json:"url"` // of the site
	Project   string     `json:"project"`
	IssueType string     `json:"issue_type,omitempty"` // empty: Task
	User      string     `json:"user,omitempty"`       // empty: the token is a personal access token of Data Center
	Token     secret.Ref `json:"token"`
}

// Call is a telephone that Amazon Connect calls.
type Call struct {
	Phone       string     `json:"phone"` // in E.164 form
	Region      string     `json:"region"`
	Instance    string     `json:"instance"`
	ContactFlow string     `json:"contact_flow"`
	From        string     `json:"from"`               // the number that is shown, in E.164 form
	RoleARN     string     `json:"role_arn,omitempty"` // empty: the engine's own credentials
	ExternalID  secret.Ref `json:"external_id,omitzero"`
}

// Is says whether the contact is told of a moment.
func (c Contact) Is(told Moment) bool {
	if len(c.Tell) == 0 {
		return told == OfClose
	}
	return slices.Contains(c.Tell, told)
}

// String names the contact for people; no two contacts of a customer have the same name.
func (c Contact) String() string {
	switch {
	case c.Webhook != nil:
		return "webhook " + place(c.Webhook.URL)
	case c.Ticket != nil:
		return c.Ticket.String()
	case c.Call != nil:
		return "call " + c.Call.Phone
	}
	return cmp.Or(c.Email, c.Slack)
}

// String names the tracker for people.
func (t Ticket) String() string {
	switch {
	case t.Backlog != nil:
		return fmt.Sprintf("Backlog %s (%s)", t.Backlog.Project, place(t.Backlog.URL))
	case t.Jira != nil:
		return fmt.Sprintf("Jira %s (%s)", t.Jira.Project, place(t.Jira.URL))
	case t.Webhook != nil:
		return "ticket webhook " + place(t.Webhook.URL)
	}
	return "ticket"
}

// place is an address for people: a path of a webhook may be as good as a password.
func place(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "?"
	}
	return u.Host
}

type contacts []Contact

type contactDocument struct {
	Email   *string       `yaml:"email" doc:"An address alone, such as ops@acme.example."`
	Slack   *string       `yaml:"slack" doc:"A shared Slack channel: \"#name\", or its id."`
	Webhook *webhookPlace `yaml:"webhook" doc:"The customer's own systems: they get signed JSON."`
	Ticket  *ticketPlace  `yaml:"ticket" doc:"A tracker: an issue is opened there, and commented on when the incident is over."`
	Call    *callPlace    `yaml:"call" doc:"A telephone: Amazon Connect reads a short sentence to whoever answers."`
	Tell    *moments      `yaml:"tell" doc:"Of what it is told: handed_over, closed or both. The default is closed for email and slack, both for webhook and ticket, handed_over for call."`
}

type (
	webhookPlace Webhook
	ticketPlace  Ticket
	callPlace    Call
	moments      []Moment
)

type webhookDocument struct {
	URL    string     `yaml:"url" required:"true" doc:"The address: https://..."`
	Secret secret.Ref `yaml:"secret" required:"true" doc:"Where the secret is kept by which what is sent is signed."`
}

type backlogDocument struct {
	URL       string     `yaml:"url" required:"true" doc:"The space, such as https://acme.backlog.com."`
	Project   string     `yaml:"project" required:"true" doc:"The project's key, such as OPS."`
	IssueType string     `yaml:"issue_type" doc:"The name of an issue type. The default is the project's first."`
	Priority  string     `yaml:"priority" doc:"The name of a priority, as the space writes it. The default is the middle one."`
	APIKey    secret.Ref `yaml:"api_key" required:"true" doc:"Where the API key is kept."`
}

type jiraDocument struct {
	URL       string     `yaml:"url" required:"true" doc:"The site, such as https://acme.atlassian.net."`
	Project   string     `yaml:"project" required:"true" doc:"The project's key, such as OPS."`
	IssueType string     `yaml:"issue_type" doc:"The name of an issue type. The default is Task."`
	User      string     `yaml:"user" doc:"Jira Cloud: the address of the account that the API token belongs to. Without it the token is a personal access token of Data Center."`
	Token     secret.Ref `yaml:"token" required:"true" doc:"Where the token is kept."`
}

type ticketDocument struct {
	Backlog *backlogDocument `yaml:"backlog" doc:"A project of Backlog (Nulab)."`
	Jira    *jiraDocument    `yaml:"jira" doc:"A project of Jira."`
	Webhook *webhookPlace    `yaml:"webhook" doc:"Any other tracker: it gets signed JSON."`
}

type callDocument struct {
	Phone       string     `yaml:"phone" required:"true" doc:"The number that is called, such as \"+81312345678\"."`
	Region      string     `yaml:"region" required:"true" doc:"The region of the instance of Amazon Connect, such as ap-northeast-1."`
	Instance    string     `yaml:"instance" required:"true" doc:"The instance's id."`
	ContactFlow string     `yaml:"contact_flow" required:"true" doc:"The id of the flow; it plays $.Attributes.message."`
	From        string     `yaml:"from" required:"true" doc:"The instance's number that is shown, such as \"+81501234567\"."`
	RoleARN     string     `yaml:"role_arn" doc:"The role that is taken for it. The default is the engine's own credentials."`
	ExternalID  secret.Ref `yaml:"external_id" doc:"Where the role's external id is kept."`
}

// maxEmail is RFC 5321's limit of a path, without the brackets around it.
const maxEmail = 254

var (
	emailAddress = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
	phoneNumber  = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`) // E.164
	projectKey   = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,49}$`)
)

// unknownContacts are what people want to be told by, and no version knows; what they may want instead.
var unknownContacts = map[string]string{
	"phone": "call, with a phone in it", "sms": "call, with a phone in it", "teams": "webhook", "line": "webhook",
	"pagerduty": "a tier: contacts are the customer's own people", "mail": "email", "jira": "ticket: {jira: ...}", "backlog": "ticket: {backlog: ...}",
}

// DecodeYAML reads [{email: ADDRESS}, {slack: CHANNEL}, {webhook: ...}, {ticket: ...}, {call: ...}].
func (c *contacts) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	each(n, d, func(one Contact, node *yaml.Node, at *yamldoc.Decoder) {
		if slices.ContainsFunc(*c, func(other Contact) bool { return other.String() == one.String() }) {
			at.Problem(node, fmt.Sprintf("the contact %q is given twice", one), "keep one of them")
		}
		*c = append(*c, one)
	})
}

// DecodeYAML reads one contact.
func (c *Contact) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var given contactDocument
	if n.Kind == yaml.MappingNode && len(n.Content) > 0 {
		if instead, known := unknownContacts[n.Content[0].Value]; known {
			d.At(n.Content[0].Value).Problem(n.Content[0], fmt.Sprintf("a customer cannot be told by %s", n.Content[0].Value), "take "+instead)
			return
		}
	}
	if !d.Decode(n, &given) {
		return
	}
	ways := 0
	for _, way := range []bool{given.Email != nil, given.Slack != nil, given.Webhook != nil, given.Ticket != nil, given.Call != nil} {
		if way {
			ways++
		}
	}
	switch {
	case ways > 1:
		d.Problem(n, "a contact is one place; this names several", "write an entry for each")
	case ways == 0:
		d.Problem(n, "nobody would be told: neither email, slack, webhook, ticket nor call is given", "")
	case given.Email != nil && (len(*given.Email) > maxEmail || !emailAddress.MatchString(*given.Email)):
		d.ProblemIn(n, "email", fmt.Sprintf("%q is not an email address", *given.Email), "the address alone, such as ops@acme.example")
	case given.Email != nil:
		c.Email, c.Tell = *given.Email, []Moment{OfClose}
	case given.Slack != nil && !slackChannel.MatchString(*given.Slack):
		d.ProblemIn(n, "slack", fmt.Sprintf("%q is not a Slack channel", *given.Slack), `write "#name" with the quotes, or the channel's id, such as C024BE91L`)
	case given.Slack != nil:
		c.Slack, c.Tell = *given.Slack, []Moment{OfClose}
	case given.Webhook != nil:
		c.Webhook, c.Tell = (*Webhook)(given.Webhook), []Moment{OfHandOver, OfClose}
	case given.Ticket != nil:
		c.Ticket, c.Tell = (*Ticket)(given.Ticket), []Moment{OfHandOver, OfClose}
	case given.Call != nil:
		c.Call, c.Tell = (*Call)(given.Call), []Moment{OfHandOver}
	}
	if given.Tell != nil {
		c.Tell = *given.Tell
	}
}

// DecodeYAML reads a list of moments.
func (m *moments) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var given []yamldoc.Located[Moment]
	if !d.Decode(n, &given) {
		return
	}
	if len(given) == 0 {
		d.Problem(n, "it would be told of nothing", "handed_over, closed, or both")
	}
	for _, one := range given {
		if !slices.Contains(Moments(), one.Value) {
			d.Add(one.Place.Problem(fmt.Sprintf("found %q, expected one of: handed_over, closed", one.Value),
				yamldoc.Suggest(string(one.Value), []string{string(OfHandOver), string(OfClose)})))
		}
		*m = append(*m, one.Value)
	}
}

// DecodeYAML reads {url, secret}.
func (w *webhookPlace) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var given webhookDocument
	d.Decode(n, &given)
	*w = webhookPlace(given)
	checkAddress(n, d, given.URL)
}

// checkAddress tells what is wrong with the address of somebody else's system: what is sent there is the customer's.
func checkAddress(n *yaml.Node, d *yamldoc.Decoder, address string) {
	u, err := url.Parse(address)
	switch {
	case address == "": // told already
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		d.ProblemIn(n, "url", fmt.Sprintf("%q is not an address", address), "such as https://hooks.acme.example/shodo")
	case u.User != nil:
		d.ProblemIn(n, "url", "a user or password stands in the address", "secrets are kept elsewhere: {env: NAME} or {file: PATH}")
	case u.Scheme == "http" && u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1":
		d.ProblemIn(n, "url", "what is sent would cross the network for everybody to read", "take https://")
	}
}

// DecodeYAML reads {backlog: ...}, {jira: ...} or {webhook: ...}.
func (t *ticketPlace) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var given ticketDocument
	if !d.Decode(n, &given) {
		return
	}
	switch {
	case given.Backlog != nil && given.Jira == nil && given.Webhook == nil:
		t.Backlog = (*Backlog)(given.Backlog)
		checkProject(n, d.At("backlog"), given.Backlog.URL, given.Backlog.Project)
	case given.Jira != nil && given.Backlog == nil && given.Webhook == nil:
		t.Jira = (*Jira)(given.Jira)
		checkProject(n, d.At("jira"), given.Jira.URL, given.Jira.Project)
	case given.Webhook != nil && given.Backlog == nil && given.Jira == nil:
		t.Webhook = (*Webhook)(given.Webhook)
	default:
		d.Problem(n, "a ticket is opened in one place: backlog, jira or webhook", "write a contact for each")
	}
}

func checkProject(n *yaml.Node, d *yamldoc.Decoder, address, project string) {
	inner := n.Content[1]
	checkAddress(inner, d, address)
	if project != "" && !projectKey.MatchString(project) {
		d.ProblemIn(inner, "project", fmt.Sprintf("%q is not the key of a project", project), "capital letters and digits, such as OPS")
	}
}

// DecodeYAML reads whom to call, and by what.
func (c *callPlace) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var given callDocument
	d.Decode(n, &given)
	*c = callPlace(given)
	for key, number := range map[string]string{"phone": given.Phone, "from": given.From} {
		if number != "" && !phoneNumber.MatchString(number) {
			d.ProblemIn(n, key, fmt.Sprintf("%q is not a telephone number with its country", number), `such as "+81312345678", with the quotes`)
		}
	}
}
