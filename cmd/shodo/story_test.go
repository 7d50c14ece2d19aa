package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/terminal"
)

var began = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)

// aRecord is an incident that was repaired, or with handedOver one that was not and is open.
func aRecord(id incident.ID, handedOver bool) incident.Record {
	at := func(d time.Duration) time.Time { return began.Add(d) }
	yes, no := true, false
	step := func(p incident.Phase, attempt, round, index int, name, action string) incident.Step {
		return incident.Step{StepKey: incident.StepKey{Incident: id, Run: 1, Phase: p, Attempt: attempt, Round: round, Index: index},
			Name: name, Action: action, Status: incident.Succeeded}
	}
	between := func(s incident.Step, from, to time.Duration, params, output string) incident.Step {
		s.StartedAt, s.EndedAt, s.Params, s.Output = at(from), at(to), json.RawMessage(params), json.RawMessage(output)
		return s
	}
	probe := func(p incident.Phase, round int, from time.Duration, healthy *bool, status string) incident.Step {
		attempt := 0
		if p == incident.Verify {
			attempt = 1
		}
		s := between(step(p, attempt, round, 0, "probe", "http.request"), from, from+3*time.Millisecond,
			`{"url":"https://shop.example/health","timeout":"2s"}`, `{"status":`+status+`,"error":"","body":"","matched":false}`)
		s.Healthy = healthy
		return s
	}
	journal := strings.Repeat("request handled\\n", 30) + "kernel: Out of memory: Killed process 4711 (\\u001b[31mshop)\\n"
	r := incident.Record{
		Incident: incident.Incident{ID: id, Number: 42, Title: "店 Web shop: health check failed", Status: incident.Triggered, Urgency: "high", Priority: "P1",
			Service: incident.Ref{ID: "PWEB001", Name: "Web shop"}, URL: "https://example.pagerduty.com/incidents/" + string(id), CreatedAt: began,
			EscalationPolicy: incident.Ref{ID: "POPS001", Name: "Operations"}, AlertCount: 3,
			Alerts: []incident.Alert{{ID: "A1", Summary: "health check failed", Severity: "critical", Source: "shop-1", Class: "http",
				Details: map[string]any{"url": "https://shop.example/health", "failures": 3}, Links: []string{"https://graphs.example/1"},
				CreatedAt: began, Monitor: "datadog", Raw: json.RawMessage(`{"as":"received"}`)}}},
		Run: 1, WorkflowRun: "run-of-" + string(id),
		Customer: incident.Customer{ID: "minato", Name: "みなと商店", Department: "cloud-1", TimeZone: "Asia/Tokyo", Language: "ja"},
		Match: incident.Match{Scenario: "web-service-down", Title: "Web service does not answer", Hash: strings.Repeat("0123456789abcdef", 4),
			Runbook: "web-service-down.md", Autonomy: incident.Automatic, Inputs: json.RawMessage(`{"url":"https://shop.example/health","unit":"shop"}`),
			Origins: []incident.Origin{{Input: "url", From: "customer"}, {Input: "unit", From: "default"}}, Target: "shop",
			Considered: []incident.Considered{{Scenario: "web-service-down", Matched: true, Why: "it matches"},
				{Scenario: "disk-full", Why: `alert.class is "http"`}},
			PassedOver: []incident.PassedOver{{By: incident.PassedByService, Count: 120}, {By: "alert.severity", Count: 31},
				{By: incident.PassedByMatch, Count: 1}, {By: incident.PassedByRank, Count: 2}},
			Why: `scenario "web-service-down" matches: alert.class is "http"`},
		CatalogVersion: "9dc2f0d5f972", EngineVersion: "v0.1.0", Phase: incident.Intake, ReceivedAt: at(20 * time.Millisecond),
		Steps: []incident.Step{
			probe(incident.Check, 0, 110*time.Millisecond, &no, "502"),
			between(step(incident.Gather, 0, 0, 0, "journal", "ssh.run"), 200*time.Millisecond, 700*time.Millisecond,
				`{"host":"shop-1","command":["journalctl","-n","40"]}`, `{"exit_code":0,"signal":"","stdout":"`+journal+`","stderr":""}`),
			between(step(incident.Recover, 1, 0, 0, "restart it", "ssh.run"), time.Second, 3500*time.Millisecond,
				`{"host":"shop-1","command":["systemctl","restart","shop"]}`, `{"exit_code":0,"stdout":""}`),
			probe(incident.Verify, 0, 4*time.Second, &yes, "200"),
			probe(incident.Verify, 1, 5*time.Second, &yes, "200"),
		},
		Transitions: []incident.Transition{
			{Key: "decision/match", At: at(100 * time.Millisecond), Kind: incident.Decided, Why: `scenario "web-service-down" matches: alert.class is "http"`},
			{Key: "phase/check", At: at(105 * time.Millisecond), Kind: incident.PhaseBegan, Phase: incident.Check},
			{Key: "phase/gather", At: at(190 * time.Millisecond), Kind: incident.PhaseBegan, Phase: incident.Gather},
			{Key: "phase/recover/1", At: at(900 * time.Millisecond), Kind: incident.PhaseBegan, Phase: incident.Recover, Attempt: 1},
			{Key: "phase/verify/1", At: at(3900 * time.Millisecond), Kind: incident.PhaseBegan, Phase: incident.Verify, Attempt: 1},
		},
	}
	if handedOver {
		failed := probe(incident.Verify, 2, 6*time.Second, &no, "502")
		failed.Error, failed.ErrorKind, failed.Note = "", "", ""
		r.Steps = append(r.Steps, failed)
		r.Outcome, r.Reason, r.Why, r.OutcomeAt = incident.HandedOver, incident.VerifyFailed, "the attempt did not hold", at(7*time.Second)
		r.TakenBy, r.TakenAt = "Aiko Tanaka", at(9*time.Minute)
		r.Transitions = append(r.Transitions,
			incident.Transition{Key: "outcome", At: at(7 * time.Second), Kind: incident.Ended, Phase: incident.HandOver, Outcome: r.Outcome, Reason: r.Reason, Why: r.Why},
			incident.Transition{Key: "told", At: at(8 * time.Second), Kind: incident.ToldTier, By: "operations", Why: "in Slack #oncall"},
			incident.Transition{Key: "taken", At: at(9 * time.Minute), Kind: incident.PersonTook, By: "Aiko Tanaka", Why: "Aiko Tanaka acknowledged it in PagerDuty"})
	} else {
		r.Outcome, r.Why, r.OutcomeAt, r.EndedAt = incident.Recovered, `"restart it" was done, and verified`, at(6*time.Second), at(6200*time.Millisecond)
		r.Transitions = append(r.Transitions,
			incident.Transition{Key: "outcome", At: at(6 * time.Second), Kind: incident.Ended, Phase: incident.Close, Attempt: 1, Outcome: r.Outcome, Why: r.Why},
			incident.Transition{Key: "response_end", At: at(6200 * time.Millisecond), Kind: incident.ResponseEnd, Phase: incident.End, Why: "recovered"})
	}
	for i := range r.Transitions {
		r.Transitions[i].Incident, r.Transitions[i].Run = id, 1
	}
	return r
}

func TestStory(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	unmatched := incident.Record{Incident: incident.Incident{ID: "Q3", Title: "unknown\x1b[2J", CreatedAt: began}, Run: 2, Phase: incident.Intake,
		Match: incident.Match{Why: `no customer has the service "PX"`}, ReceivedAt: began,
		Transitions: []incident.Transition{{Incident: "Q3", Run: 1, Key: "a", At: began, Kind: incident.Ended, Outcome: incident.Unmatched, Why: "none"},
			{Incident: "Q3", Run: 2, Key: "b", At: began.Add(time.Hour), Kind: incident.Decided, Why: "again none"}},
		Steps: []incident.Step{{StepKey: incident.StepKey{Incident: "Q3", Run: 2, Phase: incident.Recover, Attempt: 1}, Name: "local.run", Action: "local.run",
			Status: incident.Failed, Error: "it did not end", ErrorKind: incident.UnknownEffect, StartedAt: began.Add(time.Hour), Note: "interrupted",
			Output: json.RawMessage(`"not an object"`)}}}
	for name, got := range map[string]string{
		"recovered":   storyOf(aRecord("Q1", false), began.In(tokyo), false),
		"handed-over": storyOf(aRecord("Q2", true), began, false),
		"full":        storyOf(aRecord("Q2", true), began, true),
		"run-2":       storyOf(unmatched, began, false),
		"deferred":    storyOf(deferredRecord("Q4", 5), deferredAt.In(tokyo), false),
		"decided":     storyOf(decidedRecord("Q6"), began.In(tokyo), false),
		"waited":      storyOf(deferredRecord("Q5", 100), deferredAt.In(tokyo), false),
	} {
		t.Run(name, func(t *testing.T) {
			if strings.ContainsRune(got, '\x1b') {
				t.Error("the story holds what steers a terminal")
			}
			for line := range strings.Lines(got) {
				if n := terminal.Columns(line); name != "full" && n > 22+storyLine {
					t.Errorf("a line has %d columns", n)
				}
			}
			compare(t, filepath.Join("testdata", "story", name+".golden"), got)
		})
	}
}

// compare compares text with a golden file; with UPDATE_GOLDEN=1 in the environment it writes the file.
func compare(t *testing.T, path, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestSince(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.Local)
	for text, want := range map[string]time.Time{
		"":                          {},
		"90m":                       now.Add(-90 * time.Minute),
		"7d":                        now.AddDate(0, 0, -7),
		"2026-11-01":                time.Date(2026, 11, 1, 0, 0, 0, 0, time.Local),
		"2026-11-01T09:00:00+09:00": time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
	} {
		got, err := parseSince(text, now)
		if err != nil || !got.Equal(want) {
			t.Errorf("parseSince(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"yesterday", "-1h", "7", "99999999d", "2026-13-01"} {
		if got, err := parseSince(text, now); err == nil {
			t.Errorf("parseSince(%q) = %v, and no error", text, got)
		}
	}
}
