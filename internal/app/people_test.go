package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shodo/internal/app/apptest"
	"shodo/internal/config"
	"shodo/internal/incident"
	"shodo/internal/sandbox"
)

// The people of the sandbox: Chie is on call for the customer's tier, Aiko for another policy, and Ben is nothing here.
const (
	chie = "U0CHIE00001"
	aiko = "U0AIKO00001"
	ben  = "U0BEN000001"
)

// slackSecret is what Slack signs with.
const slackSecret = "signing-secret-of-the-tests"

// withPeople starts the product with buttons in Slack, by requests or over Socket Mode.
func withPeople(t *testing.T, o apptest.Options, bySocket bool) *apptest.Harness {
	t.Helper()
	change := o.Change
	o.Change = func(c *config.Config) {
		if change != nil {
			change(c)
		}
		if bySocket {
			c.Slack.AppToken = config.NewSecret("xapp-token")
		} else {
			c.Slack.SigningSecret = config.NewSecret(slackSecret)
		}
		c.Slack.Operators = []string{ben}
	}
	h := apptest.Start(t, o)
	if !bySocket {
		site := "http://" + h.Address() + "/webhooks/slack/"
		h.Sandbox.Slack.PointTo(site+"interactions", site+"commands", slackSecret)
		return h
	}
	until(t, "a Socket Mode connection", func() bool { return h.Sandbox.Slack.SocketConnections() > 0 })
	return h
}

// until waits for something that happens outside the record.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("there never was %s", what)
		}
	}
}

// withButton waits for a message about an incident that has a button.
func withButton(t *testing.T, h *apptest.Harness, id, action string) sandbox.Message {
	t.Helper()
	var found sandbox.Message
	until(t, fmt.Sprintf("a button %q for %s", action, id), func() bool {
		for _, m := range h.Sandbox.Slack.Messages("#incidents") {
			if bytes.Contains(m.Blocks, []byte(`"`+action+`"`)) && bytes.Contains(m.Blocks, []byte(id)) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

func press(t *testing.T, h *apptest.Harness, user, ts, action string) {
	t.Helper()
	if err := h.Sandbox.Slack.Press(t.Context(), sandbox.Press{User: user, Channel: "#incidents", TS: ts, ActionID: action}); err != nil {
		t.Fatalf("press %s: %v", action, err)
	}
}

// toldAlone waits for what a user was told privately.
func toldAlone(t *testing.T, h *apptest.Harness, user, part string) {
	t.Helper()
	until(t, fmt.Sprintf("a private answer to %s with %q", user, part), func() bool {
		return slices.ContainsFunc(h.Sandbox.Slack.Ephemeral("#incidents", user), func(m sandbox.Message) bool { return strings.Contains(m.Text, part) })
	})
}

// chose finds a line about a choice.
func chose(r incident.Record, kind incident.ChoiceKind) (incident.Transition, bool) {
	i := slices.IndexFunc(r.Transitions, func(tr incident.Transition) bool { return tr.Choice == kind })
	if i < 0 {
		return incident.Transition{}, false
	}
	return r.Transitions[i], true
}

// Somebody who may not is told so alone; who may takes it over, by a request as over Socket Mode; a second click changes
// nothing, and after Done nothing can be pressed.
func TestTakeOverAndDoneInSlack(t *testing.T) {
	for name, bySocket := range map[string]bool{"by requests": false, "over Socket Mode": true} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			h := withPeople(t, l.options("/bin/true"), bySocket)
			id := trigger(t, h, "critical")
			message := withButton(t, h, id, "shodo:take_over")

			press(t, h, aiko, message.TS, "shodo:take_over")
			toldAlone(t, h, aiko, "You may not decide about incidents of *Acme*")
			toldAlone(t, h, aiko, "<@"+chie+">")
			if rec, err := h.Store().Record(t.Context(), incident.ID(id)); err != nil || rec.TakenBy != "" {
				t.Fatalf("taken by %q, %v", rec.TakenBy, err)
			}

			press(t, h, chie, message.TS, "shodo:take_over")
			press(t, h, chie, message.TS, "shodo:take_over")
			rec := h.Await(id, "being taken", func(r incident.Record) bool { return r.TakenBy != "" })
			if line, ok := chose(rec, incident.TakeOver); !ok || rec.TakenBy != "Chie Mori" || !strings.Contains(line.Why, "slack:"+chie) {
				t.Errorf("taken by %q: %+v", rec.TakenBy, line)
			}
			until(t, "an acknowledgement in Chie's name", func() bool {
				inc, _ := h.Sandbox.PagerDuty.Incident(id)
				return inc.Status == "acknowledged" && slices.Contains(inc.AckedBy, "Chie Mori")
			})

			done := withButton(t, h, id, "shodo:done")
			press(t, h, chie, done.TS, "shodo:done")
			rec = h.Await(id, "its end", func(r incident.Record) bool { return !r.EndedAt.IsZero() })
			if rec.Outcome != incident.HandedOver {
				t.Errorf("the outcome is %s now", rec.Outcome)
			}
			taken := 0
			for _, tr := range rec.Transitions {
				if tr.Choice == incident.TakeOver {
					taken++
				}
			}
			if taken != 1 {
				t.Errorf("%d lines say that it was taken over", taken)
			}
			status, said := sendAPI(t, h, "POST", "/api/v1/incidents/"+id+"/choices", `{"kind":"next_tier"}`)
			if status != http.StatusConflict || said["kind"] != "ended" {
				t.Errorf("after its end: %d %v", status, said)
			}
		})
	}
}

// What the engine asks for is approved in Slack, and made exactly once.
func TestApproveInSlack(t *testing.T) {
	l := newLab(t)
	count := script(t, `echo repair >> "$1.log"; touch "$1"`)
	o := l.options(count)
	o.Catalog["scenarios/web.yaml"] = strings.Replace(o.Catalog["scenarios/web.yaml"], "autonomy: automatic", "autonomy: approve", 1)
	h := withPeople(t, o, false)
	id := trigger(t, h, "critical")
	message := withButton(t, h, id, "shodo:approve:1")
	if !strings.Contains(message.Plain(), l.flag) {
		t.Errorf("the question does not show the command:\n%s", message.Plain())
	}
	if _, err := os.Stat(l.flag); err == nil {
		t.Fatal("it was repaired without an approval")
	}
	press(t, h, aiko, message.TS, "shodo:approve:1")
	toldAlone(t, h, aiko, "You may not decide")
	press(t, h, chie, message.TS, "shodo:approve:1")
	press(t, h, ben, message.TS, "shodo:approve:1") // an operator, too late
	rec := h.Await(id, "its end", func(r incident.Record) bool { return !r.EndedAt.IsZero() })
	if line, ok := chose(rec, incident.Grant); rec.Outcome != incident.Recovered || !ok || line.By != "Chie Mori" {
		t.Errorf("ended as %s (%s), %s; approved: %+v", rec.Outcome, rec.Reason, rec.Why, line)
	}
	if log, err := os.ReadFile(l.flag + ".log"); err != nil || strings.Count(string(log), "repair") != 1 {
		t.Errorf("repairs: %q, %v", log, err)
	}
}

// The kill switch is in force across a restart: what comes is handed over with who paused, and after that all is as before.
func TestPauseAcrossARestart(t *testing.T) {
	l := newLab(t)
	h := withPeople(t, l.options("/usr/bin/touch"), false)
	askAPI(t, h, "POST", "/api/v1/pauses", `{"scope":"customer","name":"acme","reason":"a migration"}`)
	h.Stop()
	h.Run()
	res, err := h.Get("/readyz")
	if err != nil {
		t.Fatal(err)
	}
	ready, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || !strings.Contains(string(ready), "paused: customer acme since") {
		t.Errorf("readiness: %s %v", ready, err)
	}
	first := trigger(t, h, "critical")
	rec := h.Ended(first)
	if rec.Outcome != incident.HandedOver || rec.Reason != incident.Paused || len(rec.Steps) != 0 {
		t.Errorf("while it is paused: %s (%s) with %d steps: %s", rec.Outcome, rec.Reason, len(rec.Steps), rec.Why)
	}
	message := withButton(t, h, first, "shodo:take_over")
	if !strings.Contains(message.Plain(), "a migration") || !strings.Contains(message.Plain(), "cli") {
		t.Errorf("the message does not say who paused, and why:\n%s", message.Plain())
	}
	said, err := h.Sandbox.Slack.Command(t.Context(), chie, "#incidents", "/shodo status")
	if err != nil || !strings.Contains(said, "customer *acme*") || !strings.Contains(said, first) {
		t.Errorf("status: %q %v", said, err)
	}
	for _, words := range []string{"/shodo resume acme", "/shodo pause all"} { // hers, and not hers
		if said, err = h.Sandbox.Slack.Command(t.Context(), chie, "#incidents", words); err != nil {
			t.Fatal(err)
		}
		if isHers := strings.Contains(said, "Resumed"); isHers != strings.HasSuffix(words, "acme") {
			t.Errorf("%s: %q", words, said)
		}
	}
	second := trigger(t, h, "critical")
	if rec := h.Ended(second); rec.Outcome != incident.Recovered {
		t.Errorf("after it: %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
}

// A pause that cancels stops the step that runs, as a person who takes over does.
func TestPauseStopsWhatRuns(t *testing.T) {
	l := newLab(t)
	started := filepath.Join(t.TempDir(), "started")
	slow := script(t, fmt.Sprintf(`touch %q; sleep 60; touch "$1"`, started))
	o := l.options(slow)
	o.Catalog["scenarios/web.yaml"] = strings.Replace(o.Catalog["scenarios/web.yaml"], "timeout: 20s", "timeout: 90s", 1)
	h := withPeople(t, o, false)
	id := trigger(t, h, "critical")
	until(t, "a running repair", func() bool { _, err := os.Stat(started); return err == nil })
	said, err := h.Sandbox.Slack.Command(t.Context(), ben, "#incidents", "/shodo pause all --cancel wrong host")
	if err != nil || !strings.Contains(said, "Paused: *everything*") {
		t.Fatalf("%q %v", said, err)
	}
	rec := h.Ended(id)
	if rec.Outcome != incident.HandedOver || rec.Reason != incident.Paused {
		t.Errorf("it ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
	if _, err := os.Stat(l.flag); err == nil {
		t.Error("the step was let finish")
	}
	if !metric(t, h, `shodo_pauses_in_force{scope="all"} 1`) {
		t.Error("metrics do not show it")
	}
}

// While neither Slack nor PagerDuty takes anything nobody can be told, and the engine is not ready.
func TestNotReadyWhileNobodyCanBeTold(t *testing.T) {
	l := newLab(t)
	h := withPeople(t, l.options("/usr/bin/touch"), false)
	until(t, "readiness", func() bool { return readyStatus(t, h) == http.StatusOK })
	h.Stop()
	h.Sandbox.Slack.SetOutage(true)
	h.Run()
	until(t, "readiness while PagerDuty alone is there", func() bool { return readyStatus(t, h) == http.StatusOK })
	h.Stop()
	h.Run()
	until(t, "the engine's own user", func() bool { return readyStatus(t, h) == http.StatusOK })
	h.Sandbox.PagerDuty.SetOutage(true)
	until(t, "unreadiness", func() bool { return readyStatus(t, h) == http.StatusServiceUnavailable })
	h.Sandbox.PagerDuty.SetOutage(false)
	until(t, "readiness again", func() bool { return readyStatus(t, h) == http.StatusOK })
}

func readyStatus(t *testing.T, h *apptest.Harness) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.Address()+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close() // its status is all that is asked for
	return res.StatusCode
}
