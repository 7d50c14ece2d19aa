package scenariotest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/secret"
)

const (
	second = time.Second
	// spareLooks is how many more looks of verify a case has answers for when they come at other moments.
	spareLooks = 100
)

// caseWriter writes one case in YAML.
type caseWriter struct {
	*exporter
	alert string // the file, as the case names it
	ran   bool   // whether the sequence of steps is expected
	spare bool   // whether verify may look more often
}

// write gives the case as the element of a list.
func (w caseWriter) write(name string) ([]byte, error) {
	at, late := w.beganAt()
	one := mapping()
	put(one, "name", text(name))
	put(one, "alert", text(w.alert))
	put(one, "customer", text(string(w.rec.Customer.ID)))
	put(one, "at", plain(at))
	if late > 0 {
		put(one, "late_by", span(late))
	}
	if earlier := w.earlier(); len(earlier.Content) > 0 {
		put(one, "earlier", flow(earlier))
	}
	steps, err := w.steps()
	if err != nil {
		return nil, err
	}
	if len(steps.Content) > 0 {
		put(one, "steps", steps)
	}
	if people := w.people(); len(people.Content) > 0 {
		put(one, "people", people)
	}
	put(one, "want", w.want())
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(list(one)); err != nil {
		return nil, fmt.Errorf("write the case: %w", err)
	}
	return b.Bytes(), nil
}

// earlier is what must have been repaired before, for a run that ended because of it.
func (w caseWriter) earlier() *yaml.Node {
	n := mapping()
	if w.rec.Reason != incident.OverBudget {
		return n
	}
	made := map[int]bool{}
	for _, s := range w.rec.Steps {
		if s.Phase == incident.Recover && ran(s) {
			made[s.Attempt] = true
		}
	}
	limits := w.scenario.Limits
	switch {
	case limits.Recoveries != nil:
		put(n, "recoveries", number(max(0, limits.Recoveries.Max-len(made))))
	case limits.Targets != nil:
		put(n, "targets", number(limits.Targets.Max))
	}
	return n
}

// steps are the answers, by the names under which steps ask for them.
func (w caseWriter) steps() (*yaml.Node, error) {
	var keys []string
	answers := map[string][]*yaml.Node{}
	for _, s := range w.rec.Steps {
		if !ran(s) && s.Status != incident.Started {
			continue
		}
		answer, repeat, err := w.answer(s)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(keys, s.Name) {
			keys = append(keys, s.Name)
		}
		for range repeat {
			answers[s.Name] = append(answers[s.Name], answer)
		}
	}
	n := mapping()
	for _, key := range keys {
		put(n, key, w.inTurn(answers[key]))
	}
	return n, nil
}

// inTurn gives one answer for always when all are the same, else each with how often it was given.
func (w caseWriter) inTurn(answers []*yaml.Node) *yaml.Node {
	type group struct {
		answer *yaml.Node
		times  int
	}
	var groups []group
	for _, a := range answers {
		if last := len(groups) - 1; last >= 0 && reflect.DeepEqual(groups[last].answer, a) {
			groups[last].times++
			continue
		}
		groups = append(groups, group{a, 1})
	}
	if len(groups) == 1 {
		return flow(groups[0].answer)
	}
	if w.spare {
		groups[len(groups)-1].times += spareLooks
	}
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, g := range groups {
		one := *g.answer
		if g.times > 1 {
			one.Content = slices.Clone(one.Content)
			put(&one, "times", number(g.times))
		}
		n.Content = append(n.Content, flow(&one))
	}
	return n
}

// answer is what the action answered, and how often it was asked for one step.
func (w caseWriter) answer(s incident.Step) (*yaml.Node, int, error) {
	n, repeat := mapping(), 1
	failed := s.Status != incident.Succeeded
	if failed {
		kind := s.ErrorKind
		if kind == incident.Cancelled || s.Status == incident.Started {
			kind = incident.UnknownEffect
		}
		put(n, "kind", plain(string(cmp.Or(kind, incident.Permanent))))
		if s.Error != "" {
			put(n, "error", text(secret.Mask(s.Error)))
		}
		if step := stepOf(w.scenario, s.StepKey); step != nil && s.ErrorKind == incident.Transient {
			repeat = max(1, step.Retry.Attempts)
		}
	}
	if err := w.outputs(n, s, failed); err != nil {
		return nil, 0, err
	}
	switch took := s.Duration(); {
	case s.ErrorKind == incident.Cancelled:
		put(n, "takes", span((took + time.Minute).Round(second))) // until somebody stops it
	case s.ErrorKind == incident.TimedOut:
		put(n, "takes", span((took + time.Minute).Round(second)))
	case took >= second && repeat == 1:
		put(n, "takes", span(took.Round(100*time.Millisecond)))
	}
	return n, repeat, nil
}

// outputs adds what the action put out, without what is empty anyway.
func (w caseWriter) outputs(n *yaml.Node, s incident.Step, failed bool) error {
	if len(s.Output) == 0 || string(s.Output) == "null" {
		return nil
	}
	masked, err := secret.MaskJSON(s.Output)
	if err != nil {
		return fmt.Errorf("read the output of step %q: %w", s.Name, err)
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(masked, &given); err != nil {
		return fmt.Errorf("read the output of step %q: %w", s.Name, err)
	}
	action, ok := w.options.Actions.Lookup(s.Action)
	if !ok {
		return fmt.Errorf("%w: there is no action %q any more", ErrNoTest, s.Action)
	}
	for _, name := range outputs(action) {
		if raw, ok := given[name]; ok && !isZero(raw) && !(failed && name == "error") {
			value, err := nodeOf(raw)
			if err != nil {
				return fmt.Errorf("read the output %q of step %q: %w", name, s.Name, err)
			}
			put(n, name, value)
		}
	}
	if first := outputs(action); !failed && len(n.Content) == 0 && len(first) > 0 && given[first[0]] != nil {
		put(n, first[0], plain(string(given[first[0]]))) // so that it can be read
	}
	return nil
}

// nodeOf writes JSON as YAML. YAML's own reader knows characters less than JSON does.
func nodeOf(raw json.RawMessage) (*yaml.Node, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return nodeOfValue(v), nil
}

func nodeOfValue(v any) *yaml.Node {
	switch v := v.(type) {
	case string:
		return text(v)
	case []any:
		n := list()
		for _, item := range v {
			n.Content = append(n.Content, nodeOfValue(item))
		}
		return n
	case map[string]any:
		n := mapping()
		for _, key := range slices.Sorted(maps.Keys(v)) {
			put(n, key, nodeOfValue(v[key]))
		}
		return n
	case nil:
		return plain("null")
	}
	return plain(fmt.Sprint(v))
}

func isZero(raw json.RawMessage) bool {
	return slices.Contains([]string{`""`, "0", "false", "null", "[]", "{}"}, string(raw))
}

// stepOf finds a step by its place; nil when the scenario has none there any more.
func stepOf(s *scenario.Scenario, key incident.StepKey) *scenario.Step {
	var steps []scenario.Step
	switch {
	case key.Phase == incident.Check:
		steps = s.Check
	case key.Phase == incident.Gather:
		steps = s.Gather
	case key.Phase == incident.Verify:
		steps = s.Verify.Steps
	case key.Attempt >= 1 && key.Attempt <= len(s.Recover):
		steps = s.Recover[key.Attempt-1].Steps
	}
	if key.Index < 0 || key.Index >= len(steps) {
		return nil
	}
	return &steps[key.Index]
}

// want is what came of it.
func (w caseWriter) want() *yaml.Node {
	got := seenIn(w.rec, w.scenario, w.options.Actions)
	n := mapping()
	put(n, "outcome", plain(string(w.rec.Outcome)))
	if w.rec.Reason != "" {
		put(n, "reason", plain(string(w.rec.Reason)))
	}
	if w.ran {
		put(n, "ran", names(got.ran))
	}
	if len(got.planned) > 0 {
		put(n, "planned", names(got.planned))
	}
	put(n, "told", names(got.told))
	if len(got.asked) > 0 {
		put(n, "asked", w.asked())
	}
	put(n, "changed", number(got.changed))
	if w.rec.Match.Target != "" {
		put(n, "target", text(w.rec.Match.Target))
	}
	return n
}

// asked are the questions, each with the tier that got it.
func (w caseWriter) asked() *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, t := range w.rec.Transitions {
		if t.Kind == incident.Asked {
			one := mapping()
			put(one, nameOfAttempt(w.scenario, t.Attempt), text(t.By))
			n.Content = append(n.Content, flow(one))
		}
	}
	return n
}

// names is a sequence; one after the other of the same name is written once.
func names(all []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j] == all[i] {
			j++
		}
		if j-i == 1 {
			n.Content = append(n.Content, text(all[i]))
		} else {
			many := mapping()
			put(many, all[i], number(j-i))
			n.Content = append(n.Content, flow(many))
		}
		i = j
	}
	return n
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

func list(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Content: items}
}

func put(n *yaml.Node, key string, value *yaml.Node) { n.Content = append(n.Content, text(key), value) }

func flow(n *yaml.Node) *yaml.Node {
	one := *n
	one.Style = yaml.FlowStyle
	return &one
}

// text is a text that is put in quotes where it has to be.
func text(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	n.Style = 0
	return n
}

// plain is written as it stands: a word, a duration, an instant.
func plain(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }

// span writes a duration without what is zero at its end: "20m", not "20m0s".
func span(d time.Duration) *yaml.Node {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return plain(s)
}

func number(i int) *yaml.Node { return plain(fmt.Sprint(i)) }
