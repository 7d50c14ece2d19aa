package workflows_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
	"shodo/workflows"
)

// handedOver is a bench whose incident is handed over within three minutes.
func handedOver(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, chosen)
	b.actions.answers = map[string][]answer{"http.request": {down}, "local.run": {done}}
	return b
}

// deedsOf gives the lines of the record that tell of people, as "kind: why".
func deedsOf(rec incident.Record) []string {
	var list []string
	for _, l := range rec.Transitions {
		switch l.Kind {
		case incident.PersonTook, incident.Chosen, incident.EventSeen, incident.ResponseEnd:
			list = append(list, fmt.Sprintf("%s: %s", l.Kind, l.Why))
		case incident.Acted:
			if l.Choice != "" {
				list = append(list, fmt.Sprintf("%s: %s", l.Kind, l.Why))
			}
		}
	}
	return list
}

func wantStory(t *testing.T, rec incident.Record, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, deedsOf(rec)); d != "" {
		t.Errorf("the record (-want +got):\n%s", d)
	}
}

// after gives what was done in PagerDuty once the incident was handed over.
func handedOverIn(b *bench) []string {
	did := b.pd.done()
	return did[slices.Index(did, "note handed_over")+1:]
}

func TestATakeOverIsAcknowledged(t *testing.T) {
	unknown := incident.Person{ID: "api:nightly", Name: "Night shift"}
	for _, c := range []struct {
		name string
		by   incident.Person
		fail map[string]error
		did  []string
	}{
		{"it is acknowledged in the person's name", sato, nil, []string{"acknowledge for PSATO"}},
		{"PagerDuty does not know who it is", unknown, nil, []string{"acknowledge", "note press-1"}},
		{"PagerDuty refuses the person", sato, map[string]error{"AcknowledgeFor": workflows.ErrRefused}, []string{"acknowledge", "note press-1"}},
		{"it is resolved there meanwhile", sato, map[string]error{"AcknowledgeFor": workflows.ErrResolved}, []string{}},
		{"PagerDuty refuses everything", unknown, map[string]error{"Acknowledge": workflows.ErrRefused}, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := handedOver(t)
			b.after(4*time.Minute, func() { b.pd.failing(c.fail) })
			p := b.choose(5*time.Minute, incident.Choice{Kind: incident.TakeOver, By: c.by})
			rec := b.run()
			p.wants(t, "taken")
			if d := cmp.Diff(c.did, handedOverIn(b)); d != "" {
				t.Errorf("in PagerDuty (-want +got):\n%s", d)
			}
			if d := cmp.Diff([]string{"#first"}, b.slack.sent); d != "" {
				t.Errorf("told (-want +got):\n%s", d)
			}
			if rec.TakenBy != c.by.Name || rec.TakenAt.IsZero() {
				t.Errorf("taken by %q at %s", rec.TakenBy, rec.TakenAt)
			}
			want := "C#first/1: " + c.by.Name + " has taken over. The engine changes nothing more."
			if !slices.Contains(b.slack.news, want) {
				t.Errorf("in the thread: %q", b.slack.news)
			}
		})
	}
}

func TestATakeOverWhileTheEngineWorksIsDone(t *testing.T) {
	b := handedOver(t)
	b.choose(20*time.Second, incident.Choice{Kind: incident.TakeOver})
	rec := b.run()
	if rec.Outcome != incident.TakenOver || rec.Why != "Sato (slack:U1) took it over in Slack" || rec.TakenBy != "Sato" {
		t.Errorf("ended as %s by %q: %s", rec.Outcome, rec.TakenBy, rec.Why)
	}
	wantStory(t, rec, "taken: Sato (slack:U1) took it over in Slack", "response_end: resolved in PagerDuty")
	if did := b.pd.done(); !slices.Contains(did, "acknowledge for PSATO") || slices.Contains(did, "page PFIRST") {
		t.Errorf("in PagerDuty: %v", did)
	}
}

func TestAnAcknowledgementOfAPersonThatRunsOutCallsTheNextTier(t *testing.T) {
	b := handedOver(t)
	b.choose(5*time.Minute, incident.Choice{Kind: incident.TakeOver})
	b.after(35*time.Minute, func() { b.tell(incident.EventUnacknowledged, incident.Agent{}) })
	b.after(36*time.Minute, func() {
		if text := b.slack.shows(t); !strings.Contains(text, "nobody yet") || !strings.Contains(text, "Nobody has it any more") {
			t.Errorf("the first message: %s", text)
		}
	})
	b.choose(40*time.Minute, incident.Choice{Kind: incident.TakeOver})
	rec := b.run()
	if d := cmp.Diff([]string{"#first", "#second"}, b.slack.sent); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
	took := "taken: Sato (slack:U1) took it over in Slack"
	wantStory(t, rec, took, "event: nobody has acknowledged it in PagerDuty any more", took, "response_end: resolved in PagerDuty")
}

func TestSomebodyElseTakesItOver(t *testing.T) {
	b := handedOver(t)
	b.choose(5*time.Minute, incident.Choice{Kind: incident.TakeOver})
	b.choose(10*time.Minute, incident.Choice{Kind: incident.TakeOver, By: suzuki})
	b.after(20*time.Minute, func() { b.person(incident.EventAcknowledged) })
	rec := b.run()
	wantStory(t, rec, "taken: Sato (slack:U1) took it over in Slack", "taken: Suzuki (slack:U2) took it over in Slack",
		"taken: Aiko Tanaka acknowledged it in PagerDuty", "response_end: resolved in PagerDuty")
	if rec.TakenBy != "Sato" {
		t.Errorf("taken first by %q", rec.TakenBy)
	}
	if d := cmp.Diff([]string{"acknowledge for PSATO", "acknowledge for PSUZUKI"}, handedOverIn(b)); d != "" {
		t.Errorf("in PagerDuty (-want +got):\n%s", d)
	}
	if text := b.slack.shows(t); !strings.Contains(text, "Aiko Tanaka took it over") {
		t.Errorf("the message: %s", text)
	}
}

// What PagerDuty tells of the acknowledgement in a person's name is no other owner.
func TestTheEchoOfAnAcknowledgement(t *testing.T) {
	b := handedOver(t)
	b.choose(5*time.Minute, incident.Choice{Kind: incident.TakeOver})
	b.after(6*time.Minute, func() {
		b.tell(incident.EventAcknowledged, incident.Agent{ID: "PSATO", Name: "Sato Hanako", Type: "user_reference"})
	})
	wantStory(t, b.run(), "taken: Sato (slack:U1) took it over in Slack", "response_end: resolved in PagerDuty")
}

func TestTheNextTierIsCalled(t *testing.T) {
	for _, c := range []struct {
		name string
		play func(*bench)
	}{
		{"nobody has it", func(*bench) {}},
		{"somebody has it", func(b *bench) { b.choose(4*time.Minute, incident.Choice{Kind: incident.TakeOver}) }},
		{"somebody has it in PagerDuty", acknowledgeLater(4 * time.Minute)},
		{"a window has opened since", func(b *bench) {
			b.policies.are(b.window("nights", 4*time.Minute, 8*time.Hour, pageDeferred))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := handedOver(t)
			c.play(b)
			b.choose(5*time.Minute, incident.Choice{Kind: incident.NextTier, By: suzuki})
			b.after(6*time.Minute, func() {
				if did := b.pd.done(); !slices.Contains(did, "page PSECOND") {
					t.Errorf("the second tier was not called within a minute: %v", did)
				}
				if d := cmp.Diff([]string{"#first", "#second"}, b.slack.sent); d != "" {
					t.Errorf("told (-want +got):\n%s", d)
				}
			})
			b.choose(7*time.Minute, incident.Choice{Kind: incident.TakeOver, By: suzuki})
			rec := b.run()
			if !slices.Contains(deedsOf(rec), "chosen: Suzuki (slack:U2) asked for the next tier in Slack") {
				t.Errorf("the record: %q", deedsOf(rec))
			}
			if slices.ContainsFunc(b.slack.news, func(s string) bool { return strings.Contains(s, "Nobody of") }) {
				t.Errorf("it is told that nobody answered: %q", b.slack.news)
			}
		})
	}
}

func TestTheFirstResponseIsFinished(t *testing.T) {
	b := handedOver(t)
	b.choose(5*time.Minute, incident.Choice{Kind: incident.Tick, Item: 1, On: true})
	b.choose(6*time.Minute, incident.Choice{Kind: incident.Done, Note: "moved to another disk"})
	b.after(7*time.Minute, func() {
		if text := b.slack.shows(t); !strings.Contains(text, "[Finished]") || strings.Contains(text, "action_id") {
			t.Errorf("the message: %s", text)
		}
	})
	rec := b.run()
	finished := "Sato (slack:U1) finished the first response in Slack: moved to another disk"
	wantStory(t, rec, "chosen: Sato (slack:U1) ticked point 1 of the checklist in Slack", "chosen: "+finished, "response_end: "+finished,
		"event: resolved in PagerDuty")
	if ended := rec.EndedAt.Sub(b.created); ended < 6*time.Minute || ended > 7*time.Minute {
		t.Errorf("it ended after %s", ended)
	}
	if rec.Outcome != incident.HandedOver {
		t.Errorf("the outcome is %q", rec.Outcome)
	}
	if d := cmp.Diff([]string{"#first"}, b.slack.sent); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"note finished"}, handedOverIn(b)); d != "" {
		t.Errorf("in PagerDuty (-want +got):\n%s", d)
	}
}

// Whoever finishes it has the last word: an acknowledgement that runs out calls nobody.
func TestNobodyIsToldOnceItIsFinished(t *testing.T) {
	b := handedOver(t)
	b.choose(5*time.Minute, incident.Choice{Kind: incident.TakeOver})
	b.choose(6*time.Minute, incident.Choice{Kind: incident.Done})
	b.after(36*time.Minute, func() { b.tell(incident.EventUnacknowledged, incident.Agent{}) })
	b.run()
	if d := cmp.Diff([]string{"#first"}, b.slack.sent); d != "" {
		t.Errorf("told (-want +got):\n%s", d)
	}
}

func TestAPageThatWasHeldUpWakesNobodyOnceItIsFinished(t *testing.T) {
	b := handedOver(t)
	b.pd.unpaged = map[string]error{"PFIRST": errors.New("503")}
	b.choose(5*time.Minute, incident.Choice{Kind: incident.Done})
	b.after(6*time.Minute, func() {
		b.pd.mu.Lock()
		defer b.pd.mu.Unlock()
		b.pd.unpaged = nil
	})
	b.run()
	if did := b.pd.done(); slices.Contains(did, "page PFIRST") {
		t.Errorf("in PagerDuty: %v", did)
	}
}

func TestReopenedAfterItWasFinished(t *testing.T) {
	b := handedOver(t)
	b.choose(5*time.Minute, incident.Choice{Kind: incident.Done})
	b.after(time.Hour, func() {
		b.pd.act(incident.EventResolved, human)
		b.tell(incident.EventResolved, human)
		b.tell(incident.EventReopened, human)
	})
	b.env.ExecuteWorkflow(workflows.IncidentWorkflow, workflows.IncidentInput{Event: b.at("E1", incident.EventTriggered, 0, incident.Agent{})})
	var again *workflow.ContinueAsNewError
	if err := b.env.GetWorkflowError(); !errors.As(err, &again) {
		t.Fatalf("no new run was started: %v", err)
	}
}

func TestNoise(t *testing.T) {
	b := handedOver(t)
	b.choose(5*time.Minute, incident.Choice{Kind: incident.Noise})
	rec := b.play(b.at("E1", incident.EventTriggered, 0, incident.Agent{}))
	noise := "Sato (slack:U1) called it noise in Slack"
	wantStory(t, rec, "chosen: "+noise, "response_end: "+noise)
	if d := cmp.Diff([]string{"resolve"}, handedOverIn(b)); d != "" {
		t.Errorf("in PagerDuty (-want +got):\n%s", d)
	}
	if text := b.slack.shows(t); !strings.Contains(text, "[Noise]") {
		t.Errorf("the message: %s", text)
	}
}

func TestNoiseThatPagerDutyRefusesToResolve(t *testing.T) {
	b := handedOver(t)
	b.after(4*time.Minute, func() { b.pd.failing(map[string]error{"Resolve": workflows.ErrRefused}) })
	b.choose(5*time.Minute, incident.Choice{Kind: incident.Noise})
	rec := b.run()
	if !slices.ContainsFunc(rec.Transitions, func(l incident.Transition) bool {
		return l.Kind == incident.Acted && strings.Contains(l.Why, "PagerDuty refuses it")
	}) {
		t.Errorf("the record does not tell: %+v", rec.Transitions)
	}
	if !slices.ContainsFunc(b.slack.news, func(s string) bool { return strings.Contains(s, "PagerDuty refuses it") }) {
		t.Errorf("who pressed believes that it is closed; in the thread: %q", b.slack.news)
	}
	if !slices.Contains(deedsOf(rec), "event: resolved in PagerDuty") {
		t.Errorf("the record: %q", deedsOf(rec))
	}
}

func TestTicksAreRecorded(t *testing.T) {
	b := handedOver(t)
	for i, c := range []incident.Choice{{Item: 1, On: true}, {Item: 2, On: true, By: suzuki}, {Item: 1}} {
		c.Kind = incident.Tick
		b.choose(time.Duration(5+i)*time.Minute, c)
	}
	rec := b.run()
	var got []string
	for _, l := range rec.Transitions {
		if l.Choice == incident.Tick {
			got = append(got, fmt.Sprintf("%s %d at %s", l.By, l.Item, l.At.Sub(b.created)))
		}
	}
	if d := cmp.Diff([]string{"Sato 1 at 5m0s", "Suzuki 2 at 6m0s", "Sato -1 at 7m0s"}, got); d != "" {
		t.Errorf("ticks (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"C#first/1: Nobody of first has answered within 10 min. Next: second.", "C#first/1: Resolved by Aiko Tanaka.",
		"C#second/2: Resolved by Aiko Tanaka."}, onlyOnce(b.slack.news)); d != "" {
		t.Errorf("ticks are told in the thread (-want +got):\n%s", d)
	}
}

// onlyOnce leaves out what later rounds repeat.
func onlyOnce(news []string) []string {
	var list []string
	for _, n := range news {
		if (strings.HasPrefix(n, "C#first/1:") || strings.HasPrefix(n, "C#second/2:")) && !strings.Contains(n, "Next: first") {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list
}

func TestAWishIsToldInTheThread(t *testing.T) {
	b := handedOver(t)
	b.choose(5*time.Minute, incident.Choice{Kind: incident.TakeOver})
	b.choose(6*time.Minute, incident.Choice{Kind: incident.RunAttempt, Attempt: 2})
	b.after(6*time.Minute+5*time.Second, func() {
		if text := b.slack.shows(t); !strings.Contains(text, "[Attempt 2 running]") {
			t.Errorf("the message: %s", text)
		}
	})
	b.run()
	var told []string
	for _, n := range b.slack.news {
		if strings.Contains(n, "attempt 2") {
			told = append(told, n)
		}
	}
	if len(told) != 2 || !strings.Contains(told[0], "Sato had") || !strings.Contains(told[1], "verification did not hold") {
		t.Errorf("in the thread: %q", told)
	}
}

// Whoever calls the next tier while the first one is being told is heard.
func TestTheNextTierIsCalledWhileTheFirstOneIsBeingTold(t *testing.T) {
	b := handedOver(t)
	b.slack.fail = errors.New("503")
	b.pd.unpaged = map[string]error{"PFIRST": errors.New("503")}
	b.choose(4*time.Minute, incident.Choice{Kind: incident.NextTier})
	b.after(5*time.Minute, func() {
		b.pd.mu.Lock()
		defer b.pd.mu.Unlock()
		b.pd.unpaged = nil
	})
	b.after(7*time.Minute, func() {
		if did := b.pd.done(); !slices.Contains(did, "page PSECOND") {
			t.Errorf("in PagerDuty: %v", did)
		}
	})
	b.choose(8*time.Minute, incident.Choice{Kind: incident.TakeOver})
	b.run()
}
