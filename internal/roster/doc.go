// Package roster knows people: who is on call, who somebody of Slack is in PagerDuty, and who may decide about an incident.
//
// # Who may
//
// What a person decides changes something, so the person has to be one of these:
//
//   - an operator: named in the setting slack.operators;
//   - named in the customer's file, in a tier's people, by user or by user group;
//   - on call now, at any level, for a tier's escalation policy in PagerDuty.
//
// Every tier of the customer counts. Only where one tier is asked to approve something, it and those behind it count. An
// incident that belongs to no customer has the escalation policy that it has in PagerDuty.
//
// # How people are found
//
// From PagerDuty's user to the e-mail address to Slack's user, never the other way round: an address in the profile of a
// guest from another workspace proves nothing, and Slack finds members of its own workspace only by their address. Whom
// Slack does not find has a name and no mention.
//
// # What it promises
//
//   - Nobody may without a reason that [Verdict] names. What cannot be looked up never makes a yes; [Verdict] says then that
//     its no may be wrong.
//   - Answers are kept: people and groups for ten minutes, who is on call for one. While a source is away, or slow, the
//     last answer counts, for a day at most: somebody who was on call when PagerDuty went away may still act.
//   - Many who ask the same at once ask the source once, and whoever stops waiting stops nobody else.
//
// It never changes anything, and keeps nothing beyond the process.
package roster
