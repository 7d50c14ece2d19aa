package main

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"shodo/internal/analytics"
	"shodo/internal/incident"
	"shodo/internal/store"
)

// seedWindows is "seed_windows FILE": it makes a store with what windows did in 2025-W45 and W46 in Tokyo.
func seedWindows(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: seed_windows FILE")
	}
	ts.Check(writeWindows(ts.MkAbs(args[0])))
}

const (
	nights  = `quiet hours "nights"`
	release = `maintenance "release 42"`
)

// writeWindows writes five incidents that a window held back until 07:00, at five different ends, two that one
// suppressed, and in the week before one of each. Each is created at 23:00 and deferred or suppressed a minute later.
func writeWindows(path string) error {
	s, err := store.Open(context.Background(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer s.Close()
	page := func(kind incident.TransitionKind) incident.Transition {
		return incident.Transition{Kind: kind, Question: incident.Page, Window: nights}
	}
	told, taken := incident.Transition{Kind: incident.ToldTier, By: "operations"}, incident.Transition{Kind: incident.PersonTook, By: "Aiko Tanaka"}
	ended := func(o incident.Outcome, window string) incident.Transition {
		return incident.Transition{Kind: incident.Ended, Outcome: o, Window: window}
	}
	contact, contacted := page(incident.Deferred), page(incident.ToldContact)
	contact.Question, contacted.Question = incident.Contact, incident.Contact
	for _, c := range []struct {
		id      string
		evening int                   // of November
		lines   []incident.Transition // the first at 23:01, the others at 07:00 and each a minute later
	}{
		{id: "BEFORE", evening: 5, lines: []incident.Transition{page(incident.Deferred), page(incident.Resumed), ended(incident.Cleared, ""), page(incident.Listed)}},
		{id: "BEFORE2", evening: 6, lines: []incident.Transition{ended(incident.Suppressed, release)}},
		{id: "TOLD", evening: 10, lines: []incident.Transition{page(incident.Deferred), page(incident.Resumed), ended(incident.HandedOver, ""), told, taken}},
		{id: "LISTED", evening: 11, lines: []incident.Transition{page(incident.Deferred), page(incident.Resumed), ended(incident.Cleared, ""), page(incident.Listed)}},
		{id: "TAKEN", evening: 12, lines: []incident.Transition{page(incident.Deferred), taken, page(incident.Resumed), ended(incident.TakenOver, "")}},
		{id: "WAITS", evening: 13, lines: []incident.Transition{page(incident.Deferred)}},
		{id: "OTHER", evening: 14, lines: []incident.Transition{page(incident.Deferred), page(incident.Resumed), ended(incident.Cleared, "")}},
		{id: "RELEASE", evening: 14, lines: []incident.Transition{ended(incident.Suppressed, release)}},
		{id: "CONTACT", evening: 15, lines: []incident.Transition{contact, contacted, ended(incident.Cleared, "")}},
		{id: "RELEASE2", evening: 15, lines: []incident.Transition{ended(incident.Suppressed, release)}},
	} {
		if err := writeEvening(s, incident.ID(c.id), c.evening, c.lines); err != nil {
			return fmt.Errorf("%s: %w", c.id, err)
		}
	}
	return s.Close()
}

func writeEvening(s *store.Store, id incident.ID, day int, lines []incident.Transition) error {
	ctx := context.Background()
	created := time.Date(2025, 11, day, 23, 0, 0, 0, time.FixedZone("", 9*60*60))
	if _, err := s.Begin(ctx, incident.Record{
		Incident:    incident.Incident{ID: id, Title: "Disk /data full", Status: incident.Triggered, CreatedAt: created, AlertCount: 1},
		WorkflowRun: "run-of-" + string(id), ReceivedAt: created, Customer: incident.Customer{ID: "minato", Department: "cloud-1"},
		Match: incident.Match{Scenario: "disk-full", Target: string(id)},
	}); err != nil {
		return err
	}
	morning := created.Add(8 * time.Hour)
	if len(lines) > 1 || lines[0].Kind == incident.Ended {
		lines = append(lines, incident.Transition{Kind: incident.ResponseEnd})
	}
	for i := range lines {
		n := &lines[i]
		n.Incident, n.Run, n.Key, n.At = id, 1, fmt.Sprint(i), created.Add(time.Minute)
		if i > 0 {
			n.At = morning.Add(time.Duration(i-1) * time.Minute)
		}
		if n.Kind == incident.Deferred {
			n.Until, n.Policy = morning, "hash"
		}
	}
	return s.Append(ctx, lines)
}

// Every word about windows is there in each language.
func TestStatsWordsOfWindows(t *testing.T) {
	for language, w := range statsWords {
		for name, word := range map[string]string{"window": w.window, "question": w.question, "suppressed": w.suppressed, "deferred": w.deferred,
			"wait": w.waitP50, "told": w.told, "listed": w.listed, "taken": w.taken, "waiting": w.waiting, "other": w.other, "no window": w.ofNoWindow,
			"waited": w.waited, "neither": w.neitherYet, "page": w.questions[incident.Page], "contact": w.questions[incident.Contact],
			"figure": w.figures[analytics.DeferralWait]} {
			if word == "" {
				t.Errorf("%s has no word for %s", language, name)
			}
		}
	}
}
