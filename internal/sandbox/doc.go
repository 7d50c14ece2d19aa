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
//   - [Slack] takes messages, updates, threads and files, and refuses what Slack refuses: Block Kit's limits with the
//     undocumented total, unknown channels, more than one message a second and channel.
//   - Both can be made to fail on purpose: see [Fault], [PagerDuty.SetOutage], [PagerDuty.SetShape], [PagerDuty.Hold].
//   - [Server] runs both on addresses of its own, with a page for people at "/".
//
// What people do is also there over HTTP, below PagerDuty's address: POST /ui/incidents/ID/MOVE with the form fields "as"
// (id, name or e-mail address of a user), "text" and "to"; MOVE is acknowledge, resolve, reopen, reassign, note, or
// recover, which is the monitor's. "Accept: application/json" gives {"incident", "status"} or {"error"}. POST /ui/send takes
// the JSON that [PagerDuty.Send] describes.
//
// Facts about the real services are cited where they are used; "OpenAPI" means PagerDuty's published
// reference/REST/openapiv3.json of 2026-08-14.
//
// It never leaves the machine by itself: the only requests it makes are webhooks to the URLs it was given. It keeps
// everything in memory, and it is no place for secrets: its tokens are made up.
package sandbox
