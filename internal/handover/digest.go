package handover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
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
	Done     []string         `json:"done,omitempty"` // the repairs that were made, by their names
	Window   string           `json:"window,omitempty"`
	Until    time.Time        `json:"until,omitzero"` // when the window ended
}

// maxDone is how many repairs a line names.
const maxDone = 3

// NewDigestLine makes the line of a deferred incident from its record. It speaks of the run that was deferred.
func NewDigestLine(rec incident.Record, d incident.Deferral) DigestLine {
	in := broken(rec.Incident)
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
	return l
}

// Digest tells a tier, at a window's end, which incidents waited for it and never needed a person. Of Options it reads
// Language (empty: that of the first line's customer) and TimeZone. What one message cannot hold is counted, and the whole
// list goes along as a file.
func Digest(lines []DigestLine, opts Options) Message {
	p := digestPacket(lines, opts)
	w := p.words
	l := letter{
		subject:  fmt.Sprintf(w.digest.title, w.incidents(len(lines)), p.windowsOf(lines)),
		lead:     fmt.Sprintf(w.digest.lead, p.clock(endOf(lines))),
		sections: p.groups(lines, w.badgeOf, true),
		footer:   fmt.Sprintf(w.digest.zone, p.Zone),
	}
	return p.listed(l)
}

// ContactDigest tells a customer's contacts, at a window's end, what happened meanwhile. It reads the same of Options.
func ContactDigest(lines []DigestLine, opts Options) ContactMessage {
	p := digestPacket(lines, opts)
	w := p.words
	windows, count := p.windowsOf(lines), w.incidents(len(lines))
	end := w.digest.contactAllWell
	for _, line := range lines {
		switch line.Outcome {
		case incident.Recovered, incident.Cleared, incident.ResolvedUpstream:
		default:
			end = w.digest.contactSeeBelow
		}
	}
	l := letter{
		subject:  fmt.Sprintf(w.digest.contactSubject, count, windows),
		lead:     fmt.Sprintf(w.digest.contactLead, windows, p.clock(endOf(lines)), count) + "\n" + end,
		sections: p.groups(lines, func(o incident.Outcome) string { return w.contact.said(o).badge }, false),
		footer:   fmt.Sprintf(w.digest.zone, p.Zone),
	}
	if len(lines) > 0 {
		l.to = lines[0].Customer
	}
	l.subject = oneLine(l.subject, MaxSubject)
	return ContactMessage{Subject: l.subject, Text: p.letterText(l), slack: p.listed(l)}
}

// digestPacket is a packet of no incident: it knows the language and the zone.
func digestPacket(lines []DigestLine, opts Options) Packet {
	language := opts.Language
	if language == "" && len(lines) > 0 {
		language = lines[0].Language
	}
	return newPacket(language, opts)
}

// windowsOf names the windows that the incidents waited for.
func (p Packet) windowsOf(lines []DigestLine) string {
	var list []string
	for _, l := range lines {
		if l.Window != "" && !slices.Contains(list, l.Window) {
			list = append(list, l.Window)
		}
	}
	if len(list) == 0 {
		return "-"
	}
	slices.Sort(list)
	first := p.words.windowOf(list[0])
	if len(list) == 1 {
		return first
	}
	return fmt.Sprintf(p.words.digest.alsoWindows, first, len(list)-1)
}

func endOf(lines []DigestLine) time.Time {
	var end time.Time
	for _, l := range lines {
		if l.Until.After(end) {
			end = l.Until
		}
	}
	return end
}

// order is how outcomes follow each other in a list: what somebody may want to look at comes first.
var order = [...]incident.Outcome{"", incident.HandedOver, incident.Unmatched, incident.TakenOver, incident.Reported,
	incident.Recovered, incident.ResolvedUpstream, incident.Cleared, incident.Suppressed}

// groups puts the lines under headings, by what the heading of their outcome says; the oldest incident comes first.
func (p Packet) groups(lines []DigestLine, badge func(incident.Outcome) string, linked bool) []section {
	rank := func(l DigestLine) int { return slices.Index(order[:], l.Outcome) }
	lines = slices.SortedStableFunc(slices.Values(lines), func(a, b DigestLine) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), a.Since.Compare(b.Since), cmp.Compare(a.Number, b.Number))
	})
	var list []section
	place := map[string]int{} // of a heading in list
	for _, l := range lines {
		title := badge(l.Outcome)
		at, seen := place[title]
		if !seen {
			at = len(list)
			place[title] = at
			list = append(list, section{title: title})
		}
		list[at].rows = append(list[at].rows, p.digestRow(l, linked))
	}
	for i, s := range list {
		list[i].title = fmt.Sprintf(p.words.digest.outcome, s.title, len(s.rows))
		list[i].share = 4_600*len(s.rows)/len(lines) + 200
	}
	return list
}

// digestRow is one incident on one line. Only a tier gets the link to PagerDuty.
func (p Packet) digestRow(l DigestLine, linked bool) row {
	w := p.words.digest
	ref := span{style: anchor, text: number(l.Number)}
	if ref.text == "" {
		ref = say(string(l.Incident))
	} else if linked {
		ref.to = l.URL
	}
	when := fmt.Sprintf(w.began, p.minute(l.Since))
	if took := l.Ended.Sub(l.Since); !l.Ended.IsZero() && took > 0 {
		when = fmt.Sprintf(w.lasted, p.minute(l.Since), p.words.duration(took))
	}
	facts := []string{when}
	if linked && l.TakenBy != "" {
		facts = append(facts, fmt.Sprintf(w.takenBy, l.TakenBy))
	}
	facts = append(facts, l.Done...)
	return row{mark: "•", spans: []span{ref, say(" " + l.Title), say(" (" + strings.Join(facts, "; ") + ")")}}
}

// minute gives an instant in the reader's zone without seconds.
func (p Packet) minute(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(p.Zone).Format("2006-01-02 15:04")
}
