package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"shodo/internal/incident"
)

const (
	changeTries = 3
	maxNote     = 20_000             // characters; PagerDuty does not publish its own limit
	longestNap  = 7 * 24 * time.Hour // PagerDuty's limit of a snooze
)

// Acknowledge acknowledges the incident. It succeeds without a change when the incident is acknowledged already, by
// whomever, and gives [ErrResolved] when it is resolved.
//
// PagerDuty reopens a resolved incident that is acknowledged. So the incident is read first, and nothing is sent again
// without reading it again; what remains is the moment between the two requests.
func (c *Client) Acknowledge(ctx context.Context, id incident.ID) error {
	err := c.acknowledge(ctx, id, c.from, func(now wireIncident) bool { return incident.Status(now.Status) == incident.Acknowledged })
	if err != nil {
		return fmt.Errorf("acknowledge incident %q: %w", id, err)
	}
	return nil
}

// acknowledge acknowledges the incident under an e-mail address, unless it is acknowledged already as it should be.
func (c *Client) acknowledge(ctx context.Context, id incident.ID, from string, reached func(wireIncident) bool) error {
	var failed error
	for try := range changeTries {
		if try > 0 {
			if err := sleep(ctx, jitter(firstBackoff<<try)); err != nil {
				return errors.Join(failed, err)
			}
		}
		wire, _, err := c.fetch(ctx, id)
		switch {
		case err != nil:
			return err
		case incident.Status(wire.Status) == incident.Resolved:
			return ErrResolved
		case reached(wire):
			return nil
		}
		failed = c.put(withFrom(withRepetition(ctx, never), from), id, map[string]any{"status": incident.Acknowledged})
		if failed == nil {
			return nil
		}
		again := isDecisive(failed) || errors.Is(failed, ErrUnavailable) || errors.Is(failed, ErrRateLimited)
		if !again || codeOf(failed) == codeNoRequester || ctx.Err() != nil {
			break
		}
	}
	return failed
}

// Resolve resolves the incident, with resolution as the note of the resolution if it is not empty; that is one request.
// It succeeds without a change when the incident is resolved already.
func (c *Client) Resolve(ctx context.Context, id incident.ID, resolution string) error {
	fields := map[string]any{"status": incident.Resolved}
	if resolution != "" {
		fields["resolution"] = cut(resolution, maxNote)
	}
	err := c.change(ctx, id, fields, func(wireIncident) bool { return false })
	if errors.Is(err, ErrResolved) || codeOf(err) == codeAccessLost {
		return nil
	}
	if err != nil {
		return fmt.Errorf("resolve incident %q: %w", id, err)
	}
	return nil
}

// Reassign gives the incident to an escalation policy, which starts to page from its first level. It succeeds without
// another page when it turns out, after an unclear answer, that the policy has the incident and pages: one that was
// acknowledged is triggered again.
func (c *Client) Reassign(ctx context.Context, id incident.ID, policy string) error {
	if !isID(policy) {
		return fmt.Errorf("reassign incident %q: %w: %q is no id of an escalation policy", id, ErrRejected, policy)
	}
	fields := map[string]any{"escalation_policy": map[string]string{"id": policy, "type": "escalation_policy_reference"}}
	err := c.change(ctx, id, fields, func(now wireIncident) bool {
		return string(now.EscalationPolicy.ID) == policy && incident.Status(now.Status) == incident.Triggered
	})
	if err != nil {
		return fmt.Errorf("reassign incident %q to policy %q: %w", id, policy, err)
	}
	return nil
}

// Escalate pages the level of the incident's escalation policy, counted from 1. When the answer is lost it pages again:
// twice is better than not at all.
func (c *Client) Escalate(ctx context.Context, id incident.ID, level int) error {
	err := c.change(ctx, id, map[string]any{"escalation_level": level}, func(wireIncident) bool { return false })
	if err != nil {
		return fmt.Errorf("escalate incident %q to level %d: %w", id, level, err)
	}
	return nil
}

// Snooze silences the incident for d, rounded up to seconds; then it returns to triggered. Between one second and seven
// days.
func (c *Client) Snooze(ctx context.Context, id incident.ID, d time.Duration) error {
	if d <= 0 || d > longestNap {
		return fmt.Errorf("snooze incident %q: %w: %v is not between 1s and %v", id, ErrRejected, d, longestNap)
	}
	path, err := incidentPath(id)
	if err != nil {
		return fmt.Errorf("snooze incident %q: %w", id, err)
	}
	seconds := int((d + time.Second - 1) / time.Second)
	// Sent twice it only ends a moment later, so it can be repeated.
	_, err = c.library.request(withRepetition(ctx, repeatable), http.MethodPost, path+"/snooze", nil,
		map[string]int{"duration": seconds}, nil)
	if isDecisive(err) {
		err = c.explain(ctx, id, err)
	}
	if err != nil {
		return fmt.Errorf("snooze incident %q: %w", id, err)
	}
	return nil
}

// Note writes a note. The key, if it is not empty, is shown in the note's last line and tells it from all others: give
// every note one that is the same on every repetition. With mayExist the notes are read first, and nothing is done when
// one with this key, or without a key this text, is there. The same is done before anything is sent again after an
// unclear answer. Texts of more than 20,000 characters are cut, and say so.
func (c *Client) Note(ctx context.Context, id incident.ID, key, text string, mayExist bool) error {
	if err := c.note(ctx, id, key, text, mayExist); err != nil {
		return fmt.Errorf("write a note on incident %q: %w", id, err)
	}
	return nil
}

func (c *Client) note(ctx context.Context, id incident.ID, key, text string, look bool) error {
	if _, err := incidentPath(id); err != nil {
		return err
	}
	content := noteContent(key, text)
	if content == "" { // the library would leave the field out
		return fmt.Errorf("%w: the note is empty", ErrRejected)
	}
	var failed error
	for try := range changeTries {
		if try > 0 { // the server may still be writing
			if err := sleep(ctx, jitter(firstPause<<try)); err != nil {
				return errors.Join(failed, err)
			}
		}
		if look {
			notes, err := c.library.notes(ctx, string(id))
			if err != nil {
				return errors.Join(failed, err)
			}
			if hasNote(notes, key, content) {
				return nil
			}
		}
		failed = c.library.createNote(ctx, string(id), content)
		if !errors.Is(failed, ErrUnknownEffect) || ctx.Err() != nil {
			return failed
		}
		look = true
	}
	return failed
}

func noteContent(key, text string) string {
	text = cut(strings.TrimSpace(text), maxNote)
	if key == "" {
		return text
	}
	return text + "\n\n" + keyLine(key)
}

func keyLine(key string) string { return "shodo: " + strings.Join(strings.Fields(key), "_") }

func hasNote(notes []string, key, content string) bool {
	for _, note := range notes {
		note = strings.TrimSpace(note)
		if key == "" && note == content {
			return true
		}
		if key != "" && (note == keyLine(key) || strings.HasSuffix(note, "\n"+keyLine(key))) {
			return true
		}
	}
	return false
}

// change sends a change that may be repeated. Where PagerDuty refuses it, or its effect is unknown, the incident as it
// is now decides: reached says that it is as it should be; one that is resolved gives ErrResolved.
func (c *Client) change(ctx context.Context, id incident.ID, fields map[string]any, reached func(wireIncident) bool) error {
	var err error
	for range changeTries {
		err = c.put(ctx, id, fields)
		if err == nil || !isDecisive(err) && !errors.Is(err, ErrUnknownEffect) {
			return err
		}
		now, _, readErr := c.fetch(ctx, id)
		switch {
		case readErr != nil:
			return err
		case reached(now):
			return nil
		case incident.Status(now.Status) == incident.Resolved:
			return resolved(err)
		case !errors.Is(err, errChanged):
			return err
		}
	}
	return err
}

// explain gives ErrResolved for a refusal when the incident is resolved.
func (c *Client) explain(ctx context.Context, id incident.ID, refusal error) error {
	now, _, err := c.fetch(ctx, id)
	if err == nil && incident.Status(now.Status) == incident.Resolved {
		return resolved(refusal)
	}
	return refusal
}

func resolved(refusal error) error {
	if errors.Is(refusal, ErrResolved) {
		return refusal
	}
	return fmt.Errorf("%w: %w", ErrResolved, refusal)
}

func (c *Client) put(ctx context.Context, id incident.ID, fields map[string]any) error {
	path, err := incidentPath(id)
	if err != nil {
		return err
	}
	fields["type"] = "incident"
	_, err = c.library.request(ctx, http.MethodPut, path, nil, map[string]any{"incident": fields}, nil)
	return err
}
