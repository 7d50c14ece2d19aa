package pagerduty

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"shodo/internal/incident"
	"shodo/internal/secret"
)

// SignatureHeader is the HTTP header that carries the signatures of a V3 webhook.
const SignatureHeader = "X-PagerDuty-Signature"

// Verify says whether one of the signatures is right for the body as it was received, under one of the secrets. Pass
// every value of the header [SignatureHeader]. While a secret is being replaced, PagerDuty signs with both.
//
// Every secret is tried against every signature in constant time, so that the time it takes does not tell which of
// them matched. Signatures of versions other than v1 are passed over, and so are empty secrets.
//
// Source: "Verifying Signatures" in PagerDuty's webhook documentation: HMAC-SHA256 of the raw body, in hexadecimal.
func Verify(secrets []secret.Value, body []byte, signatures []string) bool {
	given := parseSignatures(signatures)
	matched := 0
	for _, s := range secrets {
		key := s.Reveal()
		if key == "" {
			continue // anyone can sign with an empty secret
		}
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(body)
		want := mac.Sum(nil)
		for _, got := range given {
			matched |= subtle.ConstantTimeCompare(want, got)
		}
	}
	return matched == 1
}

func parseSignatures(headers []string) [][]byte {
	var found [][]byte
	for _, header := range headers {
		for part := range strings.SplitSeq(header, ",") {
			digits, ok := strings.CutPrefix(strings.TrimSpace(part), "v1=")
			if !ok || len(digits) != hex.EncodedLen(sha256.Size) {
				continue
			}
			if signature, err := hex.DecodeString(digits); err == nil {
				found = append(found, signature)
			}
		}
	}
	return found
}

// ErrUnreadable is the error of a webhook body that cannot be decoded.
var ErrUnreadable = errors.New("unreadable webhook body")

// Decode makes an event of the body of a V3 webhook.
//
// With an error, which wraps [ErrUnreadable], the event can be used all the same: its type is
// [incident.EventUnreadable], its id is made from the body and so the same on every repetition, and it names the
// incident if [IncidentOf] can tell one.
//
// OccurredAt is receivedAt where PagerDuty's time is missing or cannot be read.
func Decode(body []byte, receivedAt time.Time) (incident.Event, error) {
	var e envelope
	if err := unmarshalLenient(body, &e); err != nil {
		return unreadable(body, receivedAt), fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	if e.Event.ID == "" || e.Event.Type == "" {
		return unreadable(body, receivedAt), fmt.Errorf("%w: event.id or event.event_type is missing", ErrUnreadable)
	}
	occurredAt := parseTime(string(e.Event.OccurredAt))
	if occurredAt.IsZero() {
		occurredAt = receivedAt
	}
	data := e.Event.Data
	return incident.Event{
		ID:         incident.EventID(e.Event.ID),
		Type:       incident.EventType(e.Event.Type),
		OccurredAt: occurredAt,
		ReceivedAt: receivedAt,
		Agent:      e.Event.Agent.agent(),
		Incident:   data.incident(),
		Service:    data.service(),
		MergedInto: data.mergedInto(),
	}, nil
}

// envelope is what all V3 webhooks share. What is in "data" depends on data.type; its fields do not contradict each
// other.
type envelope struct {
	Event struct {
		ID         text        `json:"id"`
		Type       text        `json:"event_type"`
		OccurredAt text        `json:"occurred_at"`
		Agent      reference   `json:"agent"`
		Data       webhookData `json:"data"`
	} `json:"event"`
}

type webhookData struct {
	ID              text          `json:"id"`
	Type            text          `json:"type"`
	Incident        reference     `json:"incident"`
	Service         reference     `json:"service"`
	ResolveReason   resolveReason `json:"resolve_reason"`
	RoleAssignments []struct {
		Incident reference `json:"incident"`
	} `json:"incident_role_assignments"`
}

func (d webhookData) incident() incident.ID {
	switch {
	case d.Type == "incident" || d.Type == "incident_reference":
		return incident.ID(d.ID)
	case d.Incident.ID != "":
		return incident.ID(d.Incident.ID)
	}
	for _, assignment := range d.RoleAssignments {
		if assignment.Incident.ID != "" {
			return incident.ID(assignment.Incident.ID)
		}
	}
	return ""
}

func (d webhookData) service() incident.ServiceID {
	if d.Type == "service" {
		return incident.ServiceID(d.ID)
	}
	return incident.ServiceID(d.Service.ID)
}

func (d webhookData) mergedInto() incident.ID { return d.ResolveReason.mergedInto() }

// resolveReason is set on an incident that was closed by merging it into another one.
type resolveReason struct {
	Type     text      `json:"type"`
	Incident reference `json:"incident"`
}

func (r resolveReason) mergedInto() incident.ID {
	if r.Type != "merge_resolve_reason" {
		return ""
	}
	return incident.ID(r.Incident.ID)
}

// unreadable is the event of a body that Decode cannot read.
func unreadable(body []byte, receivedAt time.Time) incident.Event {
	sum := sha256.Sum256(body)
	return incident.Event{
		ID:         incident.EventID("unreadable-" + hex.EncodeToString(sum[:])),
		Type:       incident.EventUnreadable,
		OccurredAt: receivedAt,
		ReceivedAt: receivedAt,
		Incident:   IncidentOf(body),
	}
}

// unmarshalLenient decodes JSON and takes no offence at values of another type than expected: those stay empty.
func unmarshalLenient(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return nil // encoding/json has decoded everything else
	}
	return err
}

// text is a string that may be sent as a number; anything else is the empty text.
type text string

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(data []byte) error {
	*t = ""
	switch data = bytes.TrimSpace(data); {
	case len(data) == 0:
	case data[0] == '"':
		var s string
		if json.Unmarshal(data, &s) == nil {
			*t = text(s)
		}
	case data[0] == '-' || data[0] >= '0' && data[0] <= '9':
		*t = text(data)
	}
	return nil
}

// reference is how PagerDuty names one of its things inside another.
type reference struct {
	ID      text `json:"id"`
	Type    text `json:"type"`
	Summary text `json:"summary"`
}

func (r reference) agent() incident.Agent {
	return incident.Agent{ID: string(r.ID), Name: string(r.Summary), Type: string(r.Type)}
}

func (r reference) ref() incident.Ref {
	return incident.Ref{ID: string(r.ID), Name: string(r.Summary)}
}

// parseTime reads PagerDuty's times, of any precision; what is no time gives the zero time.
func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
