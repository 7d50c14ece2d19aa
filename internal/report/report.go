package report

import (
	"cmp"
	"slices"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/incident"
	"shodo/internal/suggest"
)

// Input is what a report is made of.
type Input struct {
	Record   analytics.Source
	Period   analytics.Period
	Edition  Edition
	Language string    // "ja" or "en"
	Now      time.Time // only what is over, and what may still come back, depends on it

	Customers []analytics.Customer                    // of the catalog: names and adoption
	Manual    map[incident.ScenarioName]time.Duration // how long scenarios' work takes by hand
	Kinds     []suggest.Kind                          // what to automate next, of the period; those of others are left out
	Imports   []incident.Import                       // of history, whenever they were
	Lost      *int                                    // what PagerDuty had in the period and the record has not; nil: not compared
}

// Edition is for whom a report is. The zero edition is for the whole operation.
type Edition struct {
	Customer   incident.CustomerID `json:"customer,omitempty"`
	Department string              `json:"department,omitempty"`
}

// Report is what is reported, without words.
type Report struct {
	Definitions string
	Edition     Edition
	Language    string
	Period      analytics.Period
	Over        bool      // the period is over
	AsOf        time.Time // while it is not: how far the record had come

	Columns        []Column             // the period, the one before, and longer ones, each ending with the period
	Days           []Point              // the parts of the period, oldest first: days, or weeks of long periods
	Trend          []Point              // periods like this one, the last of them this one
	Departments    []Department         // of the whole operation only
	Customers      []analytics.Grouped  // most incidents first; not of a customer's edition
	OtherCustomers int                  // that are not among them
	Adopted        []analytics.Customer // the customers of the edition, by id
	Heaviest       []analytics.Grouped  // kinds of alerts by the load on people
	Noisiest       []analytics.Grouped  // kinds of alerts by their number
	Priorities     []analytics.Grouped  // by name, those without one last
	Suggestions    []suggest.Kind       // what to automate next
	Attempts       []analytics.Attempted
	Scenarios      []analytics.Grouped // those of which something came back, the most first
	Windows        []analytics.Windowed
	Slow           []analytics.Slow
	Deferred       []incident.ID
	Storms         []incident.ID
	StormsOf       []analytics.Grouped // customers with a storm, the most first
	Open           []incident.Fact     // the oldest ones
	Years          []Year
	HalfImports    []incident.Import // those that leave something out of the columns
	Lost           *int

	Cause *Cause // nil: no kind of alert stands out

	names map[incident.CustomerID]string
}

// Column is the figures of one stretch of time of the headline.
type Column struct {
	Name    Stretch
	Period  analytics.Period
	Figures analytics.Figures
}

// Stretch names a column.
type Stretch string

// The columns. Which ones there are depends on the period.
const (
	Now         Stretch = "now"
	Before      Stretch = "before"
	FourWeeks   Stretch = "four_weeks"
	ThreeMonths Stretch = "three_months"
	AYear       Stretch = "year" // 52 weeks, 12 months, or a year to the day
)

// Point is a part of a chart.
type Point struct {
	Since     time.Time       `json:"since"`
	Until     time.Time       `json:"until"`
	Name      string          `json:"name"`
	Incidents int             `json:"incidents"`
	Automatic analytics.Share `json:"automatic"`
	Mean      time.Duration   `json:"-"` // of the first response
	Measured  int             `json:"-"` // how many times the mean is made of; 0: no data
}

// Department is the adoption of a department, and how it did.
type Department struct {
	analytics.Adoption
	Figures, Previous analytics.Figures
}

// Year is one line of the year table.
type Year struct {
	Year    int
	Until   time.Time // its end, or that of the period
	Whole   bool
	Figures analytics.Figures
}

// Figures gives the figures of a column; of one that is not there, those of nothing.
func (r *Report) Figures(s Stretch) analytics.Figures {
	for _, c := range r.Columns {
		if c.Name == s {
			return c.Figures
		}
	}
	return analytics.Figures{}
}

// OfNobody says that the edition is of a customer or a department that the catalog does not have, and that no incident of the
// longest column has, either.
func (r *Report) OfNobody() bool {
	if r.Edition == (Edition{}) || len(r.Adopted) > 0 {
		return false
	}
	for _, c := range r.Columns {
		if c.Figures.Incidents > 0 {
			return false
		}
	}
	return true
}

// Since is the beginning of the longest column.
func (r *Report) Since() time.Time {
	since := r.Period.Since
	for _, c := range r.Columns {
		if c.Period.Since.Before(since) {
			since = c.Period.Since
		}
	}
	return since
}

// Name gives a customer's name, or the id of one that the catalog does not have (any more).
func (r *Report) Name(id incident.CustomerID) string {
	return cmp.Or(clean(r.names[id]), clean(string(id)))
}

// takes says whether a kind belongs to the edition.
func (e Edition) takes(k suggest.Kind) bool {
	return (e.Customer == "" || e.Customer == k.Customer) && (e.Department == "" || e.Department == k.Department)
}

// customers gives those of the catalog who belong to the edition.
func (e Edition) customers(all []analytics.Customer) []analytics.Customer {
	var list []analytics.Customer
	for _, c := range all {
		if (e.Customer == "" || e.Customer == c.ID) && (e.Department == "" || e.Department == c.Department) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b analytics.Customer) int { return cmp.Compare(a.ID, b.ID) })
	return list
}
