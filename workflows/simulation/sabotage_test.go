package simulation

import (
	"strings"
	"testing"

	"shodo/internal/incident"
	"shodo/internal/quiethours"
)

// sabotage is what is made wrong on purpose, to see that the judge finds it.
type sabotage struct {
	ignores     func(*quiethours.Window)       // makes of each window what the engine takes it for
	shortSnooze bool                           // snoozes end before the window
	noDigest    bool                           // nobody begins a digest
	mute        bool                           // digests are lost
	twice       bool                           // contacts and tiers are told twice
	deaf        bool                           // nobody is told that windows have changed
	blind       bool                           // nobody sees that the kill switch is on
	lonely      bool                           // nobody sees that a person has the incident
	loses       func(incident.Transition) bool // the record loses these
}

// Each fault that the judge looks for is made once here: a simulation that cannot fail proves nothing.
func TestTheJudgeFindsEachSabotage(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes it take minutes, and finds nothing here that it does not find in the other test")
	}
	for _, c := range []struct {
		name     string
		sabotage sabotage
		finds    string // a part of what the judge says
	}{
		{"nobody asks whether people may be woken", sabotage{ignores: func(w *quiethours.Window) { w.Page = "" }}, "to page"},
		{"nobody asks whether customers may be told", sabotage{ignores: func(w *quiethours.Window) { w.Contact = "" }}, "to contact"},
		{"nobody asks whether anything may be changed", sabotage{ignores: func(w *quiethours.Window) { w.Recover = "" }}, "something was changed at"},
		{"windows are never over", sabotage{ignores: func(w *quiethours.Window) { w.When = quiethours.WholeDays(nil) }}, "though nothing forbids it"},
		{"snoozes are too short", sabotage{shortSnooze: true}, "PagerDuty called by itself"},
		{"nobody begins digests", sabotage{noDigest: true}, "listed 0 times, not 1"},
		{"digests get lost", sabotage{mute: true}, "0 lists for #first name it"},
		{"contacts are told twice", sabotage{twice: true}, "was told 2 times"},
		{"lists are sent twice", sabotage{twice: true}, "it stands in message 2"},
		{"nobody tells that windows have changed", sabotage{deaf: true}, "though nothing forbids it"},
		{"nobody sees that the kill switch is on", sabotage{blind: true}, "while the engine was paused"},
		{"nobody sees that a person has it", sabotage{lonely: true}, "after a person had taken it"},
		{"the record loses who approved", sabotage{loses: lines(incident.Chosen)}, "nobody had chosen approve"},
		{"the record loses outcomes", sabotage{loses: func(l incident.Transition) bool { return l.Outcome == incident.Recovered }}, "0 outcomes"},
		{"the record loses what was listed", sabotage{loses: lines(incident.Listed)}, "the record has"},
		{"the record loses what waits", sabotage{loses: lines(incident.Deferred)}, "does not say that it waits"},
		{"the record loses that a wait is over", sabotage{loses: lines(incident.Resumed)}, "still waits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			seed := seedOf(t)
			var found []fault
			for n := range 20 {
				j := judgeTown(live(t, drawPlan(seed, n, 20), c.sabotage))
				for _, f := range j.faults {
					if strings.Contains(f.what, c.finds) {
						return
					}
				}
				found = append(found, j.faults...)
			}
			t.Errorf("seed %d: not found; the judge says: %v", seed, found)
		})
	}
}

func lines(kind incident.TransitionKind) func(incident.Transition) bool {
	return func(l incident.Transition) bool { return l.Kind == kind }
}
