package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"shodo/internal/incident"
	"shodo/internal/sandbox"
)

// approvePayments lets somebody approve the repair that asks: whoever sits at the terminal, whoever presses the button on
// Slack's page, or, when nobody does in time, a person of the demo, who presses the same button.
func approvePayments(ctx context.Context, s *stage, id incident.ID) (string, error) {
	var at sandbox.Message
	var button string
	err := until(ctx, func() (found bool, err error) {
		at, button, found = s.question(id)
		return found, nil
	})
	if err != nil {
		return "", fmt.Errorf("wait for the question in Slack: %w", err)
	}
	patience := time.NewTimer(s.patient)
	defer patience.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	how := "presses Approve in Slack"
	for waiting := true; waiting; {
		select {
		case <-s.approve:
			how, waiting = "approves: somebody has pressed Enter here", false
		case <-patience.C:
			waiting = false
		case <-tick.C:
			if who := s.answered(ctx, id); who != "" {
				return who + " approves on Slack's page", nil
			}
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
	if err := s.sandbox.Slack.Press(ctx, sandbox.Press{User: aikoID, Channel: minatoChannel, TS: at.TS, ActionID: button}); err != nil {
		return "", fmt.Errorf("press Approve in Slack: %w", err)
	}
	return aiko + " " + how, nil
}

// question finds the message that asks about an incident, and its button.
func (s *stage) question(id incident.ID) (at sandbox.Message, button string, found bool) {
	for _, m := range s.sandbox.Slack.Messages(minatoChannel) {
		var blocks []struct {
			Elements []struct {
				ActionID string `json:"action_id"`
				Value    string `json:"value"`
			} `json:"elements"`
		}
		if json.Unmarshal(m.Blocks, &blocks) != nil {
			continue // text alone
		}
		for _, b := range blocks {
			for _, e := range b.Elements {
				if strings.HasPrefix(e.ActionID, "shodo:"+string(incident.Grant)) && strings.Contains(e.Value, string(id)) {
					return m, e.ActionID, true
				}
			}
		}
	}
	return at, "", false
}

// answered says who has approved; empty while nobody has.
func (s *stage) answered(ctx context.Context, id incident.ID) string {
	rec, err := s.app.Store().Record(ctx, id)
	if err != nil {
		return ""
	}
	i := slices.IndexFunc(rec.Transitions, func(t incident.Transition) bool { return t.Kind == incident.Chosen && t.Choice == incident.Grant })
	if i < 0 {
		return ""
	}
	return rec.Transitions[i].By
}
