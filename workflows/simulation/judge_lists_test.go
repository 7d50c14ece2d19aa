package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"shodo/internal/incident"
)

// list notes which incidents a digest names.
func (j *judge) list(e entry) {
	for id, l := range j.lives {
		if strings.Contains(e.text, string(id)) {
			if l.lists[e.to] == nil {
				l.lists[e.to] = map[string]entry{}
			}
			if _, again := l.lists[e.to][e.key]; !again {
				l.lists[e.to][e.key] = e
			}
			l.seen = append(l.seen, e)
		}
	}
}

// lists: each list that the record tells of was sent, and no other. Two runs of an incident that wait for the same end
// stand in one message, unless the windows were changed between them.
func (j *judge) lists(l *life) {
	ends, runs := map[string]map[string]bool{}, map[string]map[string]bool{} // by receiver
	for _, t := range l.rec.Transitions {
		if t.Kind != incident.Listed || t.By == "" {
			continue
		}
		to := t.By
		if t.Question == incident.Page {
			to = "#first"
		}
		if ends[to] == nil {
			ends[to], runs[to] = map[string]bool{}, map[string]bool{}
		}
		ends[to][t.Key], runs[to][fmt.Sprint(t.Run, t.Key)] = true, true
	}
	for _, to := range []string{"#first", "ops@example.com", "#shared"} {
		if n := len(l.lists[to]); n < len(ends[to]) || n > len(runs[to]) {
			j.fault(l.id, "%d lists for %s name it, and the record has %d", n, to, len(runs[to]))
		}
	}
}

// digests: each receiver gets one message for one end. What stands in another one could not stand in the one before.
func (j *judge) digests() {
	messages := map[string][]entry{} // by end and receiver
	for _, e := range j.town.seen.entries {
		end := e.key[:max(strings.LastIndex(e.key, "/"), 0)] + " for " + e.to
		if (e.kind == listForTier || e.kind == listForContact) &&
			!slices.ContainsFunc(messages[end], func(known entry) bool { return known.key == e.key }) {
			messages[end] = append(messages[end], e)
		}
	}
	for end, list := range messages {
		j.figures.Lists += len(list)
		if len(list) > 1 {
			j.figures.ManyLists++
		}
		for i, e := range list[1:] {
			for _, l := range j.lives {
				if _, named := l.lists[e.to][e.key]; named && j.couldStand(l, e.kind, list[i].at) {
					j.fault(l.id, "it stands in message %d of %s at %s, and not in the one before, at %s", i+2, end, e.at, list[i].at)
				}
			}
		}
	}
}

// couldStand says whether an incident could have been told of in a list at an instant.
func (j *judge) couldStand(l *life, k kind, at time.Time) bool {
	q, since := incident.Page, incident.Ended
	if k == listForContact {
		q, since = incident.Contact, incident.Deferred
	}
	if answer, _ := j.plan.rules.answer(at, q, l.severity); answer != incident.Allow {
		return false
	}
	for _, t := range l.rec.Transitions {
		if t.Kind == since && (since == incident.Ended || t.Question == q) && !t.At.Before(at) {
			return false // that it is to be told of is newer
		}
	}
	return true
}
