package store

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// micros is how a time is stored: NULL for the zero time.
func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// instant is the reverse of micros; always in UTC.
func instant(v sql.NullInt64) time.Time {
	if !v.Valid {
		return time.Time{}
	}
	return time.UnixMicro(v.Int64).UTC()
}

// text makes any text storable in every database: valid UTF-8 without NUL.
func text[T ~string](s T) string {
	out := strings.ToValidUTF8(string(s), "\uFFFD")
	if strings.IndexByte(out, 0) >= 0 {
		out = strings.ReplaceAll(out, "\x00", "\uFFFD")
	}
	return out
}

// maxName is how long in bytes a text is at most that an index holds: a row of an index of PostgreSQL takes 2,700 bytes, and
// has up to three of them.
const maxName = 600

// name is text for what an index holds and what comes from outside: ids, keys, targets. One that is too long keeps its
// beginning, and ends with a sum of all of it, in ASCII as ids are: it is found again by the whole, and two that begin alike
// stay two.
func name[T ~string](s T) string {
	out := text(s)
	if len(out) <= maxName {
		return out
	}
	sum := fmt.Sprintf("~%x", sha256.Sum256([]byte(out)))
	return strings.ToValidUTF8(out[:maxName-len(sum)], "") + sum
}

// truth is how a *bool is stored: NULL for nil.
func truth(b *bool) any {
	switch {
	case b == nil:
		return nil
	case *b:
		return 1
	}
	return 0
}

func truthOf(v sql.NullInt64) *bool {
	if !v.Valid {
		return nil
	}
	b := v.Int64 != 0
	return &b
}

// document keeps JSON as it is, nil as NULL, and what is not JSON as a JSON string of it: nothing that came in may
// make a record unreadable.
func document(raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return nil
	}
	if json.Valid(raw) {
		return raw
	}
	quoted, _ := json.Marshal(string(raw)) // a string always has a JSON form
	return quoted
}

// maxInline is the size in bytes up to which an output is kept in the step's own row.
const maxInline = 4 << 10

// pack splits an output into what goes into the step's row and what goes, compressed, into the table of outputs. One
// of the two is nil. It is done on the caller's goroutine, because a long output takes milliseconds.
func pack(output []byte) (inline, packed []byte, err error) {
	if len(output) <= maxInline {
		return output, nil, nil
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, nil, err
	}
	if _, err := z.Write(output); err != nil {
		return nil, nil, err
	}
	if err := z.Close(); err != nil {
		return nil, nil, err
	}
	return nil, b.Bytes(), nil
}

func unpack(packed []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("unpack output: %w", err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("unpack output: %w", err)
	}
	return out, z.Close()
}
