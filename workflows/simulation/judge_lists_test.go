package simulation

import (
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

// lists: each list that the record tells of was sent, and no other.
func (j *judge) lists(l *life) {
	wanted := map[string]map[string]bool{} // by receiver: the ends; two runs that wait for one end stand in one message
	for _, t := range l.rec.Transitions {
		if t.Kind != incident.Listed || t.By == "" {
			continue
		}
		to := t.By
		if t.Question == incident.Page {
			to = "#first"
		}
		if wanted[to] == nil {
			wanted[to] = map[string]bool{}
		}
		wanted[to][t.Key] = true
	}
	for _, to := range []string{"#first", "ops@example.com", "#shared"} {
		if len(l.lists[to]) != len(wanted[to]) {
			j.fault(l.id, "%d lists for %s name it, and the record has %d", len(l.lists[to]), to, len(wanted[to]))
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
