package incident

import (
	"encoding/json"
	"slices"
	"time"
)

// ImportedRun is the Record.WorkflowRun of incidents that were imported from PagerDuty's history: no engine ran.
const ImportedRun = "imported"

// IsImported says whether the record is of an incident of the time before the engine. Then its outcome says how the people and
// the monitor of that time fared: Unmatched, or ResolvedUpstream when the monitor resolved it and no person touched it.
func (r Record) IsImported() bool { return r.WorkflowRun == ImportedRun }

// HistoryIncident is one incident as PagerDuty's list of incidents shows it.
type HistoryIncident struct {
	Incident
	ResolvedAt  time.Time       // of the last resolve; zero while it is open
	NoAlerts    bool            // the list says that it has none
	Trigger     json.RawMessage // the log entry that triggered it; nil when the list does not hold it
	Fingerprint string          // differs when anything that the list shows differs
}

// HistoryQuery chooses a page of PagerDuty's history.
type HistoryQuery struct {
	Since, Until time.Time   // at most six months
	Services     []ServiceID // empty: all. The log knows no services
	Offset       int         // Offset and the size of a page are at most 10,000 together
	Bare         bool        // without the log entries that triggered them. The log knows nothing of this
}

// HistoryPage is a page of the list of incidents, oldest first.
type HistoryPage struct {
	Incidents  []HistoryIncident
	Unreadable int  // elements that are no incidents; they count for the next offset
	Total      int  // of all pages; 0 when it is not known
	More       bool // there is another page
}

// LogPage is a page of the log of the account.
type LogPage struct {
	Entries    []LogEntry
	Unreadable int // elements that are no log entries; they count for the next offset
	Total      int // of all pages; 0 when it is not known
	More       bool
}

// LogEntry is one line of an incident's log, as far as history needs it.
type LogEntry struct {
	ID       string
	Incident ID
	Kind     string // PagerDuty's type without "_log_entry": "trigger", "acknowledge", "resolve", "assign", ...
	At       time.Time
	Agent    Agent
	Channel  string // how it came: "api", "website", "mobile", "timeout", "auto", ...
	Summary  string
}

// Imported is one incident of the history on its way into the record.
type Imported struct {
	Record      Record // with its transitions
	Fingerprint string // of HistoryIncident
}

// Import is one reading of PagerDuty's history, and how far it is.
type Import struct {
	ID       string      `json:"id"`
	Since    time.Time   `json:"since"`
	Until    time.Time   `json:"until"`
	Services []ServiceID `json:"services,omitempty"` // empty: all
	DoneTo   time.Time   `json:"done_to"`            // everything created before is in the record
	BegunAt  time.Time   `json:"begun_at"`
	EndedAt  time.Time   `json:"ended_at,omitzero"` // zero: it was not finished
	ImportCounts
}

// ImportCounts is what an import has met.
type ImportCounts struct {
	Imported   int `json:"imported"`   // new, or changed in PagerDuty since they were imported
	Unchanged  int `json:"unchanged"`  // in the record already
	Engine     int `json:"engine"`     // the engine's own: left as they are
	Open       int `json:"open"`       // not resolved: left to the engine, and to a later import
	Unreadable int `json:"unreadable"` // could not be read, or are more in one second than PagerDuty gives
}

// Add adds counts.
func (c *ImportCounts) Add(more ImportCounts) {
	c.Imported += more.Imported
	c.Unchanged += more.Unchanged
	c.Engine += more.Engine
	c.Open += more.Open
	c.Unreadable += more.Unreadable
}

// Seen is how many incidents were met.
func (c ImportCounts) Seen() int { return c.Imported + c.Unchanged + c.Engine + c.Open + c.Unreadable }

// IsHalf says whether the import ended before all of its time was read.
func (i Import) IsHalf() bool { return i.EndedAt.IsZero() }

// HalfImports gives the imports that were not finished, that leave something out of a time, and whose rest no finished one has
// brought.
func HalfImports(list []Import, since, until time.Time) []Import {
	var half []Import
	for _, i := range list {
		if i.IsHalf() && i.DoneTo.Before(until) && i.Until.After(since) && !slices.ContainsFunc(list, i.isFinishedBy) {
			half = append(half, i)
		}
	}
	return half
}

// isFinishedBy says whether a finished import has read what this one has not.
func (i Import) isFinishedBy(other Import) bool {
	return !other.IsHalf() && !other.Since.After(i.DoneTo) && !other.Until.Before(i.Until) &&
		(len(other.Services) == 0 || slices.Equal(other.Services, i.Services))
}
