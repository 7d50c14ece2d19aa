package pagerduty

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// What PagerDuty's refusals and failures mean. Test for them with errors.Is; the error itself is an *[Error].
var (
	// ErrUnauthorized: the token is missing, wrong or revoked.
	ErrUnauthorized = errors.New("token not accepted")
	// ErrForbidden: the token or the user of Options.From may not do this.
	ErrForbidden = errors.New("not permitted")
	// ErrNotFound: there is no such thing, or this token cannot see it.
	ErrNotFound = errors.New("not found")
	// ErrRateLimited: the rate limit did not let the request through in time. [Error.RetryAfter] may say when it will.
	ErrRateLimited = errors.New("rate limit reached")
	// ErrUnavailable: PagerDuty could not be reached or answered 5xx, also after trying again.
	ErrUnavailable = errors.New("unavailable")
	// ErrRejected: PagerDuty does not accept the request, and will not accept it later either.
	ErrRejected = errors.New("rejected")
	// ErrResolved: the incident is resolved or merged, and was not changed.
	ErrResolved = errors.New("incident is already resolved")
	// ErrCannotEscalate: the escalation policy has no such level.
	ErrCannotEscalate = errors.New("incident cannot be escalated to that level")
	// ErrNobodyOnCall: nobody is on call for the escalation policy.
	ErrNobodyOnCall = errors.New("nobody is on call for the escalation policy")
	// ErrUnknownEffect: the request was sent, but whether it was carried out is not known.
	ErrUnknownEffect = errors.New("effect unknown")
	// ErrTooLarge: the answer is larger than the client reads.
	ErrTooLarge = errors.New("answer too large")

	errAcknowledged = errors.New("incident is already acknowledged")
	errChanged      = errors.New("incident was changed by somebody else at the same time")
)

// PagerDuty's own error codes, in the body of a refusal. Source: "Errors" in PagerDuty's REST API documentation.
const (
	codeAlreadyResolved     = 1001
	codeAlreadyAcknowledged = 1002
	codeDataChanged         = 1005
	codeCannotEscalate      = 1006
	codeNobodyOnCall        = 1015
	codeAlreadyMerged       = 1019
	codeAccessLost          = 2018 // resolving took away the right to see the incident
	codeRateLimit           = 2020
	codeNotFound            = 2100
)

// Error is a request to PagerDuty that did not succeed.
type Error struct {
	Method string
	Path   string // without the query
	Status int    // HTTP's; 0 when there was no answer
	Code   int    // PagerDuty's own code; 0 when it gave none

	// Message is PagerDuty's own text, of bounded length. It is for people; nothing is decided by it.
	Message string
	// RetryAfter is how long PagerDuty asks to wait; 0 when it does not say.
	RetryAfter time.Duration

	kind  error // one of the sentinels, or nil when the context ended
	cause error // what the network or the context said, if anything
}

// Error tells the request, the meaning, and PagerDuty's own words.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "pagerduty %s %s", e.Method, e.Path)
	if e.kind != nil {
		fmt.Fprintf(&b, ": %v", e.kind)
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, ": status %d", e.Status)
	}
	if e.Code != 0 {
		fmt.Fprintf(&b, ", code %d", e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %q", e.Message)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, " (retry after %v)", e.RetryAfter.Round(time.Second))
	}
	if e.cause != nil {
		fmt.Fprintf(&b, ": %v", e.cause)
	}
	if hint := e.hint(); hint != "" {
		fmt.Fprintf(&b, " (hint: %s)", hint)
	}
	return b.String()
}

func (e *Error) hint() string {
	switch {
	case e.kind == ErrUnauthorized:
		return "check pagerduty.token, and that pagerduty.api_url is the region of its account"
	case e.kind == ErrForbidden && e.Method != http.MethodGet:
		return "check that pagerduty.from is the e-mail address of a user who may change incidents"
	case e.Status >= 300 && e.Status < 400:
		return "redirects are not followed; check pagerduty.api_url"
	}
	return ""
}

// Unwrap gives the meaning and the cause.
func (e *Error) Unwrap() []error {
	var list []error
	for _, err := range []error{e.kind, e.cause} {
		if err != nil {
			list = append(list, err)
		}
	}
	return list
}

// meaning tells what a status and a code mean.
func meaning(status, code int) error {
	switch code {
	case codeAlreadyResolved, codeAlreadyMerged:
		return ErrResolved
	case codeAlreadyAcknowledged:
		return errAcknowledged
	case codeDataChanged:
		return errChanged
	case codeCannotEscalate:
		return ErrCannotEscalate
	case codeNobodyOnCall:
		return ErrNobodyOnCall
	case codeAccessLost:
		return ErrForbidden
	case codeRateLimit:
		return ErrRateLimited
	case codeNotFound:
		return ErrNotFound
	}
	switch {
	case status == http.StatusUnauthorized:
		return ErrUnauthorized
	case status == http.StatusForbidden:
		return ErrForbidden
	case status == http.StatusNotFound:
		return ErrNotFound
	case status == http.StatusTooManyRequests:
		return ErrRateLimited
	case status >= 500:
		return ErrUnavailable
	}
	return ErrRejected
}

// codeOf gives PagerDuty's own code of an error; 0 if it has none.
func codeOf(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}
