package customer

import (
	"fmt"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"shodo/internal/yamldoc"
)

// Contact is a place where the customer itself is told what happened. Exactly one of the fields is given.
type Contact struct {
	Slack string `json:"slack,omitempty"` // "#name" or a channel id
	Email string `json:"email,omitempty"` // an address alone, without a display name
}

// String names the contact for people.
func (c Contact) String() string {
	if c.Email != "" {
		return c.Email
	}
	return c.Slack
}

type contacts []Contact

type contactDocument struct {
	Email *string `yaml:"email" doc:"An address alone, such as ops@acme.example."`
	Slack *string `yaml:"slack" doc:"A shared Slack channel: \"#name\", or its id."`
}

// maxEmail is RFC 5321's limit of a path, without the brackets around it.
const maxEmail = 254

var emailAddress = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// laterContacts are what people want to be told by, and this version cannot do.
var laterContacts = []string{"webhook", "ticket", "call", "phone", "sms", "teams", "line", "pagerduty"}

// DecodeYAML reads [{email: ADDRESS}, {slack: CHANNEL}].
func (c *contacts) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	each(n, d, func(one Contact, node *yaml.Node, at *yamldoc.Decoder) {
		if slices.Contains(*c, one) {
			at.Problem(node, fmt.Sprintf("the contact %q is given twice", one), "keep one of them")
		}
		*c = append(*c, one)
	})
}

// DecodeYAML reads one contact.
func (c *Contact) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var given contactDocument
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 && slices.Contains(laterContacts, n.Content[0].Value) {
		d.At(n.Content[0].Value).Problem(n.Content[0], fmt.Sprintf("this version cannot tell a customer by %s; a later version will", n.Content[0].Value),
			"this version knows email and slack")
		return
	}
	if !d.Decode(n, &given) {
		return
	}
	switch {
	case given.Email != nil && given.Slack != nil:
		d.Problem(n, "a contact is one place; this names two", "write two entries")
	case given.Email != nil && (len(*given.Email) > maxEmail || !emailAddress.MatchString(*given.Email)):
		d.ProblemIn(n, "email", fmt.Sprintf("%q is not an email address", *given.Email), "the address alone, such as ops@acme.example")
	case given.Email != nil:
		c.Email = *given.Email
	case given.Slack != nil && !slackChannel.MatchString(*given.Slack):
		d.ProblemIn(n, "slack", fmt.Sprintf("%q is not a Slack channel", *given.Slack), `write "#name" with the quotes, or the channel's id, such as C024BE91L`)
	case given.Slack != nil:
		c.Slack = *given.Slack
	default:
		d.Problem(n, "nobody would be told: neither email nor slack is given", "")
	}
}
