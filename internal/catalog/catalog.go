// Package catalog holds all scenarios, customers and runbooks at one version, and decides by them which scenario an
// incident gets.
//
// A catalog is a folder:
//
//	scenarios/NAME.yaml            a scenario that customers may adopt
//	customers/NAME.yaml            a customer
//	customers/NAME.ics             a calendar that customers' quiet hours name
//	customers/NAME/SCENARIO.yaml   a scenario of that customer alone; its name is "NAME/SCENARIO"
//	runbooks/NAME.md               a page for people, named by scenarios
//
// In a customer's file "SCENARIO" means its own scenario of that name, or else the shared one. Names are made of small
// letters (of any script), digits and "-". Files that end in _test.yaml are for "shodo test", and folders named
// testdata and names that begin with "." are passed over.
//
// [Load] tells everything that is wrong with all files at once, and gives a [Catalog] only when nothing is. A Catalog
// does not change, and may be used by many goroutines. The same catalog decides the same about the same incident.
// The package never writes, and reads only through the fs.FS that it is given.
package catalog

import (
	"bytes"
	"cmp"
	"io/fs"
	"maps"
	"slices"
	"time"

	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/yamldoc"
)

// Catalog is all scenarios, customers and runbooks at one version.
type Catalog struct {
	version   string
	scenarios map[incident.ScenarioName]*scenario.Scenario
	customers map[incident.CustomerID]*customer.Customer
	services  map[incident.ServiceID]*customer.Customer
	runbooks  map[string][]byte
	adopted   map[incident.CustomerID][]candidate // in the order in which they are tried
	indexes   map[incident.CustomerID]*index      // of adopted, for customers that adopted many
	paths     map[incident.ScenarioName]string    // of the scenarios' files
	tested    map[incident.ScenarioName]bool      // which scenarios have a file of tests
}

// candidate is a scenario that a customer adopted.
type candidate struct {
	scenario *scenario.Scenario
	adoption customer.Adoption
	autonomy incident.Autonomy // after the customer's lowering
	own      bool              // whether it is the customer's own
}

// Load reads a catalog. The version is how people will name it, such as a Git commit; when it is empty it is made from
// the content of all files. The catalog is nil when there is a problem that is not a warning.
func Load(fsys fs.FS, version string, actions scenario.Actions) (*Catalog, yamldoc.Problems) {
	return LoadWithLibrary(fsys, nil, version, actions)
}

// LoadWithLibrary is Load with a library of scenarios and runbooks beside the catalog: what a customer adopts and the
// catalog does not have is taken from there.
func LoadWithLibrary(fsys, library fs.FS, version string, actions scenario.Actions) (*Catalog, yamldoc.Problems) {
	files, problems := readFiles(fsys)
	l := &loader{
		library:  library,
		actions:  actions,
		problems: problems,
		broken:   map[incident.ScenarioName]bool{},
		files:    map[incident.ScenarioName]file{},
		catalog: &Catalog{
			version:   cmp.Or(version, files.hash()),
			scenarios: map[incident.ScenarioName]*scenario.Scenario{},
			customers: map[incident.CustomerID]*customer.Customer{},
			services:  map[incident.ServiceID]*customer.Customer{},
			runbooks:  files.runbooks,
			adopted:   map[incident.CustomerID][]candidate{},
			paths:     map[incident.ScenarioName]string{},
			tested:    files.tested,
		},
	}
	l.parse(files)
	l.check()
	l.problems.Sort()
	if l.problems.Err() != nil {
		return nil, l.problems
	}
	l.catalog.indexes = newIndexes(l.catalog.adopted)
	return l.catalog, l.problems
}

// Version names the catalog's content.
func (c *Catalog) Version() string { return c.version }

// Scenarios lists all scenarios by name.
func (c *Catalog) Scenarios() []*scenario.Scenario { return ordered(c.scenarios) }

// Customers lists all customers by id.
func (c *Catalog) Customers() []*customer.Customer { return ordered(c.customers) }

// Scenario gives the scenario of that name.
func (c *Catalog) Scenario(name incident.ScenarioName) (*scenario.Scenario, bool) {
	s, ok := c.scenarios[name]
	return s, ok
}

// Manual gives how long people work for an incident by hand, for the scenarios that say so.
func (c *Catalog) Manual() map[incident.ScenarioName]time.Duration {
	manual := map[incident.ScenarioName]time.Duration{}
	for name, s := range c.scenarios {
		if s.ManualMinutes > 0 {
			manual[name] = time.Duration(s.ManualMinutes * float64(time.Minute))
		}
	}
	return manual
}

// File gives the path of a scenario's file in the catalog; "library/..." when it is of the library below it.
func (c *Catalog) File(name incident.ScenarioName) string { return c.paths[name] }

// Adopters lists the customers that adopted the scenario, by id, with the autonomy that it has there.
func (c *Catalog) Adopters(name incident.ScenarioName) []Adopter {
	var list []Adopter
	for _, owner := range c.Customers() {
		for _, one := range c.adopted[owner.ID] {
			if one.scenario.Name == name {
				list = append(list, Adopter{Customer: owner, Adoption: one.adoption, Autonomy: one.autonomy})
			}
		}
	}
	return list
}

// Adopter is a customer that adopted a scenario.
type Adopter struct {
	Customer *customer.Customer
	Adoption customer.Adoption
	Autonomy incident.Autonomy // after the customer's lowering
}

// Customer gives the customer with that id.
func (c *Catalog) Customer(id incident.CustomerID) (*customer.Customer, bool) {
	found, ok := c.customers[id]
	return found, ok
}

// CustomerOf gives the customer whose service that is.
func (c *Catalog) CustomerOf(service incident.ServiceID) (*customer.Customer, bool) {
	found, ok := c.services[service]
	return found, ok
}

// Runbook gives the text of the runbook of that file name, such as "http-down.md".
func (c *Catalog) Runbook(name string) ([]byte, bool) {
	text, ok := c.runbooks[name]
	return bytes.Clone(text), ok
}

func ordered[K cmp.Ordered, V any](m map[K]V) []V {
	list := make([]V, 0, len(m))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		list = append(list, m[key])
	}
	return list
}
