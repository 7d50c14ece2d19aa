package handover

import (
	"slices"

	"shodo/internal/incident"
)

// tried gives the attempts in the order in which they were made; one that was made twice stands there twice. Whether
// verification held is not a question of its last round, which may be healthy and not have stayed so: after an attempt that
// another one followed it did not hold, and after the last one the outcome says it, if it was verified to the end at all.
// That a later one was asked about says the same. Of one that a person wanted the record says it.
func (p Packet) tried(steps []incident.Step, rec incident.Record) []Attempt {
	var list []Attempt
	for _, of := range tries(steps) {
		if len(list) == maxRows {
			break
		}
		first := of[0]
		a := Attempt{Number: first.Attempt, Steps: p.words.lines(of, incident.Recover, first.Attempt),
			Verified: p.words.lines(of, incident.Verify, first.Attempt)}
		if wish, result := p.wished(first); wish != nil {
			a.By = wish.By
			held := result != nil && result.Outcome == incident.Recovered
			if len(a.Verified) > 0 && (held || result != nil && result.Reason == incident.VerifyFailed) {
				a.Held = &held // one that was stopped was not verified to the end
			}
		}
		list = append(list, a)
	}
	last := -1 // the last one that the engine made by itself
	for i, a := range list {
		if a.By == "" {
			last = i
		}
	}
	for i := range list {
		held := rec.Outcome == incident.Recovered || rec.Reason == incident.Partial
		ended := held || rec.Reason == incident.VerifyFailed || asksBeyond(rec, list[i].Number)
		if list[i].By != "" || len(list[i].Verified) == 0 || i == last && !ended {
			continue
		}
		held = held && i == last
		list[i].Held = &held
	}
	return list
}

// asksBeyond says whether the engine has asked about a later attempt. After the hand-over it is people who want one.
func asksBeyond(rec incident.Record, attempt int) bool {
	return slices.ContainsFunc(rec.Transitions, func(t incident.Transition) bool {
		return t.Run == rec.Run && t.Kind == incident.Asked && t.Attempt > attempt && (rec.OutcomeAt.IsZero() || !t.At.After(rec.OutcomeAt))
	})
}

// tries splits the steps of recover and verify into attempts, each with what verified it.
func tries(steps []incident.Step) [][]incident.Step {
	var list [][]incident.Step
	place := map[[2]int]int{} // of an attempt and its round in list
	latest := map[int]int{}   // of an attempt in list
	for _, s := range steps {
		switch s.Phase {
		case incident.Recover:
			key := [2]int{s.Attempt, s.Round}
			at, seen := place[key]
			if !seen {
				at = len(list)
				place[key], latest[s.Attempt] = at, at
				list = append(list, nil)
			}
			list[at] = append(list[at], s)
		case incident.Verify:
			if at, seen := latest[s.Attempt]; seen {
				list[at] = append(list[at], s)
			}
		}
	}
	return list
}

// wished gives the wish by which the attempt of a step was made, and how it ended, as far as it has; nil when the engine
// made it by itself.
func (p Packet) wished(first incident.Step) (wish, result *Deed) {
	for _, d := range p.Deeds {
		switch {
		case d.Choice != incident.RunAttempt || d.Attempt != first.Attempt:
		case d.Kind == incident.Chosen && !d.At.After(first.StartedAt):
			wish = &d
		case d.Kind == incident.Acted && !d.At.Before(first.StartedAt) && result == nil:
			result = &d
		}
	}
	return wish, result
}
