package scenario

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"shodo/internal/incident"
	"shodo/internal/yamldoc"
)

// The defaults of what a scenario file leaves out.
const (
	DefaultTimeout     = 10 * time.Minute
	DefaultWithin      = 3 * time.Minute
	DefaultEvery       = 15 * time.Second
	maxTimeout         = 24 * time.Hour
	maxSteps           = 200 // in one file
	maxInputs          = 100
	maxName            = 100 // bytes of an attempt's name
	maxManualMinutes   = 7 * 24 * 60
	maxAttempts        = 10 // of one step
	DefaultRetryEvery  = time.Second
	DefaultRetryFactor = 1.0
)

// Parse reads one scenario file. The name is the file's base name; the file is only for the problems. There is a
// scenario only when no problem is more than a warning.
func Parse(name incident.ScenarioName, file string, source []byte, actions Actions) (*Scenario, yamldoc.Problems) {
	return NewParser(actions).Parse(name, file, source)
}

// Parser reads many files faster than Parse does: files that are like each other are checked against the same prepared
// types. It is not for concurrent use.
type Parser struct {
	actions  Actions
	dialects *dialects
}

// NewParser gives a parser of scenarios that use these actions.
func NewParser(actions Actions) *Parser {
	return &Parser{actions: actions, dialects: newDialects()}
}

// Parse is the function of that name.
func (p *Parser) Parse(name incident.ScenarioName, file string, source []byte) (*Scenario, yamldoc.Problems) {
	var doc document
	problems := yamldoc.Decode(file, source, &doc)
	if doc.node == nil {
		return nil, problems
	}
	r := &reader{file: newSourceFile(source), name: file, actions: p.actions,
		model: &model{inputs: map[string]Kind{}, alert: map[string]bool{}, steps: map[string]reflect.Type{}, dialects: p.dialects}}
	d := yamldoc.NewDecoder(file)
	s := r.scenario(d, &doc)
	r.model.dialects = nil
	problems = append(problems, d.Problems()...)
	problems.Sort()
	if problems.Err() != nil {
		return nil, problems
	}
	s.Name, s.source, s.Hash = name, string(source), hashOf(source)
	return s, problems
}

func hashOf(source []byte) string {
	sum := sha256.Sum256(source)
	return hex.EncodeToString(sum[:])
}

// reader checks a document and compiles it.
type reader struct {
	file    *sourceFile
	name    string // of the file, for places
	actions Actions
	model   *model
}

func (r *reader) scenario(d *yamldoc.Decoder, doc *document) *Scenario {
	s := &Scenario{Title: r.plain(d.At("title"), doc.Title), Owner: doc.Owner, Runbook: doc.Runbook, Priority: doc.Priority}
	s.Autonomy = r.autonomy(d.At("autonomy"), &doc.Autonomy)
	s.ManualMinutes = r.manualMinutes(d.At("manual_minutes"), doc.ManualMinutes)
	if doc.Match != nil {
		s.Match = r.match(d.At("match"), doc.Match)
	}
	s.Inputs = r.inputs(d.At("inputs"), doc.Inputs)
	s.Limits = r.limits(d.At("limits"), doc)
	if !r.nameSteps(d, doc) {
		return s
	}

	known := scope{model: r.model, inputs: true}
	if doc.Target.Kind != 0 {
		s.Target = r.target(d.At("target"), &doc.Target, known)
	} else if len(doc.Recover) > 0 {
		d.Problem(doc.node, `the key "target" is missing`, "say what recover repairs; one target is repaired by one attempt at a time")
	}
	known.target = true
	r.phases(d, doc, s, known)

	all := known.with(sortedKeys(r.model.steps)...)
	s.Close = Close{TellCustomer: doc.Close.TellCustomer}
	if doc.Close.Note.Kind != 0 {
		s.Close.Note = r.text(d.At("close").At("note"), &doc.Close.Note, all)
	}
	s.HandOver = r.handOver(d.At("hand_over"), doc, all)
	s.Unrecovered = r.unrecovered(d.At("unrecovered"), doc)
	return s
}

func (r *reader) autonomy(d *yamldoc.Decoder, n *yaml.Node) incident.Autonomy {
	return incident.Autonomy(r.word(d, n, levels()...))
}

// levels are the levels of autonomy, the default first.
func levels() []string {
	return []string{string(incident.Automatic), string(incident.Approve), string(incident.Suggest), string(incident.Observe)}
}

// handOver reads what a person is told; its texts may read every step.
func (r *reader) handOver(d *yamldoc.Decoder, doc *document, all scope) HandOver {
	h := HandOver{To: doc.HandOver.To, Always: doc.HandOver.Always.Value}
	for i := range doc.HandOver.Remaining {
		h.Remaining = append(h.Remaining, r.text(d.At("remaining").AtIndex(i), &doc.HandOver.Remaining[i], all))
	}
	if h.Always && len(doc.Recover) == 0 {
		d.At("always").Problem(nodeAt(doc.HandOver.Always.Place), `"always" is only for a scenario with recover`, "remove it; what is not healthy is handed over without it")
	}
	return h
}

// manualMinutes reads a number of person-minutes; 0: not given.
func (r *reader) manualMinutes(d *yamldoc.Decoder, given yamldoc.Located[*float64]) float64 {
	if given.Value == nil {
		return 0
	}
	if *given.Value <= 0 || *given.Value > maxManualMinutes {
		d.Problem(nodeAt(given.Place), fmt.Sprintf("found %g, expected more than 0, and at most %d", *given.Value, maxManualMinutes), "minutes of work of one person, for one incident")
	}
	return *given.Value
}

func (r *reader) match(d *yamldoc.Decoder, doc *matchDocument) Match {
	var m Match
	if doc.node != nil && len(doc.node.Content) > 0 && doc.Service.Kind == 0 && doc.When.Kind == 0 {
		d.Problem(doc.node, "match says nothing, so it would match every incident", `give "service", "when" or both; "when: true" matches everything`)
	}
	if doc.Service.Kind != 0 {
		d.At("service").Decode(&doc.Service, &m.Service)
		if doc.Service.Kind == yaml.SequenceNode && len(doc.Service.Content) == 0 {
			d.At("service").Problem(&doc.Service, "an empty list, so nothing would match", "")
		}
		for i, p := range m.Service {
			if p == "" {
				d.At("service").AtIndex(i).Problem(&doc.Service, "an empty service id or name", "")
			}
		}
	}
	m.When = r.condition(d.At("when"), &doc.When, scope{model: r.model})
	return m
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (r *reader) inputs(d *yamldoc.Decoder, docs inputDocuments) []Input {
	var inputs []Input
	if len(docs) > maxInputs {
		d.Problem(docs[0].key, fmt.Sprintf("%d inputs; at most %d are allowed", len(docs), maxInputs), "")
		docs = docs[:maxInputs]
	}
	for _, doc := range docs {
		d := d.At(doc.name)
		if !identifier.MatchString(doc.name) {
			d.Problem(doc.key, fmt.Sprintf("%q cannot be the name of an input", clipTo(doc.name, 60)), "use letters, digits and _, and no digit first, so that expressions can read it")
			continue
		}
		in := Input{Name: doc.name, Kind: doc.Type}
		r.inputDefault(d, doc, &in)
		if doc.From.Kind != 0 {
			r.inputFrom(d.At("from"), doc, &in)
		}
		r.model.inputs[doc.name] = doc.Type
		inputs = append(inputs, in)
	}
	return inputs
}

func (r *reader) inputDefault(d *yamldoc.Decoder, doc inputDocument, in *Input) {
	if doc.Default.Kind != 0 {
		var v any
		d.At("default").Decode(&doc.Default, &v)
		value, err := in.Kind.check(v)
		if err != nil {
			d.At("default").Problem(&doc.Default, err.Error(), "")
			value = v
		}
		in.Default = value
	}
	switch {
	case doc.Required == nil:
	case *doc.Required && in.Default != nil:
		d.At("required").Problem(doc.key, "an input with a default is never missing, so it cannot be required", `remove "required" or "default"`)
	case !*doc.Required && in.Default == nil:
		d.At("required").Problem(doc.key, "an input without a default must be filled", `give it a default, or remove "required"`)
	}
}

func (r *reader) inputFrom(d *yamldoc.Decoder, doc inputDocument, in *Input) {
	if in.Kind == URLKind {
		d.Problem(&doc.From, "an input of type url cannot come from the alert", "the customer's file gives it; a URL that an alert names could lead anywhere")
		return
	}
	p := r.expression(d, &doc.From, scope{model: r.model})
	if p == nil {
		return
	}
	if (p.typ.Kind() == reflect.Map || p.typ.Kind() == reflect.Slice) && in.Kind != StringsKind {
		d.Problem(&doc.From, fmt.Sprintf("the expression is %s, expected %s", typeName(p.typ), in.Kind.phrase()), "")
	}
	in.From, in.from = p.source, p
	r.model.alert[in.Name] = true
}

func (r *reader) limits(d *yamldoc.Decoder, doc *document) Limits {
	l := Limits{Timeout: r.duration(d.At("timeout"), doc.Limits.Timeout, DefaultTimeout, time.Second, maxTimeout)}
	l.Recoveries = r.budget(d.At("recoveries"), doc.Limits.Recoveries)
	l.Targets = r.budget(d.At("targets"), doc.Limits.Targets)
	return l
}

func (r *reader) budget(d *yamldoc.Decoder, doc *budgetDocument) *Budget {
	if doc == nil {
		return nil
	}
	if doc.Max.Place.Line > 0 && doc.Max.Value < 1 {
		d.At("max").Problem(nodeAt(doc.Max.Place), fmt.Sprintf("found %d, expected at least 1", doc.Max.Value), "")
	}
	if doc.Per.Place.Line > 0 && doc.Per.Value <= 0 {
		d.At("per").Problem(nodeAt(doc.Per.Place), fmt.Sprintf("found %s, expected more than 0s", doc.Per.Value), "")
	}
	return &Budget{Max: doc.Max.Value, Per: doc.Per.Value}
}

func (r *reader) target(d *yamldoc.Decoder, n *yaml.Node, s scope) *Text {
	t := r.text(d, n, s)
	if t != nil && t.isFixed() {
		if err := checkTarget(t.fixed()); err != nil {
			d.Problem(n, "the target cannot be used: "+err.Error(), "")
		}
	}
	return t
}

func (r *reader) unrecovered(d *yamldoc.Decoder, doc *document) Unrecovered {
	n := &doc.Unrecovered
	if n.Kind != 0 && len(doc.Recover) > 0 {
		d.Problem(n, `"unrecovered" is only for a scenario without recover`, "remove it; when no attempt holds, the incident is handed over")
	}
	return Unrecovered(r.word(d, n, unrecovereds()...))
}

// unrecovereds are the words of "unrecovered", the default first.
func unrecovereds() []string { return []string{string(UnrecoveredHandOver), string(UnrecoveredReport)} }

// word reads one of the known words. The first one is the default.
func (r *reader) word(d *yamldoc.Decoder, n *yaml.Node, known ...string) string {
	word := known[0]
	if n.Kind != 0 && d.Decode(n, &word) && !slices.Contains(known, word) {
		d.Problem(n, fmt.Sprintf("found %q, expected one of: %s", clipTo(word, 60), strings.Join(known, ", ")), yamldoc.Suggest(word, known))
	}
	return word
}

// plain tells when a text that is shown as it is holds "${{ }}".
func (r *reader) plain(d *yamldoc.Decoder, text yamldoc.Located[string]) string {
	if strings.Contains(text.Value, "${{") {
		d.Problem(nodeAt(text.Place), `"${{ }}" is not evaluated here`, "write plain text")
	}
	return text.Value
}

// duration gives the given duration or the default. Both ends are allowed.
func (r *reader) duration(d *yamldoc.Decoder, given yamldoc.Located[*time.Duration], otherwise, least, most time.Duration) time.Duration {
	if given.Value == nil {
		return otherwise
	}
	if *given.Value < least || *given.Value > most {
		d.Problem(nodeAt(given.Place), fmt.Sprintf("found %s, expected %s to %s", *given.Value, least, most), "")
	}
	return *given.Value
}

// text compiles a text that may hold "${{ }}". It gives nil after telling a problem.
func (r *reader) text(d *yamldoc.Decoder, n *yaml.Node, s scope) *Text {
	return withReader{r.file, s}.compile(d, n)
}

// condition compiles a boolean expression. It gives nil when there is none, and after telling a problem.
func (r *reader) condition(d *yamldoc.Decoder, n *yaml.Node, s scope) *Condition {
	if n.Kind == 0 {
		return nil
	}
	source, ok := r.expressionText(d, n)
	if !ok {
		return nil
	}
	c, err := compileCondition(source, s)
	if err != nil {
		r.file.tell(d, n, err)
		return nil
	}
	return c
}

func (r *reader) expression(d *yamldoc.Decoder, n *yaml.Node, s scope) *program {
	source, ok := r.expressionText(d, n)
	if !ok {
		return nil
	}
	p, err := compileExpression(source, s)
	if err != nil {
		r.file.tell(d, n, err)
		return nil
	}
	return p
}

func (r *reader) expressionText(d *yamldoc.Decoder, n *yaml.Node) (string, bool) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!bool" && (n.Value == "true" || n.Value == "false") {
		return n.Value, true
	}
	if !isText(n) {
		var s string
		d.Decode(n, &s) // tells what was found
		return "", false
	}
	if strings.Contains(n.Value, "${{") {
		d.Problem(n, `"${{ }}" inside an expression`, `this is an expression already; remove "${{" and "}}"`)
		return "", false
	}
	return n.Value, true
}

// nodeAt gives a node that stands at the place.
func nodeAt(p yamldoc.Place) *yaml.Node { return &yaml.Node{Line: p.Line, Column: p.Column} }

// place gives "file:line" of a node.
func (r *reader) place(n *yaml.Node) string {
	if n == nil {
		return r.name
	}
	return fmt.Sprintf("%s:%d", r.name, n.Line)
}

// unique tells when a name was seen before.
func unique(d *yamldoc.Decoder, seen map[string]int, what, name string, p yamldoc.Place) bool {
	if line, twice := seen[name]; twice {
		d.Problem(nodeAt(p), fmt.Sprintf("%s %q is given twice, first in line %d", what, clipTo(name, 60), line), "")
		return false
	}
	seen[name] = p.Line
	return true
}

// stepIDs gives the ids of the steps, in order.
func stepIDs(docs []stepDocument) []string {
	var ids []string
	for _, doc := range docs {
		if doc.ID.Value != "" && !slices.Contains(ids, doc.ID.Value) {
			ids = append(ids, doc.ID.Value)
		}
	}
	return ids
}
