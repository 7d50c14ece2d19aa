package simulation

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"shodo/internal/incident"
)

const (
	customers   = 50
	defaultSeed = 5
)

func seedOf(t *testing.T) uint64 {
	text := os.Getenv("SHODO_SIMULATION_SEED")
	if text == "" {
		return defaultSeed
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("SHODO_SIMULATION_SEED: %v", err)
	}
	return seed
}

// incidentsOf is how many incidents are played: SHODO_SIMULATION_INCIDENTS says another number than the usual one.
func incidentsOf(t *testing.T) int {
	text := os.Getenv("SHODO_SIMULATION_INCIDENTS")
	if text == "" || raceDetector {
		return incidents
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < customers {
		t.Fatalf("SHODO_SIMULATION_INCIDENTS: %q is not a number of at least %d", text, customers)
	}
	return n
}

func TestNothingVanishes(t *testing.T) {
	seed, each := seedOf(t), incidentsOf(t)/customers
	if testing.Short() {
		each = 4
	}
	t.Logf("seed %d", seed)
	var mu sync.Mutex
	total := &figures{outcomes: map[incident.Outcome]int{}}
	t.Run("customers", func(t *testing.T) {
		for n := range customers {
			t.Run(fmt.Sprintf("%02d", n), func(t *testing.T) {
				t.Parallel()
				j := judgeTown(live(t, drawPlan(seed, n, each), sabotage{}))
				j.report(t)
				mu.Lock()
				defer mu.Unlock()
				total.add(j)
			})
		}
	})
	t.Log(total)
	if total.Incidents >= 2_000 {
		total.mustBeRich(t, float64(total.Incidents)/10_000)
	}
}

// mustBeRich fails when too little of what is to be judged happened at all, for that part of ten thousand incidents.
func (f *figures) mustBeRich(t *testing.T, part float64) {
	enough := func(whole int) int { return max(1, int(part*float64(whole))) }
	for _, o := range incident.Outcomes() {
		if f.outcomes[o] < enough(50) {
			t.Errorf("only %d runs ended as %s", f.outcomes[o], o)
		}
	}
	for _, c := range []struct {
		what     string
		got, min int
	}{
		{"incidents were deferred", f.Deferred, 1000}, {"hand-overs paused", f.Paused, 15},
		{"reports to customers were deferred", f.ContactsDeferred, 200}, {"digests were sent", f.Lists, 300},
		{"were told that windows changed", f.Changes, 100}, {"breakdowns happened", int(f.deaths.Load()), 5000},
		{"questions were asked", f.Questions, 500}, {"changes were approved", f.Granted, 200}, {"changes were made at a wish", f.Wishes, 50},
		{"presses were refused", f.Refusals, 50}, {"incidents were stopped by the kill switch", f.Stopped, 50},
		{"closes were left to a person", f.Yielded, 10},
	} {
		if c.got < enough(c.min) {
			t.Errorf("only %d %s, not %d", c.got, c.what, enough(c.min))
		}
	}
}

// report fails the test with the stories of the first faults.
func (j *judge) report(t *testing.T) {
	const stories = 3
	told := map[incident.ID]bool{}
	for _, f := range j.faults {
		t.Errorf("seed %d, incident %s: %s", j.plan.seed, f.incident, f.what)
		if len(told) < stories && !told[f.incident] {
			told[f.incident] = true
			t.Logf("what happened to %s of %s:\n%s", f.incident, j.plan.customer, j.story(f.incident))
		}
	}
}

func (f *figures) add(j *judge) {
	g := &j.figures
	f.Incidents += len(j.lives)
	f.Deferred += g.Deferred
	f.Paused += g.Paused
	f.ContactsDeferred += g.ContactsDeferred
	f.Digests += g.Digests
	f.Lists += g.Lists
	f.ManyLists += g.ManyLists
	f.Changes += g.Changes
	f.Questions += g.Questions
	f.Granted += g.Granted
	f.Wishes += g.Wishes
	f.Refusals += g.Refusals
	f.Stopped += g.Stopped
	f.Yielded += g.Yielded
	f.deaths.Add(g.deaths.Load())
	for _, l := range j.lives {
		f.Runs += l.rec.Run
		for _, t := range l.rec.Transitions {
			if t.Kind == incident.Ended {
				f.outcomes[t.Outcome]++
			}
		}
	}
}

func (f *figures) String() string {
	var outcomes []string
	for _, o := range slices.Sorted(maps.Keys(f.outcomes)) {
		outcomes = append(outcomes, fmt.Sprintf("%s %d", o, f.outcomes[o]))
	}
	return fmt.Sprintf("%d incidents in %d runs; %d were deferred, %d hand-overs paused, %d reports to customers deferred, %d digests sent %d messages (%d ends had several); "+
		"%d told that windows changed; %d questions, %d changes approved, %d made at a wish, %d presses refused, %d stopped by the kill switch, %d left to a person just before the close; %d breakdowns\noutcomes: %s", f.Incidents, f.Runs, f.Deferred, f.Paused, f.ContactsDeferred, f.Digests, f.Lists,
		f.ManyLists, f.Changes, f.Questions, f.Granted, f.Wishes, f.Refusals, f.Stopped, f.Yielded, f.deaths.Load(), strings.Join(outcomes, ", "))
}
