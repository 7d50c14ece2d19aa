package simulation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"shodo/internal/incident"
)

// figures is what a simulation was about.
type figures struct {
	Incidents, Runs, Deferred, Paused, ContactsDeferred, Digests, Lists, ManyLists, Changes int

	Questions, Granted, Wishes, Refusals, Stopped, Yielded int // of people and the kill switch

	deaths   atomic.Int64
	outcomes map[incident.Outcome]int
}

// story tells what is known of an incident, in the order of time: what was seen outside, and what the record says.
func (j *judge) story(id incident.ID) string {
	type line struct {
		at   time.Time
		text string
	}
	var lines []line
	from, to := time.Time{}, time.Time{}
	if l := j.lives[id]; l != nil {
		for _, e := range l.seen {
			lines = append(lines, line{e.at, e.String()})
		}
		for _, t := range l.rec.Transitions {
			text := fmt.Sprintf("%s    record %d: %-10s %s", t.At.UTC().Format("2006-01-02 15:04:05"), t.Run, t.Kind, t.Key)
			for _, part := range []string{string(t.Outcome), string(t.Reason), t.By, t.Window, t.Why} {
				if part != "" {
					text += " | " + cut(part, 200)
				}
			}
			if !t.Until.IsZero() {
				text += " | until " + t.Until.UTC().Format("2006-01-02 15:04:05")
			}
			lines = append(lines, line{t.At, text})
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
	if len(lines) > 0 {
		from, to = lines[0].at, lines[len(lines)-1].at
	}
	for _, e := range j.town.seen.entries {
		if (e.kind == policyChanged || e.kind == awayBegan) && !e.at.Before(from.AddDate(0, 0, -1)) && !e.at.After(to) {
			lines = append(lines, line{e.at, e.String()})
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
	var b strings.Builder
	for _, w := range j.plan.rules.at(from).windows {
		fmt.Fprintf(&b, "  in force at first: %s (%s), contact %s, page %s, recover %s, about %d, in %s\n", w.Label(), w.When.Spec(),
			cmp.Or(w.Contact, "-"), cmp.Or(w.Page, "-"), cmp.Or(w.Recover, "-"), w.about, j.plan.rules.zone)
	}
	for _, l := range lines {
		b.WriteString("  " + l.text + "\n")
	}
	return b.String()
}
