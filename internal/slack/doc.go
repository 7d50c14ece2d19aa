// Package slack posts messages to Slack channels: the hand-over packet with its thread and files, later changes of a
// message, and replies; answers one person privately; looks people up; and reads what people do there: presses of buttons
// and slash commands, as requests or over Socket Mode. It is built on slack-go and is the only user of it. It decides
// nothing: who may do what is for those who call it.
//
// What it promises:
//
//   - A person is told before anything else. Post is about the message itself; when a reply or a file of it is not taken
//     afterwards, the message stands, [Posted] says what is missing, and that is no error. When Slack refuses the blocks of
//     a message, its plain text is posted instead.
//   - Slack's limits are kept: a bucket per channel lets a short burst through and then one message a second; a 429 is
//     answered with the wait that Slack asks for, for all calls of that method, as long as the context lasts.
//   - Every call has a deadline, follows no redirect, and reads at most a megabyte of answer.
//   - An error has a kind that says whether trying again may help: [ErrChannel], [ErrAuth], [ErrRefused] and [ErrGone] do
//     not pass by themselves, [ErrTransient] does; [ErrUnanswered] says that it may have been taken all the same. No error
//     or log line holds the token or an upload address.
//
// # At least once
//
// Slack has no key by which it would recognise a message that is sent again. An answer that is lost therefore means that
// a caller who tries again posts twice, which is better than not at all. Callers keep what was posted (in their record),
// and do not post what they know was posted. The caller's key goes along as message metadata (event type
// [MetadataEvent]), so that a person or a later tool can tell twins; reading a channel's history to find them would need a
// scope that the engine does not ask for.
//
// # What comes in
//
// A request is Slack's when VerifyRequest says so; ParseInteraction and ParseCommand read it afterwards. A [Socket] brings
// the same payloads over a connection of its own. Both ways Slack sends again what was not answered within three seconds,
// and people press twice: [Action.Key] and [Command.TriggerID] tell a repetition.
//
// # Scopes
//
// chat:write for messages, changes and private answers; chat:write.public to post in channels that the bot was not
// invited to; files:write for evidence as files. Without files:write the message and its short evidence are posted all the
// same. users:read and users:read.email to find people, usergroups:read for user groups, commands for the slash command;
// connections:write, of an app-level token, for Socket Mode. Each method names its own; what is missing is named by the
// error.
package slack
