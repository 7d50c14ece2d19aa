// Package handover builds what a person gets when the first response ends without one: the hand-over packet, made from
// an incident.Record alone, and the short notes that go with the other endings. It renders each of them in Japanese and
// in English, for three readers: Slack (Block Kit), a PagerDuty note (plain text) and Markdown.
//
// How it works: Build reads the record once and keeps what matters, cleaned and cut, in a Packet. One function turns a
// Packet into a document of sections, lines and spans, in the words of its language. Each rendering only adds the
// markup of its reader, so all three say the same.
//
// In Slack the packet is one message that is kept current: it is rendered again from the record whenever something changes
// (live.go), with what people may choose at the moment as buttons and boxes (buttons.go, checklist.go) that carry their
// choice (choice.go), and what they have chosen as its history. News are the lines for its thread. What a person is to
// approve is shown whole (command.go); without buttons all readers get the commands to answer by. Grouped tells of many
// incidents at once.
//
// The customer's own people get something else, by ForContact: a letter for mail and for a channel that they share, in
// polite and plain words, without names of tiers, commands, errors or addresses of ours. When a window ends, Digest tells
// a tier and ContactDigest the customer what waited for it, each in one message.
//
// What it promises:
//
//   - The engine's own sentences are said in the reader's language. What no form fits, and what a machine or a person said, is
//     quoted as it is.
//   - Whatever the record holds (a megabyte of text, control characters, Slack markup, mentions, right-to-left marks,
//     broken JSON), nothing panics, nothing of it is taken for markup, nobody is mentioned, and the limits below hold.
//   - The same record and options give the same bytes.
//   - A text that was cut says so. What is long goes whole into a file beside the Slack message.
//   - A step whose effect is unknown is the first thing on the list of what remains.
//   - Only those whom Options.Mentions names are mentioned, and nobody once it is over.
//   - A button is there exactly where the workflow takes its choice.
//
// What it never does: I/O, reading the clock, loading time zones, sending anything.
//
// # Adding a language
//
// Write words_xx.go like words_en.go. The tables are positional struct literals, so a text that is missing does not
// compile. What the engine has written into the record is said by sentences_xx.go, like sentences_ja.go: the form in which it was
// written is the key (sentences.go). Add the language to wordsFor and to the golden tests.
package handover

// Limits of the renderings. Slack counts characters as UTF-16 units; so do we.
const (
	// MaxNote and MaxNoteBytes bound a PagerDuty note, in characters and in bytes of UTF-8. PagerDuty documents how many
	// notes an incident may have (2,000) and no size of one; these stay below the 64 KiB of a common database text column.
	MaxNote      = 20_000
	MaxNoteBytes = 60_000

	// MaxBlocks, MaxHeader, MaxSection, MaxFields and MaxField are Block Kit's own documented limits
	// (docs.slack.dev, reference/block-kit/blocks).
	MaxBlocks  = 50
	MaxHeader  = 150
	MaxSection = 3_000
	MaxFields  = 10
	MaxField   = 2_000

	// MaxMessage bounds the JSON of all blocks of one message. Slack answers msg_blocks_too_long to a message whose
	// blocks are all legal but too long together, without documenting the limit: reports name 13,297 characters of text
	// (slackapi/bolt-js issue 2509) and one of 11,341 characters that was refused (issue 2867).
	MaxMessage = 11_000

	// MaxFallback bounds the text of a message: what notifications show, and what is posted when the blocks are refused.
	MaxFallback = 2_000

	// MaxFile bounds one file, in bytes; MaxFiles how many a message brings along.
	MaxFile  = 512 << 10
	MaxFiles = 10

	// MaxMarkdown bounds the Markdown rendering, in characters.
	MaxMarkdown = 100_000
)
