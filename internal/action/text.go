package action

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxText is the size in bytes to which each text of an output is cut, before it is cleaned by Text.
const MaxText = 64 << 10

// tailText is how much of a cut text is its end: the end of a log is where the error is.
const tailText = 16 << 10

// Text makes outside bytes fit to be stored and shown: valid UTF-8, and no control characters but tab and line ends, so
// that no text can steer a terminal or break a database. Control characters become their visible pictures ("␛").
func Text(b []byte) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\r':
			return r
		case r < 0x20:
			return 0x2400 + r
		case r == 0x7f:
			return '␡'
		case r >= 0x80 && r < 0xa0:
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(string(b), string(utf8.RuneError)))
}

// Output is a writer that keeps the first 48 KiB and the last 16 KiB of what is written, and counts the rest. The zero
// value is ready. It is not safe for use by several goroutines at once.
type Output struct {
	head []byte
	tail []byte // a ring once it is full
	next int    // place of the oldest byte in a full ring
	size int64
}

// Write never fails and always takes everything.
func (o *Output) Write(p []byte) (int, error) {
	n := len(p)
	o.size += int64(n)
	if room := MaxText - tailText - len(o.head); room > 0 {
		take := min(room, len(p))
		o.head = append(o.head, p[:take]...)
		p = p[take:]
	}
	if len(p) > tailText {
		p = p[len(p)-tailText:]
	}
	if room := tailText - len(o.tail); room > 0 {
		take := min(room, len(p))
		o.tail = append(o.tail, p[:take]...)
		p = p[take:]
	}
	for len(p) > 0 {
		took := copy(o.tail[o.next:], p)
		o.next = (o.next + took) % tailText
		p = p[took:]
	}
	return n, nil
}

// Truncated says whether anything was left out.
func (o *Output) Truncated() bool { return o.size > MaxText }

// String gives what was kept, as Text, with a mark that says how many bytes are missing.
func (o *Output) String() string {
	tail := append(append([]byte{}, o.tail[o.next:]...), o.tail[:o.next]...)
	if !o.Truncated() {
		return Text(append(append([]byte{}, o.head...), tail...))
	}
	return Text(o.head) + fmt.Sprintf("\n[... %d bytes left out ...]\n", o.size-MaxText) + Text(tail)
}
