package crashtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"shodo/internal/incident"
	"shodo/internal/sandbox"
)

// TestKill plays the demo's first incident once undisturbed, which gives every moment of it that can be seen from
// outside, and then once for each of these moments, at which the process is killed with SIGKILL and started again.
func TestKill(t *testing.T) {
	kills := undisturbed(t, theRepairWorks)
	if len(kills) < 20 {
		t.Fatalf("an incident has only %d moments", len(kills))
	}
	kills = append([]string{
		both(repairStarts+" 1", "probe 2"),
		both("PUT /incidents/ID resolved is to be answered 1", "GET /incidents/ID is to be answered 5"),
		both("probe 1", "probe 2"),
		both("webhook incident.triggered is answered 1", "GET /users is to be answered 1"),
	}, kills...)
	if testing.Short() {
		kills = kills[:2]
	}
	together(t, kills, func(t *testing.T, at string) { play(t, theRepairWorks, split(at)...) })
}

// TestKillOfTheWholeMachine kills the repair together with the process: whether it took effect is not known, so it is
// not repeated, and a person goes on.
func TestKillOfTheWholeMachine(t *testing.T) {
	together(t, []string{repairStarts + " 1", repairHalf + " 1"}, func(t *testing.T, at string) { play(t, theRepairDies, at) })
}

// TestKillWhileHandingOver kills the process at every moment after a repair has failed. A person is called, whatever
// happens.
func TestKillWhileHandingOver(t *testing.T) {
	kills := undisturbed(t, theRepairFails)
	kills = kills[slices.Index(kills, repairStarts+" 1")+1:]
	if len(kills) < 6 {
		t.Fatalf("a hand-over has only the moments %v", kills)
	}
	if testing.Short() {
		kills = kills[:2]
	}
	together(t, kills, func(t *testing.T, at string) { play(t, theRepairFails, at) })
}

// undisturbed gives the moments of an incident at which nothing happens. Webhooks about what the engine did itself are
// left out: they come beside the work, now at this point of it and now at that. So is what this test does in the end, and so
// are the later replies in a message's thread: what is told at about the same time is one reply or two.
func undisturbed(t *testing.T, f fate) []string {
	t.Helper()
	var seen []string
	t.Run("not at all", func(t *testing.T) { seen = play(t, f) })
	if seen == nil {
		t.Skip(`a run of single moments needs the undisturbed one too: -run 'TestKill/(not_at_all|probe_1)'`)
	}
	seen = slices.DeleteFunc(seen, func(m string) bool {
		return strings.HasPrefix(m, "webhook ") && !strings.HasPrefix(m, "webhook incident.triggered") ||
			strings.Contains(m, "/api/chat.postMessage ") && !slices.Contains([]string{"1", "2", "3"}, m[strings.LastIndex(m, " ")+1:])
	})
	t.Logf("%d moments:\n%s", len(seen), strings.Join(seen, "\n"))
	return seen
}

// play lets an incident run from its beginning to its end, kills the process at the given moments one after the other,
// and looks at everything afterwards. It gives the moments until the engine had done its part.
func play(t *testing.T, f fate, at ...string) []string {
	t.Helper()
	s := newStage(t)
	s.fate = f
	s.start()
	killed := make(chan struct{}, len(at))
	var traps []trap
	for _, moment := range at {
		traps = append(traps, trap{moment, true, func() { s.engine().kill(); killed <- struct{}{} }})
	}
	s.moments.begin(traps...)
	id := s.trigger("critical")
	for _, moment := range at {
		await(t, killed, moment)
		s.launch()
	}
	if err := s.engine().awaitReady(); err != nil {
		t.Fatal(err)
	}
	rec := s.await(id, "its end", over)
	seen := s.moments.all()
	s.verdict(rec, at)
	if rec.Outcome != incident.Recovered {
		s.person(id, len(at))
	}
	s.settled()
	rec = s.await(id, "the end of the first response", func(r incident.Record) bool { return !r.EndedAt.IsZero() })
	s.check(rec)
	s.engine().term()
	if code, err := s.engine().exit(); err != nil || code != 0 {
		t.Errorf("after SIGTERM it ended with exit code %d (%v)", code, err)
	}
	return seen
}

// over says whether the automatic part is over, with everybody told whom it takes.
func over(r incident.Record) bool {
	return !r.EndedAt.IsZero() || told(r, "told/slack/0") && told(r, "told/pagerduty/0")
}

func told(r incident.Record, key string) bool {
	return slices.ContainsFunc(r.Transitions, func(t incident.Transition) bool { return t.Key == key })
}

// verdict looks at the outcome. A kill changes it in one case only: when it hits the repair too, whose effect is then
// not known.
func (s *stage) verdict(rec incident.Record, at []string) {
	s.t.Helper()
	outcome, reason := incident.Recovered, incident.Reason("")
	switch s.fate {
	case theRepairDies:
		outcome, reason = incident.HandedOver, incident.Inconclusive
	case theRepairFails:
		outcome, reason = incident.HandedOver, incident.StepFailed
	}
	if rec.Outcome != outcome || rec.Reason != reason {
		s.t.Errorf("it ended as %q (%s), want %q (%s): %s", rec.Outcome, rec.Reason, outcome, reason, rec.Why)
	}
	if n := s.moments.times(repairStarts); n != 1 {
		s.t.Errorf("the repair was started %d times", n)
	}
	s.steps(rec, at)
}

// steps says whether the record tells the truth about what was done.
func (s *stage) steps(rec incident.Record, at []string) {
	s.t.Helper()
	phases := map[incident.Phase]int{}
	for _, step := range rec.Steps {
		phases[step.Phase]++
		if step.Status == incident.Started || step.EndedAt.IsZero() {
			s.t.Errorf("step %s of %s never ended in the record", step.Name, step.Phase)
		}
		ended := strings.TrimSpace(fmt.Sprint(step.Status, " ", step.ErrorKind))
		if step.Phase == incident.Recover && !slices.Contains(s.truth(at), ended) {
			s.t.Errorf("the record says that the repair %s (%s), want one of %q", ended, step.Error, s.truth(at))
		}
		if step.Phase == incident.Check && (step.Healthy == nil || *step.Healthy) {
			s.t.Errorf("the check found %+v", step)
		}
	}
	if phases[incident.Check] != 1 || phases[incident.Gather] != 1 || phases[incident.Recover] != 1 {
		s.t.Errorf("the record has steps %v", phases)
	}
	if n := s.moments.times("probe"); phases[incident.Check]+phases[incident.Verify] > n {
		s.t.Errorf("the record has more probes than the %d that were made", n)
	}
	last := rec.Steps[len(rec.Steps)-1]
	if held := last.Healthy != nil && *last.Healthy; held != (rec.Outcome == incident.Recovered) {
		s.t.Errorf("the outcome is %q, and the last step found %+v", rec.Outcome, last)
	}
}

// truth is what the record may say of the repair. While it ran, nobody can know more after the crash; just when it ended,
// the process may or may not have noted it.
func (s *stage) truth(at []string) []string {
	seen := "succeeded"
	if s.fate == theRepairFails {
		seen = "failed permanent"
	}
	switch {
	case slices.Contains(at, repairStarts+" 1"), slices.Contains(at, repairHalf+" 1"), slices.Contains(at, repairDone+" 1"):
		return []string{"failed unknown_effect"}
	case slices.Contains(at, repairEnds+" 1"):
		return []string{seen, "failed unknown_effect"}
	}
	return []string{seen}
}

// person looks whether somebody was called, and lets her resolve the incident. A call and a message whose answer was
// lost in a crash are made again: twice is better than not at all.
func (s *stage) person(id incident.ID, killed int) {
	s.t.Helper()
	inc, _ := s.sandbox.PagerDuty.Incident(string(id))
	if inc.Status != "triggered" {
		s.t.Errorf("the incident is handed over, and in PagerDuty it is %s", inc.Status)
	}
	pages := s.sandbox.PagerDuty.Paged(string(id))
	if last := pages[len(pages)-1]; last.User.ID != "PCHIE01" || len(pages) > 2+killed {
		s.t.Errorf("%d pages, the last one to %s", len(pages), last.User.Name)
	}
	if n := len(s.sandbox.Slack.Messages("#operations")); n == 0 || n > 1+killed {
		s.t.Errorf("%d messages in Slack", n)
	}
	if err := s.sandbox.PagerDuty.ResolveAs("Chie Mori", string(id), ""); err != nil {
		s.t.Error(err)
	}
}

// check looks at the whole story after its end.
func (s *stage) check(rec incident.Record) {
	s.t.Helper()
	kinds := map[incident.TransitionKind]int{}
	for _, t := range rec.Transitions {
		kinds[t.Kind]++
	}
	if kinds[incident.Ended] != 1 || kinds[incident.ResponseEnd] != 1 || rec.Run != 1 {
		s.t.Errorf("run %d with %d outcomes and %d ends in the record", rec.Run, kinds[incident.Ended], kinds[incident.ResponseEnd])
	}
	inc, _ := s.sandbox.PagerDuty.Incident(string(rec.Incident.ID))
	if inc.Status != "resolved" {
		s.t.Errorf("in PagerDuty it is %s", inc.Status)
	}
	s.onceInPagerDuty(inc)
	if rec.Outcome != incident.Recovered {
		return
	}
	if pages := s.sandbox.PagerDuty.Paged(inc.ID); len(pages) != 1 {
		s.t.Errorf("a repaired incident called %d people, want only the one whom PagerDuty calls at the beginning", len(pages))
	}
	if n := len(s.sandbox.Slack.Messages("#operations")); n != 0 || kinds[incident.ToldTier] != 0 {
		s.t.Errorf("a repaired incident is told to nobody, but %d messages are in Slack, and %d in the record", n, kinds[incident.ToldTier])
	}
	if len(inc.Notes) != 2 {
		s.t.Errorf("in PagerDuty are %d notes, want one of the beginning and one of the end: %+v", len(inc.Notes), inc.Notes)
	}
}

// onceInPagerDuty says whether anything was done twice there.
func (s *stage) onceInPagerDuty(inc sandbox.Incident) {
	s.t.Helper()
	times := map[string]int{}
	for _, n := range inc.Notes {
		lines := strings.Split(strings.TrimSpace(n.Content), "\n")
		what := lines[len(lines)-1]
		if strings.HasPrefix(lines[0], "Resolution Note: ") || strings.HasSuffix(what, "/closed") {
			what = "the closing note"
		}
		times[what]++
	}
	for _, line := range inc.Log {
		if strings.HasPrefix(line.What, "Acknowledged") || strings.HasPrefix(line.What, "Resolved") {
			times[line.What]++
		}
	}
	for what, n := range times {
		if n > 1 {
			s.t.Errorf("%q is %d times in PagerDuty: %+v", what, n, inc.Notes)
		}
	}
}
