package handover

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"shodo/internal/incident"
)

// Build makes the packet of a record. It reads the record's last run only.
func Build(rec incident.Record, opts Options) Packet {
	language := opts.Language
	if language == "" {
		language = rec.Customer.Language
	}
	p := newPacket(language, opts)
	p.Incident = p.words.broken(rec.Incident)
	p.Customer = oneLine(rec.Customer.Name, maxName)
	p.Tier = oneLine(opts.Tier, maxName)
	p.Target = oneLine(rec.Match.Target, maxName)
	p.Scenario = p.words.chosen(rec.Match)
	p.Run = rec.Run
	p.Outcome, p.Reason, p.Phase = rec.Outcome, rec.Reason, rec.Phase
	p.Why, p.Changed = p.words.why(rec.Why, maxWhy), rec.Changed()
	p.CloseNote = clean(opts.CloseNote, maxShort)
	p.RunbookName = oneLine(rec.Match.Runbook, maxName)
	p.TakenBy, p.TakenAt = oneLine(rec.TakenBy, maxName), rec.TakenAt
	p.OutcomeAt, p.EndedAt = rec.OutcomeAt, rec.EndedAt
	p.EngineVersion, p.CatalogVersion = oneLine(rec.EngineVersion, 40), oneLine(rec.CatalogVersion, 40)
	if p.Customer == "" {
		p.Customer = oneLine(string(rec.Customer.ID), maxName)
	}
	if p.RunbookURL = webAddress(opts.Runbook); p.RunbookURL == "" {
		p.RunbookText = cutMiddle(clean(opts.Runbook, MaxFile), MaxFile, p.words.phrase.cutBytes)
	}
	steps := lastRun(rec)
	p.Checked = p.words.lines(steps, incident.Check, 0)
	p.people(rec, opts)
	p.Tried = p.tried(steps, rec)
	p.Evidence = p.evidence(steps)
	p.First = p.first(steps)
	p.Remaining = p.remaining(opts.Remaining)
	p.Ticks = ticks(p.Deeds, len(p.Remaining))
	if len(p.First)+len(p.Remaining) == 0 && p.needsPerson() {
		p.First = []string{p.words.phrase.findCause}
	}
	p.Links = links(rec.Incident.Alerts)
	p.Told = told(rec)
	p.Waits = waits(rec)
	p.Forbidder = forbidder(rec)
	return p
}

// people fills in what people have decided and may decide.
func (p *Packet) people(rec incident.Record, opts Options) {
	p.Deeds = p.words.deeds(rec)
	p.Owner, p.OwnerAt = owner(rec, p.Deeds)
	p.Finish, p.Wish = finish(p.Deeds), running(p.Deeds)
	p.Buttons, p.Mentions, p.Moved = opts.Buttons, opts.Mentions, opts.Moved
	p.Next, p.NextAt, p.CanCall = oneLine(opts.Next, maxName), opts.NextAt, opts.CanCall
	if opts.Paused != nil && opts.Paused.ResumedAt.IsZero() {
		p.Paused = opts.Paused
	}
	p.names = map[int]string{}
	for _, o := range opts.Offers {
		p.names[o.Attempt] = o.Name
	}
	if p.isOver() {
		p.Wish = nil
		return
	}
	if q := opts.Question; q != nil && !isAnswered(p.Deeds, q.Number) {
		p.Question, p.Wish = q, nil
	}
	p.Offers = opts.Offers[:min(len(opts.Offers), maxRows)]
}

// isOver says whether the first response has ended, so that nothing can be chosen any more.
func (p Packet) isOver() bool {
	return !p.EndedAt.IsZero() || p.Finish != nil || p.Outcome.IsAutomatic()
}

// newPacket is a packet of no incident.
func newPacket(language string, opts Options) Packet {
	if language != Japanese {
		language = English
	}
	p := Packet{Language: language, Zone: opts.TimeZone, Now: opts.Now, words: wordsFor(language)}
	if p.Zone == nil {
		p.Zone = time.UTC
	}
	return p
}

func (w words) broken(in incident.Incident) Incident {
	first := in.First()
	b := Incident{
		ID: in.ID, Number: in.Number, Title: oneLine(in.Title, maxTitle), URL: webAddress(in.URL),
		Status: incident.Status(oneLine(string(in.Status), 40)), Urgency: oneLine(in.Urgency, 40),
		Priority: oneLine(in.Priority, 40), Service: oneLine(in.Service.Name, maxName),
		ServiceID: oneLine(in.Service.ID, maxName), Since: in.CreatedAt,
		Summary: oneLine(first.Summary, maxTitle), Severity: oneLine(first.Severity, 40),
		Source: oneLine(first.Source, maxName), Monitor: oneLine(first.Monitor, 40),
		AlertCount: max(in.AlertCount, len(in.Alerts)),
	}
	b.ID = incident.ID(oneLine(string(in.ID), maxName))
	if b.Title == "" {
		b.Title = b.Summary
	}
	if b.Title == "" {
		b.Title = string(b.ID)
	}
	if b.Summary == b.Title {
		b.Summary = ""
	}
	if b.Title == fmt.Sprintf(english().phrase.unread, b.ID) { // the engine has made it up
		b.Title = fmt.Sprintf(w.phrase.unread, b.ID)
	}
	return b
}

func (w words) chosen(m incident.Match) Scenario {
	s := Scenario{
		Name: oneLine(string(m.Scenario), maxName), Title: oneLine(m.Title, maxTitle), Hash: oneLine(m.Hash, 80),
		Autonomy: incident.Autonomy(oneLine(string(m.Autonomy), 40)), Why: w.why(m.Why, maxWhy),
	}
	if hash := []rune(s.Hash); len(hash) > 12 { // enough to tell versions apart
		s.Hash = string(hash[:12])
	}
	for _, c := range m.Considered {
		if !c.Matched && len(s.Considered) < maxRows {
			s.Considered = append(s.Considered, Considered{oneLine(string(c.Scenario), maxName), w.why(c.Why, maxItem)})
		}
	}
	return s
}

// lastRun gives the steps of the record's last run; a record that never counted has only one.
func lastRun(rec incident.Record) []incident.Step {
	var steps []incident.Step
	for _, s := range rec.Steps {
		if s.Run == rec.Run {
			steps = append(steps, s)
		}
	}
	return steps
}

// lines gives the steps of one phase of one attempt, each once, as it was the last time.
func (w words) lines(steps []incident.Step, phase incident.Phase, attempt int) []Line {
	var list []Line
	place := map[int]int{} // of a step's index in list
	for _, s := range steps {
		if s.Phase != phase || (phase != incident.Check && s.Attempt != attempt) {
			continue
		}
		at, seen := place[s.Index]
		if !seen {
			if len(list) == maxRows {
				continue
			}
			at = len(list)
			place[s.Index] = at
			list = append(list, Line{})
		}
		list[at] = w.line(s, list[at].Rounds+1)
	}
	return list
}

func (w words) line(s incident.Step, rounds int) Line {
	l := Line{
		Name: oneLine(s.Name, maxName), Action: oneLine(s.Action, maxName), What: described(s.Params, maxWhat),
		Status: s.Status, Healthy: s.Healthy, Found: found(s.Output, maxFound),
		ErrorKind: s.ErrorKind, At: s.StartedAt, Took: s.Duration(), Rounds: rounds,
	}
	l.Error, l.Said = w.answer(s.Error, maxError)
	l.Note, _ = w.answer(s.Note, maxItem)
	if l.Name == "" {
		l.Name = l.Action
	}
	return l
}

// evidence gives what was gathered, and the outputs of other steps that say more than their line shows.
func (p Packet) evidence(steps []incident.Step) []Evidence {
	var gathered, others []Evidence
	for i, s := range steps {
		if superseded(steps, i) {
			continue
		}
		full := cutMiddle(whole(s.Output), MaxFile, p.words.phrase.cutBytes)
		e := Evidence{Name: oneLine(s.Name, maxName), Phase: s.Phase, Full: full}
		if s.Phase == incident.Gather {
			e.gist, e.unnamed = cutMiddle(gist(s.Output), MaxFile, p.words.phrase.cutBytes), s.Name == s.Action
		}
		switch {
		case s.Phase == incident.Gather && s.Status != incident.Succeeded:
			e.Error, _ = p.words.answer(cmp.Or(s.Error, s.Note), maxError)
			if e.Error == "" {
				e.Error = p.words.stepOf(s.Status)
			}
			fallthrough
		case s.Phase == incident.Gather:
			gathered = append(gathered, p.shortened(e))
		case strings.Contains(full, "\n") || len(full) > maxFound:
			others = append(others, p.shortened(e))
		}
	}
	all := append(gathered, others...)
	all = all[:min(len(all), maxRows)]
	for i, e := range all {
		if e.Full != e.Short && i < MaxFiles-1 { // one place is the runbook's
			all[i].File = fileName("evidence-"+strconv.Itoa(i+1), e.Name, ".txt")
		}
	}
	return all
}

// superseded says whether the same step ran again later.
func superseded(steps []incident.Step, i int) bool {
	a := steps[i].StepKey
	for _, later := range steps[i+1:] {
		b := later.StepKey
		if a.Phase == b.Phase && a.Attempt == b.Attempt && a.Index == b.Index {
			return true
		}
	}
	return false
}

func (p Packet) shortened(e Evidence) Evidence {
	kept, isAll := lastLines(e.Full, shortRows, maxShort)
	if !isAll {
		kept = p.words.phrase.cutEarlier + "\n" + kept
	}
	e.Short = kept
	return e
}

// needsPerson says whether a person has to go on, or had to.
func (p Packet) needsPerson() bool { return !p.Outcome.IsAutomatic() && p.Outcome != "" }

// first lists what comes before the author's list: what nobody knows, and what was only planned. A first response that ended
// by itself leaves nothing.
func (p Packet) first(steps []incident.Step) []string {
	if !p.needsPerson() {
		return nil
	}
	var list []string
	for i, s := range steps {
		if s.Phase != incident.Recover || superseded(steps, i) {
			continue
		}
		switch {
		case s.Status == incident.Started && p.Wish != nil: // it runs
		case s.Status == incident.Started, s.ErrorKind == incident.UnknownEffect, s.ErrorKind == incident.Cancelled,
			s.ErrorKind == incident.TimedOut: // it was sent, and nobody heard how it ended
			list = append(list, fmt.Sprintf(p.words.phrase.unknownFirst, oneLine(s.Name, maxName)))
		case s.Status == incident.Planned && len(p.Offers) == 0: // what can be run has its own button
			list = append(list, fmt.Sprintf(p.words.phrase.planned, oneLine(s.Name, maxName)))
		}
	}
	return list[:min(len(list), maxRows)]
}

// remaining is the author's list. Its points keep their numbers: by them they are ticked.
func (p Packet) remaining(authors []string) []string {
	if !p.needsPerson() {
		return nil
	}
	var list []string
	for _, item := range authors[:min(len(authors), maxRows)] {
		list = append(list, dash(oneLine(item, maxItem)))
	}
	return list
}

// links gives the addresses that came with the alerts, each once.
func links(alerts []incident.Alert) []string {
	var list []string
	seen := map[string]bool{}
	for _, a := range alerts {
		for _, l := range a.Links {
			if l = webAddress(l); l != "" && !seen[l] && len(list) < 5 {
				seen[l] = true
				list = append(list, l)
			}
		}
	}
	return list
}

// told gives each tier once: it is told in several places.
func told(rec incident.Record) []Told {
	var list []Told
	seen := map[string]bool{}
	for _, t := range rec.Transitions {
		if t.Kind == incident.ToldTier && t.Run == rec.Run && !seen[t.By] && len(list) < 10 {
			seen[t.By] = true
			list = append(list, Told{oneLine(t.By, maxName), t.At})
		}
	}
	return list
}

// webAddress gives an http or https address in a form that no markup can misread; empty for anything else.
func webAddress(s string) string {
	if len(s) > maxURL || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || hidden(r) }) {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil {
		return ""
	}
	return strings.NewReplacer("<", "%3C", ">", "%3E", "|", "%7C", `"`, "%22", "`", "%60", "\\", "%5C").Replace(u.String())
}
