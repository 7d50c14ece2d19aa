package workflows_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"

	"shodo/internal/incident"
	"shodo/workflows"
)

// Nobody answers: what each further tier adds to the history does not grow with the number of messages that are there.
func TestAnIncidentThatNobodyAnswersStaysSmall(t *testing.T) {
	b := handedOver(t)
	c := watched(b)
	b.run() // somebody resolves it after two days
	last := len(c.between(24*time.Hour, 48*time.Hour))
	if told := len(b.slack.sent); told < 15 || last == 0 || last > 18 {
		t.Errorf("told %d times, with %d updates on the second day", told, last)
	}
	if end := len(c.between(48*time.Hour, 49*time.Hour)); end != len(b.slack.sent) {
		t.Errorf("%d of %d messages show the end", end, len(b.slack.sent))
	}
}

// A history that is nearly full still takes what ends something, and nothing that makes it longer.
func TestWhatAFullHistoryTakes(t *testing.T) {
	for name, fill := range map[string]func(*bench){
		"many events":  func(b *bench) { b.env.SetCurrentHistoryLength(30_000) },
		"large events": func(b *bench) { b.env.SetCurrentHistorySize(30_000_000) },
	} {
		t.Run(name, func(t *testing.T) {
			b := handedOver(t)
			b.after(4*time.Minute, func() { fill(b) })
			run := b.choose(5*time.Minute, incident.Choice{Kind: incident.RunAttempt, Attempt: 1})
			tick := b.choose(6*time.Minute, incident.Choice{Kind: incident.Tick, Item: 1, On: true})
			take := b.choose(7*time.Minute, incident.Choice{Kind: incident.TakeOver})
			done := b.choose(8*time.Minute, incident.Choice{Kind: incident.Done})
			b.run()
			run.wants(t, workflows.RefusedTooMany)
			tick.wants(t, workflows.RefusedTooMany)
			take.wants(t, "taken")
			done.wants(t, "taken")
		})
	}
}

// What a tier is told is made from the record: its outputs do not enter the history again with each tier.
func TestTellingATierCarriesNoOutputs(t *testing.T) {
	b := newBench(t, whole)
	b.actions.answers = broken
	told := 0
	b.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, args converter.EncodedValues) {
		var in json.RawMessage
		if info.ActivityType.Name != "tell_slack" && info.ActivityType.Name != "tell_pagerduty" {
			return
		}
		if err := args.Get(&in); err != nil || strings.Contains(string(in), "it broke") {
			t.Errorf("%s has %s, %v", info.ActivityType.Name, in, err)
		}
		told++
	})
	acknowledgeLater(30 * time.Minute)(b)
	if b.run(); told < 4 {
		t.Errorf("told %d times", told)
	}
}
