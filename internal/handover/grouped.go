package handover

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"shodo/internal/incident"
)

// Grouped tells a tier of many incidents at once, in one message: first those that nobody has, then those that somebody has,
// then those that are over; the oldest first. What the message cannot hold is counted, and the whole list goes along as a
// file. Of Options it reads Language (empty: that of the first record's customer), TimeZone, Mentions and Now. When
// incidents are to be told so is for the caller to decide.
func Grouped(records []incident.Record, opts Options) Message {
	language := opts.Language
	if language == "" && len(records) > 0 {
		language = records[0].Customer.Language
	}
	opts.Language = language
	p := newPacket(language, opts)
	p.Mentions = opts.Mentions
	if len(records) == 0 {
		return p.listed(letter{subject: p.words.digest.none, lead: p.words.digest.none, footer: fmt.Sprintf(p.words.digest.zone, p.Zone)})
	}
	list := make([]Packet, len(records))
	for i, rec := range records {
		list[i] = Build(rec, Options{Language: language, TimeZone: opts.TimeZone})
	}
	slices.SortStableFunc(list, func(a, b Packet) int {
		return cmp.Or(a.Incident.Since.Compare(b.Incident.Since), cmp.Compare(a.Incident.ID, b.Incident.ID))
	})
	m := p.listed(p.groupLetter(list))
	if who := p.mentioned(); who != "" && len(m.Blocks) > 2 && len(m.Blocks) < MaxBlocks {
		calling := sectionBlock(fmt.Sprintf(escape(p.words.live.onCall), who))
		if with := slices.Insert(slices.Clone(m.Blocks), 2, calling); (Message{Blocks: with}).Size() <= MaxMessage {
			m.Blocks = with
		}
		m.Text += " " + who
	}
	return m
}

// groupLetter lists incidents by who has them.
func (p Packet) groupLetter(list []Packet) letter {
	w := p.words
	count := [3]int{} // by rank
	var sections []section
	place := map[string]int{} // of a heading in sections
	for rank := range count {
		for _, one := range list {
			at, title := one.groupRank()
			if at != rank {
				continue
			}
			count[rank]++
			if _, seen := place[title]; !seen {
				place[title] = len(sections)
				sections = append(sections, section{title: title})
			}
			s := &sections[place[title]]
			s.rows = append(s.rows, one.groupRow())
		}
	}
	for i, s := range sections {
		sections[i].title = fmt.Sprintf(w.digest.outcome, s.title, len(s.rows))
		sections[i].share = 4_600*len(s.rows)/len(list) + 200
	}
	customers := groupCustomers(list)
	lead := w.live.group.allOver
	if open := count[0] + count[1]; open > 0 {
		lead = fmt.Sprintf(w.live.group.lead, w.incidents(open), customers) + "\n" + w.reason.storm.means
	}
	if count[1] > 0 {
		lead += "\n" + fmt.Sprintf(w.live.group.leadOwned, count[1])
	}
	return letter{
		subject: "[" + w.reason.storm.badge + "] " + joined(" · ", w.incidents(len(list)), customers), lead: lead, sections: sections,
		footer: fmt.Sprintf(w.digest.zone, p.Zone),
	}
}

// groupRank is 0 for what nobody has, 1 for what somebody has, 2 for what is over; with the heading for it.
func (p Packet) groupRank() (rank int, title string) {
	w := p.words.live.group
	switch {
	case p.isOver():
		return 2, w.over
	case p.Owner != "":
		return 1, fmt.Sprintf(w.owned, p.Owner)
	}
	return 0, w.nobody
}

// groupRow is one incident on one line.
func (p Packet) groupRow() row {
	ref := say(number(p.Incident.Number))
	if p.Incident.Number == 0 {
		ref = raw(string(p.Incident.ID))
	} else if p.Incident.URL != "" {
		ref = span{style: anchor, text: ref.text, to: p.Incident.URL}
	}
	line := fmt.Sprintf(p.words.digest.began, p.minute(p.Incident.Since))
	if p.Reason != incident.Storm { // of a storm the message says it once
		line = joined("; ", strings.TrimRight(p.words.ending(p.Outcome, p.Reason).what, ".。"), line)
	}
	return row{mark: "•", spans: []span{ref, say(" " + joined(" ", p.Incident.Priority, p.Incident.Title)), say(" (" + line + ")")}}
}

// groupCustomers names the first customers.
func groupCustomers(list []Packet) string {
	var names []string
	for _, p := range list {
		if p.Customer != "" && !slices.Contains(names, p.Customer) {
			names = append(names, p.Customer)
		}
	}
	if len(names) > 3 {
		names = append(names[:3], "…")
	}
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(names, ", ")
}
