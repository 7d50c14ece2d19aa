package scenariotest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/secret"
)

// ErrNoTest says that a run cannot be written as a test.
var ErrNoTest = errors.New("this run cannot be written as a test")

// Exported is a run of the first response as a case of a test file, with the alert that it names.
type Exported struct {
	Name     string // of the case
	Test     string // the path of the test file in the catalog
	Added    []byte // what is added at the end of the test file, which may not be there yet
	Alert    string // the path of the alert's file
	Incident []byte // its content, as Incident gives it
	Notes    []string
}

// Incident gives an incident as authors use it, as JSON: what the monitor and PagerDuty said when it began, without
// the people who acted, and without what looks like a secret. ReadIncident of [Options] reads it.
func Incident(inc incident.Incident) ([]byte, error) {
	data, err := json.Marshal(struct {
		ID        incident.ID      `json:"id"`
		Number    int              `json:"number,omitempty"`
		Title     string           `json:"title,omitempty"`
		Urgency   string           `json:"urgency,omitempty"`
		Priority  string           `json:"priority,omitempty"`
		Service   incident.Ref     `json:"service"`
		Teams     []incident.Ref   `json:"teams,omitempty"`
		URL       string           `json:"url,omitempty"`
		CreatedAt any              `json:"created_at"`
		Alerts    []incident.Alert `json:"alerts,omitempty"`
		Count     int              `json:"alert_count,omitempty"`
	}{inc.ID, inc.Number, inc.Title, inc.Urgency, inc.Priority, inc.Service, inc.Teams, inc.URL, inc.CreatedAt, inc.Alerts, inc.AlertCount})
	if err != nil {
		return nil, fmt.Errorf("write incident %q: %w", inc.ID, err)
	}
	if data, err = secret.MaskJSON(data); err != nil {
		return nil, fmt.Errorf("write incident %q: %w", inc.ID, err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		return nil, fmt.Errorf("write incident %q: %w", inc.ID, err)
	}
	return append(b.Bytes(), '\n'), nil
}

// Export makes a test of what really happened: the actions answer what they answered then, people act when they acted,
// and what came of it is expected. The case was played on the catalog, and passed. What a case cannot say the same way
// is left out, and told in the notes; ErrNoTest when what is left would not be the same run.
//
// Texts that look like secrets are masked, see package secret. Nobody's name is in it.
func Export(ctx context.Context, fsys fs.FS, rec incident.Record, o Options) (*Exported, error) {
	x := &exporter{fsys: fsys, rec: presentRun(rec), options: o}
	if err := x.possible(); err != nil {
		return nil, err
	}
	c, problems := o.Load(fsys)
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("the catalog is not right: %w", err)
	}
	s, ok := c.Scenario(x.rec.Match.Scenario)
	if !ok {
		return nil, fmt.Errorf("%w: the catalog has no scenario %q", ErrNoTest, x.rec.Match.Scenario)
	}
	if _, ok := c.Customer(x.rec.Customer.ID); !ok {
		return nil, fmt.Errorf("%w: the catalog has no customer %q", ErrNoTest, x.rec.Customer.ID)
	}
	x.scenario = s
	out, err := x.draft()
	if err != nil {
		return nil, err
	}
	return out, x.settle(ctx, out)
}

// exporter makes one case.
type exporter struct {
	fsys     fs.FS
	rec      incident.Record // of the present run only
	scenario *scenario.Scenario
	options  Options
}

// presentRun leaves out what earlier runs did.
func presentRun(rec incident.Record) incident.Record {
	rec = inOrder(rec)
	rec.Steps = slices.DeleteFunc(rec.Steps, func(s incident.Step) bool { return s.Run != rec.Run })
	rec.Transitions = slices.DeleteFunc(rec.Transitions, func(t incident.Transition) bool { return t.Run != rec.Run })
	return rec
}

// possible tells of runs that no case can say.
func (x *exporter) possible() error {
	rec := x.rec
	switch {
	case rec.Outcome == "":
		return fmt.Errorf("%w: its first response is not over", ErrNoTest)
	case rec.Match.Scenario == "":
		return fmt.Errorf("%w: no scenario matched, so there is none to test; export it without --as-test and use it as an alert", ErrNoTest)
	case slices.Contains([]incident.Reason{incident.Storm, incident.BusyTarget, incident.EngineError}, rec.Reason):
		return fmt.Errorf("%w: no case can say what led to %s: %s", ErrNoTest, rec.Outcome, rec.Reason)
	}
	return nil
}

// draft writes the case as the record tells it.
func (x *exporter) draft() (*Exported, error) {
	out := &Exported{Test: testFile(x.rec.Match.Scenario)}
	out.Name = fmt.Sprintf("incident %s, %s", x.rec.Incident.ID, strings.ReplaceAll(string(x.rec.Outcome), "_", " "))
	if x.rec.Run > 1 {
		out.Name += fmt.Sprintf(", run %d", x.rec.Run)
	}
	out.Alert = path.Join(path.Dir(out.Test), "testdata", strings.ToLower(string(x.rec.Incident.ID))+".json")
	var err error
	if out.Incident, err = Incident(x.rec.Incident); err != nil {
		return nil, err
	}
	if was, err := fs.ReadFile(x.fsys, out.Alert); err == nil && !bytes.Equal(was, out.Incident) {
		return nil, fmt.Errorf("%s is there already, with something else in it", out.Alert)
	}
	if !fs.ValidPath(out.Alert) || path.Dir(path.Dir(out.Alert)) != path.Dir(out.Test) {
		return nil, fmt.Errorf("%w: %q cannot be the name of a file", ErrNoTest, x.rec.Incident.ID)
	}
	if x.scenario.Hash != x.rec.Match.Hash {
		out.Notes = append(out.Notes, fmt.Sprintf("the scenario %q is not the one that ran then; the case passes with the present one", x.rec.Match.Scenario))
	}
	return out, nil
}

// testFile is where the tests of a scenario are.
func testFile(name incident.ScenarioName) string {
	if strings.Contains(string(name), "/") {
		return "customers/" + string(name) + suffix
	}
	return "scenarios/" + string(name) + suffix
}

// settle finds the case that says most of what happened, and passes.
func (x *exporter) settle(ctx context.Context, out *Exported) error {
	var failed string
	for _, way := range []struct {
		caseWriter
		note string
	}{
		{caseWriter{ran: true}, ""},
		{caseWriter{spare: true}, `"ran" is left out: with time skipped, verify looks at other moments than it did then`},
	} {
		way.exporter, way.alert = x, "testdata/"+path.Base(out.Alert)
		text, err := way.write(out.Name)
		if err != nil {
			return err
		}
		if out.Added, err = x.added(out.Test, text); err != nil {
			return err
		}
		if failed, err = x.play(ctx, out); err != nil {
			return err
		}
		if failed == "" {
			if way.note != "" {
				out.Notes = append(out.Notes, way.note)
			}
			return nil
		}
	}
	return fmt.Errorf("%w: played on this catalog, something else comes of it\n%s", ErrNoTest, failed)
}

// added is what has to be added to the test file.
func (x *exporter) added(file string, text []byte) ([]byte, error) {
	was, err := fs.ReadFile(x.fsys, file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if schema := "schema/test.json"; strings.HasPrefix(file, "scenarios/") && exists(x.fsys, schema) {
			text = append([]byte("# yaml-language-server: $schema=../"+schema+"\n"), text...)
		}
		return text, nil
	case err != nil:
		return nil, fmt.Errorf("read the test file: %w", err)
	case !bytes.HasSuffix(was, []byte("\n")):
		return append([]byte("\n\n"), text...), nil
	}
	return append([]byte("\n"), text...), nil
}

func exists(fsys fs.FS, name string) bool {
	_, err := fs.Stat(fsys, name)
	return err == nil
}

// play plays the case as if it were in the catalog, and says what is not as expected.
func (x *exporter) play(ctx context.Context, out *Exported) (failed string, err error) {
	was, err := fs.ReadFile(x.fsys, out.Test)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the test file: %w", err)
	}
	with := &overlay{FS: x.fsys, files: map[string][]byte{out.Test: slices.Concat(was, out.Added), out.Alert: out.Incident}}
	f := &finder{fsys: with, options: x.options, catalogs: map[string]loaded{}}
	suite := &Suite{options: x.options, cases: f.read(out.Test)}
	if err := f.problems.Err(); err != nil {
		return "", fmt.Errorf("add the case to %s: %w", out.Test, err)
	}
	chosen := string(x.rec.Match.Scenario) + ": " + out.Name
	suite.Select(func(name string) bool { return name == chosen })
	results := suite.Run(ctx)
	if len(results) != 1 || results[0].Passed() {
		return "", nil
	}
	var b strings.Builder
	err = WriteText(&b, results)
	return b.String(), err
}

// overlay shows files that are not there yet.
type overlay struct {
	fs.FS
	files map[string][]byte
}

// Open gives one of the files, or what is there.
func (o *overlay) Open(name string) (fs.File, error) {
	if text, ok := o.files[name]; ok {
		return &memoryFile{Reader: bytes.NewReader(text), name: path.Base(name), size: int64(len(text))}, nil
	}
	return o.FS.Open(name)
}

// beganAt is the instant of the case, when the incident was created or reopened, and how much later the engine heard of
// it.
func (x *exporter) beganAt() (at string, late time.Duration) {
	rec := x.rec
	if rec.Run > 1 {
		return rec.ReceivedAt.Truncate(second).Format(time.RFC3339), 0
	}
	return rec.Incident.CreatedAt.Format(time.RFC3339), rec.ReceivedAt.Sub(rec.Incident.CreatedAt).Round(second)
}
