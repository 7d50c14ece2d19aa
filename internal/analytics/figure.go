package analytics

import (
	"slices"

	"shodo/internal/incident"
)

// Figure names a figure. Those that count incidents can be drilled into: the answer lists the incidents. Besides those
// here, each outcome and each reason is one, by its own name.
type Figure string

// The figures.
const (
	Incidents     Figure = "incidents"
	Alerts        Figure = "alerts"
	Automatic     Figure = "automatic"
	NotAutomatic  Figure = "not_automatic"
	Coverage      Figure = "coverage"
	NotCovered    Figure = "not_covered"
	FirstResponse Figure = "first_response"
	TimeToStart   Figure = "time_to_start"
	TimeToPerson  Figure = "time_to_person"
	MachineShare  Figure = "machine_share"

	Deferred        Figure = "deferred"
	DeferredTold    Figure = "deferred_told"
	DeferredListed  Figure = "deferred_listed"
	DeferredTaken   Figure = "deferred_taken"
	DeferredWaiting Figure = "deferred_waiting"
	DeferredOther   Figure = "deferred_other"
	DeferralWait    Figure = "deferral_wait"

	Repairs       Figure = "repairs"
	Verified      Figure = "verified"
	NotVerified   Figure = "not_verified"
	CameBack      Figure = "came_back"
	PersonTime    Figure = "person_time"
	PersonLoad    Figure = "person_load"
	TimeSaved     Figure = "time_saved"
	Open          Figure = "open"
	Undecided     Figure = "undecided"
	Reopened      Figure = "reopened"
	NotTaken      Figure = "not_taken"
	NoCustomer    Figure = "no_customer"
	ClockDisorder Figure = "clock_disorder"

	LostIncidents Figure = "lost" // the only one that the record alone cannot answer: see Compare
)

// Definition says what a figure means.
type Definition struct {
	Figure Figure `json:"figure"`
	Means  string `json:"means"`
}

// Definitions lists every figure in the order of reading, as of Version.
func Definitions() []Definition {
	return []Definition{
		{Incidents, "incidents that PagerDuty created in the period"},
		{Alerts, "alerts inside these incidents, as PagerDuty counted them when the first response began"},
		{Automatic, "incidents whose outcome is automatic (recovered, cleared, resolved_upstream, reported, suppressed), of all incidents"},
		{NotAutomatic, "incidents whose outcome is not automatic: handed_over, unmatched, taken_over"},
		{Coverage, "incidents that a scenario matched, of all incidents"},
		{NotCovered, "incidents that no scenario matched"},
		{FirstResponse, "from created_at to the end of the first response: the automatic outcome carried out, a person's Done, or the resolve, whichever comes first; open ones are listed, not averaged"},
		{TimeToStart, "from created_at to the start of the first step"},
		{TimeToPerson, "of handed-over ones: from the hand-over to the first person taking it"},
		{MachineShare, "of the sum of first response times, the part until the engine closed or handed over"},
		{Deferred, "incidents of which nobody was told before the end of a window, because quiet hours or maintenance said so"},
		{DeferredTold, "deferred ones of which a tier was told after the wait began"},
		{DeferredListed, "deferred ones that were told in a digest"},
		{DeferredTaken, "deferred ones that a person took before anybody was told"},
		{DeferredWaiting, "deferred ones that still wait, and of which nothing of this is true yet"},
		{DeferredOther, "deferred ones whose wait is over and of which nothing of this is true: their digest is still to come, or somebody had been told before they waited"},
		{DeferralWait, "of deferred ones that wait no more: how long they waited in all; it is part of their first response"},
		{Repairs, "recovery attempts after which verification held, of all attempts that began to change something"},
		{Verified, "incidents with an attempt after which verification held"},
		{NotVerified, "incidents with an attempt after which verification did not hold, or is not known to"},
		{CameBack, "automatic closes after which the same customer, target and scenario came again within 24 hours, of those that could"},
		{PersonTime, "from a person taking an incident to its end; an upper bound of the work"},
		{PersonLoad, "incidents that needed a person, times the mean person time: an estimate"},
		{TimeSaved, "automatic incidents, times the mean person time of the others of their kind, or else the manual minutes of their scenario: an estimate"},
		{Open, "incidents whose first response is not over"},
		{Undecided, "open incidents without an outcome"},
		{Reopened, "incidents whose first response ran more than once; the latest run counts"},
		{NotTaken, "handed-over incidents that ended without anybody taking them in PagerDuty"},
		{NoCustomer, "incidents whose service belongs to no customer"},
		{ClockDisorder, "incidents with a time that ends more than a minute before it begins; that time is left out"},
		{LostIncidents, "incidents that PagerDuty received and that are not accounted for: neither in the record nor in the inbox; must be 0"},
	}
}

// Names lists the names by which Ask can list incidents.
func Names() []Figure {
	var names []Figure
	for _, d := range Definitions() {
		if d.Figure != LostIncidents {
			names = append(names, d.Figure)
		}
	}
	for _, o := range incident.Outcomes() {
		names = append(names, Figure(o))
	}
	for _, r := range incident.Reasons() {
		names = append(names, Figure(r))
	}
	return names
}

func (g Figure) exists() bool { return slices.Contains(Names(), g) }

// counts says whether the figure is made of this incident, with this outcome and reason. What came back is known only later.
func (g Figure) counts(f *row, m *measures, outcome, reason string) bool {
	switch g {
	case "", CameBack:
		return false
	case Repairs:
		return f.attempted != 0
	case Verified:
		return f.attempted != 0 && f.isRecovered()
	case NotVerified:
		return f.attempted != 0 && (!f.isRecovered() || f.attempted != 1<<(f.attempted.Last()-1))
	case Incidents:
		return true
	case Alerts:
		return f.alerts > 0
	case Automatic, TimeSaved:
		return f.isAutomatic()
	case NotAutomatic, PersonLoad:
		return f.neededPerson()
	case Coverage:
		return f.covered
	case NotCovered:
		return !f.covered
	case FirstResponse:
		return m.first.ok
	case MachineShare:
		return m.first.ok && m.machine.ok
	case TimeToStart:
		return m.start.ok
	case TimeToPerson:
		return m.person.ok
	case PersonTime:
		return m.work.ok
	case Deferred:
		return m.page.deferred
	case DeferredTold, DeferredListed, DeferredTaken, DeferredWaiting, DeferredOther:
		return m.page.fate == g
	case DeferralWait:
		return m.page.wait.ok
	case Open:
		return f.isOpen()
	case Undecided:
		return f.isUndecided()
	case Reopened:
		return f.run > 1
	case NotTaken:
		return f.isNotTaken()
	case NoCustomer:
		return !f.hasCustomer
	case ClockDisorder:
		return m.disorder
	}
	return outcome == string(g) || reason == string(g)
}
