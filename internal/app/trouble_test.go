package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/app"
	"shodo/internal/app/apptest"
	"shodo/internal/incident"
	"shodo/internal/sandbox"
	"shodo/workflows"
)

func TestNoScenarioAndNoCustomer(t *testing.T) {
	l := newLab(t)
	o := l.options("/usr/bin/touch")
	o.Account = sandbox.DefaultAccount()
	o.Account.Services = append(o.Account.Services, sandbox.Service{ID: "PNOBODY", Name: "Nobody's", Policy: "POPS001",
		RoutingKey: "fedcba9876543210fedcba9876543210", AckTimeout: time.Hour})
	h := apptest.Start(t, o)
	unmatched := trigger(t, h, "info")
	nobodys, err := h.Sandbox.PagerDuty.Trigger(sandbox.Alert{Service: "PNOBODY", Summary: "who is this?"})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{unmatched, nobodys} {
		rec := h.Await(id, "being told", toldTwice)
		if rec.Outcome != incident.Unmatched {
			t.Errorf("%s ended as %s (%s): %s", id, rec.Outcome, rec.Reason, rec.Why)
		}
		inc, _ := h.Sandbox.PagerDuty.Incident(id)
		if inc.Status != "triggered" || len(inc.Notes) != 1 {
			t.Errorf("PagerDuty must go on paging for %s: it is %s with %d notes", id, inc.Status, len(inc.Notes))
		}
	}
	if n := len(h.Sandbox.Slack.Messages("#incidents")); n != 2 {
		t.Errorf("%d messages in Slack, want one for each", n)
	}
}

func toldTwice(r incident.Record) bool {
	n := 0
	for _, tr := range r.Transitions {
		if tr.Kind == incident.ToldTier {
			n++
		}
	}
	return n == 2
}

func TestDeliveriesThatRepeatOvertakeAndComeLate(t *testing.T) {
	l := newLab(t)
	h := apptest.Start(t, l.options("/usr/bin/touch"))
	h.Sandbox.PagerDuty.SetShape(func(e sandbox.Event) []time.Duration { return []time.Duration{0, 0, 300 * time.Millisecond} })
	id := trigger(t, h, "critical")
	rec := h.Await(id, "its end", func(r incident.Record) bool { return !r.EndedAt.IsZero() })
	h.Completed(id)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := h.Sandbox.PagerDuty.Wait(ctx, h.Sandbox.PagerDuty.Idle); err != nil {
		t.Fatal(err)
	}
	for _, e := range h.Sandbox.PagerDuty.Events() {
		if err := h.Sandbox.PagerDuty.Redeliver(e.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Sandbox.PagerDuty.Wait(ctx, h.Sandbox.PagerDuty.Idle); err != nil {
		t.Fatal(err)
	}
	h.Await(id, "an empty inbox", func(incident.Record) bool {
		b, err := h.Store().Backlog(t.Context())
		return err == nil && b.Pending == 0
	})
	after, err := h.Store().Record(t.Context(), incident.ID(id))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(rec, after); d != "" || rec.Outcome != incident.Recovered {
		t.Errorf("repeated deliveries changed the record (-before +after):\n%s", d)
	}
}

func TestOneRepairPerTargetAtATime(t *testing.T) {
	l := newLab(t)
	slow := script(t, `echo repair >> "$1.log"; sleep 1; touch "$1"`)
	h := apptest.Start(t, l.options(slow))
	ids := []string{trigger(t, h, "critical"), trigger(t, h, "critical"), trigger(t, h, "critical")}
	outcomes := map[incident.Outcome]int{}
	for _, id := range ids {
		outcomes[h.Ended(id).Outcome]++
	}
	if outcomes[incident.Recovered] != 1 || outcomes[incident.Cleared] != 2 {
		t.Errorf("outcomes: %v, want one repair that heals all", outcomes)
	}
	log, err := os.ReadFile(l.flag + ".log")
	if err != nil || strings.Count(string(log), "repair") != 1 {
		t.Errorf("repairs: %q, %v", log, err)
	}
}

func TestReopenedAfterTheEnd(t *testing.T) {
	l := newLab(t)
	h := apptest.Start(t, l.options("/usr/bin/touch"))
	id := trigger(t, h, "critical")
	h.Await(id, "its end", func(r incident.Record) bool { return !r.EndedAt.IsZero() })
	h.Completed(id)
	if err := os.Remove(l.flag); err != nil {
		t.Fatal(err)
	}
	if err := h.Sandbox.PagerDuty.Reopen("Aiko Tanaka", id); err != nil {
		t.Fatal(err)
	}
	rec := h.Await(id, "the end of its second run", func(r incident.Record) bool { return r.Run == 2 && !r.EndedAt.IsZero() })
	if rec.Outcome != incident.Recovered {
		t.Errorf("the second run ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
}

func TestAPersonAcknowledgesWhileTheRepairRuns(t *testing.T) {
	l := newLab(t)
	slow := script(t, `trap 'exit 1' TERM; echo begun > "$1.fifo"; for i in $(seq 200); do sleep 0.1; done; touch "$1"`)
	if err := syscall.Mkfifo(l.flag+".fifo", 0o600); err != nil {
		t.Fatal(err)
	}
	h := apptest.Start(t, l.options(slow))
	id := trigger(t, h, "critical")
	if _, err := os.ReadFile(l.flag + ".fifo"); err != nil { // waits until the repair has written
		t.Fatal(err)
	}
	if err := h.Sandbox.PagerDuty.AcknowledgeAs("Aiko Tanaka", id); err != nil {
		t.Fatal(err)
	}
	rec := h.Ended(id)
	if rec.Outcome != incident.TakenOver {
		t.Fatalf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
	rec = h.Await(id, "who has it", func(r incident.Record) bool { return r.TakenBy != "" })
	if rec.TakenBy != "Aiko Tanaka" {
		t.Errorf("taken by %q", rec.TakenBy)
	}
	if _, err := os.Stat(l.flag); err == nil {
		t.Error("the repair went on to its end")
	}
	if inc, _ := h.Sandbox.PagerDuty.Incident(id); inc.Status != "acknowledged" {
		t.Errorf("in PagerDuty it is %s: a person's incident was touched", inc.Status)
	}
}

func TestEventsWaitWhileTemporalIsAway(t *testing.T) {
	l := newLab(t)
	o := l.options("/usr/bin/touch")
	server := apptest.NewTemporal(t)
	o.Temporal = server.Address
	h := apptest.Start(t, o)
	h.Ended(trigger(t, h, "critical"))
	server.Kill()
	if err := os.Remove(l.flag); err != nil {
		t.Fatal(err)
	}
	id := trigger(t, h, "critical")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := h.Sandbox.PagerDuty.Wait(ctx, h.Sandbox.PagerDuty.Idle); err != nil {
		t.Fatal(err)
	}
	if status := ready(t, h); status["temporal"].OK {
		t.Error("readiness does not see that Temporal is away")
	}
	if inc, _ := h.Sandbox.PagerDuty.Incident(id); inc.Status != "triggered" {
		t.Errorf("the incident is %s while nobody can work on it", inc.Status)
	}
	server.Start()
	if rec := h.Ended(id); rec.Outcome != incident.Recovered {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
}

func TestPagerDutyIsAwayAtTheStart(t *testing.T) {
	l := newLab(t)
	h := apptest.Start(t, l.options("/usr/bin/touch"))
	h.Stop()
	h.Sandbox.PagerDuty.SetOutage(true)
	h.Run()
	if status := ready(t, h); status["pagerduty"].OK {
		t.Error("ready without PagerDuty")
	}
	id := trigger(t, h, "critical")
	h.Sandbox.PagerDuty.SetOutage(false)
	if rec := h.Ended(id); rec.Outcome != incident.Recovered {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
}

func TestAnUnreadableEventOfAnIncidentIsHandedToAPerson(t *testing.T) {
	l := newLab(t)
	h := apptest.Start(t, l.options("/usr/bin/touch"))
	body := `{"event":{"id":17,"event_type":["?"],"data":{"id":"QBROKEN","type":"incident","status":{"x":1}`
	req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+h.Address()+"/webhooks/pagerduty", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-PagerDuty-Signature", sandbox.Sign([]byte(body), apptest.Secret))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		t.Fatalf("answered %s", res.Status)
	}
	if rec := h.Ended("QBROKEN"); rec.Outcome != incident.HandedOver || rec.Reason != incident.EngineError {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
}

func TestASecondEngineOnTheSameData(t *testing.T) {
	l := newLab(t)
	h := apptest.Start(t, l.options("/usr/bin/touch"))
	cfg := *h.Config
	cfg.Listen = "127.0.0.1:0"
	if _, err := app.New(t.Context(), app.Options{Config: &cfg, Version: "test", Log: apptest.Log(t)}); err == nil ||
		!strings.Contains(err.Error(), "another engine") {
		t.Fatalf("a second engine: %v", err)
	}
}

func TestHistoriesReplay(t *testing.T) {
	l := newLab(t)
	h := apptest.Start(t, l.options("/usr/bin/touch"))
	broken, unmatched := trigger(t, h, "critical"), trigger(t, h, "info")
	h.Ended(broken)
	h.Ended(unmatched)
	h.Completed(broken)
	replayer := sdkworker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(workflows.Incident, workflow.RegisterOptions{Name: workflows.IncidentWorkflow})
	replayer.RegisterWorkflowWithOptions(workflows.Recovery, workflow.RegisterOptions{Name: workflows.RecoveryWorkflow})
	for _, id := range []string{broken, unmatched} {
		for name, history := range h.Histories(id) {
			if err := replayer.ReplayWorkflowHistory(nil, history); err != nil {
				t.Errorf("replay %s: %v", name, err)
			}
		}
	}
}

func TestPingIsSeen(t *testing.T) {
	l := newLab(t)
	h := apptest.Start(t, l.options("/usr/bin/touch"))
	subscriptions, err := pagerDutyAPI(t, h, "GET", "/webhook_subscriptions")
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Subscriptions []struct{ ID string } `json:"webhook_subscriptions"`
	}
	if err := json.Unmarshal(subscriptions, &list); err != nil || len(list.Subscriptions) != 1 {
		t.Fatalf("%v: %s", err, subscriptions)
	}
	if _, err := pagerDutyAPI(t, h, "POST", "/webhook_subscriptions/"+list.Subscriptions[0].ID+"/ping"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := h.Sandbox.PagerDuty.Wait(ctx, h.Sandbox.PagerDuty.Idle); err != nil {
		t.Fatal(err)
	}
	if detail := ready(t, h)["inbox"].Detail; strings.Contains(detail, "last test ping: none") {
		t.Errorf("readiness does not tell of the ping: %s", detail)
	}
}

type check struct {
	Name, Detail string
	OK           bool
}

func ready(t *testing.T, h *apptest.Harness) map[string]check {
	t.Helper()
	res, err := h.Get("/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct{ Checks []check }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	found := map[string]check{}
	for _, c := range answer.Checks {
		found[c.Name] = c
	}
	return found
}

func pagerDutyAPI(t *testing.T, h *apptest.Harness, method, path string) ([]byte, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, h.Sandbox.PagerDutyURL()+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Token token=pd-token")
	req.Header.Set("Accept", "application/vnd.pagerduty+json;version=2")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s", method, path, res.Status)
	}
	var body json.RawMessage
	err = json.NewDecoder(res.Body).Decode(&body)
	if res.StatusCode == http.StatusAccepted || res.StatusCode == http.StatusNoContent {
		return nil, nil
	}
	return body, err
}

var scripts sync.Mutex

// script writes a program that a repair may run. The lock keeps a fork of another test from holding it open for
// writing, which would make it unusable ("text file busy").
func script(t *testing.T, text string) string {
	t.Helper()
	scripts.Lock()
	defer scripts.Unlock()
	path := filepath.Join(t.TempDir(), "repair.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}
