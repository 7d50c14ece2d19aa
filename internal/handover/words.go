package handover

import (
	"fmt"
	"time"

	"shodo/internal/incident"
)

// The languages. Any other is English.
const (
	Japanese = "ja"
	English  = "en"
)

// words is everything that is said in one language. Its tables are filled by position, so a language that lacks a text
// does not compile.
type words struct {
	label    labels
	phrase   phrases
	outcome  outcomes
	reason   reasons
	phase    phases
	step     stepStates
	kind     errorKinds
	autonomy autonomies
	unit     units
	window   windowWords
	contact  contactWords
	digest   digestWords
	live     liveWords
	forms    forms
}

// saying explains an outcome or a reason.
type saying struct {
	badge string // two or three words for a headline
	what  string // one sentence: what happened
	means string // one or two sentences: what that means for the reader
}

// labels are headings and names of facts.
type labels struct {
	broken, subject, chosen, checked, tried, stopped, ended, remaining, links, evidence, runbook string
	customer, tier, service, target, priority, severity, since, incident, scenario               string
	monitor, alerts, autonomy, taken, finished, attempt, verification, run, details              string
}

// phrases are sentences; those with a verb of package fmt say what goes in.
type phrases struct {
	ago          string // duration
	more         string // number of lines left out
	cutBytes     string // number of bytes left out in the middle
	cutEarlier   string // the lines before these are left out; no verb
	cutNote      string // the note is cut here; no verb
	cutText      string // the mail is cut here; no verb
	inFile       string // name of the file that holds all of it
	healthy      string
	unhealthy    string
	neverChecked string
	nothingTried string
	changed      string // the engine may have changed something
	unchanged    string
	unmatched    string // no scenario matched
	noCustomer   string // no customer has the service
	notMatched   string // a scenario, then why not
	rounds       string // how often a check ran
	held         string // verification held after this attempt
	notHeld      string
	evidenceGone string // evidence could not be collected
	unknownFirst string // name of a step whose effect is unknown: what to do about it
	planned      string // name of a planned step: what to do about it
	findCause    string // what remains, when nobody said
	takenBy      string // who
	toldAt       string // a tier, then when
	footer       string // engine version, catalog version, scenario hash, time zone
	started      string // customer, incident title
	startedWith  string // scenario
	startedHow   string // how a person stops it; no verb
	doneBy       string // scenario
	tookOver     string // who
	resolvedBy   string // who
	nobody       string // tier
	nobodyNext   string // tier, duration, next tier
	unread       string // id: the title of an incident that could not be read
}

type outcomes struct {
	running, recovered, cleared, resolvedUpstream, reported, suppressed, handedOver, unmatched, takenOver saying
}

type reasons struct {
	verifyFailed, inconclusive, stepFailed, notApproved, forbidden, overBudget, storm, busyTarget, observed, paused, partial, timeout,
	stale, engineError saying
}

type phases struct {
	intake, check, gather, recover, verify, close, handOver, end string
}

type stepStates struct {
	running, started, succeeded, failed, skipped, planned string // running: started, and the response goes on
}

type errorKinds struct {
	transient, permanent, refused, timeout, unknownEffect, cancelled string
}

type autonomies struct {
	observe, suggest, approve, automatic string
}

// units are formats of durations; seconds have tenths where they are not whole.
type units struct {
	milli, seconds, minutes, minutesSeconds, hours, hoursMinutes, days, daysHours string
}

// wordsFor gives the words of a language.
func wordsFor(language string) words {
	if language == Japanese {
		return japanese()
	}
	return english()
}

// outcomeOf explains an outcome; the empty one is a first response that is still running.
func (w words) outcomeOf(o incident.Outcome) saying {
	switch o {
	case "":
		return w.outcome.running
	case incident.Recovered:
		return w.outcome.recovered
	case incident.Cleared:
		return w.outcome.cleared
	case incident.ResolvedUpstream:
		return w.outcome.resolvedUpstream
	case incident.Reported:
		return w.outcome.reported
	case incident.Suppressed:
		return w.outcome.suppressed
	case incident.Unmatched:
		return w.outcome.unmatched
	case incident.TakenOver:
		return w.outcome.takenOver
	}
	return w.outcome.handedOver
}

// ending explains how the first response ended: by the reason where the outcome has one.
func (w words) ending(o incident.Outcome, r incident.Reason) saying {
	if o != incident.HandedOver {
		return w.outcomeOf(o)
	}
	switch r {
	case incident.VerifyFailed:
		return w.reason.verifyFailed
	case incident.Inconclusive:
		return w.reason.inconclusive
	case incident.StepFailed:
		return w.reason.stepFailed
	case incident.NotApproved:
		return w.reason.notApproved
	case incident.Forbidden:
		return w.reason.forbidden
	case incident.OverBudget:
		return w.reason.overBudget
	case incident.Storm:
		return w.reason.storm
	case incident.BusyTarget:
		return w.reason.busyTarget
	case incident.Observed:
		return w.reason.observed
	case incident.Paused:
		return w.reason.paused
	case incident.Partial:
		return w.reason.partial
	case incident.Timeout:
		return w.reason.timeout
	case incident.Stale:
		return w.reason.stale
	case incident.EngineError:
		return w.reason.engineError
	}
	return w.outcome.handedOver
}

// phaseOf names a phase.
func (w words) phaseOf(p incident.Phase) string {
	switch p {
	case incident.Intake:
		return w.phase.intake
	case incident.Check:
		return w.phase.check
	case incident.Gather:
		return w.phase.gather
	case incident.Recover:
		return w.phase.recover
	case incident.Verify:
		return w.phase.verify
	case incident.Close:
		return w.phase.close
	case incident.HandOver:
		return w.phase.handOver
	case incident.End:
		return w.phase.end
	}
	return string(p)
}

// stepOf names how a step ended.
func (w words) stepOf(s incident.StepStatus) string {
	switch s {
	case incident.Started:
		return w.step.started
	case incident.Succeeded:
		return w.step.succeeded
	case incident.Failed:
		return w.step.failed
	case incident.Skipped:
		return w.step.skipped
	case incident.Planned:
		return w.step.planned
	}
	return string(s)
}

// kindOf explains the kind of a step's error; empty when it has none.
func (w words) kindOf(k incident.ErrorKind) string {
	switch k {
	case incident.Transient:
		return w.kind.transient
	case incident.Permanent:
		return w.kind.permanent
	case incident.Refused:
		return w.kind.refused
	case incident.TimedOut:
		return w.kind.timeout
	case incident.UnknownEffect:
		return w.kind.unknownEffect
	case incident.Cancelled:
		return w.kind.cancelled
	}
	return string(k)
}

// autonomyOf names a level of autonomy.
func (w words) autonomyOf(a incident.Autonomy) string {
	switch a {
	case incident.Observe:
		return w.autonomy.observe
	case incident.Suggest:
		return w.autonomy.suggest
	case incident.Approve:
		return w.autonomy.approve
	case incident.Automatic:
		return w.autonomy.automatic
	}
	return string(a)
}

// duration puts a duration into words, with the two units that matter.
func (w words) duration(d time.Duration) string {
	switch {
	case d < 0:
		return w.duration(0)
	case d < time.Second:
		return fmt.Sprintf(w.unit.milli, d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf(w.unit.seconds, d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Hour:
		return two(w.unit.minutes, w.unit.minutesSeconds, int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return two(w.unit.hours, w.unit.hoursMinutes, int(d.Hours()), int(d.Minutes())%60)
	}
	return two(w.unit.days, w.unit.daysHours, int(d.Hours())/24, int(d.Hours())%24)
}

// two leaves out the smaller unit when there is none of it.
func two(one, both string, large, small int) string {
	if small == 0 {
		return fmt.Sprintf(one, large)
	}
	return fmt.Sprintf(both, large, small)
}
