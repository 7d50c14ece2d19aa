package promote

import (
	"fmt"

	"shodo/internal/analytics"
	"shodo/internal/incident"
)

// Needed is what the evidence has to be. Shares are between 0 and 1.
type Needed struct {
	Runs       int     `json:"runs"`        // at least so many runs
	Repairs    int     `json:"repairs"`     // at least so many attempts that were made, for approve and automatic
	Verified   float64 `json:"verified"`    // at least this share of them held
	CameBack   float64 `json:"came_back"`   // at most this share came back within 24 hours
	OverBudget float64 `json:"over_budget"` // at most this share of runs ended over budget
	Unclear    float64 `json:"unclear"`     // at most this share of runs ended without a clear finding
	Disagreed  float64 `json:"disagreed"`   // at most this share of runs, people wanted something else
}

// Usual is what is needed when nobody says otherwise.
func Usual() Needed {
	return Needed{Runs: 20, Repairs: 10, Verified: 0.95, CameBack: 0.05, OverBudget: 0.05, Unclear: 0.10, Disagreed: 0.05}
}

// Check is one condition, and how it stands.
type Check struct {
	Name   string `json:"name"`
	Holds  bool   `json:"holds"`
	Says   string `json:"says"`             // what was found beside what is needed: "3 of 20 runs"
	Figure string `json:"figure,omitempty"` // the figure of "shodo stats --ids" that lists the incidents; may be empty
}

// Verdict is the recommendation.
type Verdict struct {
	Level  incident.Autonomy `json:"level"`
	Next   incident.Autonomy `json:"next,omitempty"` // empty: there is no higher one
	Ready  bool              `json:"ready"`
	Checks []Check           `json:"checks"`
	Doubts []string          `json:"doubts,omitempty"` // about the present level
}

// Next gives the level above; empty: there is none.
func Next(level incident.Autonomy) incident.Autonomy {
	switch level {
	case incident.Observe:
		return incident.Suggest
	case incident.Suggest:
		return incident.Approve
	case incident.Approve:
		return incident.Automatic
	}
	return ""
}

// Judge says whether the evidence is enough for the level above. At the highest level it judges whether it still is.
//
// For suggest, which changes nothing by itself, the runs have to be enough, clear, and lead to attempts. For approve and
// automatic attempts have to have been made, at people's wish or by the engine, and to have held, and people must not often
// have wanted something else.
func Judge(level incident.Autonomy, e Evidence, n Needed) Verdict {
	v := Verdict{Level: level, Next: Next(level), Ready: true}
	least := func(name string, have, need int, of, figure string) {
		says := fmt.Sprintf("%d of %d %s", have, need, of)
		if have >= need {
			says = fmt.Sprintf("%d %s, at least %d", have, of, need)
		}
		v.add(Check{Name: name, Holds: have >= need, Says: says, Figure: figure})
	}
	atMost := func(name string, s analytics.Share, most float64, of, figure string) {
		rate, known := s.Rate()
		v.add(Check{Name: name, Holds: known && rate <= most, Says: fmt.Sprintf("%s %s, at most %s", share(s), of, percent(most)), Figure: figure})
	}
	least("runs", e.Runs, n.Runs, "runs", "incidents")
	atMost("clear findings", e.Unclear(), n.Unclear, "runs ended inconclusive, with a failed step, a timeout or an engine error", "inconclusive")
	if v.Next == incident.Suggest {
		least("attempts to offer", e.Planned(), 1, "runs in which an attempt would have been made", "observed")
		return v
	}
	repairs := e.Repairs()
	least("repairs", repairs.Of, n.Repairs, "attempts that were made", "repairs")
	rate, known := repairs.Rate()
	v.add(Check{Name: "verified repairs", Holds: known && rate >= n.Verified,
		Says: fmt.Sprintf("%s attempts held, at least %s", share(repairs), percent(n.Verified)), Figure: "not_verified"})
	if v.Next != incident.Approve { // under suggest nothing is closed by the engine, so nothing comes back after it
		atMost("came back", e.CameBack, n.CameBack, "automatic closes came back within 24 hours", "came_back")
	}
	atMost("over budget", e.OverBudget(), n.OverBudget, "runs ended over budget", "over_budget")
	atMost("disagreement", e.Disagreed(), n.Disagreed, "runs in which a person took over, refused an approval, or called it noise", "taken_over")
	if rate, known := repairs.Rate(); known && repairs.Of >= 5 && rate < 0.5 && level != incident.Observe {
		v.Doubts = append(v.Doubts, fmt.Sprintf("only %s attempts held: consider lowering the autonomy, or another repair", share(repairs)))
	}
	return v
}

func (v *Verdict) add(c Check) {
	v.Checks = append(v.Checks, c)
	v.Ready = v.Ready && c.Holds
}

// Missing lists what does not hold, for the recommendation.
func (v Verdict) Missing() []string {
	var list []string
	for _, c := range v.Checks {
		if !c.Holds {
			list = append(list, c.Says)
		}
	}
	return list
}

func share(s analytics.Share) string {
	rate, known := s.Rate()
	if !known {
		return fmt.Sprintf("%d of %d", s.Count, s.Of)
	}
	return fmt.Sprintf("%d of %d (%s)", s.Count, s.Of, percent(rate))
}

func percent(r float64) string { return fmt.Sprintf("%.3g%%", 100*r) }
