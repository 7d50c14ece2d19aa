// Package workflows is the first response as Temporal workflows: one workflow per incident, and one child per target
// that is being repaired.
//
// The life of an incident is Incident in incident.go; it reads like the runbook that a person would follow. Everything
// that looks at the world, at the clock, at a catalog or at an expression is an activity; the workflow only sequences,
// so that a replay gives the same.
//
// It promises that
//
//   - every incident that was started ends with one outcome in the record, or waits, durably, for a person;
//   - a changing action is sent at most once per attempt, whatever crashes, unless it is idempotent: its intent is in
//     the store before it is sent, and an intent without an end is an unknown effect, never a second try;
//   - nothing is changed once a person has acknowledged, reassigned or resolved the incident: the incident is read
//     again before every change, and a running step is cancelled when PagerDuty tells;
//   - whatever goes wrong inside ends as a hand-over with the reason.
//
// What an incident costs is designed: the quick read-only steps of a phase are one local activity, the limit on the
// whole run is a deadline that every step gets instead of a timer, and the first event travels in the start request
// instead of a signal.
//
// The package never speaks to PagerDuty, Slack, the store or a target by itself: it sees them through the small
// interfaces of world.go.
package workflows
