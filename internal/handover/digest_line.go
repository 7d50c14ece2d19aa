package handover

import (
	"time"

	"shodo/internal/incident"
)

// DigestLine is one incident in the list at a window's end. Its texts are cleaned and cut, and still have to be escaped.
type DigestLine struct {
	Incident incident.ID      `json:"incident"`
	Number   int              `json:"number,omitempty"`
	Run      int              `json:"run"`
	URL      string           `json:"url,omitempty"` // PagerDuty's page of it; never told to a contact
	Title    string           `json:"title"`
	Priority string           `json:"priority,omitempty"`
	Customer string           `json:"customer,omitempty"` // its name
	Language string           `json:"language,omitempty"` // the customer's
	Outcome  incident.Outcome `json:"outcome,omitempty"`  // empty: not over
	Since    time.Time        `json:"since"`
	Ended    time.Time        `json:"ended,omitzero"` // when the outcome was decided
	TakenBy  string           `json:"taken_by,omitempty"`
	Done     []string         `json:"done,omitempty"`     // the repairs that were made, by their names
	Findings []Finding        `json:"findings,omitempty"` // of a report: what was gathered
	Window   string           `json:"window,omitempty"`
	Until    time.Time        `json:"until,omitzero"` // when the window ended
}

// Finding is one piece of evidence that a contact was to be told.
type Finding struct {
	Name string `json:"name"` // empty: it has none
	Text string `json:"text"`
	Cut  bool   `json:"cut,omitempty"` // Text is only the end
}

// maxDone and maxFindings are how many repairs and findings a line holds.
const (
	maxDone     = 3
	maxFindings = 4
)

// NewDigestLine makes the line of a deferred incident from its record. It speaks of the run that was deferred.
func NewDigestLine(rec incident.Record, d incident.Deferral) DigestLine {
	in := wordsFor(rec.Customer.Language).broken(rec.Incident)
	l := DigestLine{
		Incident: in.ID, Number: in.Number, Run: rec.Run, URL: in.URL, Title: in.Title, Priority: in.Priority,
		Customer: oneLine(rec.Customer.Name, maxName), Language: rec.Customer.Language, Outcome: rec.Outcome,
		Since: in.Since, Ended: rec.OutcomeAt, TakenBy: oneLine(rec.TakenBy, maxName),
		Window: oneLine(d.Window, maxName), Until: d.Until,
	}
	if l.Customer == "" {
		l.Customer = oneLine(string(rec.Customer.ID), maxName)
	}
	if d.Run != 0 && d.Run != rec.Run { // it was reopened since
		rec.Run, l.Run, l.Outcome, l.Ended, l.TakenBy = d.Run, d.Run, "", time.Time{}, ""
		for _, t := range rec.Transitions {
			if t.Run == d.Run && t.Kind == incident.Ended {
				l.Outcome, l.Ended = t.Outcome, t.At
			}
		}
	}
	for _, s := range lastRun(rec) {
		if s.Phase == incident.Recover && s.Status == incident.Succeeded && s.Name != s.Action && len(l.Done) < maxDone {
			l.Done = append(l.Done, oneLine(s.Name, maxName))
		}
	}
	if l.Outcome == incident.Reported {
		l.Findings = findings(Build(rec, Options{}))
	}
	return l
}

func findings(p Packet) []Finding {
	var list []Finding
	for _, e := range p.Evidence {
		if e.Phase != incident.Gather || e.Error != "" || e.gist == "" || len(list) == maxFindings {
			continue
		}
		text, isAll := lastLines(e.gist, shortRows, maxShort)
		f := Finding{Name: e.Name, Text: text, Cut: !isAll}
		if e.unnamed {
			f.Name = ""
		}
		list = append(list, f)
	}
	return list
}

// reference is by what people ask for the incident.
func (l DigestLine) reference() string {
	if l.Number == 0 {
		return string(l.Incident)
	}
	return number(l.Number)
}
