package action

import (
	"context"
	"errors"
	"fmt"

	"shodo/internal/incident"
)

// ErrUnknown is in the error of Set.Run for a name that is not in the set.
var ErrUnknown = errors.New("unknown action")

// ErrNoCredential is what Connections answer when the customer has no such credential.
var ErrNoCredential = errors.New("the customer has no such credential")

// Error is a failed run of an action. Its text holds no secret.
type Error struct {
	Kind incident.ErrorKind
	Err  error  // what was being done to what, and what went wrong
	Hint string // what a person can do about it; may be empty
}

// Errorf makes an Error of that kind; format is fmt.Errorf's.
func Errorf(kind incident.ErrorKind, format string, args ...any) *Error {
	return &Error{Kind: kind, Err: fmt.Errorf(format, args...)}
}

// WithHint gives the same error with a hint.
func (e *Error) WithHint(format string, args ...any) *Error {
	return &Error{Kind: e.Kind, Err: e.Err, Hint: fmt.Sprintf(format, args...)}
}

// Error gives the text, with the hint in parentheses.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Err.Error()
	}
	return e.Err.Error() + " (" + e.Hint + ")"
}

// Unwrap gives the error inside.
func (e *Error) Unwrap() error { return e.Err }

// KindOf tells what a failure means. Nil has the empty kind. An error that is not an *Error is cancelled or timeout when
// it comes from a context, and otherwise permanent: what nobody has classified is not tried again.
func KindOf(err error) incident.ErrorKind {
	var known *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &known):
		return known.Kind
	case errors.Is(err, context.Canceled):
		return incident.Cancelled
	case errors.Is(err, context.DeadlineExceeded):
		return incident.TimedOut
	}
	return incident.Permanent
}

// Ended gives the error of work that its context ended while doing something ("wait for host \"web-1\""): cancelled or
// timeout. It gives nil while the context lives.
func Ended(ctx context.Context, format string, args ...any) *Error {
	doing := fmt.Sprintf(format, args...)
	switch err := ctx.Err(); {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return Errorf(incident.Cancelled, "%s: cancelled", doing)
	default:
		return Errorf(incident.TimedOut, "%s: did not end in time", doing)
	}
}
