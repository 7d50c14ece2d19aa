package report

import (
	"math"

	"shodo/internal/analytics"
)

// Verdict says whether the period was better than the one before.
type Verdict string

// The verdicts. Better is a higher automatic handling rate or a shorter first response, and the other no worse.
const (
	Empty  Verdict = "empty" // no incidents
	First  Verdict = "first" // nothing to compare with
	Better Verdict = "better"
	Worse  Verdict = "worse"
	Mixed  Verdict = "mixed" // one is better, the other worse
	Same   Verdict = "same"
)

// What is less than that is no change.
const (
	enoughPoints = 0.005 // of the automatic handling rate
	enoughPart   = 0.05  // of the mean first response
)

// Verdict compares the period with the one before.
func (r *Report) Verdict() Verdict {
	now, before := r.Figures(Now), r.Figures(Before)
	switch {
	case now.Incidents == 0:
		return Empty
	case before.Incidents == 0:
		return First
	}
	handled, faster := r.handled(), r.faster()
	switch {
	case handled*faster < 0:
		return Mixed
	case handled+faster > 0:
		return Better
	case handled+faster < 0:
		return Worse
	}
	return Same
}

// manyOpen says whether so many are open that the mean of the others says little about all.
func (r *Report) manyOpen() bool {
	now := r.Figures(Now)
	return now.Open > 0 && float64(now.Open) >= enoughPart*float64(now.Incidents)
}

// handled says whether more was handled automatically: 1 more, -1 less, 0 about as much.
func (r *Report) handled() int {
	now, _ := r.Figures(Now).Automatic.Rate()
	before, _ := r.Figures(Before).Automatic.Rate()
	return score(now-before, enoughPoints)
}

// faster says the same of the first response. While many are open nobody knows.
func (r *Report) faster() int {
	now, before := r.Figures(Now).FirstResponse, r.Figures(Before).FirstResponse
	if now.Count == 0 || before.Count == 0 || before.Mean == 0 || r.manyOpen() {
		return 0
	}
	return score(1-float64(now.Mean)/float64(before.Mean), enoughPart)
}

func score(change, enough float64) int {
	switch {
	case math.Abs(change) < enough:
		return 0
	case change > 0:
		return 1
	}
	return -1
}

// Cause is the kind of alert that says most about the change from the period before.
type Cause struct {
	analytics.Group
	By          Measure
	Now, Before analytics.Figures // of the kind
}

// Measure is what was looked at to find a cause.
type Measure string

// The measures.
const (
	ByPeople Measure = "people" // the share of incidents that people had to handle
	ByTime   Measure = "time"   // the mean first response
	ByMost   Measure = "most"   // nothing has changed, or nothing is there to compare with: where people were needed most
)

// notAutomatic is what the engine did not handle, or has not yet.
func notAutomatic(f analytics.Figures) int { return f.Incidents - f.Automatic.Count }

// cause finds, of all kinds, the one that did most for what the verdict says. A kind's part in a share or in a mean is
// its own sum over the number of all.
func (b *builder) cause(kinds []analytics.Grouped) {
	now, before := b.Figures(Now), b.Figures(Before)
	measure, part := ByMost, func(f, _ analytics.Figures) float64 { return float64(notAutomatic(f)) }
	direction := 1.0
	switch verdict := b.Verdict(); {
	case verdict != Better && verdict != Worse && verdict != Mixed:
	case b.handled() != 0:
		measure, direction = ByPeople, -float64(b.handled())
		part = func(f, all analytics.Figures) float64 { return over(float64(notAutomatic(f)), all.Incidents) }
	default:
		measure, direction = ByTime, -float64(b.faster())
		part = func(f, all analytics.Figures) float64 {
			return over(float64(f.FirstResponse.Sum), all.FirstResponse.Count)
		}
	}
	most := 0.0
	for _, k := range kinds {
		change := part(k.Figures, now)
		if measure != ByMost {
			change = direction * (change - part(k.Previous, before))
		}
		if change > most {
			most, b.Cause = change, &Cause{k.Group, measure, k.Figures, k.Previous}
		}
	}
	if measure == ByMost && most == 1 && notAutomatic(now) > 1 {
		b.Cause = nil // each was of another kind
	}
}

func over(v float64, n int) float64 {
	if n == 0 {
		return 0
	}
	return v / float64(n)
}

// Action is what to do.
type Action string

// The actions, in the order in which they are looked for.
const (
	FindLost    Action = "find_lost"
	Automate    Action = "automate"
	FixRepair   Action = "fix_repair"
	TakeOver    Action = "take_over" // hand-overs that nobody took
	CloseOpen   Action = "close_open"
	NothingToDo Action = "nothing"
)

// weakRepair is a repair that holds less often than that, and was tried often enough to say so.
const (
	weakRepair  = 0.8
	enoughTries = 3
)

// Action says what is the first thing to do.
func (r *Report) Action() Action {
	now := r.Figures(Now)
	switch {
	case r.Lost != nil && *r.Lost > 0:
		return FindLost
	case len(r.Suggestions) > 0:
		return Automate
	case r.weakest() != nil:
		return FixRepair
	case now.NotTaken > 0:
		return TakeOver
	case now.Open > 0:
		return CloseOpen
	}
	return NothingToDo
}

// weakest is the attempt that fails most.
func (r *Report) weakest() *analytics.Attempted {
	for i, a := range r.Attempts {
		if rate, ok := a.Repairs.Rate(); ok && a.Repairs.Of >= enoughTries && rate < weakRepair {
			return &r.Attempts[i]
		}
	}
	return nil
}
