package handover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"shodo/internal/incident"
)

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
	if len(lines) == 0 {
		l.subject, l.lead = w.digest.none, w.digest.none
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
		footer:   fmt.Sprintf(w.digest.contactReference, p.Zone),
	}
	for _, line := range lines {
		l.to = line.Customer
		for i, f := range line.Findings {
			title := joined(" ", line.reference(), f.Name)
			if f.Name == "" {
				title = joined(" ", line.reference(), fmt.Sprintf(w.contact.finding, i+1))
			}
			if f.Cut {
				f.Text = w.phrase.cutEarlier + "\n" + f.Text
			}
			l.evidence = append(l.evidence, Evidence{Name: title, Full: f.Text})
		}
	}
	if len(lines) == 0 {
		l.subject, l.lead = w.digest.none, w.digest.none
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
	if len(list) > 1 {
		first = fmt.Sprintf(p.words.digest.alsoWindows, first)
	}
	return first
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
	ref := say(l.reference())
	if l.Number != 0 && linked {
		ref = span{style: anchor, text: ref.text, to: l.URL}
	}
	title := l.Title
	if linked {
		title = joined(" ", l.Priority, title)
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
	return row{mark: "•", spans: []span{ref, say(" " + title), say(" (" + strings.Join(facts, "; ") + ")")}}
}

// minute gives an instant in the reader's zone without seconds.
func (p Packet) minute(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(p.Zone).Format("2006-01-02 15:04")
}
