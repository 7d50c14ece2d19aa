package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"shodo/internal/incident"
)

const (
	prompt     = 10 * time.Minute             // how late the engine may be that breaks down now and then
	promptList = 2*time.Hour + 30*time.Minute // a list waits for incidents that are not over
)

// judge says what went wrong, from what was seen outside and from the record.
type judge struct {
	*town
	lives  map[incident.ID]*life
	faults []fault
}

// life is what is known of one incident.
type life struct {
	*ticket
	rec   incident.Record
	seen  []entry
	lists map[string]map[string]entry // by receiver and key: the digests that name it
}

// fault is one thing that must not be.
type fault struct {
	incident incident.ID
	what     string
}

func (j *judge) fault(id incident.ID, format string, args ...any) {
	j.faults = append(j.faults, fault{id, fmt.Sprintf(format, args...)})
}

func judgeTown(w *town) *judge {
	j := &judge{town: w, lives: map[incident.ID]*life{}}
	for id, ticket := range w.pd.tickets {
		rec, err := w.store.Record(w.t.Context(), id)
		if err != nil {
			j.fault(id, "it has no record: %v", err)
		}
		j.lives[id] = &life{ticket: ticket, rec: rec, lists: map[string]map[string]entry{}}
	}
	for _, e := range w.seen.entries {
		if l := j.lives[e.incident]; l != nil {
			l.seen = append(l.seen, e)
		}
		if e.kind == listForTier || e.kind == listForContact {
			j.list(e)
		}
	}
	if !w.over {
		for id := range w.running {
			j.fault(incident.ID(strings.TrimPrefix(id, "incident/")), "the workflow %s never ended", id)
		}
	}
	for _, tr := range w.plan.troubles {
		l := j.lives[tr.id]
		if l == nil {
			j.fault(tr.id, "it never happened")
			continue
		}
		j.ends(l)
		j.disturbs(l)
		j.changes(l)
		j.granted(l)
		j.paused(l)
		j.yields(l)
		j.silences(l)
		for run := 1; run <= l.rec.Run; run++ {
			j.waits(l, run)
			j.contacts(l, run)
		}
		j.lists(l)
	}
	j.digests()
	open, err := w.store.OpenDeferrals(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, d := range open {
		j.fault(d.Incident, "run %d still waits for %s at the end (%s)", d.Run, d.Until, d.Question)
	}
	return j
}

// silences: whatever is silenced in PagerDuty waits in the record.
func (j *judge) silences(l *life) {
	for _, e := range l.seen {
		known := e.kind != snoozed
		for _, t := range l.rec.Transitions {
			known = known || (t.Kind == incident.Deferred && t.Question != incident.Contact || t.Outcome == incident.Suppressed || t.Kind == incident.Asked) && !t.At.After(e.at)
		}
		if !known {
			j.fault(l.id, "it was snoozed at %s, and the record does not say that it waits", e.at)
		}
	}
}

// ends: each run has one outcome, and the last one is over.
func (j *judge) ends(l *life) {
	count := map[int]int{}
	for _, t := range l.rec.Transitions {
		if t.Kind == incident.Ended {
			count[t.Run]++
		}
	}
	for run := 1; run <= max(l.rec.Run, 1); run++ {
		if count[run] != 1 {
			j.fault(l.id, "run %d has %d outcomes, not one", run, count[run])
		}
	}
	if l.rec.EndedAt.IsZero() {
		j.fault(l.id, "its first response never ended")
	}
}

// allowed asks the judge's own reading of the windows.
func (j *judge) allowed(l *life, q incident.Question, at time.Time, deed string) {
	if answer, by := j.plan.rules.answer(at, q, l.severity); answer != incident.Allow {
		j.fault(l.id, "%s at %s, while %s says %s to %s", deed, at.UTC().Format("2006-01-02 15:04:05"), by, answer, q)
	}
}

// disturbs: nobody is woken or told while a window is open. Whoever has the incident is awake: a packet that only informs
// is no disturbance.
func (j *judge) disturbs(l *life) {
	for _, e := range l.seen {
		switch e.kind {
		case packet:
			if !strings.HasSuffix(e.key, "/-1") {
				j.allowed(l, incident.Page, e.at, "tier told in "+e.to)
			}
		case paged:
			j.allowed(l, incident.Page, e.at, "paged "+e.to)
		case calledAgain:
			if !j.wasAway(e.at.Add(-prompt), e.at) && !within(j.plan.stuck, e.at.Add(-prompt), e.at) {
				j.allowed(l, incident.Page, e.at, "PagerDuty called by itself "+e.text)
			}
		case toldContact:
			j.allowed(l, incident.Contact, e.at, "contact told: "+e.to)
		case listForTier:
			j.allowed(l, incident.Page, e.at, "listed for the tier")
		case listForContact:
			j.allowed(l, incident.Contact, e.at, "listed for contact "+e.to)
		}
	}
}

// changes: nothing is changed while a window forbids it.
func (j *judge) changes(l *life) {
	for _, e := range l.seen {
		if e.kind == changedHost {
			j.allowed(l, incident.MayRecover, e.at, "something was changed")
		}
	}
}

func (j *judge) wasAway(from, to time.Time) bool {
	return within(j.plan.away, from, to)
}

// within says whether any of these spans has something of a time.
func within(spans []span, from, to time.Time) bool {
	return slices.ContainsFunc(spans, func(s span) bool { return s.from.Before(to) && s.to.After(from) })
}

// waits: a deferred incident waits no longer than a window is open, and ends with somebody told, or in a list.
func (j *judge) waits(l *life, run int) {
	var deferred, listed int
	var outcome incident.Transition
	var open *incident.Transition
	for _, t := range l.rec.Transitions {
		if t.Run != run {
			continue
		}
		if open != nil && (t.Question == incident.Page && (t.Kind == incident.Resumed || t.Kind == incident.Deferred) || t.Kind == incident.Asked) {
			j.held(l, *open, t.At, incident.Page, prompt)
			open = nil
		}
		switch {
		case t.Kind == incident.Ended:
			outcome = t
		case t.Kind == incident.Deferred && t.Question == incident.Page:
			open = &t
			if outcome.Key == "" {
				deferred++
			} else {
				j.figures.Paused++ // between two tiers
			}
		case t.Kind == incident.Listed && t.Question == incident.Page:
			listed++
		}
	}
	wanted := 0
	if deferred > 0 && outcome.Outcome.IsAutomatic() {
		wanted = 1
	}
	if listed != wanted {
		j.fault(l.id, "run %d was deferred %d times and ended as %s: the record has it listed %d times, not %d", run, deferred, outcome.Outcome, listed, wanted)
	}
	if deferred > 0 {
		j.figures.Deferred++
		if wanted == 0 && !l.wasTold(run) {
			j.fault(l.id, "run %d was deferred, ended as %s, and nobody was told", run, outcome.Outcome)
		}
	}
	if !outcome.Outcome.IsAutomatic() && !l.wasTold(run) {
		j.fault(l.id, "run %d ended as %s, and nobody was told", run, outcome.Outcome)
	}
}

func (l *life) wasTold(run int) bool {
	for _, e := range l.seen {
		if e.kind == packet && !strings.Contains(e.key, "/asked/") && strings.HasPrefix(e.key, fmt.Sprintf("%s/%d/", l.id, run)) {
			return true
		}
	}
	return false
}

// held: what waited until an instant had to wait.
func (j *judge) held(l *life, d incident.Transition, until time.Time, q incident.Question, slack time.Duration) {
	edges := j.plan.rules.edges()
	i, _ := slices.BinarySearchFunc(edges, d.At, time.Time.Compare)
	for ; i < len(edges) && edges[i].Add(slack).Before(until); i++ {
		from, to := edges[i].Add(-slack), edges[i].Add(slack)
		free := !j.wasAway(from, to) && !within(j.plan.stuck, from, to)
		for k := i; free && k < len(edges) && !edges[k].After(edges[i].Add(slack)); k++ {
			answer, _ := j.plan.rules.answer(edges[k], q, l.severity)
			free = answer == incident.Allow
		}
		if free {
			j.fault(l.id, "run %d: %s waited from %s until %s, though nothing forbids it at %s", d.Run, q, d.At, until, edges[i])
			return
		}
	}
}

// contacts: the customer is told once of each run that it is to be told of, in one way.
func (j *judge) contacts(l *life, run int) {
	var outcome, deferred, decision incident.Transition
	told := map[string]int{}   // by contact
	listed := map[string]int{} // by contact
	notTold := ""
	var last time.Time
	for _, t := range l.rec.Transitions {
		if t.Run != run {
			continue
		}
		switch {
		case t.Kind == incident.Ended:
			outcome = t
		case t.Key == "decision/contact/1":
			decision = t
		case t.Kind == incident.Deferred && t.Question == incident.Contact:
			if deferred.Key != "" {
				j.held(l, deferred, t.At, incident.Contact, promptList)
			}
			deferred = t
		case t.Kind == incident.ToldContact:
			told[t.By]++
		case t.Kind == incident.Listed && t.Question == incident.Contact && t.By == "":
			notTold, last = t.Why, t.At
		case t.Kind == incident.Listed && t.Question == incident.Contact:
			listed[t.By]++
			last = t.At
		}
	}
	seen := map[string]map[string]bool{}
	for _, e := range l.seen {
		if e.kind == toldContact && strings.HasPrefix(e.key, fmt.Sprintf("%s/%d/", l.id, run)) {
			if seen[e.to] == nil {
				seen[e.to] = map[string]bool{}
			}
			seen[e.to][e.key] = true
		}
	}
	reopened := l.rec.Run > run
	wanted := l.class == "full" && (outcome.Outcome == incident.Recovered || outcome.Outcome == incident.Cleared) || outcome.Outcome == incident.Reported
	if deferred.Key != "" {
		j.figures.ContactsDeferred++
		if last.IsZero() {
			j.fault(l.id, "run %d: the customer was to be told at %s, and never was", run, deferred.Until)
		} else {
			j.held(l, deferred, last, incident.Contact, promptList)
		}
	}
	for _, to := range []string{"ops@example.com", "#shared"} {
		switch n := len(seen[to]); {
		case n != told[to]:
			j.fault(l.id, "run %d: %s was told %d times, and the record has %d", run, to, n, told[to])
		case n+listed[to] > 1:
			j.fault(l.id, "run %d: %s was told %d times and listed %d times", run, to, n, listed[to])
		case !wanted && n+listed[to] > 0:
			j.fault(l.id, "run %d: %s was told of the outcome %s", run, to, outcome.Outcome)
		case !wanted || n+listed[to] == 1 || reopened:
		case deferred.Key == "" && decision.Key != "" && j.suppresses(l, decision.At):
		case deferred.Key != "" && notTold != "" && j.suppresses(l, last):
		default:
			j.fault(l.id, "run %d: %s was never told", run, to)
		}
	}
}

func (j *judge) suppresses(l *life, at time.Time) bool {
	answer, _ := j.plan.rules.answer(at, incident.Contact, l.severity)
	return answer == incident.Suppress
}
