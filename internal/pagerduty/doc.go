// Package pagerduty is the edge towards PagerDuty: it checks and decodes what PagerDuty sends, and it reads and changes
// incidents.
//
// # Webhooks
//
// [Verify] checks a signature of a V3 webhook, [Decode] makes an [incident.Event] of its body. Both are lenient where
// PagerDuty is: event types and data that are not known yet, ids that are numbers, and missing fields decode. A body
// that cannot be read still gives an event, of type [incident.EventUnreadable], with the incident's id if any can be
// told, so that a person can be asked to look. There is no time in PagerDuty's signature: a replayed webhook is told
// only by its event id.
//
// # REST
//
// [Client] works on go-pagerduty. Its promises:
//
//   - Requests of one client go out strictly one after the other, in the order in which they were asked for. Use one
//     client per token.
//   - Every try of a request has a deadline, and every answer a largest size.
//   - 429, 5xx and broken connections are tried again, at the time that the server names if it names one, bounded by
//     the context and by Options.Patience. A note, which must not be written twice, is looked for before it is written
//     again.
//   - What PagerDuty answers is told apart by sentinels ([ErrNotFound], [ErrResolved], ...), never by text; a deadline is
//     context.DeadlineExceeded. No error and no log line holds the token.
//   - The base URL comes from Options only; a "self" in an answer is never followed.
//
// # Alerts
//
// [Normalise] gives an alert the form that scenarios see, whichever monitor sent it. There is one file per family of
// monitors; normalise.go says how to add one. What a monitor or PagerDuty said explicitly is never overwritten by
// what was guessed, and the alert as received is kept beside it.
//
// The package never decides anything about an incident, never keeps state beyond a short cache of services, and
// never follows a link from an alert.
package pagerduty
