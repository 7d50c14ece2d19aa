package handover

import (
	"slices"
	"strings"
	"time"

	"shodo/internal/incident"
)

// Deed is one line of who did what, and when: people, and the engine where it spoke to people.
type Deed struct {
	At      time.Time
	Kind    incident.TransitionKind
	Choice  incident.ChoiceKind
	By      string
	Attempt int // from 1
	Item    int // of the checklist, from 1
	On      bool
	Until   time.Time
	Outcome incident.Outcome
	Reason  incident.Reason
	Why     string

	key string
}

// Tick is the state of one point of the checklist. The zero value is one that nobody has ticked.
type Tick struct {
	By string // empty: it is not done
	At time.Time
}

// maxDeeds is how many deeds a packet keeps; the last ones matter.
const maxDeeds = 60

// deeds gives what people did in the record's last run, and what of the engine they have to know beside it.
func (w words) deeds(rec incident.Record) []Deed {
	var list []Deed
	told := map[string]bool{}
	for _, t := range rec.Transitions {
		if t.Run != rec.Run {
			continue
		}
		switch t.Kind {
		case incident.ToldTier:
			round := t.By + t.Key[strings.LastIndexByte(t.Key, '/')+1:]
			if told[round] { // in several places
				continue
			}
			told[round] = true
		case incident.Acted:
			if t.Choice == "" {
				continue
			}
		case incident.EventSeen:
			if !strings.HasPrefix(t.Key, incident.ReleasedKey) && t.Key != incident.ResolvedKey {
				continue
			}
		case incident.Chosen, incident.PersonTook, incident.Asked, incident.Expired, incident.Ended, incident.ResponseEnd:
		default:
			continue
		}
		d := Deed{key: t.Key, At: t.At, Kind: t.Kind, Choice: t.Choice, By: oneLine(t.By, maxName), Attempt: t.Attempt, Item: t.Item, Until: t.Until,
			Outcome: t.Outcome, Reason: t.Reason, Why: w.why(t.Why, maxWhy)}
		if t.Choice == incident.Tick {
			d.On, d.Item = t.Item > 0, max(t.Item, -t.Item)
		}
		list = append(list, d)
	}
	return list[max(0, len(list)-maxDeeds):]
}

// owner gives who has the incident now; empty when nobody has.
func owner(rec incident.Record, list []Deed) (name string, since time.Time) {
	name, since = oneLine(rec.TakenBy, maxName), rec.TakenAt
	for _, d := range list {
		switch d.Kind {
		case incident.PersonTook:
			name, since = d.By, d.At
		case incident.EventSeen:
			if d.key != incident.ResolvedKey { // the acknowledgement ran out
				name, since = "", time.Time{}
			}
		}
	}
	return name, since
}

// ticks gives the state of each of so many points.
func ticks(list []Deed, points int) []Tick {
	state := make([]Tick, points)
	for _, d := range list {
		if d.Choice != incident.Tick || d.Item < 1 || d.Item > points {
			continue
		}
		state[d.Item-1] = Tick{}
		if d.On {
			state[d.Item-1] = Tick{By: d.By, At: d.At}
		}
	}
	return state
}

// running gives the wish that is being carried out: an attempt that a person asked for and that has not ended. One that
// still waits for another person does not run.
func running(list []Deed) *Deed {
	var wish *Deed
	for _, d := range list {
		switch {
		case d.Choice == incident.RunAttempt && d.Kind == incident.Chosen:
			wish = &d
		case d.Choice == incident.RunAttempt, d.Choice == incident.NotNow && wish != nil && wish.Attempt == d.Attempt:
			wish = nil
		}
	}
	return wish
}

// isAnswered says whether a question has its answer already, or its time is over.
func isAnswered(list []Deed, number int) bool {
	return slices.ContainsFunc(list, func(d Deed) bool {
		if d.Item != number {
			return false
		}
		return d.Kind == incident.Expired || d.Kind == incident.Chosen && (d.Choice == incident.Grant || d.Choice == incident.NotNow)
	})
}

// finish gives the deed that ended the first response, or nil.
func finish(list []Deed) *Deed {
	for _, d := range list {
		if d.Kind == incident.ResponseEnd {
			return &d
		}
	}
	return nil
}
