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
	Title    yamldoc.Located[string] `yaml:"title" required:"true" doc:"The trouble in one line, for people. Plain text."`
	Owner    string                  `yaml:"owner" doc:"The team that maintains this file."`
	Runbook  string                  `yaml:"runbook" doc:"A file in the folder runbooks: what a person does when the engine cannot."`
	Autonomy yaml.Node               `yaml:"autonomy" schema:"autonomy" doc:"How much the engine may do by itself: automatic (the default), approve (every attempt waits for a person), suggest (a person starts attempts), observe (nothing is changed). A customer may only lower it."`
	Priority int                     `yaml:"priority" doc:"Of several scenarios that match, the one with the highest priority runs; a customer's own comes before shared ones. The default is 0."`

	Match   *matchDocument    `yaml:"match" required:"true" doc:"Which incidents the scenario is for. All that is given must hold."`
	Inputs  inputDocuments    `yaml:"inputs" doc:"What the scenario needs to know. A customer's file or the alert fills it."`
	Target  yaml.Node         `yaml:"target" schema:"text" doc:"What is repaired, by one attempt at a time: lock, limits and history are per customer and target. Required with recover."`
	Limits  limitsDocument    `yaml:"limits" doc:"How long, and how often."`
	Check   []stepDocument    `yaml:"check" schema:"check" doc:"Is it really broken? Steps that only read; each says when its output is healthy."`
	Gather  []stepDocument    `yaml:"gather" schema:"gather" doc:"Evidence for the person who may have to go on. Steps that only read, all at once."`
	Recover []attemptDocument `yaml:"recover" doc:"Attempts to repair it, in this order. After each one verify decides whether it helped."`
	Verify  *verifyDocument   `yaml:"verify" doc:"How to tell that it is repaired. Without it: the steps of check."`

	Unrecovered yaml.Node        `yaml:"unrecovered" schema:"unrecovered" doc:"Without recover: hand_over gives it to a person (the default), report tells the customer and closes."`
	Close       closeDocument    `yaml:"close" doc:"What is said when the incident is closed."`
	HandOver    handOverDocument `yaml:"hand_over" doc:"What is said when automation ends without a verified repair."`

	ManualMinutes yamldoc.Located[*float64] `yaml:"manual_minutes" doc:"How many person-minutes an incident of this kind takes by hand: for the figure hours saved."`

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
	Service yaml.Node `yaml:"service" schema:"services" doc:"PagerDuty service ids, or globs (* and ?) of service names; one of them must fit."`
	When    yaml.Node `yaml:"when" schema:"condition" doc:"A condition over alert, incident and customer."`

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
	Type     Kind      `yaml:"type" required:"true" enum:"string,int,number,bool,duration,url,strings" doc:"The type. An input of type url is filled by a customer's file only."`
	Required *bool     `yaml:"required" doc:"Whether the scenario cannot run without it; an input without a default always is."`
	From     yaml.Node `yaml:"from" schema:"expression" doc:"An expression over the alert that fills the input when the customer's file does not, such as alert.details.host."`
	Default  yaml.Node `yaml:"default" schema:"anything" doc:"The value when nobody fills the input."`

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
	Timeout    yamldoc.Located[*time.Duration] `yaml:"timeout" doc:"Of the whole automated part. The default is 10m."`
	Recoveries *budgetDocument                 `yaml:"recoveries" doc:"How often one target may be repaired; past it the repair does not hold, and a person goes on."`
	Targets    *budgetDocument                 `yaml:"targets" doc:"How many targets of one customer may be repaired by this scenario: the blast radius."`
}

type budgetDocument struct {
	Max yamldoc.Located[int]           `yaml:"max" required:"true" doc:"How many."`
	Per yamldoc.Located[time.Duration] `yaml:"per" required:"true" doc:"Within how long."`
}

type stepDocument struct {
	ID      yamldoc.Located[string]         `yaml:"id" doc:"The name by which later expressions read the step: steps.ID.output. Letters, digits and _."`
	Uses    yamldoc.Located[string]         `yaml:"uses" required:"true" doc:"The action; \"shodo actions\" lists and explains all."`
	With    yaml.Node                       `yaml:"with" schema:"with" doc:"The parameters of the action."`
	If      yaml.Node                       `yaml:"if" schema:"condition" doc:"The step is skipped when this is false."`
	Healthy yaml.Node                       `yaml:"healthy" schema:"condition" doc:"Whether the output is healthy: a condition over output, such as output.status < 500."`
	Timeout yamldoc.Located[*time.Duration] `yaml:"timeout" doc:"Of one try. The default is the action's own."`
	Retry   *yamldoc.Located[retryDocument] `yaml:"retry" doc:"How often a failed try is repeated. Not for actions that change something and must not be sent twice."`
	OnError yaml.Node                       `yaml:"on_error" schema:"on_error" doc:"What a failure of the step means."`

	node *yaml.Node
}

func (s *stepDocument) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	type plain stepDocument
	d.Decode(n, (*plain)(s))
	s.node = n
}

type retryDocument struct {
	Attempts int           `yaml:"attempts" required:"true" doc:"How many tries in all."`
	Every    time.Duration `yaml:"every" doc:"How long to wait between tries. The default is 1s."`
	Backoff  float64       `yaml:"backoff" doc:"The wait is multiplied by it each time. The default is 1."`
}

type attemptDocument struct {
	Name     yamldoc.Located[string] `yaml:"name" required:"true" doc:"What is done, for people, such as: restart the unit."`
	If       yaml.Node               `yaml:"if" schema:"condition" doc:"The attempt is passed over when this is false."`
	Approval *approvalDocument       `yaml:"approval" doc:"A person has to agree before the attempt is made, to its commands as they are shown. Under autonomy approve every attempt needs it."`
	Steps    []stepDocument          `yaml:"steps" required:"true" schema:"recover" doc:"What the attempt does, in order. Here actions may change something."`

	node *yaml.Node
}

func (a *attemptDocument) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	type plain attemptDocument
	d.Decode(n, (*plain)(a))
	a.node = n
}

type verifyDocument struct {
	Within    yamldoc.Located[*time.Duration] `yaml:"within" doc:"How long to keep trying. The default is 3m."`
	Every     yamldoc.Located[*time.Duration] `yaml:"every" doc:"How often to look. The default is 15s."`
	StableFor yamldoc.Located[*time.Duration] `yaml:"stable_for" doc:"How long it must be healthy without a break. The default is 0s: one healthy look is enough."`
	Steps     []stepDocument                  `yaml:"steps" schema:"verify" doc:"Steps of its own, when verifying differs from check."`

	node *yaml.Node
}

func (v *verifyDocument) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	type plain verifyDocument
	d.Decode(n, (*plain)(v))
	v.node = n
}

type closeDocument struct {
	Note         yaml.Node `yaml:"note" schema:"text" doc:"The note in PagerDuty."`
	TellCustomer bool      `yaml:"tell_customer" doc:"Whether the customer's contacts are told, too; their quiet hours apply."`
}

type handOverDocument struct {
	To        string                `yaml:"to" doc:"A tier of the customer's file. The default is first_tier."`
	Always    yamldoc.Located[bool] `yaml:"always" doc:"Whether a person gets it even after a repair that held, because what remains is theirs."`
	Remaining []yaml.Node           `yaml:"remaining" schema:"texts" doc:"What the person still has to do: shown as a checklist."`
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
