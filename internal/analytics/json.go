package analytics

import (
	"encoding/json"
	"time"

	"shodo/internal/incident"
)

type periodJSON struct {
	Name  string    `json:"name,omitempty"`
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
	Zone  string    `json:"zone"`
	Over  *bool     `json:"over,omitempty"`
}

func asJSON(p Period) periodJSON {
	return periodJSON{Name: p.Name, Since: p.Since, Until: p.Until, Zone: p.Since.Location().String()}
}

// MarshalJSON writes the answer for other programs: with the version of the definitions, times in the reader's zone,
// lengths in seconds, shares from 0 to 1, and null where there is no data.
func (a Answer) MarshalJSON() ([]byte, error) {
	type openJSON struct {
		ID        incident.ID           `json:"id"`
		CreatedAt time.Time             `json:"created_at"`
		Customer  incident.CustomerID   `json:"customer"`
		Scenario  incident.ScenarioName `json:"scenario"`
		Outcome   incident.Outcome      `json:"outcome"`
		Reason    incident.Reason       `json:"reason"`
	}
	q, over := a.Question, a.Question.Period.IsOver(a.Question.Now)
	out := struct {
		Definitions string        `json:"definitions"`
		Period      periodJSON    `json:"period"`
		Previous    periodJSON    `json:"previous_period"`
		Filter      Filter        `json:"filter"`
		Figures     Figures       `json:"figures"`
		Before      Figures       `json:"previous"`
		By          Dimension     `json:"by,omitempty"`
		Groups      []Grouped     `json:"groups,omitempty"`
		Attempts    []Attempted   `json:"attempts"`
		Windows     []Windowed    `json:"windows"`
		Open        []openJSON    `json:"oldest_open"`
		List        Figure        `json:"figure,omitempty"`
		Incidents   []incident.ID `json:"incidents,omitempty"`
	}{
		Definitions: Version, Period: asJSON(q.Period), Previous: asJSON(a.PreviousPeriod), Filter: q.Filter,
		Figures: a.Figures, Before: a.Previous, By: q.By, Groups: a.Groups, Attempts: a.Attempts, Windows: a.Windows,
		Open: []openJSON{}, List: q.List, Incidents: a.Incidents,
	}
	out.Period.Over = &over
	for _, f := range a.Open {
		out.Open = append(out.Open, openJSON{f.ID, f.CreatedAt.In(q.Period.Since.Location()), f.Customer, f.Scenario, f.Outcome, f.Reason})
	}
	return json.Marshal(out)
}
