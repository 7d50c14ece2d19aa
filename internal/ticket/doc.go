// Package ticket opens and updates issues in a customer's tracker: Backlog (Nulab), Jira, or whatever takes signed JSON.
// Each is a [Desk], and all pass the same contract tests.
//
// What it promises:
//
//   - An issue is opened once for a key, and a comment is added once for a key, as far as the tracker can be searched: each
//     carries a mark that is made from the key, and before something is sent that may have been sent before, the tracker is
//     asked for the mark. [Webhook] sends the key along as Idempotency-Key instead.
//   - A call has a deadline and reads an answer of limited size. No redirect is followed, because it would take the
//     credentials elsewhere.
//   - An error has a kind: [ErrTemporary] may pass by itself, [ErrRefused] needs somebody. No error holds a secret, not even
//     Backlog's, which stands in the address.
//
// What it never does: retry, close or delete an issue, or read anything but what it wrote.
package ticket

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// The kinds of errors.
var (
	ErrTemporary = errors.New("the tracker did not take it now")
	ErrRefused   = errors.New("the tracker refuses it")
)

// Desk is one place where issues are opened.
type Desk interface {
	// Open opens an issue. With the same key it gives the issue that is there.
	Open(ctx context.Context, issue Issue, key string) (Opened, error)
	// Comment adds to an issue. With the same key it changes nothing more.
	Comment(ctx context.Context, to Opened, text, key string) error
}

// Issue is what is opened.
type Issue struct {
	Title string // one line; cut to what the tracker takes
	Text  string // plain text of several lines
}

// Opened is an issue that is there.
type Opened struct {
	ID  string `json:"id"`            // as people call it, such as OPS-12
	URL string `json:"url,omitempty"` // of its page; empty when the tracker does not tell
}

// mark is what an issue or a comment carries, so that it is found again: letters and digits, which every tracker's search
// takes as one word.
func mark(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "shodo" + hex.EncodeToString(sum[:8])
}

// cutRunes cuts a text to at most n characters.
func cutRunes(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
