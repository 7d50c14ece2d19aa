package main

import (
	"fmt"
	"testing"
	"time"

	"shodo/internal/incident"
)

// deferredAt is 23:30 in Tokyo.
var deferredAt = time.Date(2026, 11, 20, 14, 30, 0, 0, time.UTC)

// deferredRecord is an incident whose telling waited for the night to end, with the first so many lines of its story.
func deferredRecord(id incident.ID, lines int) incident.Record {
	const quiet = `quiet hours "nights"`
	at := func(d time.Duration) time.Time { return deferredAt.Add(d) }
	morning := at(7*time.Hour + 30*time.Minute) // 07:00
	r := incident.Record{
		Incident: incident.Incident{ID: id, Title: "disk almost full", Urgency: "low", Service: incident.Ref{ID: "PWEB001", Name: "Web shop"}, CreatedAt: deferredAt},
		Run:      1, Customer: incident.Customer{ID: "minato", Name: "みなと商店", Department: "cloud-1", TimeZone: "Asia/Tokyo", Language: "ja"},
		Match: incident.Match{Scenario: "disk-full", Why: "it matches"}, Phase: incident.Check, ReceivedAt: deferredAt, DeferredUntil: morning,
		Transitions: []incident.Transition{
			{At: at(time.Second), Kind: incident.PhaseBegan, Phase: incident.Check},
			{At: at(2 * time.Second), Kind: incident.Decided, Question: incident.MayRecover, Window: quiet, Why: `quiet hours "nights" forbids to change anything until 07:00 (catalog 9dc2f0d5f972)`},
			{At: at(3 * time.Second), Kind: incident.Deferred, Question: incident.Page, Window: quiet, Until: morning, Policy: "5f3c", Why: "nobody is woken\x1b[2J now"},
			{At: at(3 * time.Second), Kind: incident.Acted, Why: "snoozed in PagerDuty until 07:05"},
			{At: at(4 * time.Second), Kind: incident.Deferred, Question: incident.Contact, Window: quiet, Until: morning, Policy: "5f3c", Why: "the customer is told then"},
			{At: morning, Kind: incident.Resumed, Question: incident.Page, By: "the clock", Window: quiet, Why: "the window is over"},
			{At: morning.Add(time.Second), Kind: incident.PhaseBegan, Phase: incident.Check},
			{At: morning.Add(2 * time.Second), Kind: incident.Ended, Phase: incident.Close, Outcome: incident.Cleared, Why: "check found it healthy"},
			{At: morning.Add(3 * time.Second), Kind: incident.ResponseEnd, Why: "cleared"},
			{At: morning.Add(time.Minute), Kind: incident.Listed, Question: incident.Page, By: "first_tier", Window: quiet, Why: "in #msp-oncall"},
			{At: morning.Add(time.Minute), Kind: incident.ToldContact, Question: incident.Contact, By: "ops@minato.example", Window: quiet},
		},
	}
	if lines < len(r.Transitions) {
		r.Transitions = r.Transitions[:lines]
	} else {
		r.DeferredUntil, r.Outcome, r.Why, r.EndedAt = time.Time{}, incident.Cleared, "check found it healthy", morning.Add(3*time.Second)
		r.OutcomeAt = morning.Add(2 * time.Second)
	}
	for i := range r.Transitions {
		n := &r.Transitions[i]
		n.Incident, n.Run, n.Key = id, 1, fmt.Sprint(i)
	}
	return r
}

// decidedRecord is an incident about which people have decided something at every turn.
func decidedRecord(id incident.ID) incident.Record {
	r := aRecord(id, true)
	at := func(d time.Duration) time.Time { return began.Add(d) }
	sato := func(what string) string { return "Sato (slack:U1) " + what + " in Slack" }
	wish := r.Steps[2]
	wish.Round, wish.StartedAt, wish.EndedAt = 1, at(14*time.Minute), at(14*time.Minute+2*time.Second)
	r.Steps = append(r.Steps, wish)
	r.EndedAt = at(20 * time.Minute)
	for _, n := range []incident.Transition{
		{Key: "asked/1", At: at(950 * time.Millisecond), Kind: incident.Asked, Attempt: 1, Item: 1, By: "operations", Until: at(10 * time.Minute), Why: `may attempt 1 ("restart it") be made?`},
		{Key: "chosen/1", At: at(980 * time.Millisecond), Kind: incident.Chosen, Choice: incident.Grant, Attempt: 1, Item: 1, By: "Sato", Why: sato("approved attempt 1")},
		{Key: "expired/2", At: at(8 * time.Minute), Kind: incident.Expired, Attempt: 1, Item: 2, By: "operations", Why: "nobody answered within 10m0s: it is handed over"},
		{Key: "released/1", At: at(10 * time.Minute), Kind: incident.EventSeen, Why: "nobody has acknowledged it in PagerDuty any more"},
		{Key: "chosen/2", At: at(11 * time.Minute), Kind: incident.Chosen, Choice: incident.NextTier, By: "Suzuki", Why: "Suzuki (api:nightly) asked for the next tier by the API"},
		{Key: "taken/choice/3", At: at(12 * time.Minute), Kind: incident.PersonTook, Choice: incident.TakeOver, By: "Sato\x1b[2J", Why: sato("took it over\x1b[2J")},
		{Key: "chosen/4", At: at(13 * time.Minute), Kind: incident.Chosen, Choice: incident.RunAttempt, Attempt: 1, By: "Sato", Why: sato("asked for attempt 1")},
		{Key: "manual/1/result", At: at(15 * time.Minute), Kind: incident.Acted, Choice: incident.RunAttempt, Attempt: 1, By: "Sato",
			Reason: incident.VerifyFailed, Why: `attempt 1 ("restart it") was made at the wish of Sato: it did not hold`},
		{Key: "chosen/5", At: at(16 * time.Minute), Kind: incident.Chosen, Choice: incident.Tick, Item: 1, By: "Sato", Why: sato("ticked point 1 of the checklist")},
		{Key: "chosen/6", At: at(20 * time.Minute), Kind: incident.Chosen, Choice: incident.Done, By: "Sato", Why: sato("finished the first response")},
		{Key: "response_end", At: at(20 * time.Minute), Kind: incident.ResponseEnd, Choice: incident.Done, By: "Sato", Why: sato("finished the first response")},
		{Key: "resolved", At: at(40 * time.Minute), Kind: incident.EventSeen, By: "Aiko Tanaka", Why: "resolved in PagerDuty"},
	} {
		n.Incident, n.Run = id, 1
		r.Transitions = append(r.Transitions, n)
	}
	return r
}

func TestOutcomeOfOneThatWaits(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*60*60)
	until := time.Date(2026, 11, 24, 7, 0, 0, 0, tokyo)
	for _, c := range []struct {
		r    incident.Record
		now  time.Time
		want string
	}{
		{incident.Record{Phase: incident.Check}, until, "(check)"},
		{incident.Record{Phase: incident.Check, DeferredUntil: until}, until.Add(-8 * time.Hour), "(deferred until 07:00)"},
		{incident.Record{Phase: incident.Check, DeferredUntil: until}, until.Add(-24 * time.Hour), "(deferred until 2026-11-24 07:00)"},
		{incident.Record{Phase: incident.Check, DeferredUntil: until.UTC()}, until.Add(-72 * time.Hour), "(deferred until 2026-11-24 07:00)"},
		{incident.Record{Phase: incident.Check, DeferredUntil: until}, until.Add(time.Minute), "(deferred until 07:00)"},
		{incident.Record{Outcome: incident.HandedOver, Reason: incident.Storm, DeferredUntil: until}, until.Add(-time.Hour), "handed_over: storm, deferred until 07:00"},
		{incident.Record{Outcome: incident.Cleared}, until, "cleared"},
	} {
		if got := outcomeOf(c.r, c.now.In(tokyo)); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
