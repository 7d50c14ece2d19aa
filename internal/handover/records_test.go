package handover_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"shodo/internal/handover"
	"shodo/internal/incident"
)

var (
	tokyo = time.FixedZone("JST", 9*60*60)
	began = time.Date(2026, 11, 20, 3, 0, 0, 0, tokyo)
)

// at is a time of the incident, some seconds after it began.
func at(seconds float64) time.Time { return began.Add(time.Duration(seconds * float64(time.Second))) }

func asJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func healthy(v bool) *bool { return &v }

// base is an incident that a scenario matched, with nothing done yet.
func base() incident.Record {
	return incident.Record{
		Incident: incident.Incident{
			ID: "Q2CKYRLH85UNN4", Number: 4711, Title: "Health check of www.acme.example is down", Status: incident.Acknowledged,
			Urgency: "high", Priority: "P1", Service: incident.Ref{ID: "PX1234", Name: "acme-web-prod"},
			URL: "https://acme.pagerduty.example/incidents/Q2CKYRLH85UNN4", CreatedAt: began, AlertCount: 1,
			Alerts: []incident.Alert{{
				Summary: "HTTP 502 from https://www.acme.example/healthz", Severity: "critical", Source: "probe-tokyo-1",
				Monitor: "prometheus", Links: []string{"https://grafana.acme.example/d/web?from=now-1h&to=now"}, CreatedAt: began,
			}},
		},
		Run:      1,
		Customer: incident.Customer{ID: "acme", Name: "株式会社アクメ", Language: "ja", TimeZone: "Asia/Tokyo"},
		Match: incident.Match{
			Scenario: "http-down", Title: "Web service does not answer", Hash: "9f86d081884c7d659a2feaa0c55ad015",
			Runbook: "http-down.md", Autonomy: incident.Automatic, Target: "i-0abc123",
			Why: `scenario "http-down" matches: service "PX1234" (acme-web-prod) is "PX1234"; alert.severity in ["critical", "error"] holds: alert.severity is "critical"`,
			Considered: []incident.Considered{
				{Scenario: "http-down", Matched: true, Why: `service "PX1234" (acme-web-prod) is "PX1234"`},
				{Scenario: "disk-usage", Why: `alert.summary contains "disk" does not hold: alert.summary is "HTTP 502 from https://www.acme.example/healthz"`},
			},
		},
		CatalogVersion: "3b2c1d0", EngineVersion: "0.1.0", ReceivedAt: at(1), StartedAt: at(2),
	}
}

func step(phase incident.Phase, attempt, round, index int, name, action string, params, output any, from, took float64) incident.Step {
	return incident.Step{
		StepKey: incident.StepKey{Incident: "Q2CKYRLH85UNN4", Run: 1, Phase: phase, Attempt: attempt, Round: round, Index: index},
		Name:    name, Action: action, Status: incident.Succeeded, Params: asJSON(params), Output: asJSON(output),
		StartedAt: at(from), EndedAt: at(from + took),
	}
}

type object = map[string]any

func probe(phase incident.Phase, attempt, round int, status int, from float64) incident.Step {
	s := step(phase, attempt, round, 0, "probe", "http.request",
		object{"method": "GET", "url": "https://www.acme.example/healthz", "timeout": "5s"},
		json.RawMessage(fmt.Sprintf(`{"status":%d,"body":"%s","headers":{}}`, status, map[bool]string{true: "ok", false: "Bad Gateway"}[status == 200])),
		from, 0.25)
	s.Healthy = healthy(status < 500)
	return s
}

func journal(from float64) incident.Step {
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "Nov 20 02:59:%02d web1 nginx[%d]: worker process exited on signal 9\n", i%60, 1000+i)
	}
	b.WriteString("Nov 20 03:00:01 web1 systemd[1]: nginx.service: Failed with result 'exit-code'.\n")
	return step(incident.Gather, 0, 0, 0, "journal", "ssh.run",
		object{"host": "web1.acme.example", "command": []string{"journalctl", "-u", "nginx", "-n", "100", "--no-pager"}},
		json.RawMessage(`{"stdout":`+string(asJSON(b.String()))+`,"stderr":"","exit_code":0}`), from, 0.8)
}

func restart(attempt int, name string, argv []string, from float64) incident.Step {
	return step(incident.Recover, attempt, 0, 0, name, "ssh.run", object{"host": "web1.acme.example", "command": argv},
		json.RawMessage(`{"stdout":"","stderr":"","exit_code":0}`), from, 1.2)
}

// records are the cases of the golden files, by the file's name.
func records() map[string]incident.Record {
	return map[string]incident.Record{
		"verify_failed": verifyFailed(), "unmatched": unmatched(), "stale": stale(), "engine_error": engineError(),
		"taken_over": takenOver(), "recovered": recovered(), "cleared": cleared(), "observed": observed(),
		"hostile": hostile(), "deferred": deferred(), "waiting": waiting(), "forbidden": forbidden(), "reported": reported(),
		"resolved_upstream": resolvedUpstream(),
	}
}

func verifyFailed() incident.Record {
	r := base()
	r.Phase, r.Outcome, r.Reason = incident.HandOver, incident.HandedOver, incident.VerifyFailed
	r.Why = "none of the 2 attempts held"
	disk := step(incident.Gather, 0, 0, 1, "disk", "ssh.run", object{"host": "web1.acme.example", "command": []string{"df", "-h"}}, nil, 3, 10)
	disk.Status, disk.Error, disk.ErrorKind = incident.Failed, "ssh.run on web1.acme.example: no answer within 10s", incident.TimedOut
	second := restart(2, "start the previous release", []string{"sh", "-c", "release rollback && echo it's done"}, 60)
	second.Output = asJSON(object{"stdout": "rolled back\nit's done\n", "stderr": "warning: 2 files kept", "exit_code": 0})
	r.Steps = []incident.Step{
		probe(incident.Check, 0, 0, 502, 2), journal(3), disk, restart(1, "restart the unit", []string{"systemctl", "restart", "nginx"}, 14),
		probe(incident.Verify, 1, 0, 200, 16), probe(incident.Verify, 1, 1, 502, 31), second,
		probe(incident.Verify, 2, 0, 502, 62), probe(incident.Verify, 2, 1, 502, 77), probe(incident.Verify, 2, 2, 502, 92),
	}
	r.Transitions = []incident.Transition{{Run: 1, Kind: incident.ToldTier, By: "first_tier", At: at(95)}}
	r.OutcomeAt = at(94)
	return r
}

func unmatched() incident.Record {
	r := base()
	r.Phase, r.Outcome, r.Why = incident.HandOver, incident.Unmatched, `none of the 2 scenarios that customer "acme" has adopted matches; it has not adopted the other 31 of the catalog`
	r.Match = incident.Match{Why: r.Why, Considered: []incident.Considered{
		{Scenario: "disk-usage", Why: `alert.summary contains "disk" does not hold: alert.summary is "HTTP 502 from https://www.acme.example/healthz"`},
		{Scenario: "http-down", Why: `service "PX1234" (acme-web-prod) is not one of ["PX9", "acme-api-*"]`},
	}}
	r.StartedAt = time.Time{}
	return r
}

func stale() incident.Record {
	r := base()
	r.Phase, r.Outcome, r.Reason = incident.HandOver, incident.HandedOver, incident.Stale
	r.Why = "it was 47h59m0s old when its turn came, longer than the scenario's limits.timeout of 10m0s (if it is new, the clock is wrong)"
	r.StartedAt = time.Time{}
	return r
}

func engineError() incident.Record {
	r := base()
	r.Phase, r.Outcome, r.Reason = incident.HandOver, incident.HandedOver, incident.EngineError
	r.Why = `attempt "restart the unit", step "restart": inputs.unit is empty`
	s := restart(1, "restart the unit", []string{"systemctl", "restart", "nginx"}, 14)
	s.Status, s.EndedAt, s.Output = incident.Started, time.Time{}, nil
	r.Steps = []incident.Step{probe(incident.Check, 0, 0, 502, 2), journal(3), s}
	return r
}

func takenOver() incident.Record {
	r := base()
	r.Phase, r.Outcome, r.Why = incident.HandOver, incident.TakenOver, "佐藤 花子 acknowledged it in PagerDuty"
	s := restart(1, "restart the unit", []string{"systemctl", "restart", "nginx"}, 14)
	s.Status, s.Error, s.ErrorKind, s.Output = incident.Failed, "ssh.run on web1.acme.example: stopped", incident.Cancelled, nil
	r.Steps = []incident.Step{probe(incident.Check, 0, 0, 502, 2), s}
	r.TakenBy, r.TakenAt = "佐藤 花子", at(14.5)
	return r
}

func recovered() incident.Record {
	r := base()
	r.Phase, r.Outcome, r.Why = incident.End, incident.Recovered, `"restart the unit" was done, and verified`
	r.Steps = []incident.Step{
		probe(incident.Check, 0, 0, 502, 2), journal(3), restart(1, "restart the unit", []string{"systemctl", "restart", "nginx"}, 14),
		probe(incident.Verify, 1, 0, 502, 16), probe(incident.Verify, 1, 1, 200, 31), probe(incident.Verify, 1, 2, 200, 91),
	}
	r.OutcomeAt, r.EndedAt = at(91), at(92)
	return r
}

func cleared() incident.Record {
	r := base()
	r.Phase, r.Outcome, r.Why = incident.End, incident.Cleared, "the check found it healthy; nothing was changed"
	r.Steps = []incident.Step{probe(incident.Check, 0, 0, 200, 2)}
	r.OutcomeAt, r.EndedAt = at(3), at(3)
	return r
}

func observed() incident.Record {
	r := base()
	r.Match.Autonomy = incident.Observe
	r.Phase, r.Outcome, r.Reason, r.Why = incident.HandOver, incident.HandedOver, incident.Observed, "the scenario only observes here: the record says what would have run"
	first := restart(1, "restart the unit", []string{"systemctl", "restart", "nginx"}, 5)
	second := restart(2, "reboot the machine", []string{"systemctl", "reboot"}, 5)
	for _, s := range []*incident.Step{&first, &second} {
		s.Status, s.Output, s.EndedAt, s.Note = incident.Planned, nil, s.StartedAt, "would have run"
	}
	second.Status, second.Note = incident.Skipped, "its condition is false"
	r.Steps = []incident.Step{probe(incident.Check, 0, 0, 502, 2), journal(3), first, second}
	return r
}

const nights = `quiet hours "nights"`

// wait is what the record holds of a time in which nobody could be told.
func wait(from, until float64, window string) incident.Transition {
	return incident.Transition{Run: 1, Kind: incident.Deferred, Question: incident.Page, At: at(from), Until: at(until), Window: window, Policy: "p1"}
}

// deferred was handed over at the end of a window, which a maintenance had moved.
func deferred() incident.Record {
	r := verifyFailed()
	r.Transitions = append([]incident.Transition{
		wait(5, 3600, nights), wait(100, 7200, `maintenance "release 42 \"blue\""`),
		{Run: 1, Kind: incident.Resumed, Question: incident.Page, At: at(7201), Why: "the window has ended"},
		{Run: 1, Kind: incident.Deferred, Question: incident.Contact, At: at(7202), Until: at(9000), Window: nights},
	}, r.Transitions...)
	return r
}

// waiting waits for the end of a window.
func waiting() incident.Record {
	r := base()
	r.Phase, r.DeferredUntil = incident.Check, at(4*3600)
	r.Steps = []incident.Step{probe(incident.Check, 0, 0, 502, 2)}
	r.Transitions = []incident.Transition{wait(3, 4*3600, nights)}
	return r
}

func forbidden() incident.Record {
	r := base()
	r.Phase, r.Outcome, r.Reason = incident.HandOver, incident.HandedOver, incident.Forbidden
	r.Why = `changing things is forbidden until Fri 2026-11-20 06:00 JST by quiet hours "weekly batch" (cron 0 2 * * FRI for 4h)`
	r.Steps = []incident.Step{probe(incident.Check, 0, 0, 502, 2)}
	r.Transitions = []incident.Transition{{
		Run: 1, Kind: incident.Decided, Question: incident.MayRecover, At: at(4), Window: `quiet hours "weekly batch"`, Until: at(3 * 3600), Why: r.Why,
	}}
	return r
}

func reported() incident.Record {
	r := base()
	r.Phase, r.Outcome, r.Why = incident.End, incident.Reported, "the scenario reports what it gathered"
	gone := step(incident.Gather, 0, 0, 1, "disk", "ssh.run", object{"host": "web1.acme.example", "command": []string{"df", "-h"}}, nil, 3, 10)
	gone.Status, gone.Error, gone.ErrorKind = incident.Failed, "ssh.run on web1.acme.example: no answer within 10s", incident.TimedOut
	nothing := step(incident.Gather, 0, 0, 2, "queue", "ssh.run", nil, object{"stdout": "", "exit_code": 0}, 4, 1)
	nothing.Output = json.RawMessage(`{"stdout":""}`)
	unnamed := step(incident.Gather, 0, 0, 3, "http.request", "http.request", nil, object{"status": 502}, 5, 1)
	r.Steps = []incident.Step{probe(incident.Check, 0, 0, 502, 2), journal(3), gone, nothing, unnamed}
	r.OutcomeAt, r.EndedAt = at(14), at(14)
	return r
}

func resolvedUpstream() incident.Record {
	r := base()
	r.Incident.Number = 0
	r.Phase, r.Outcome, r.Why = incident.End, incident.ResolvedUpstream, "the monitor resolved it before anything was changed"
	r.OutcomeAt, r.EndedAt = at(1.5), at(1.5)
	return r
}

// evil is text that somebody else wrote into an alert.
const evil = "<!channel> <!here|x> @here @everyone <@U123> <https://evil.example|OK> `code` ```fence``` *bold* _it_ ~no~ & \x1b[31mred\x1b[0m " +
	"\u202Egnp.exe \u200F \x00\x07 [link](javascript:alert(1)) <script>alert(1)</script> # head\r\n- list\r\n| a | b |"

func hostile() incident.Record {
	r := verifyFailed()
	r.Incident.Title, r.Incident.Service.Name, r.Why = evil, evil, evil
	r.Incident.Alerts[0].Summary = evil + evil
	r.Incident.Alerts[0].Links = []string{"javascript:alert(1)", "https://evil.example/<!channel>|x", "https://u:p@evil.example/", "https://ok.example/a?b=c&d=e"}
	r.Match.Target, r.TakenBy = evil, "<!channel>"
	for i := range r.Steps {
		if r.Steps[i].Phase == incident.Gather {
			r.Steps[i].Output = asJSON(object{"stdout": strings.Repeat(evil+"\n", 200), evil: evil})
			r.Steps[i].Status, r.Steps[i].Name = incident.Succeeded, "../../"+evil
		}
	}
	r.Steps[3].Error, r.Steps[3].Params = evil, asJSON(object{"command": []string{"echo", evil}, "password_url": "https://u:secret@x.example"})
	return r
}

func options(language string, rec incident.Record) handover.Options {
	o := handover.Options{
		Language: language, TimeZone: tokyo, Tier: "first_tier", Now: at(95),
		Runbook: "https://git.example/catalog/runbooks/http-down.md",
	}
	if rec.Outcome == incident.HandedOver {
		o.Remaining = []string{"Look at the last deployment of nginx", "Call the customer when it is down for more than 15 minutes"}
	}
	if rec.Outcome == incident.Recovered {
		o.CloseNote = "Restarted nginx on i-0abc123; https://www.acme.example/healthz answers again."
	}
	return o
}
