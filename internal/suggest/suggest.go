// Package suggest answers "what should be automated next?": it groups the incidents that no scenario took to an end by kind,
// ranks the kinds by the people's time that they cost, and drafts a scenario for each.
//
// A kind is a customer, a service, and a title without what differs each time ([analytics.KindTitle]). Its cost is the number of
// its incidents times the mean time from a person taking one to its end, the repeat load of docs/metrics.md. Where nobody took one
// in PagerDuty the mean of all kinds stands in, and the kind says so ([Kind.Assumed]).
//
// What it promises:
//
//   - The same incidents and options give the same kinds, in the same order, byte for byte.
//   - Every [Kind.Skeleton] is a scenario that "shodo check" accepts, whatever the alerts said: titles are hostile text. It only
//     observes, its steps only read, and its match holds for the kind's examples.
//   - Memory grows with the number of kinds, not of incidents; the rarest are forgotten when there are more than 100,000.
//
// What it never does: read a clock, a file or a database by itself, or say that a kind can be automated. That is for people.
package suggest

import (
	"context"
	"fmt"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/incident"
)

// Options choose what is ranked. Zero fields choose everything.
type Options struct {
	Since      time.Time // created at or after
	Until      time.Time // created before
	Customer   incident.CustomerID
	Department string
	Limit      int // how many kinds; 0 means DefaultLimit

	// Read gives an incident with its alerts, so that a skeleton is drafted from what the alerts really hold. When it is nil, or
	// has an error for all of a kind's examples, the titles have to do. It is called for the ranked kinds only.
	Read func(context.Context, incident.ID) (incident.Incident, error)
	// Taken are the names that skeletons must not have: those of the scenarios that there are.
	Taken []incident.ScenarioName
}

// DefaultLimit is how many kinds are given when the options do not say.
const DefaultLimit = 20

// MaxExamples is how many incidents a kind names, the newest ones.
const MaxExamples = 5

// Kind is one kind of incident that people still have to handle.
type Kind struct {
	Customer      incident.CustomerID      `json:"customer"`
	Department    string                   `json:"department"` // of the newest
	Service       incident.ServiceID       `json:"service"`
	Title         string                   `json:"title"` // with "#" where incidents differ
	Count         int                      `json:"incidents"`
	PersonMinutes float64                  `json:"person_minutes"` // Count times the mean; an estimate
	MeanMinutes   float64                  `json:"mean_minutes"`   // of a person, per incident
	Measured      int                      `json:"measured"`       // of how many incidents the mean is made
	Assumed       bool                     `json:"assumed"`        // the mean is that of all kinds: nobody took one of this kind
	Outcomes      map[incident.Outcome]int `json:"outcomes"`       // unmatched, handed_over
	Reasons       map[incident.Reason]int  `json:"reasons"`        // of those handed over
	Scenarios     []incident.ScenarioName  `json:"scenarios"`      // that matched and handed over, by name; at most MaxExamples
	First         time.Time                `json:"first"`          // when the oldest and the newest were created
	Last          time.Time                `json:"last"`
	Examples      []incident.ID            `json:"examples"` // the newest first
	Name          string                   `json:"name"`     // of the drafted scenario; unique among the kinds
	Skeleton      string                   `json:"skeleton"` // the drafted scenario, as YAML
	titles        []string                 // as they were, of the examples
	minutes       time.Duration            // of people, in all measured ones
	scenarios     map[incident.ScenarioName]struct{}
}

// Rank reads the record once and gives the kinds that cost people the most time, the dearest first.
func Rank(ctx context.Context, record analytics.Source, o Options) ([]Kind, error) {
	g := newGrouping(o)
	filter := incident.FactFilter{Since: o.Since, Until: o.Until, Customer: o.Customer,
		With: incident.FactID | incident.FactDepartment | incident.FactService | incident.FactTitle}
	for f, err := range record.Facts(ctx, filter) {
		if err != nil {
			return nil, fmt.Errorf("look for what people had to handle: %w", err)
		}
		g.add(f)
	}
	kinds := g.ranked()
	names := newNames(o.Taken)
	for i := range kinds {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("draft scenarios: %w", err)
		}
		kinds[i].draft(ctx, o.Read, names)
	}
	return kinds, nil
}

// draft names the scenario for a kind and writes it.
func (k *Kind) draft(ctx context.Context, read func(context.Context, incident.ID) (incident.Incident, error), names *names) {
	var samples []incident.Incident
	for _, id := range k.Examples {
		if read == nil {
			break
		}
		if one, err := read(ctx, id); err == nil {
			samples = append(samples, one)
		}
	}
	phrases := phrasesOf(k.Title, k.titles)
	k.Name = names.free(k.Title, phrases)
	k.Skeleton = skeleton{Kind: *k, phrases: phrases, samples: samples}.yaml()
}
