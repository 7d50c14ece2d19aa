package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"shodo/internal/incident"
	"shodo/internal/store"
)

// seedLadder is "seed_ladder FILE": it makes a store with 24 runs of the scenario web-down for acme in November 2025, every
// nine hours, which a person would raise from observe to suggest; and two of another customer, to whom people say no.
func seedLadder(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: seed_ladder FILE")
	}
	ctx := context.Background()
	s, err := store.Open(ctx, ts.MkAbs(args[0]), slog.New(slog.DiscardHandler))
	ts.Check(err)
	defer s.Close()
	begin := time.Date(2025, 11, 3, 0, 0, 0, 0, time.UTC)
	for i := range 26 {
		id, created := incident.ID(fmt.Sprintf("Q%02d", i)), begin.Add(time.Duration(i)*9*time.Hour)
		customer, service := incident.CustomerID("acme"), "PACME"
		if i >= 24 {
			customer, service = "umi", "PUMI"
		}
		inc := incident.Incident{ID: id, Title: "web is down", Status: incident.Triggered, CreatedAt: created, Service: incident.Ref{ID: service},
			Alerts: []incident.Alert{{Summary: "web is down", Source: fmt.Sprintf("web-%d", i), CreatedAt: created}}, AlertCount: 1}
		_, err := s.Begin(ctx, incident.Record{Incident: inc, WorkflowRun: "run-of-" + string(id), ReceivedAt: created,
			Customer: incident.Customer{ID: customer}, Match: incident.Match{Scenario: "web-down", Target: fmt.Sprintf("web-%d", i), Inputs: json.RawMessage("{}")}})
		ts.Check(err)
		ts.Check(s.Append(ctx, ladderLines(id, i, created)))
		if i%8 < 6 && i < 24 { // it was broken: the first attempt is planned, and sometimes the second
			for attempt := range 1 + i%2 {
				ts.Check(s.FinishStep(ctx, incident.Step{StepKey: incident.StepKey{Incident: id, Run: 1, Phase: incident.Recover, Attempt: attempt + 1},
					Name: "step", Action: "ssh.run", Status: incident.Planned, StartedAt: created}))
			}
		}
	}
}

func ladderLines(id incident.ID, i int, created time.Time) []incident.Transition {
	end := incident.Transition{Kind: incident.Ended, Outcome: incident.HandedOver, Reason: incident.Observed}
	lines := []incident.Transition{}
	switch {
	case i >= 24: // another customer: the engine asked, and people said no
		end.Reason = incident.NotApproved
		lines = append(lines, incident.Transition{Kind: incident.Asked, Attempt: 1, Item: 1, By: "first"}, incident.Transition{Kind: incident.Chosen, Choice: incident.NotNow, Attempt: 1, Item: 1, By: "Sato"})
	case i%8 == 6:
		end.Reason = incident.Inconclusive
	case i%8 == 7:
		end = incident.Transition{Kind: incident.Ended, Outcome: incident.ResolvedUpstream}
	case i == 3:
		lines = append(lines, incident.Transition{Kind: incident.Chosen, Choice: incident.Noise, By: "Sato"})
	}
	lines = append(lines, end, incident.Transition{Kind: incident.ResponseEnd})
	for n := range lines {
		l := &lines[n]
		l.Incident, l.Run, l.Key, l.At = id, 1, fmt.Sprint(n), created.Add(time.Duration(n+1)*time.Minute)
	}
	return lines
}
