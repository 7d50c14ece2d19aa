package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/pagerduty"
	"shodo/internal/scenario"
)

func newExplain() *cobra.Command {
	var dir, at string
	var asJSON bool
	var from storeFlags
	cmd := &cobra.Command{
		Use:   "explain FILE|INCIDENT-ID",
		Short: "Say which scenario an incident would get, why, and what would run",
		Long: `explain reads an incident from a file, or by its id from the engine's record, decides as the engine would, and tells why:
the customer, the scenario, for each other one the first condition that does not hold, the inputs and where each comes
from, the autonomy after the customer's lowering, the steps, which attempts wait for whose approval or are only offered,
who is told and who may decide, and what the customer's quiet hours and maintenance make of it, now or at another time
(--at). With -c or --store it also tells what the kill switch of that engine stops ("shodo pause").

FILE is JSON, "-" for standard input: an incident as "shodo incident show --json" prints it, or
  {"service": {"id": "PX1234"}, "title": "...", "alerts": [{"summary": "...", "severity": "critical", "details": {...}}]}
or the form that "shodo sandbox send" takes, with the service's id ({"service": "PX1234", "title": "...", "severity": ...})
or an alert as PagerDuty's REST API gives it ("body" and "service" are read). When there is no such file, it is the id of
an incident; where the record is: --store, or what the settings say (-c). Nothing is run. It exits 1 when no scenario
matches.`,
		Example: "  shodo explain --catalog ./catalog alert.json\n  shodo explain --at 2026-12-31T23:30:00+09:00 alert.json\n  shodo incident show Q123 --json | shodo explain -",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			inc, err := findIncident(cmd, &from, args[0])
			if err != nil {
				return err
			}
			c, problems, err := loadCatalog(dir)
			if err != nil {
				return err
			}
			if err := problems.Err(); err != nil {
				return fmt.Errorf("the catalog is not right, \"shodo check %s\" tells all:\n%w", dir, err)
			}
			d := c.Explain(inc)
			pauses, err := from.pausesHere(cmd)
			if err != nil {
				return err
			}
			autonomy := autonomyOf(d, pauses)
			windows, err := windowsAt(at, inc, d, time.Now())
			if err != nil {
				return err
			}
			if asJSON {
				if err := printJSON(cmd.OutOrStdout(), explanation{d.Match, autonomy, windows}); err != nil {
					return err
				}
			} else {
				explain(cmd.OutOrStdout(), c, inc, d, autonomy)
				windows.write(cmd.OutOrStdout())
			}
			if d.Scenario == nil || d.Problem != "" {
				return errNo
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "catalog", ".", "the folder of the catalog")
	cmd.Flags().StringVar(&at, "at", "", `the instant of the customer's quiet hours: RFC 3339, or "2026-12-31 23:30" on the customer's clock; the default is now`)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the decision as JSON")
	from.register(cmd.Flags())
	return cmd
}

// findIncident reads a file, or the record when there is none and the name can be an incident's id.
func findIncident(cmd *cobra.Command, from *storeFlags, name string) (incident.Incident, error) {
	inc, err := readIncident(name, cmd.InOrStdin())
	if !errors.Is(err, fs.ErrNotExist) || strings.ContainsAny(name, `./\`) {
		return inc, err
	}
	rec, err := from.record(cmd, incident.ID(name))
	if err != nil {
		return inc, fmt.Errorf("there is no file %q, and as an incident: %w", name, err)
	}
	return rec.Incident, nil
}

// readIncident reads an incident from a file.
func readIncident(path string, stdin io.Reader) (incident.Incident, error) {
	data, err := readAll(path, stdin)
	if err != nil {
		return incident.Incident{}, err
	}
	return decodeIncident(path, data)
}

// decodeIncident reads an incident in any of the forms that explain takes. The name is for errors.
func decodeIncident(path string, data []byte) (incident.Incident, error) {
	var forms struct {
		Incident *incident.Incident `json:"incident"` // of a record
		Body     json.RawMessage    `json:"body"`     // of an alert of the REST API
		Service  json.RawMessage    `json:"service"`
		Title    string             `json:"title"`
		Summary  string             `json:"summary"`
		ID       incident.ID        `json:"id"`
	}
	if err := json.Unmarshal(data, &forms); err != nil {
		return incident.Incident{}, fmt.Errorf("read incident %q: %w", path, err)
	}
	var service struct{ ID, Summary string }
	named := json.Unmarshal(forms.Service, &service.ID) == nil
	if !named {
		_ = json.Unmarshal(forms.Service, &service) // what is missing is told below
	}
	switch {
	case forms.Incident != nil && forms.Incident.Service.ID != "":
		return *forms.Incident, nil
	case len(forms.Body) > 0:
		alert := pagerduty.Normalise(data)
		return withAlert(forms.ID, forms.Summary, incident.Ref{ID: service.ID, Name: service.Summary}, alert), nil
	case named:
		var alert incident.Alert
		if err := json.Unmarshal(withoutLinks(data), &alert); err != nil {
			return incident.Incident{}, fmt.Errorf("read incident %q: %w", path, err)
		}
		alert.Summary = firstOf(alert.Summary, forms.Title)
		return withAlert(forms.ID, forms.Title, incident.Ref{ID: service.ID}, alert), nil
	}
	var inc incident.Incident
	if err := json.Unmarshal(data, &inc); err != nil {
		return inc, fmt.Errorf("read incident %q: %w", path, err)
	}
	if inc.Service.ID == "" {
		return inc, fmt.Errorf("read incident %q: it names no service (\"service\": {\"id\": ...}); see \"shodo explain --help\"", path)
	}
	return inc, nil
}

func withAlert(id incident.ID, title string, service incident.Ref, alert incident.Alert) incident.Incident {
	return incident.Incident{ID: id, Title: firstOf(title, alert.Summary), CreatedAt: alert.CreatedAt, Service: service,
		Alerts: []incident.Alert{alert}, AlertCount: 1}
}

// withoutLinks leaves out what an event and a normalised alert write differently, and no decision reads.
func withoutLinks(data []byte) []byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil {
		return data
	}
	delete(fields, "links")
	rest, err := json.Marshal(fields)
	if err != nil {
		return data
	}
	return rest
}

func readAll(path string, stdin io.Reader) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(stdin)
	}
	return os.ReadFile(path)
}

// explain tells a decision in words.
func explain(w io.Writer, c *catalog.Catalog, inc incident.Incident, d catalog.Decision, a *autonomyExplained) {
	fmt.Fprintf(w, "catalog   version %s\nincident  %s\nservice   %s\n", c.Version(), firstOf(inc.Title, inc.First().Summary, string(inc.ID)), nameOf(inc.Service))
	if d.Customer == nil {
		fmt.Fprintf(w, "customer  none\n\n%s\n", d.Match.Why)
		return
	}
	fmt.Fprintf(w, "customer  %s (%s)\nscenario  %s\nwhy       %s\n", d.Customer.Name, d.Customer.ID,
		firstOf(string(d.Match.Scenario), "none: a person is told"), d.Match.Why)
	fmt.Fprintln(w, "\nconsidered:")
	for _, one := range d.Match.Considered {
		mark := "✗"
		if one.Matched {
			mark = "✓"
		}
		fmt.Fprintf(w, "  %s %-24s %s\n", mark, one.Scenario, one.Why)
	}
	if d.Scenario != nil {
		explainScenario(w, d, a)
	}
	fmt.Fprintln(w, "\nwho is told, in turn:")
	for _, t := range d.Customer.Tiers {
		fmt.Fprintf(w, "  %-14s %s%s\n", t.Name, firstOf(t.Slack, "-"), afterText(t.After))
	}
	if a != nil {
		a.writeDeciders(w)
	}
}

func explainScenario(w io.Writer, d catalog.Decision, autonomy *autonomyExplained) {
	fmt.Fprintf(w, "\nautonomy  %s\ntarget    %s\n", autonomy.level(), firstOf(d.Target, "-"))
	autonomy.writePauses(w)
	if d.Problem != "" {
		fmt.Fprintf(w, "problem   %s: a person is told\n", d.Problem)
	}
	if len(d.Match.Origins) > 0 {
		fmt.Fprintln(w, "inputs:")
		for _, o := range d.Match.Origins {
			fmt.Fprintf(w, "  %-14s %v (from the %s)\n", o.Input, d.Inputs[o.Input], o.From)
		}
	}
	fmt.Fprintln(w, "\nwhat would run:")
	explainSteps(w, "check", d.Scenario.Check)
	explainSteps(w, "gather", d.Scenario.Gather)
	for i, a := range d.Scenario.Recover {
		note := autonomy.note(i + 1)
		if a.If != nil {
			note += " if " + a.If.Source()
		}
		explainSteps(w, fmt.Sprintf("recover %d, %q%s", i+1, a.Name, note), a.Steps)
	}
	if len(d.Scenario.Recover) > 0 {
		v := d.Scenario.Verify
		explainSteps(w, fmt.Sprintf("verify, every %s within %s, stable for %s", plain(v.Every), plain(v.Within), plain(v.StableFor)), v.Steps)
	}
	if d.Scenario.HandOver.Always {
		fmt.Fprintln(w, "  and a person gets it also after a repair that held (hand_over.always)")
	}
}

func explainSteps(w io.Writer, title string, steps []scenario.Step) {
	if len(steps) == 0 {
		return
	}
	fmt.Fprintf(w, "  %s\n", title)
	for i := range steps {
		s := &steps[i]
		line := fmt.Sprintf("    %s (%s, up to %s)", s.DisplayName(), s.Uses, plain(s.Timeout))
		if s.If != nil {
			line += " if " + s.If.Source()
		}
		if s.Healthy != nil {
			line += ", healthy when " + s.Healthy.Source()
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

func nameOf(r incident.Ref) string {
	if r.Name == "" {
		return r.ID
	}
	return fmt.Sprintf("%s (%s)", r.Name, r.ID)
}

func afterText(after time.Duration) string {
	if after == 0 {
		return ""
	}
	return ", after " + plain(after) + " without an answer"
}

// plain writes a duration as authors do: "10m", not "10m0s".
func plain(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
