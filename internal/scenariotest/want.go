package scenariotest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"shodo/internal/incident"
	"shodo/internal/yamldoc"
)

// none is the name of the scenario that an unmatched incident gets.
const none incident.ScenarioName = "none"

// wantFields is "want" as it is written. Only what is given is compared.
type wantFields struct {
	Scenario incident.ScenarioName `yaml:"scenario" doc:"Which scenario matches; none: no one. The default is the one that the file is for."`
	Outcome  string                `yaml:"outcome" doc:"How the first response ends."`
	Reason   string                `yaml:"reason" doc:"Why it was handed over."`
	Why      texts                 `yaml:"why" doc:"Texts that the engine's reason contains."`
	Ran      *sequence             `yaml:"ran" doc:"The steps whose action was used, in order, by id, else attempt, else action. {probe: 3} is three of them."`
	Planned  *sequence             `yaml:"planned" doc:"Under observe and suggest: what would have run."`
	Told     *sequence             `yaml:"told" doc:"The tiers that were told, in order; []: nobody."`
	Asked    *askedList            `yaml:"asked" doc:"Which attempts waited for the approval of which tier, in order: {ATTEMPT: TIER}; []: nobody was asked."`
	Note     texts                 `yaml:"note" doc:"Texts, each contained in a note that the engine wrote in PagerDuty."`
	Changed  *int                  `yaml:"changed" doc:"How many changing steps were sent."`
	Target   *string               `yaml:"target" doc:"What was to be repaired."`
	Inputs   map[string]any        `yaml:"inputs" doc:"The values of inputs; only those that are given are compared."`
}

// want is what a case expects.
type want struct {
	wantFields
	subject incident.ScenarioName // the scenario that has to match
}

// seen is what came of a case.
type seen struct {
	record  incident.Record
	ran     []string
	planned []string
	told    []string
	asked   []string // as asking writes it
	notes   []string
	changed int
}

// check completes what is expected, and tells what can never come.
func (w wantFields) check(d *yamldoc.Decoder, place yamldoc.Place, subject incident.ScenarioName) want {
	outcomes, reasons := words(incident.Outcomes()), words(incident.Reasons())
	one := func(key, found string, known []string) {
		if found != "" && !slices.Contains(known, found) {
			d.Add(place.At(key).Problem(fmt.Sprintf("there is no %s %q", key, found),
				cmp.Or(yamldoc.Suggest(found, known), "one of: "+strings.Join(known, ", "))))
		}
	}
	one("outcome", w.Outcome, outcomes)
	one("reason", w.Reason, reasons)
	if w.Reason != "" && w.Outcome != string(incident.HandedOver) && slices.Contains(outcomes, w.Outcome) {
		d.Add(place.At("reason").Problem(fmt.Sprintf("only %q has a reason, not %q", incident.HandedOver, w.Outcome), "remove it"))
	}
	if w.Scenario == "" && w.Outcome == string(incident.Unmatched) {
		w.Scenario = none
	}
	return want{wantFields: w, subject: cmp.Or(w.Scenario, subject)}
}

// compare tells everything that is not as expected.
func (w want) compare(got seen) []Failure {
	var failures []Failure
	value := func(what, want, got string) {
		if want != got {
			failures = append(failures, Failure{What: what, Want: want, Got: got})
		}
	}
	list := func(what string, want *sequence, got []string) {
		if want != nil && !slices.Equal(*want, got) {
			failures = append(failures, Failure{What: what, Sequence: &Sequence{Expected: *want, Actual: slices.Concat([]string{}, got)}})
		}
	}
	rec := got.record
	if matched := cmp.Or(rec.Match.Scenario, none); matched != w.subject {
		failures = append(failures, Failure{What: "scenario", Want: string(w.subject), Got: string(matched), Detail: whyNot(rec, w.subject)})
	}
	if got := string(rec.Outcome); w.Outcome != "" && w.Outcome != got {
		if rec.Reason != "" {
			got += ": " + string(rec.Reason)
		}
		value("outcome", w.Outcome, got)
	}
	if w.Reason != "" {
		value("reason", w.Reason, cmp.Or(string(rec.Reason), "none"))
	}
	failures = append(failures, w.Why.missing("why", []string{rec.Why})...)
	list("ran", w.Ran, got.ran)
	list("planned", w.Planned, got.planned)
	list("told", w.Told, got.told)
	list("asked", (*sequence)(w.Asked), got.asked)
	failures = append(failures, w.Note.missing("note", got.notes)...)
	if w.Changed != nil {
		value("changed", fmt.Sprint(*w.Changed), fmt.Sprint(got.changed))
	}
	if w.Target != nil {
		value("target", *w.Target, rec.Match.Target)
	}
	return append(failures, w.compareInputs(rec.Match.Inputs)...)
}

// whyNot says why the incident did not get a scenario.
func whyNot(rec incident.Record, name incident.ScenarioName) string {
	for _, c := range rec.Match.Considered {
		if c.Scenario == name {
			return c.Why
		}
	}
	return rec.Match.Why
}

// compareInputs compares the inputs that are given.
func (w want) compareInputs(raw json.RawMessage) []Failure {
	var got map[string]any
	_ = json.Unmarshal(raw, &got) // there are none: then all are missing
	var failures []Failure
	for _, name := range slices.Sorted(maps.Keys(w.Inputs)) {
		wanted, actual := asJSON(w.Inputs[name]), asJSON(got[name])
		if !reflect.DeepEqual(wanted, actual) {
			failures = append(failures, Failure{What: "inputs." + name, Want: wanted, Got: actual})
		}
	}
	return failures
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// texts is one text or several.
type texts []string

// DecodeYAML reads either form.
func (t *texts) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	if n.Kind == yaml.SequenceNode {
		d.Decode(n, (*[]string)(t))
		return
	}
	var one string
	if d.Decode(n, &one) {
		*t = texts{one}
	}
}

// missing tells which texts are contained in none of the others.
func (t texts) missing(what string, in []string) []Failure {
	var failures []Failure
	for _, text := range t {
		if !slices.ContainsFunc(in, func(s string) bool { return strings.Contains(s, text) }) {
			failures = append(failures, Failure{What: what, Detail: fmt.Sprintf("nothing contains %q", text), Texts: in})
		}
	}
	return failures
}

// sequence is a list of names; {NAME: 3} stands for three of it.
type sequence []string

// DecodeYAML reads the list.
func (s *sequence) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var items []yaml.Node
	if !d.Decode(n, &items) {
		return
	}
	*s = sequence{}
	for i := range items {
		item, at := &items[i], d.AtIndex(i)
		if item.Kind != yaml.MappingNode {
			var name string
			at.Decode(item, &name)
			*s = append(*s, name)
			continue
		}
		var many map[string]int
		if !at.Decode(item, &many) {
			continue
		}
		if len(many) != 1 {
			at.Problem(item, fmt.Sprintf("found %d names, expected one", len(many)), "write each as an element of its own: {probe: 3}")
			continue
		}
		for name, n := range many {
			if n < 1 || n > maxTimes {
				at.Problem(item, fmt.Sprintf("found %d, expected 1 to %d", n, maxTimes), "")
				continue
			}
			*s = append(*s, slices.Repeat([]string{name}, n)...)
		}
	}
}

// askedList is who is asked for what, each as asking writes it.
type askedList []string

// asking names a question: "restart the unit: on_call".
func asking(attempt, tier string) string { return attempt + ": " + tier }

// DecodeYAML reads [{ATTEMPT: TIER}].
func (a *askedList) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var items []yaml.Node
	if !d.Decode(n, &items) {
		return
	}
	*a = askedList{}
	for i := range items {
		item, at := &items[i], d.AtIndex(i)
		var one map[string]string
		if !at.Decode(item, &one) {
			continue
		}
		if len(one) != 1 {
			at.Problem(item, fmt.Sprintf("found %d attempts, expected one", len(one)), "write each as an element of its own: {ATTEMPT: TIER}")
			continue
		}
		for attempt, tier := range one {
			*a = append(*a, asking(attempt, tier))
		}
	}
}

func words[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = string(w)
	}
	return out
}
