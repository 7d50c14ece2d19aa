package pagerduty

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	pd "github.com/PagerDuty/go-pagerduty"

	"shodo/internal/secret"
)

// library is go-pagerduty with its faults worked around. This file is the only one that knows the library, and the
// only one that knows its faults (v1.8.0):
//
//   - It wraps the HTTP client's errors as text, so that errors.Is finds no deadline; and it drops the body of answers
//     that are not JSON and every header. So the transport makes errors of refusals, and call hands them on.
//   - Incident, IncidentBody and ConferenceBridge fail to decode on "details" as an object and on a number as
//     conference_number; LogEntry fails on nested event_details; Service has one strict type for each of its many
//     settings. IncidentAlert loses the first trigger log entry, and the alert as received. So incidents, alerts, log
//     entries and services are read by request, into lenient types.
//   - ManageIncidents uses the bulk operation, which has a rate limit of its own, and decodes the whole incident after
//     the change has been made. SnoozeIncident sends no From. So changes are made by request.
//   - NewOAuthClient ignores its options; it is not used.
//   - CreateIncidentNote takes From out of the note's User.Summary; createNote puts it there. It leaves an empty text
//     out of the request, which PagerDuty then refuses for another reason than the true one.
type library struct {
	*pd.Client
	api  string
	from string
}

func newLibrary(api string, token secret.Value, from string, t *transport) *library {
	client := pd.NewClient(token.Reveal(), pd.WithAPIEndpoint(api))
	client.HTTPClient = ear{t}
	return &library{Client: client, api: api, from: from}
}

// ear keeps the transport's error beside the call, where the library cannot flatten it.
type ear struct{ transport *transport }

type heard struct{ err error }

type heardKey struct{}

func (e ear) Do(req *http.Request) (*http.Response, error) {
	answer, err := e.transport.Do(req)
	if h, ok := req.Context().Value(heardKey{}).(*heard); ok && err != nil {
		h.err = err
	}
	return answer, err
}

// call runs one of the library's methods and gives the transport's error for the library's.
func call[T any](ctx context.Context, method func(context.Context) (T, error)) (T, error) {
	var h heard
	result, err := method(context.WithValue(ctx, heardKey{}, &h))
	if err != nil && h.err != nil {
		err = h.err
	}
	return result, err
}

// request sends one request with the library's authentication and decodes the answer leniently into "into", if that is
// not nil. Changes go out under From.
func (l *library) request(ctx context.Context, method, path string, query url.Values, body, into any) (http.Header, error) {
	target := l.api + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	var content *bytes.Reader
	if body == nil {
		content = bytes.NewReader(nil)
	} else {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("encode the request to %s: %w", path, err)
		}
		content = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, content)
	if err != nil {
		return nil, fmt.Errorf("make the request to %s: %w", path, err)
	}
	if method != http.MethodGet {
		req.Header.Set("From", fromOf(ctx, l.from))
	}
	answer, err := l.Do(req, true)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if into == nil {
		return answer.Header, nil
	}
	var buffer bytes.Buffer
	if _, err := buffer.ReadFrom(answer.Body); err != nil {
		return nil, fmt.Errorf("read the answer of %s %s: %w", method, path, err)
	}
	if err := unmarshalLenient(buffer.Bytes(), into); err != nil {
		return nil, &Error{Method: method, Path: path, Status: answer.StatusCode, kind: ErrUnavailable,
			Message: "the answer is not JSON", cause: err}
	}
	return answer.Header, nil
}

type fromKey struct{}

// withFrom makes the changes under ctx go out in the name of another user than the engine's.
func withFrom(ctx context.Context, email string) context.Context {
	return context.WithValue(ctx, fromKey{}, email)
}

func fromOf(ctx context.Context, otherwise string) string {
	if email, ok := ctx.Value(fromKey{}).(string); ok {
		return email
	}
	return otherwise
}

// notes gives the texts of an incident's notes. PagerDuty sends all of them, up to 2,000, in one answer.
func (l *library) notes(ctx context.Context, id string) ([]string, error) {
	notes, err := call(ctx, func(ctx context.Context) ([]pd.IncidentNote, error) {
		return l.ListIncidentNotesWithContext(ctx, id)
	})
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(notes))
	for i, note := range notes {
		texts[i] = note.Content
	}
	return texts, nil
}

// createNote writes a note. When it was written and only the answer makes no sense, that is no error.
func (l *library) createNote(ctx context.Context, id, content string) error {
	_, err := call(ctx, func(ctx context.Context) (*pd.IncidentNote, error) {
		return l.CreateIncidentNoteWithContext(ctx, id, pd.IncidentNote{Content: content, User: pd.APIObject{Summary: l.from}})
	})
	var refused *Error
	if err != nil && !errors.As(err, &refused) && ctx.Err() == nil {
		return nil
	}
	return err
}

// userByEmail finds the user with exactly this e-mail address; PagerDuty's own search finds similar ones too.
func (l *library) userByEmail(ctx context.Context, email string) (pd.User, error) {
	const page = 100
	for offset := uint(0); ; offset += page {
		list, err := call(ctx, func(ctx context.Context) (*pd.ListUsersResponse, error) {
			return l.ListUsersWithContext(ctx, pd.ListUsersOptions{Query: email, Limit: page, Offset: offset})
		})
		if err != nil {
			return pd.User{}, err
		}
		for _, user := range list.Users {
			if strings.EqualFold(user.Email, email) {
				return user, nil
			}
		}
		if !list.More || len(list.Users) == 0 {
			return pd.User{}, &Error{Method: http.MethodGet, Path: "/users", kind: ErrNotFound,
				Message: fmt.Sprintf("no user has the e-mail address %q; check pagerduty.from", email)}
		}
	}
}
