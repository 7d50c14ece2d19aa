package workflows_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"

	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/workflows"
)

// shows gives what the message shows that was updated last.
func (m *messages) shows(t *testing.T) string {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.updates) == 0 {
		return "it was never updated"
	}
	text, err := json.Marshal(m.updates[len(m.updates)-1].Blocks)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// failing has PagerDuty's methods fail from now on.
func (p *pagerDuty) failing(by map[string]error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = by
}

// channels is Slack as a test watches its updates.
type channels struct {
	*messages
	clock func() time.Time
	began time.Time
	at    []string // "C#first/1 after 5m0s"
	fail  func(workflows.Posted) error
}

// watched puts channels before the bench's Slack.
func watched(b *bench) *channels {
	c := &channels{messages: b.slack, began: b.created, fail: func(workflows.Posted) error { return nil }}
	b.world.Slack = c
	b.environment(b.created)
	c.clock = b.env.Now
	return c
}

func (c *channels) Update(ctx context.Context, at workflows.Posted, m handover.Message) error {
	if err := c.fail(at); err != nil {
		return err
	}
	c.mu.Lock()
	c.at = append(c.at, fmt.Sprintf("%s/%s after %s", at.Channel, at.TS, c.clock().Sub(c.began).Round(100*time.Millisecond)))
	c.mu.Unlock()
	return c.messages.Update(ctx, at, m)
}

func (c *channels) between(from, to time.Duration) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for _, s := range c.at {
		_, after, _ := strings.Cut(s, " after ")
		if d, err := time.ParseDuration(after); err == nil && d >= from && d < to {
			list = append(list, s)
		}
	}
	return list
}

func TestSeveralChangesAreOneUpdate(t *testing.T) {
	b := handedOver(t)
	c := watched(b)
	b.choose(5*time.Minute, incident.Choice{Kind: incident.Tick, Item: 1, On: true})
	b.choose(5*time.Minute+500*time.Millisecond, incident.Choice{Kind: incident.Tick, Item: 2, On: true})
	b.choose(5*time.Minute+800*time.Millisecond, incident.Choice{Kind: incident.Tick, Item: 1})
	b.choose(5*time.Minute+900*time.Millisecond, incident.Choice{Kind: incident.TakeOver})
	b.run()
	if d := cmp.Diff([]string{"C#first/1 after 5m0s", "C#first/1 after 5m3s"}, c.between(5*time.Minute, 6*time.Minute)); d != "" {
		t.Errorf("updated (-want +got):\n%s", d)
	}
}

func TestEveryMessageIsKeptCurrent(t *testing.T) {
	b := handedOver(t)
	c := watched(b)
	b.choose(20*time.Minute, incident.Choice{Kind: incident.TakeOver})
	b.run()
	if d := cmp.Diff([]string{"C#first/1 after 20m0s", "C#second/2 after 20m0s"}, sorted(c.between(20*time.Minute, 21*time.Minute))); d != "" {
		t.Errorf("updated (-want +got):\n%s", d)
	}
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

// A channel that is gone, and one that hangs, hold nothing up: not the other one, and not what people choose.
func TestAMessageThatCannotBeUpdated(t *testing.T) {
	for name, err := range map[string]error{"its channel was deleted": fmt.Errorf("channel_not_found: %w", workflows.ErrNotTaken),
		"the token was revoked": fmt.Errorf("token_revoked: %w", workflows.ErrNotTaken), "Slack is down": errors.New("503")} {
		t.Run(name, func(t *testing.T) {
			b := handedOver(t)
			c := watched(b)
			healed := false
			c.fail = func(at workflows.Posted) error {
				if at.Channel == "C#first" && !healed {
					return err
				}
				return nil
			}
			b.choose(20*time.Minute, incident.Choice{Kind: incident.TakeOver})
			b.choose(21*time.Minute, incident.Choice{Kind: incident.Tick, Item: 2, On: true})
			b.after(22*time.Minute, func() {
				if text := b.slack.shows(t); !strings.Contains(text, "Sato took it over") || !strings.Contains(text, "☑") {
					t.Errorf("the other message: %s", text)
				}
			})
			b.after(time.Hour, func() { healed = true })
			rec := b.run()
			wantStory(t, rec, "taken: Sato (slack:U1) took it over in Slack", "chosen: Sato (slack:U1) ticked point 2 of the checklist in Slack",
				"response_end: resolved in PagerDuty")
			after := c.between(time.Hour, 49*time.Hour)
			if !slices.ContainsFunc(after, func(s string) bool { return strings.HasPrefix(s, "C#first") }) {
				t.Errorf("the first message was never brought up to date: %v", after)
			}
		})
	}
}

// Neither Slack nor PagerDuty takes anything, and a person answers on the command line: that counts at once.
func TestAChoiceCountsWhileNothingIsTaken(t *testing.T) {
	b := handedOver(t)
	b.slack.fail = errors.New("503")
	b.after(2*time.Minute, func() {
		b.pd.failing(map[string]error{"Note": errors.New("503"), "Reassign": errors.New("503"), "AcknowledgeFor": errors.New("503")})
	})
	b.choose(4*time.Minute, incident.Choice{Kind: incident.TakeOver, By: incident.Person{ID: "local:sato", Name: "Sato", PagerDuty: "PSATO"}})
	b.after(4*time.Minute+time.Second, func() {
		rec, err := b.store.Record(t.Context(), "Q1")
		if err != nil || rec.TakenBy != "Sato" {
			t.Errorf("taken by %q, error %v", rec.TakenBy, err)
		}
	})
	b.after(5*time.Minute, func() { b.pd.failing(nil) })
	b.run()
	if did := b.pd.done(); slices.Contains(did, "page PFIRST") || !slices.Contains(did, "acknowledge for PSATO") {
		t.Errorf("in PagerDuty: %v", did)
	}
}

// The message by which somebody was asked shows in the end how it went.
func TestTheQuestionsMessageIsKeptCurrent(t *testing.T) {
	b := newBench(t, asksFirst)
	b.heals()
	c := watched(b)
	var asked string
	b.after(20*time.Second, func() { asked = b.slack.texts[0] })
	b.choose(time.Minute, incident.Choice{Kind: incident.Grant, Number: 1})
	rec := b.run()
	if rec.Outcome != incident.Recovered {
		t.Fatalf("ended as %s: %s", rec.Outcome, rec.Why)
	}
	if !strings.Contains(asked, "[Approval needed]") {
		t.Errorf("the question: %s", asked)
	}
	if text := b.slack.shows(t); !strings.Contains(text, "[Recovered]") || !strings.Contains(text, "Sato approved") || strings.Contains(text, "action_id") {
		t.Errorf("the message in the end: %s", text)
	}
	if d := cmp.Diff("C#first/1 after 1m0s", c.at[0]); d != "" {
		t.Errorf("updated first (-want +got):\n%s", d)
	}
}

// After an approval that was not given there are two messages in the channel: only the newer one takes choices, and the
// question's says so.
func TestOnlyTheNewestMessageOfAChannelTakesChoices(t *testing.T) {
	b := newBench(t, asksFirst)
	b.actions.answers = broken
	b.world.Buttons = true
	watched(b)
	b.choose(time.Minute, incident.Choice{Kind: incident.NotNow, Number: 1})
	var last map[string]string // the last blocks of each message
	b.after(2*time.Minute, func() { last = b.slack.lastOf(t) })
	acknowledgeSoon(b)
	b.run()
	if first := last["C#first/1"]; strings.Contains(first, "action_id") || !strings.Contains(first, "go on in the newest message") {
		t.Errorf("the question: %s", first)
	}
	if second := b.slack.texts[1]; !strings.Contains(second, "shodo:take_over") {
		t.Errorf("the hand-over: %s", second)
	}
}

// rota is who is on call, by policy.
type rota map[string][]incident.Person

func (r rota) OnCall(_ context.Context, policy string) ([]incident.Person, error) {
	list, found := r[policy]
	if !found {
		return nil, errors.New("pagerduty: 503")
	}
	return list, nil
}

func TestWhoIsOnCallIsMentioned(t *testing.T) {
	b := handedOver(t)
	b.world.OnCall = rota{"PFIRST": {{ID: "slack:U0SATO", Name: "Sato"}, {ID: "pagerduty:P2", Name: "Suzuki"}}}
	watched(b)
	b.choose(20*time.Minute, incident.Choice{Kind: incident.TakeOver})
	b.run()
	if text := b.slack.texts[0]; !strings.Contains(text, "\\u003c@U0SATO\\u003e Suzuki") {
		t.Errorf("the first tier: %s", text)
	}
	if text := b.slack.texts[1]; strings.Contains(text, "on call:") { // PagerDuty did not tell: the tier is told all the same
		t.Errorf("the second tier: %s", text)
	}
	if text := b.slack.shows(t); strings.Contains(text, "U0SATO") {
		t.Errorf("somebody is mentioned though the incident is over: %s", text)
	}
}

func TestButtonsAreThereWhereTheyCanBePressed(t *testing.T) {
	for _, buttons := range []bool{true, false} {
		b := handedOver(t)
		b.world.Buttons = buttons
		watched(b)
		acknowledgeSoon(b)
		b.run()
		text := b.slack.texts[0]
		if strings.Contains(text, "shodo:run_attempt:2") != buttons || strings.Contains(text, "shodo incident run Q1 2") == buttons {
			t.Errorf("buttons %v: %s", buttons, text)
		}
	}
}

// An incident about which nobody chooses anything costs what it cost before there was anything to choose.
func TestWhatAHandOverCosts(t *testing.T) {
	b := handedOver(t)
	costs := map[string]int{}
	b.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		costs[info.ActivityType.Name]++
	})
	b.env.SetOnLocalActivityStartedListener(func(info *activity.Info, _ context.Context, _ []any) {
		costs[info.ActivityType.Name]++
	})
	timers := 0
	b.env.SetOnTimerScheduledListener(func(string, time.Duration) { timers++ })
	acknowledgeSoon(b)
	b.run()
	for name, n := range map[string]int{"tell_slack": 1, "tell_pagerduty": 1, "follow_slack": 2, "record": 2, "take_pagerduty": 0, "finish": 0} {
		if costs[name] != n {
			t.Errorf("%s: %d, was %d", name, costs[name], n)
		}
	}
	t.Logf("%v, %d timers", costs, timers)
}
