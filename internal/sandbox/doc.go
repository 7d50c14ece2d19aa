// Package sandbox is a local PagerDuty and a local Slack: real HTTP servers with state, for the demo, for
// "shodo sandbox", and for tests of the whole process.
//
// It promises to behave like the two services where the engine could notice a difference, and to be no easier than
// they are:
//
//   - [PagerDuty] keeps services, escalation policies, users, incidents, alerts, notes and log entries; answers the part
//     of REST API v2 and of Events API v2 that an incident responder uses, in the shapes of PagerDuty's OpenAPI files;
//     runs the clocks of an incident (acknowledgement timeout, snooze, escalation, auto-resolve); pages people, and
//     remembers whom and when ([PagerDuty.Paged]); sends signed V3 webhooks in order per subscription and incident, retries
//     them, drops them, and switches a subscription off after three drops.
//   - [Slack] takes messages, updates, private answers, threads and files, knows people and user groups, and refuses what
//     Slack refuses: arguments that a method does not take, missing scopes, Block Kit's limits with the undocumented total,
//     unknown channels, more than one message a second and channel. What people do there ([Slack.Press],
//     [Slack.Command]) reaches the app by a signed request, or over Socket Mode while the app has a connection open.
//   - Both can be made to fail on purpose: see [Fault], [PagerDuty.SetOutage], [PagerDuty.SetShape], [PagerDuty.Hold],
//     [Slack.SetOutage], [Slack.RevokeTokens], [Slack.DeleteChannel], [Slack.RefreshSockets].
//   - [Server] runs both on addresses of its own, each with a page for people at "/".
//
// What people do is also there over HTTP, below PagerDuty's address: POST /ui/incidents/ID/MOVE with the form fields "as"
// (id, name or e-mail address of a user), "text" and "to"; MOVE is acknowledge, resolve, reopen, reassign, note, or
// recover, which is the monitor's. "Accept: application/json" gives {"incident", "status"} or {"error"}. POST /ui/send takes
// the JSON that [PagerDuty.Send] describes. Below Slack's address: POST /ui/press with the form fields "as" (id of a user),
// "channel", "ts", "action_id" and "ticked", and POST /ui/command with "as", "channel" and "text".
//
// Facts about the real services are cited where they are used; "OpenAPI" means PagerDuty's published
// reference/REST/openapiv3.json of 2026-08-14.
//
// It never leaves the machine by itself: the only requests it makes are webhooks and presses to the URLs it was given. It keeps
// everything in memory, and it is no place for secrets: its tokens are made up.
package sandbox
