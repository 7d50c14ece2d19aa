package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/incident"
	"shodo/internal/suggest"
)

// FormVersion is the version of the forms of JSON and CSV: it is raised when something is renamed or taken away.
const FormVersion = 1

// JSON renders the report for other programs: names in snake_case, times in the reader's zone (RFC 3339), lengths in
// seconds, shares from 0 to 1, and null where there is no data. It has no words but the three sentences.
func (r *Report) JSON() ([]byte, error) {
	w := wordsFor(r.Language)
	said := r.findings(w)
	sentences := map[string]string{"better": said[0].whole(), "why": said[1].whole(), "to_do": said[2].whole()}
	out := struct {
		Version     int              `json:"version"`
		Definitions string           `json:"definitions"`
		Edition     Edition          `json:"edition"`
		Language    string           `json:"language"`
		Period      periodJSON       `json:"period"`
		Over        bool             `json:"over"`
		AsOf        *time.Time       `json:"as_of"`
		Verdict     Verdict          `json:"verdict"`
		Cause       *causeJSON       `json:"cause"`
		Action      Action           `json:"action"`
		Sentences   any              `json:"sentences"`
		Columns     []columnJSON     `json:"columns"`
		Days        []pointJSON      `json:"days"`
		Trend       []pointJSON      `json:"trend"`
		Departments []departmentJSON `json:"departments"`
		Adoption    []customerJSON   `json:"adoption"`
		Customers   []grouped        `json:"customers"`
		Heaviest    []grouped        `json:"heaviest"`
		Priorities  []grouped        `json:"priorities"`
		Automate    []suggest.Kind   `json:"automate_next"`
		Attempts    []attempted      `json:"repairs_not_holding"`
		Returning   []grouped        `json:"came_back"`
		Noisiest    []grouped        `json:"noisiest"`
		Windows     []windowed       `json:"windows"`
		Slow        []slowJSON       `json:"slow_hand_overs"`
		Deferred    []incident.ID    `json:"deferred"`
		Storms      []incident.ID    `json:"handed_over_in_a_storm"`
		StormsOf    []grouped        `json:"storms_by_customer"`
		Open        []openJSON       `json:"oldest_open"`
		Years       []yearJSON       `json:"years"`
		HalfImports []importJSON     `json:"half_imports"`
		Lost        *int             `json:"lost"`
	}{
		Version: FormVersion, Definitions: r.Definitions, Edition: r.Edition, Language: languageOf(r.Language), Period: asPeriod(r.Period), Over: r.Over,
		Verdict: r.Verdict(), Action: r.Action(), Sentences: sentences, Columns: []columnJSON{}, Days: points(r.Days), Trend: points(r.Trend),
		Departments: []departmentJSON{}, Adoption: []customerJSON{}, Customers: list(r.Customers), Heaviest: list(r.Heaviest), Priorities: list(r.Priorities),
		Automate: list(r.Suggestions), Attempts: list(r.Attempts), Returning: list(r.Scenarios), Noisiest: list(r.Noisiest), Windows: list(r.Windows),
		Slow: []slowJSON{}, Deferred: list(r.Deferred), Storms: list(r.Storms), StormsOf: list(r.StormsOf), Open: []openJSON{}, Years: []yearJSON{}, HalfImports: []importJSON{}, Lost: r.Lost,
	}
	zone := r.Period.Since.Location()
	if !r.Over {
		at := r.AsOf.In(zone)
		out.AsOf = &at
	}
	if c := r.Cause; c != nil {
		out.Cause = &causeJSON{c.Group, c.By, c.Now, c.Before}
	}
	for _, c := range r.Columns {
		out.Columns = append(out.Columns, columnJSON{c.Name, asPeriod(c.Period), c.Figures})
	}
	for _, d := range r.Departments {
		out.Departments = append(out.Departments, departmentJSON(d))
	}
	for _, c := range r.Adopted {
		out.Adoption = append(out.Adoption, customerJSON{c.ID, c.Name, c.Department, list(c.Scenarios)})
	}
	for _, s := range r.Slow {
		out.Slow = append(out.Slow, slowJSON{asOpen(s.Incident, zone), s.Waited.Seconds(), s.Taken})
	}
	for _, f := range r.Open {
		out.Open = append(out.Open, asOpen(f, zone))
	}
	for _, y := range r.Years {
		out.Years = append(out.Years, yearJSON{y.Year, y.Whole, y.Until, y.Figures})
	}
	for _, i := range r.HalfImports {
		out.HalfImports = append(out.HalfImports, importJSON{i.Since.In(zone), i.Until.In(zone), i.DoneTo.In(zone)})
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return nil, fmt.Errorf("write the report as JSON: %w", err)
	}
	return b.Bytes(), nil
}

type (
	grouped   = analytics.Grouped
	attempted = analytics.Attempted
	windowed  = analytics.Windowed

	periodJSON struct {
		Name  string    `json:"name,omitempty"`
		Since time.Time `json:"since"`
		Until time.Time `json:"until"`
		Zone  string    `json:"zone"`
	}
	columnJSON struct {
		Name    Stretch           `json:"name"`
		Period  periodJSON        `json:"period"`
		Figures analytics.Figures `json:"figures"`
	}
	pointJSON struct {
		Point
		Mean *float64 `json:"first_response_mean_seconds"`
	}
	causeJSON struct {
		analytics.Group
		By     Measure           `json:"by"`
		Now    analytics.Figures `json:"figures"`
		Before analytics.Figures `json:"previous"`
	}
	departmentJSON struct {
		analytics.Adoption
		Figures  analytics.Figures `json:"figures"`
		Previous analytics.Figures `json:"previous"`
	}
	customerJSON struct {
		ID         incident.CustomerID     `json:"id"`
		Name       string                  `json:"name"`
		Department string                  `json:"department"`
		Scenarios  []incident.ScenarioName `json:"scenarios"`
	}
	openJSON struct {
		ID        incident.ID           `json:"id"`
		CreatedAt time.Time             `json:"created_at"`
		Customer  incident.CustomerID   `json:"customer"`
		Scenario  incident.ScenarioName `json:"scenario"`
		Outcome   incident.Outcome      `json:"outcome"`
		Reason    incident.Reason       `json:"reason"`
	}
	slowJSON struct {
		openJSON
		Waited float64 `json:"waited_seconds"`
		Taken  bool    `json:"taken"`
	}
	importJSON struct {
		Since  time.Time `json:"since"`
		Until  time.Time `json:"until"`
		DoneTo time.Time `json:"done_to"`
	}
	yearJSON struct {
		Year    int               `json:"year"`
		Whole   bool              `json:"whole"`
		Until   time.Time         `json:"until"`
		Figures analytics.Figures `json:"figures"`
	}
)

func asPeriod(p analytics.Period) periodJSON {
	return periodJSON{p.Name, p.Since, p.Until, p.Since.Location().String()}
}

func asOpen(f incident.Fact, zone *time.Location) openJSON {
	return openJSON{f.ID, f.CreatedAt.In(zone), f.Customer, f.Scenario, f.Outcome, f.Reason}
}

func points(all []Point) []pointJSON {
	out := []pointJSON{}
	for _, p := range all {
		one := pointJSON{Point: p}
		if p.Measured > 0 {
			seconds := p.Mean.Seconds()
			one.Mean = &seconds
		}
		out = append(out, one)
	}
	return out
}

// list is never null.
func list[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
