package pagerduty

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"shodo/internal/secret"
)

const maxMessage = 500 // characters of PagerDuty's own text that are kept in an error

// refusal makes an error of an answer that is not a success.
func (t *transport) refusal(req *http.Request, answer *http.Response, body []byte) *Error {
	code, message := readRefusal(body)
	failure := t.failure(req, meaning(answer.StatusCode, code), nil)
	failure.Status = answer.StatusCode
	failure.Code = code
	if t.secret != "" {
		message = strings.ReplaceAll(message, t.secret, secret.Hidden)
	}
	failure.Message = cut(message, maxMessage)
	failure.RetryAfter = retryAfter(answer.Header, t.now(), failure.kind == ErrRateLimited)
	if failure.kind == ErrUnavailable && req.Method != http.MethodGet {
		failure.cause = ErrUnknownEffect // a server that fails may have done it before
	}
	return failure
}

// readRefusal reads the error object of an answer. PagerDuty sends "errors" as a list, as one text, or the whole error
// as a list; proxies in between send anything.
func readRefusal(body []byte) (code int, message string) {
	var object struct {
		Error struct {
			Code    json.Number     `json:"code"`
			Message text            `json:"message"`
			Errors  json.RawMessage `json:"errors"`
		} `json:"error"`
	}
	if unmarshalLenient(body, &object) != nil {
		return 0, strings.TrimSpace(cut(string(body), maxMessage))
	}
	code, _ = strconv.Atoi(object.Error.Code.String())
	parts := []string{string(object.Error.Message)}
	var list []string
	var one string
	if json.Unmarshal(object.Error.Errors, &list) == nil {
		parts = append(parts, list...)
	} else if json.Unmarshal(object.Error.Errors, &one) == nil {
		parts = append(parts, one)
	}
	return code, strings.Trim(strings.Join(parts, ": "), ": ")
}

// retryAfter reads the time that the server asks to wait: HTTP's Retry-After in seconds or as a date, or, when the rate
// limit is reached, PagerDuty's ratelimit-reset in seconds. 0 when there is none, and for a time in the past.
func retryAfter(header http.Header, now time.Time, limited bool) time.Duration {
	names := []string{"Retry-After"}
	if limited {
		names = append(names, "ratelimit-reset")
	}
	for _, name := range names {
		value := strings.TrimSpace(header.Get(name))
		if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds >= 0 && seconds < 1e6 {
			return time.Duration(seconds * float64(time.Second))
		}
		if date, err := http.ParseTime(value); err == nil {
			return max(0, date.Sub(serverNow(header, now)))
		}
	}
	return 0
}

// serverNow is the server's time if it says it, so that a wrong clock on our side does no harm.
func serverNow(header http.Header, now time.Time) time.Time {
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		return date
	}
	return now
}

// route is the path with ids taken out, for metrics: "/incidents/{id}/notes".
func route(path string) string {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	for i := 1; i < len(segments); i += 2 {
		segments[i] = "{id}"
	}
	return "/" + strings.Join(segments, "/")
}

// isDecisive says whether PagerDuty's refusal may only mean that what was asked for is true already, or that the
// incident is closed: reading it tells.
func isDecisive(err error) bool {
	return errors.Is(err, ErrRejected) || errors.Is(err, ErrResolved) ||
		errors.Is(err, errAcknowledged) || errors.Is(err, errChanged)
}
