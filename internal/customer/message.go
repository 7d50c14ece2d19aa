package customer

import (
	"errors"
	"fmt"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v3"

	"shodo/internal/yamldoc"
)

// Letter is a customer's own wording of what its contacts are told of a moment, in place of ours. Both parts are Go
// templates over [LetterFacts].
type Letter struct {
	Subject *template.Template
	Text    *template.Template
}

// LetterFacts is what a letter may say. All of it is text; what comes from the alert is Title and Service.
type LetterFacts struct {
	Customer  string // its name
	Service   string // PagerDuty's name of the service
	Title     string // of the incident
	Number    int    // PagerDuty's number of the incident: the reference
	Severity  string // critical, error, warning or info; may be empty
	Since     string // when it began, in the customer's zone
	At        string // when the moment was, in the customer's zone
	Badge     string // how it stands in a word or two: Recovered, In progress
	Lead      string // what it comes to, in our own words
	Note      string // the scenario's close.note; empty at a hand-over
	Standard  string // the whole of our own text
	Recovered bool   // it was repaired and verified
}

// sample is what a letter is tried out with when the file is read.
var sampleLetter = LetterFacts{Customer: "Acme", Service: "www", Title: "www does not answer", Number: 42, Severity: "critical",
	Since: "2026-11-20 03:00", At: "2026-11-20 03:04", Badge: "Recovered", Lead: "It works again.", Note: "nginx was restarted.",
	Standard: "Dear Acme team,\n", Recovered: true}

// maxLetter is how much a letter may come to, in bytes: a template that goes round in circles ends there.
const maxLetter = 200 << 10

var errTooLong = errors.New("the text becomes too long")

// Write gives subject and text. The error says what is wrong with the template.
func (l Letter) Write(facts LetterFacts) (subject, text string, err error) {
	if subject, err = write(l.Subject, facts); err != nil {
		return "", "", fmt.Errorf("subject: %w", err)
	}
	if text, err = write(l.Text, facts); err != nil {
		return "", "", fmt.Errorf("text: %w", err)
	}
	return strings.Join(strings.Fields(subject), " "), text, nil
}

func write(t *template.Template, facts LetterFacts) (string, error) {
	var b limited
	err := t.Execute(&b, facts)
	return b.String(), err
}

// limited takes so much and no more.
type limited struct{ strings.Builder }

func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > maxLetter {
		return 0, errTooLong
	}
	return l.Builder.Write(p)
}

type letters map[Moment]Letter

type lettersDocument struct {
	HandedOver *letter `yaml:"handed_over" doc:"When a person of yours has to go on."`
	Closed     *letter `yaml:"closed" doc:"When it was closed or reported."`
}

type letter Letter

type letterDocument struct {
	Subject yamldoc.Located[string] `yaml:"subject" required:"true" doc:"One line, such as \"[{{.Badge}}] {{.Title}}\"."`
	Text    yamldoc.Located[string] `yaml:"text" required:"true" doc:"The text. It may use {{.Customer}}, {{.Service}}, {{.Title}}, {{.Number}}, {{.Severity}}, {{.Since}}, {{.At}}, {{.Badge}}, {{.Lead}}, {{.Note}}, {{.Standard}} and {{if .Recovered}}...{{end}}."`
}

// DecodeYAML reads the letters of each moment.
func (l *letters) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var given lettersDocument
	if !d.Decode(n, &given) {
		return
	}
	*l = letters{}
	for moment, one := range map[Moment]*letter{OfHandOver: given.HandedOver, OfClose: given.Closed} {
		if one != nil {
			(*l)[moment] = Letter(*one)
		}
	}
}

// DecodeYAML reads one letter, and tries it out.
func (l *letter) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var given letterDocument
	if !d.Decode(n, &given) {
		return
	}
	l.Subject, l.Text = template.New("subject"), template.New("text")
	for _, part := range []struct {
		into   *template.Template
		source yamldoc.Located[string]
	}{{l.Subject, given.Subject}, {l.Text, given.Text}} {
		_, err := part.into.Parse(part.source.Value)
		if err == nil {
			_, err = write(part.into, sampleLetter)
		}
		if err != nil && part.source.Place.Line > 0 {
			d.Add(part.source.Place.Problem(fmt.Sprintf("this template does not work: %v", err),
				"it may use Customer, Service, Title, Number, Severity, Since, At, Badge, Lead, Note, Standard and Recovered, each with {{.NAME}}"))
		}
	}
}
