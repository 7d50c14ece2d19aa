package promote_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/analytics"
	"shodo/internal/incident"
	"shodo/internal/promote"
)

// good is evidence that is enough for every level.
func good() promote.Evidence {
	e := promote.Evidence{Runs: 20, Ended: 20, Outcomes: map[incident.Outcome]int{incident.Recovered: 19, incident.TakenOver: 1},
		Reasons: map[incident.Reason]int{}, CameBack: analytics.Share{Count: 1, Of: 20}}
	e.Add(promote.Deeds{Planned: map[int]int{1: 1}, Made: map[int]int{1: 15, 2: 4}, Verified: map[int]int{1: 15, 2: 4},
		Wished: 2, Wishes: map[incident.Reason]int{"": 1, incident.OverBudget: 1}}, []string{"restart", "reboot"})
	return e
}

// TestJudge: each level needs what it says, and one thing that is missing is told and is enough to wait.
func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		name    string
		level   incident.Autonomy
		spoil   func(*promote.Evidence)
		missing string // parts of what is told, one after the other; empty: it is ready
	}{
		{"observe", incident.Observe, nil, ""},
		{"suggest", incident.Suggest, nil, ""},
		{"approve", incident.Approve, nil, ""},
		{"automatic", incident.Automatic, nil, ""},

		{"few runs", incident.Observe, func(e *promote.Evidence) { e.Runs = 3 }, "3 of 20 runs"},
		{"nothing to offer", incident.Observe, func(e *promote.Evidence) { e.Attempts[0].Planned = 0 }, "0 of 1 runs in which an attempt"},
		{"unclear", incident.Observe, func(e *promote.Evidence) {
			e.Reasons[incident.Inconclusive], e.Reasons[incident.StepFailed], e.Reasons[incident.Timeout] = 1, 1, 1
		}, "3 of 20 (15%) runs ended inconclusive"},
		{"repairs do not matter yet", incident.Observe, func(e *promote.Evidence) { e.Attempts[0].Verified = 0 }, ""},

		{"few repairs", incident.Suggest, func(e *promote.Evidence) { e.Attempts = nil }, "1 of 10 attempts that were made"},
		{"repairs that do not hold", incident.Suggest, func(e *promote.Evidence) { e.Attempts[0].Verified = 10 }, "15 of 20 (75%) attempts held, at least 95%"},
		{"what comes back does not matter yet", incident.Suggest, func(e *promote.Evidence) { e.CameBack.Count = 20 }, ""},
		{"no repair at all", incident.Approve, func(e *promote.Evidence) { e.Attempts, e.Wishes = nil, promote.Wishes{} }, "0 of 10 attempts that were made; 0 of 0 attempts held"},
		{"it comes back", incident.Approve, func(e *promote.Evidence) { e.CameBack.Count = 2 }, "2 of 20 (10%) automatic closes came back"},
		{"nothing could come back", incident.Approve, func(e *promote.Evidence) { e.CameBack = analytics.Share{} }, "0 of 0 automatic closes came back"},
		{"over budget", incident.Approve, func(e *promote.Evidence) { e.Reasons[incident.OverBudget] = 2 }, "2 of 20 (10%) runs ended over budget"},
		{"people say no", incident.Approve, func(e *promote.Evidence) { e.Questions.Refused = 1 }, "2 of 20 (10%) runs in which a person took over"},
		{"people call it noise", incident.Automatic, func(e *promote.Evidence) { e.Noise = 1 }, "2 of 20 (10%) runs in which a person took over"},
		{"nothing is known", incident.Observe, func(e *promote.Evidence) { *e = promote.Evidence{} }, "0 of 20 runs; 0 of 0 runs ended inconclusive"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := good()
			if tt.spoil != nil {
				tt.spoil(&e)
			}
			v := promote.Judge(tt.level, e, promote.Usual())
			missing := strings.Join(v.Missing(), "; ")
			if v.Ready != (tt.missing == "") || !strings.HasPrefix(missing, tt.missing) {
				t.Errorf("ready %v, missing %q, want %q", v.Ready, missing, tt.missing)
			}
			if v.Next != promote.Next(tt.level) {
				t.Errorf("next %q", v.Next)
			}
		})
	}
}

func TestNext(t *testing.T) {
	var ladder []incident.Autonomy
	for level := incident.Observe; level != ""; level = promote.Next(level) {
		ladder = append(ladder, level)
	}
	if diff := cmp.Diff([]incident.Autonomy{incident.Observe, incident.Suggest, incident.Approve, incident.Automatic}, ladder); diff != "" {
		t.Error(diff)
	}
}

// Repairs that mostly fail are told, at whatever level they are made.
func TestDoubts(t *testing.T) {
	e := good()
	e.Attempts[0].Verified = 2
	if v := promote.Judge(incident.Automatic, e, promote.Usual()); len(v.Doubts) != 1 || !strings.Contains(v.Doubts[0], "only 7 of 20 (35%) attempts held") {
		t.Errorf("%q", v.Doubts)
	}
}

// A wish that came to nothing changed nothing, so it is no repair.
func TestRepairs(t *testing.T) {
	var e promote.Evidence
	e.Add(promote.Deeds{Made: map[int]int{1: 4}, Verified: map[int]int{1: 3}, Wished: 7,
		Wishes: map[incident.Reason]int{"": 2, incident.StepFailed: 1, incident.Paused: 1, incident.Forbidden: 1, incident.BusyTarget: 1}}, []string{"restart"})
	if got, want := e.Repairs(), (analytics.Share{Count: 5, Of: 7}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
