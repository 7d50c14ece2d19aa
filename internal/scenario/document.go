package scenario

import (
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"shodo/internal/yamldoc"
)

// The document is a scenario file as YAML: the keys and their plain types. What needs more than that (expressions,
// parameters, order of the steps) is checked afterwards by reader.
type document struct {
	Title    yamldoc.Located[string] `yaml:"title" required:"true"`
	Owner    string                  `yaml:"owner"`
	Runbook  string                  `yaml:"runbook"`
	Autonomy yaml.Node               `yaml:"autonomy"`
	Priority int                     `yaml:"priority"`

	Match   *matchDocument    `yaml:"match" required:"true"`
	Inputs  inputDocuments    `yaml:"inputs"`
	Target  yaml.Node         `yaml:"target"`
	Limits  limitsDocument    `yaml:"limits"`
	Check   []stepDocument    `yaml:"check"`
	Gather  []stepDocument    `yaml:"gather"`
	Recover []attemptDocument `yaml:"recover"`
	Verify  *verifyDocument   `yaml:"verify"`

	Unrecovered yaml.Node        `yaml:"unrecovered"`
	Close       closeDocument    `yaml:"close"`
	HandOver    handOverDocument `yaml:"hand_over"`

	node *yaml.Node
}

// DecodeYAML reads the mapping and keeps its node, for problems that have no place of their own.
func (doc *document) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	if n.Kind != yaml.MappingNode {
		d.Decode(n, &struct{}{}) // tells what was found
		return
	}
	type plain document
	d.Decode(n, (*plain)(doc))
	doc.node = n
}

type matchDocument struct {
	Service yaml.Node `yaml:"service"`
	When    yaml.Node `yaml:"when"`

	node *yaml.Node
}

func (m *matchDocument) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	type plain matchDocument
	d.Decode(n, (*plain)(m))
	m.node = n
}

// inputDocuments are the inputs in the order in which they are declared.
type inputDocuments []inputDocument

type inputDocument struct {
	Type     Kind      `yaml:"type" required:"true" enum:"string,int,number,bool,duration,url,strings"`
	Required *bool     `yaml:"required"`
	From     yaml.Node `yaml:"from"`
	Default  yaml.Node `yaml:"default"`

	name string
	key  *yaml.Node
}

func (in *inputDocuments) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var byName map[string]inputDocument
	d.Decode(n, &byName)
	if n.Kind != yaml.MappingNode {
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		one, ok := byName[key.Value]
		if !ok || seen[key.Value] {
			continue
		}
		seen[key.Value] = true
		one.name, one.key = key.Value, key
		*in = append(*in, one)
	}
}

type limitsDocument struct {
	Timeout    yamldoc.Located[*time.Duration] `yaml:"timeout"`
	Recoveries *budgetDocument                 `yaml:"recoveries"`
	Targets    *budgetDocument                 `yaml:"targets"`
}

type budgetDocument struct {
	Max yamldoc.Located[int]           `yaml:"max" required:"true"`
	Per yamldoc.Located[time.Duration] `yaml:"per" required:"true"`
}

type stepDocument struct {
	ID      yamldoc.Located[string]         `yaml:"id"`
	Uses    yamldoc.Located[string]         `yaml:"uses" required:"true"`
	With    yaml.Node                       `yaml:"with"`
	If      yaml.Node                       `yaml:"if"`
	Healthy yaml.Node                       `yaml:"healthy"`
	Timeout yamldoc.Located[*time.Duration] `yaml:"timeout"`
	Retry   *yamldoc.Located[retryDocument] `yaml:"retry"`
	OnError yaml.Node                       `yaml:"on_error"`

	node *yaml.Node
}

func (s *stepDocument) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	type plain stepDocument
	d.Decode(n, (*plain)(s))
	s.node = n
}

type retryDocument struct {
	Attempts int           `yaml:"attempts" required:"true"`
	Every    time.Duration `yaml:"every"`
	Backoff  float64       `yaml:"backoff"`
}

type attemptDocument struct {
	Name     yamldoc.Located[string] `yaml:"name" required:"true"`
	If       yaml.Node               `yaml:"if"`
	Approval yaml.Node               `yaml:"approval"`
	Steps    []stepDocument          `yaml:"steps" required:"true"`

	node *yaml.Node
}

func (a *attemptDocument) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	type plain attemptDocument
	d.Decode(n, (*plain)(a))
	a.node = n
}

type verifyDocument struct {
	Within    yamldoc.Located[*time.Duration] `yaml:"within"`
	Every     yamldoc.Located[*time.Duration] `yaml:"every"`
	StableFor yamldoc.Located[*time.Duration] `yaml:"stable_for"`
	Steps     []stepDocument                  `yaml:"steps"`

	node *yaml.Node
}

func (v *verifyDocument) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	type plain verifyDocument
	d.Decode(n, (*plain)(v))
	v.node = n
}

type closeDocument struct {
	Note         yaml.Node `yaml:"note"`
	TellCustomer bool      `yaml:"tell_customer"`
}

type handOverDocument struct {
	To        string      `yaml:"to"`
	Remaining []yaml.Node `yaml:"remaining"`
}

// sourceFile is the file that is read. It knows where inside a YAML value an expression's mistake stands.
type sourceFile struct {
	lines []string
}

func newSourceFile(source []byte) *sourceFile {
	return &sourceFile{lines: strings.Split(strings.TrimPrefix(string(source), "\ufeff"), "\n")}
}

// tell reports a mistake in the expression or text that the node holds. When the node is on one line and written as
// it is read, the column is that of the mistake, else that of the node.
func (f *sourceFile) tell(d *yamldoc.Decoder, n *yaml.Node, e *sourceError) {
	at := *n
	if n.Line >= 1 && n.Line <= len(f.lines) && e.line == 0 && !strings.Contains(n.Value, "\n") {
		line := []rune(f.lines[n.Line-1])
		start := n.Column - 1
		if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 {
			start++
		}
		if start >= 0 && start <= len(line) && strings.HasPrefix(string(line[start:]), n.Value) {
			at.Column = start + 1 + e.column
		}
	}
	d.Problem(&at, e.message, e.hint)
}
