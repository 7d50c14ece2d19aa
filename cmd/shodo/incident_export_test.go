package main

import (
	"encoding/json"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"shodo/internal/incident"
)

// seedRun is "seed_run FILE": it makes a store with the run of QREAL, by the scenario web-down of testdata/script/export.txtar.
func seedRun(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: seed_run FILE")
	}
	ts.Check(writeRecords(ts.MkAbs(args[0]), aRun("QREAL"), aRecord("QELSEWHERE", false)))
}

// aRun is a run as the engine records it: times are not round, and texts hold what monitors and hosts say.
func aRun(id incident.ID) incident.Record {
	at := func(d time.Duration) time.Time { return began.Add(d) }
	yes, no := true, false
	step := func(p incident.Phase, attempt int, name, action string, from, to time.Duration, healthy *bool, output string) incident.Step {
		s := incident.Step{StepKey: incident.StepKey{Incident: id, Run: 1, Phase: p, Attempt: attempt}, Name: name, Action: action,
			Status: incident.Succeeded, Healthy: healthy, Params: json.RawMessage(`{"host":"web-1"}`), Output: json.RawMessage(output), StartedAt: at(from), EndedAt: at(to)}
		if name == "probe" {
			s.ID = name
		}
		return s
	}
	return incident.Record{
		Incident: incident.Incident{ID: id, Number: 7, Title: "web is down", Status: incident.Resolved, Urgency: "high",
			Service: incident.Ref{ID: "PWEB001", Name: "Web shop"}, CreatedAt: began, AlertCount: 1,
			Assignees: []incident.Ref{{ID: "PAIKO", Name: "Aiko Tanaka"}},
			Alerts: []incident.Alert{{Summary: "web is down", Severity: "critical", Source: "web-1", CreatedAt: began,
				Details: map[string]any{"api_token": "hunter2", "region": "tokyo"}}}},
		Run: 1, WorkflowRun: "run-of-" + string(id), Customer: incident.Customer{ID: "acme", Name: "Acme", TimeZone: "Asia/Tokyo", Language: "en"},
		Match:          incident.Match{Scenario: "web-down", Autonomy: incident.Automatic, Target: "web-1", Why: "it matches"},
		CatalogVersion: "9dc2f0d5f972", EngineVersion: "v0.1.0", ReceivedAt: at(140 * time.Millisecond),
		Steps: []incident.Step{
			step(incident.Check, 0, "probe", "tcp.connect", 300*time.Millisecond, 310*time.Millisecond, &no, `{"connected":false,"error":"connection refused","duration_ms":3}`),
			step(incident.Recover, 1, "restart", "ssh.run", 500*time.Millisecond, 2937*time.Millisecond, nil, `{"exit_code":0,"stdout":"DB_PASSWORD=hunter2\nstarted\n","stderr":""}`),
			step(incident.Verify, 1, "probe", "tcp.connect", 3*time.Second, 3004*time.Millisecond, &yes, `{"connected":true,"address":"10.0.0.1:80","duration_ms":1}`),
		},
		Transitions: []incident.Transition{
			{Incident: id, Run: 1, Key: "outcome", At: at(3100 * time.Millisecond), Kind: incident.Ended, Phase: incident.Close, Outcome: incident.Recovered, Why: `"restart" was done, and verified`},
			{Incident: id, Run: 1, Key: "response_end", At: at(3300 * time.Millisecond), Kind: incident.ResponseEnd, Phase: incident.End},
		},
	}
}
