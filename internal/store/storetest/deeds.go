package storetest

import (
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/promote"
	"shodo/internal/store"
)

// deeds: of the runs of a scenario it is counted what was planned, made, verified, and what people decided.
func deeds(t *testing.T, s *store.Store) {
	made := func(id incident.ID, attempt, round int, status incident.StepStatus) {
		st := step(id, incident.Recover, 0)
		st.Attempt, st.Round, st.Status = attempt, round, status
		must(t, s.FinishStep(t.Context(), st))
	}
	ends := func(id incident.ID, o incident.Outcome, r incident.Reason) {
		end := transition(id, "outcome", 60, incident.Ended)
		end.Outcome, end.Reason = o, r
		appendAll(t, s, end)
	}
	line := func(id incident.ID, key string, kind incident.TransitionKind, choice incident.ChoiceKind, reason incident.Reason) {
		l := transition(id, key, 30, kind)
		l.Choice, l.Reason, l.Attempt = choice, reason, 1
		appendAll(t, s, l)
	}

	begin(t, s, record("VERIFIED")) // by the second attempt
	made("VERIFIED", 1, 0, incident.Failed)
	made("VERIFIED", 2, 0, incident.Succeeded)
	line("VERIFIED", "asked/1", incident.Asked, "", "")
	line("VERIFIED", "chosen/1", incident.Chosen, incident.Grant, "")
	ends("VERIFIED", incident.Recovered, "")

	begin(t, s, record("PARTIAL"))
	made("PARTIAL", 1, 0, incident.Succeeded)
	ends("PARTIAL", incident.HandedOver, incident.Partial)

	begin(t, s, record("FAILED"))
	made("FAILED", 1, 0, incident.Succeeded)
	st := step("FAILED", incident.Recover, 0) // it was refused, so nothing was sent
	st.Attempt, st.Status, st.ErrorKind = 2, incident.Failed, incident.Refused
	must(t, s.FinishStep(t.Context(), st))
	line("FAILED", "asked/1", incident.Asked, "", "")
	line("FAILED", "expired/1", incident.Expired, "", "")
	ends("FAILED", incident.HandedOver, incident.NotApproved)

	begin(t, s, record("PLANNED")) // and a person started it, twice
	made("PLANNED", 1, 0, incident.Planned)
	made("PLANNED", 2, 0, incident.Planned)
	made("PLANNED", 1, 1, incident.Succeeded)
	made("PLANNED", 1, 2, incident.Succeeded)
	ends("PLANNED", incident.HandedOver, incident.Observed)
	line("PLANNED", "chosen/1", incident.Chosen, incident.RunAttempt, "")
	line("PLANNED", "manual/1/result", incident.Acted, incident.RunAttempt, incident.VerifyFailed)
	line("PLANNED", "chosen/2", incident.Chosen, incident.RunAttempt, "")
	held := transition("PLANNED", "manual/2/result", 30, incident.Acted)
	held.Choice, held.Attempt, held.Outcome = incident.RunAttempt, 1, incident.Recovered
	stopped := held
	stopped.Key, stopped.Outcome = "manual/3/result", incident.TakenOver
	appendAll(t, s, held, stopped)
	line("PLANNED", "chosen/3", incident.Chosen, incident.RunAttempt, "")
	line("PLANNED", "expired/1", incident.Expired, incident.RunAttempt, "")
	line("PLANNED", "chosen/4", incident.Chosen, incident.Noise, "")
	line("PLANNED", "response_end", incident.ResponseEnd, incident.Noise, "")

	refused := record("REFUSED")
	refused.Customer.ID, refused.Incident.CreatedAt = "umi", t0.Add(-time.Hour)
	begin(t, s, refused)
	line("REFUSED", "asked/1", incident.Asked, "", "")
	line("REFUSED", "chosen/1", incident.Chosen, incident.NotNow, "")
	line("REFUSED", "taken/1", incident.PersonTook, incident.TakeOver, "")

	other := record("OTHER")
	other.Match.Scenario = "web-down"
	begin(t, s, other)
	made("OTHER", 1, 0, incident.Succeeded)
	ends("OTHER", incident.Recovered, "")

	all := promote.Deeds{
		Planned: map[int]int{1: 1, 2: 1}, Made: map[int]int{1: 3, 2: 1}, Verified: map[int]int{1: 1, 2: 1},
		Questions: promote.Questions{Asked: 3, Granted: 1, Refused: 1, Expired: 1}, Wished: 3,
		Wishes: map[incident.Reason]int{"": 1, incident.VerifyFailed: 1}, Noise: 1,
	}
	umi := promote.Deeds{Questions: promote.Questions{Asked: 1, Refused: 1}}
	acme := all
	acme.Questions = promote.Questions{Asked: 2, Granted: 1, Expired: 1}
	for name, c := range map[string]struct {
		filter promote.Filter
		want   promote.Deeds
	}{
		"all":      {promote.Filter{Scenario: "disk-full"}, all},
		"customer": {promote.Filter{Scenario: "disk-full", Customer: "umi"}, umi},
		"since":    {promote.Filter{Scenario: "disk-full", Since: t0}, acme},
		"until":    {promote.Filter{Scenario: "disk-full", Until: t0}, umi},
		"neither":  {promote.Filter{Scenario: "disk-full", Customer: "umi", Since: t0}, promote.Deeds{}},
		"nobody":   {promote.Filter{Scenario: "' OR 1=1 --"}, promote.Deeds{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Deeds(t.Context(), c.filter)
			must(t, err)
			wantSame(t, got, c.want)
		})
	}
}

// deedsOfReopened: only the present run of an incident counts.
func deedsOfReopened(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	st := step("Q1", incident.Recover, 0)
	must(t, s.FinishStep(t.Context(), st))
	asked := transition("Q1", "asked/1", 5, incident.Asked)
	appendAll(t, s, asked, transition("Q1", "outcome", 6, incident.Ended), transition("Q1", "end", 7, incident.ResponseEnd))
	second := record("Q1")
	second.WorkflowRun = "run-2"
	begin(t, s, second)
	got, err := s.Deeds(t.Context(), promote.Filter{Scenario: "disk-full"})
	must(t, err)
	wantSame(t, got, promote.Deeds{})
}
