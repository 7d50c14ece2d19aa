// Package workflows is the first response as Temporal workflows: one workflow per incident, one child per target that is
// being repaired, and one digest per customer and end of a window.
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
//   - whatever goes wrong inside ends as a hand-over with the reason;
//   - while a customer's windows say so nobody is told, no tier is woken and nothing is changed; and whatever waits for the
//     end of a window is read and checked again then, and told by the hand-over or listed in the digest, exactly once.
//
// Windows. Three questions are asked, each when its answer is needed and right before it is acted on: whether anything may
// be changed (change.go), whether a tier may be woken (deferral.go, telling.go) and whether the customer may be told
// (contacts.go). Page "defer" makes the incident wait, durably, and has PagerDuty snooze it, so that PagerDuty pages by
// itself should this engine be gone then. Page "suppress" ends the first response; the window's end begins the next run, if
// the incident is still open (suppress.go). A person who takes the incident ends every wait, and so do windows that change. The
// digest (digest.go) is made from the record; one that only informs about what a person took or resolved is not held back.
//
// Choices. What people choose, by a button, a command or the API, is an update of the incident's workflow (choices.go). Its
// validator refuses what may not be chosen as things stand, and leaves nothing of it in the history; its handler only notes
// the choice, and the workflow's own course acts on it and writes one line. The same press twice is one choice, by its id. A
// take-over while the engine works ends the automatic part at once, as an acknowledgement in PagerDuty does.
//
// Approvals. The engine asks (approval.go) where the autonomy is approve, or the attempt says so. What is approved is what
// was shown: each step's action and rendered parameters. They are rendered again right before a step is sent, and where they
// differ nothing is sent and it is asked once more; so it is, too, where a step reads what an earlier one gave. The target's
// lock is not held while people think, the time does not count against limits.timeout, PagerDuty stays silent, and after a yes
// it is checked again. An approval is for once. Silence approves nothing. A wish (manual.go) is an attempt that a person asks for after the hand-over: it keeps to budgets, windows,
// limits and the kill switch, and where the customer demands two people another one has to approve it.
//
// After a hand-over choices are acted on beside the loop that tells the tiers (obeying.go, handover.go), so that none waits for
// Slack or PagerDuty: the loop sees who has the incident, that the next tier is called, that the first response is finished.
// Messages in Slack are kept current (live.go): one activity renders a message again from the record and tells its thread;
// changes that come meanwhile are gathered, and nothing waits for it.
//
// The kill switch (pausing.go) is asked of the store at intake, before anybody is asked to approve, and before each change. When it
// cannot be read nothing is changed. Only a pause that cancels is told to those who run, by a signal.
//
// Histories that are open when a new version comes go on with it: what intake decided travels in the plan, so that what a
// plan does not know is not done (Plan.Asks), and testdata/histories is replayed.
//
// What an incident costs is designed: the quick read-only steps of a phase are one local activity, the limit on the
// whole run is a deadline that every step gets instead of a timer, and the first event travels in the start request
// instead of a signal.
//
// The package never speaks to PagerDuty, Slack, the store or a target by itself: it sees them through the small
// interfaces of world.go.
package workflows
