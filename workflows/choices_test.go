package workflows_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
)

// two attempts, and a checklist of two points.
const chosen = matches + probes + restartsTwice + verifies + "hand_over: {remaining: [look at the disk, tell the customer]}\n"

const twoPeople = customerFile + "two_people: true\n"

// What may be chosen in each state, and what is said otherwise.
func TestWhatMayBeChosen(t *testing.T) {
	kinds := []incident.Choice{
		{Kind: incident.TakeOver},
		{Kind: incident.Grant},
		{Kind: incident.NotNow},
		{Kind: incident.RunAttempt, Attempt: 2},
		{Kind: incident.NextTier},
		{Kind: incident.Done},
		{Kind: incident.Noise},
		{Kind: incident.Tick, Item: 2, On: true},
	}
	for _, c := range []struct {
		name     string
		scenario string
		customer string
		at       time.Duration
		play     func(*bench)
		want     string // one word for each kind, in the order above
	}{
		{name: "the engine works", scenario: chosen, at: 20 * time.Second,
			want: "taken answered answered working working working working working"},
		{name: "it waits for the end of a window", scenario: chosen, at: time.Hour,
			play: func(b *bench) { b.policies.are(b.window("nights", -time.Hour, 8*time.Hour, pageDeferred)) },
			want: "taken answered answered working working working working working"},
		{name: "an approval waits", scenario: strings.Replace(chosen, "automatic", "approve", 1), at: time.Minute,
			want: "taken taken taken working working working working working"},
		{name: "nobody has it", scenario: chosen, at: 5 * time.Minute,
			want: "taken answered answered taken taken taken taken taken"},
		{name: "somebody has it", scenario: chosen, at: 5 * time.Minute,
			play: func(b *bench) { b.choose(4*time.Minute, incident.Choice{Kind: incident.TakeOver, By: suzuki}) },
			want: "taken answered answered taken taken taken taken taken"},
		{name: "somebody has it in PagerDuty", scenario: chosen, at: 5 * time.Minute, play: acknowledgeLater(4 * time.Minute),
			want: "taken answered answered taken taken taken taken taken"},
		{name: "the person has it already", scenario: chosen, at: 5 * time.Minute,
			play: func(b *bench) { b.choose(4*time.Minute, incident.Choice{Kind: incident.TakeOver}) },
			want: "again answered answered taken taken taken taken taken"},
		{name: "it only observes", scenario: strings.Replace(chosen, "automatic", "observe", 1), at: time.Minute,
			want: "taken answered answered no_attempt taken taken taken taken"},
		{name: "it only suggests", scenario: strings.Replace(chosen, "automatic", "suggest", 1), at: time.Minute,
			want: "taken answered answered taken taken taken taken taken"},
		{name: "no scenario covers it", scenario: strings.Replace(chosen, "critical", "info", 1), at: time.Minute,
			want: "taken answered answered no_attempt taken taken taken no_item"},
		{name: "there is one tier", scenario: chosen, at: 5 * time.Minute, customer: customerFile[:strings.LastIndex(customerFile, "  - {name: second")],
			want: "taken answered answered taken no_tier taken taken taken"},
		{name: "the last tier has been told", scenario: chosen, at: 15 * time.Minute,
			want: "taken answered answered taken no_tier taken taken taken"},
		{name: "an attempt is made at somebody's wish", scenario: chosen, at: 5*time.Minute + 10*time.Second,
			play: func(b *bench) {
				b.choose(5*time.Minute, incident.Choice{Kind: incident.RunAttempt, Attempt: 1, By: suzuki})
			},
			want: "taken answered answered working working working working taken"},
		{name: "an attempt waits for a second person", scenario: chosen, customer: twoPeople, at: 5*time.Minute + 10*time.Second,
			play: func(b *bench) {
				b.choose(5*time.Minute, incident.Choice{Kind: incident.RunAttempt, Attempt: 1, By: suzuki})
			},
			want: "taken taken taken working working working working taken"},
		{name: "an attempt waits, and it is the same person", scenario: chosen, customer: twoPeople, at: 5*time.Minute + 10*time.Second,
			play: func(b *bench) { b.choose(5*time.Minute, incident.Choice{Kind: incident.RunAttempt, Attempt: 2}) },
			want: "taken same_person taken again working working working taken"},
		{name: "it takes two people", scenario: chosen, customer: twoPeople, at: 5 * time.Minute,
			want: "taken answered answered waits taken taken taken taken"},
		{name: "somebody has finished it", scenario: chosen, at: 5 * time.Minute,
			play: func(b *bench) { b.choose(4*time.Minute, incident.Choice{Kind: incident.Done, By: suzuki}) },
			want: "ended ended ended ended ended ended ended ended"},
		{name: "it was finished by the same person", scenario: chosen, at: 5 * time.Minute,
			play: func(b *bench) { b.choose(4*time.Minute, incident.Choice{Kind: incident.Done}) },
			want: "ended ended ended ended ended again ended ended"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, choice := range kinds {
				b := newBenchOf(t, c.scenario, orElse(c.customer, customerFile))
				b.actions.answers = map[string][]answer{"http.request": {down}, "local.run": {done}}
				if c.play != nil {
					c.play(b)
				}
				p := b.choose(c.at, choice)
				b.after(c.at+time.Second, func() { b.person(incident.EventResolved) })
				b.run()
				got = append(got, p.was())
				if p.refused == "untyped" || p.refused != "" && p.why == "" {
					t.Errorf("%s was refused with %q", p.Kind, p.why)
				}
			}
			if d := cmp.Diff(strings.Fields(c.want), got); d != "" {
				t.Errorf("take over, approve, not now, run attempt, next tier, done, noise, tick (-want +got):\n%s", d)
			}
		})
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
