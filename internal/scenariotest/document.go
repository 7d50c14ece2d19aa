package scenariotest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"shodo/internal/catalog"
	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/yamldoc"
)

// testCase is one case, ready to be played.
type testCase struct {
	name    string
	subject incident.ScenarioName // the scenario that the file is for
	place   yamldoc.Place

	catalog  *catalog.Catalog
	incident incident.Incident
	start    time.Time // when the engine is told of it
	earlier  earlier
	answers  map[string]*answers
	people   []personEvent
	want     want
}

// document is a test file on its way into cases.
type document struct {
	finder  *finder
	file    string
	subject incident.ScenarioName
	cases   []*testCase
	names   map[string]bool
}

// caseDocument is a case as it is written.
type caseDocument struct {
	Name     string                      `yaml:"name" required:"true" doc:"What the case shows; unique in the file."`
	Alert    yaml.Node                   `yaml:"alert" required:"true" schema:"alert" doc:"A JSON file from the test's folder, in any form that \"shodo explain\" takes, or the same written here."`
	Customer string                      `yaml:"customer" doc:"The id of a customer of the catalog, or a file from the test's folder: then only that customer is there."`
	At       time.Time                   `yaml:"at" doc:"When PagerDuty created the incident. The default is what the alert says."`
	LateBy   time.Duration               `yaml:"late_by" doc:"How much later the engine hears of it."`
	Earlier  earlier                     `yaml:"earlier" doc:"Repairs before this one that count for the limits."`
	Steps    map[string]yaml.Node        `yaml:"steps" schema:"steps" doc:"What each step answers: by its id, else its attempt's name, else its action. A mapping answers always, a list in turn."`
	People   []personDocument            `yaml:"people" doc:"Who does what and when: in PagerDuty, and by what the engine offers."`
	Want     yamldoc.Located[wantFields] `yaml:"want" required:"true" doc:"What has to come of it. Only what is given is compared."`
}

// DecodeYAML reads the list of cases.
func (doc *document) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	var nodes []yaml.Node
	if !d.Decode(n, &nodes) {
		return
	}
	doc.names = map[string]bool{}
	for i := range nodes {
		doc.read(&nodes[i], d.AtIndex(i))
	}
}

func (doc *document) read(n *yaml.Node, d *yamldoc.Decoder) {
	var given caseDocument
	if !d.Decode(n, &given) {
		return
	}
	if doc.names[given.Name] {
		d.ProblemIn(n, "name", fmt.Sprintf("another case is named %q, too", given.Name), "names tell cases apart: --run chooses by them")
	}
	doc.names[given.Name] = true
	r := &caseReader{document: doc, n: n, d: d, given: given}
	if c := r.read(); c != nil {
		doc.cases = append(doc.cases, c)
	}
}

// caseReader makes one case.
type caseReader struct {
	*document
	n     *yaml.Node
	d     *yamldoc.Decoder
	given caseDocument
}

func (r *caseReader) read() *testCase {
	c := &testCase{name: r.given.Name, subject: r.subject, place: r.d.Place(r.n), earlier: r.given.Earlier}
	cat, owner, ok := r.catalog()
	if !ok {
		return nil
	}
	c.catalog = cat
	c.incident, ok = r.incident(owner)
	if !ok {
		return nil
	}
	c.start = r.times(&c.incident)
	c.want = r.given.Want.Value.check(r.d.At("want"), r.given.Want.Place, r.subject)
	s, ok := c.catalog.Scenario(c.want.subject)
	c.people = r.people(s)
	if !ok && c.want.subject != none {
		r.d.Problem(r.n, fmt.Sprintf("there is no scenario %q for this case", c.want.subject),
			yamldoc.Suggest(string(c.want.subject), scenarioNames(c.catalog)))
		return nil
	}
	c.answers = r.answers(s)
	return c
}

// catalog gives the catalog and the customer of the case; no customer: the one whose service the alert names.
func (r *caseReader) catalog() (*catalog.Catalog, *customer.Customer, bool) {
	name := r.given.Customer
	l := loaded{}
	if isFile(name) {
		l = r.finder.with(r.file, name)
	} else {
		l = r.finder.whole()
	}
	switch {
	case l.problem != "" && name != "":
		r.d.ProblemIn(r.n, "customer", l.problem, l.hint)
		return nil, nil, false
	case l.problem != "":
		r.d.Problem(r.n, l.problem, l.hint)
		return nil, nil, false
	case isFile(name) || name == "":
		return l.catalog, l.owner, true
	}
	owner, ok := l.catalog.Customer(incident.CustomerID(name))
	if !ok {
		var known []string
		for _, c := range l.catalog.Customers() {
			known = append(known, string(c.ID))
		}
		hint := yamldoc.Suggest(name, known)
		if hint == "" {
			hint = "give the id of a customer of the catalog, or a file that ends in .yaml"
		}
		r.d.ProblemIn(r.n, "customer", fmt.Sprintf("there is no customer %q", name), hint)
	}
	return l.catalog, owner, ok
}

// incident reads the alert, from a file or as it stands here.
func (r *caseReader) incident(owner *customer.Customer) (incident.Incident, bool) {
	node, d := &r.given.Alert, r.d.At("alert")
	name, data := r.file, []byte(nil)
	switch node.Kind {
	case yaml.MappingNode:
		var fields map[string]any
		if !d.Decode(node, &fields) {
			return incident.Incident{}, false
		}
		withService(fields, owner)
		var err error
		if data, err = json.Marshal(fields); err != nil {
			d.Problem(node, err.Error(), "")
			return incident.Incident{}, false
		}
	default:
		if !d.Decode(node, &name) {
			return incident.Incident{}, false
		}
		var err error
		if data, err = r.finder.open(r.file, name); err != nil {
			d.Problem(node, fmt.Sprintf("read the alert: %v", err), "")
			return incident.Incident{}, false
		}
	}
	inc, err := r.finder.options.ReadIncident(name, data)
	if err != nil {
		d.Problem(node, err.Error(), `"shodo explain --help" says which forms an alert may have`)
		return inc, false
	}
	return asNew(inc), true
}

// withService names the customer's first service where an alert that is written in the case names none.
func withService(fields map[string]any, owner *customer.Customer) {
	for _, key := range []string{"service", "incident", "body"} {
		if _, ok := fields[key]; ok {
			return
		}
	}
	if owner == nil {
		return
	}
	id := string(owner.Services[0].ID)
	if _, many := fields["alerts"]; many {
		fields["service"] = map[string]any{"id": id}
	} else {
		fields["service"] = id
	}
}

// asNew is the incident as it was when nobody had done anything: an exported one tells how it ended.
func asNew(inc incident.Incident) incident.Incident {
	if inc.ID == "" {
		inc.ID = "QTEST"
	}
	inc.Status, inc.AckTimeout = incident.Triggered, true
	inc.AcknowledgedBy, inc.LastChangeBy, inc.MergedInto = nil, incident.Agent{}, ""
	inc.Assignees = nil
	inc.AlertCount = max(inc.AlertCount, len(inc.Alerts))
	return inc
}

// times moves the incident to the instant of the case, and gives when the engine is told of it.
func (r *caseReader) times(inc *incident.Incident) time.Time {
	created := inc.CreatedAt
	if created.IsZero() {
		created = inc.First().CreatedAt
	}
	begin := created
	switch {
	case isOurTime(r.given.At):
		begin = r.given.At
	case !r.given.At.IsZero():
		r.d.ProblemIn(r.n, "at", "found a year that is not between 2000 and 2199", "")
	case !isOurTime(begin):
		begin = time.Date(2026, 1, 5, 3, 0, 0, 0, time.UTC)
	}
	if r.given.LateBy < 0 {
		r.d.ProblemIn(r.n, "late_by", "found a negative duration", "the engine cannot hear of it before it happens")
	}
	inc.CreatedAt = begin
	alerts := slices.Clone(inc.Alerts)
	for i := range alerts {
		if alerts[i].CreatedAt.IsZero() {
			alerts[i].CreatedAt = begin
		} else {
			alerts[i].CreatedAt = alerts[i].CreatedAt.Add(begin.Sub(created)) // they keep their distance
		}
	}
	inc.Alerts = alerts
	return begin.Add(r.given.LateBy)
}

// isOurTime says whether Temporal's clock can be set to it.
func isOurTime(t time.Time) bool { return t.Year() >= 2000 && t.Year() < 2200 }

// answers reads what each step answers.
func (r *caseReader) answers(s *scenario.Scenario) map[string]*answers {
	all := map[string]*answers{}
	for _, key := range slices.Sorted(maps.Keys(r.given.Steps)) {
		node := r.given.Steps[key]
		a := answerReader{d: r.d.At("steps").At(key), key: key, scenario: s, actions: r.finder.options.Actions}
		all[key] = a.read(&node)
	}
	return all
}

// valueOf gives the value of a key (a string) or at a place (an int) of a node; the node itself when there is none.
func valueOf(n *yaml.Node, where any) *yaml.Node {
	switch where := where.(type) {
	case int:
		if where < len(n.Content) {
			return n.Content[where]
		}
	case string:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == where {
				return n.Content[i+1]
			}
		}
	}
	return n
}

func scenarioNames(c *catalog.Catalog) []string {
	var names []string
	for _, s := range c.Scenarios() {
		names = append(names, string(s.Name))
	}
	return names
}
