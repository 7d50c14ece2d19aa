package scenariotest

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"shodo/internal/catalog"
	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/yamldoc"
)

const suffix = "_test.yaml"

// Find reads every test of a catalog: scenarios/NAME_test.yaml, and customers/CUSTOMER/NAME_test.yaml for a customer's
// own scenario. The suite is not to be run when there is a problem that is not a warning.
func Find(fsys fs.FS, o Options) (*Suite, yamldoc.Problems) {
	f := &finder{fsys: fsys, options: o, catalogs: map[string]loaded{}}
	suite := &Suite{options: o}
	for _, pattern := range []string{"scenarios/*" + suffix, "customers/*/*" + suffix} {
		names, err := fs.Glob(fsys, pattern)
		if err != nil {
			f.problems = append(f.problems, yamldoc.Problem{File: pattern, Message: err.Error()})
		}
		for _, name := range names {
			suite.cases = append(suite.cases, f.read(name)...)
		}
	}
	f.problems.Sort()
	return suite, f.problems
}

// finder reads test files and what they name.
type finder struct {
	fsys     fs.FS
	options  Options
	catalogs map[string]loaded // by the customer's file; "" is the catalog as it is
	problems yamldoc.Problems
}

// loaded is a catalog, or why there is none.
type loaded struct {
	catalog *catalog.Catalog
	owner   *customer.Customer // of a customer's file
	problem string
	hint    string
}

// read gives the cases of one file.
func (f *finder) read(name string) []*testCase {
	data, err := fs.ReadFile(f.fsys, name)
	if err != nil {
		f.problems = append(f.problems, yamldoc.Problem{File: name, Message: fmt.Sprintf("read: %v", err)})
		return nil
	}
	doc := &document{finder: f, file: name, subject: subjectOf(name)}
	f.problems = append(f.problems, yamldoc.Decode(name, data, doc)...)
	return doc.cases
}

// subjectOf gives the scenario that a test file is for.
func subjectOf(file string) incident.ScenarioName {
	name := strings.TrimSuffix(strings.TrimPrefix(strings.TrimPrefix(file, "scenarios/"), "customers/"), suffix)
	return incident.ScenarioName(name)
}

// open gives the content of a file that a test names, from the test's own folder.
func (f *finder) open(test, name string) ([]byte, error) {
	full := path.Join(path.Dir(test), name)
	if !fs.ValidPath(full) {
		return nil, errors.New("it is outside of the catalog")
	}
	data, err := fs.ReadFile(f.fsys, full)
	var failed *fs.PathError
	if errors.As(err, &failed) {
		return nil, fmt.Errorf("%s: %w", full, failed.Err)
	}
	return data, err
}

// whole gives the catalog as it is.
func (f *finder) whole() loaded {
	if l, ok := f.catalogs[""]; ok {
		return l
	}
	l := f.load(f.fsys, "the catalog is not right")
	f.catalogs[""] = l
	return l
}

// with gives the catalog in which a customer's file stands alone: only that customer, and only the scenarios that it
// adopts.
func (f *finder) with(test, name string) loaded {
	full := path.Join(path.Dir(test), name)
	if l, ok := f.catalogs[full]; ok {
		return l
	}
	l := f.alone(test, name)
	f.catalogs[full] = l
	return l
}

func (f *finder) alone(test, name string) loaded {
	data, err := f.open(test, name)
	if err != nil {
		return loaded{problem: fmt.Sprintf("read the customer's file: %v", err)}
	}
	id := incident.CustomerID(strings.TrimSuffix(path.Base(name), ".yaml"))
	owner, problems := customer.Parse(id, path.Join(path.Dir(test), name), data)
	if err := problems.Err(); err != nil {
		return loaded{problem: "the customer's file is not right", hint: strings.ReplaceAll(err.Error(), "\n", "; ")}
	}
	l := f.load(newView(f.fsys, owner, data), "the catalog with this customer is not right")
	l.owner = owner
	return l
}

func (f *finder) load(fsys fs.FS, otherwise string) loaded {
	c, problems := f.options.Load(fsys)
	if err := problems.Err(); err != nil {
		return loaded{problem: otherwise, hint: strings.ReplaceAll(err.Error(), "\n", "; ")}
	}
	return loaded{catalog: c}
}
