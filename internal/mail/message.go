package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
)

// Message is one mail to one recipient.
type Message struct {
	To      string // an address, with or without a name
	Subject string // one line; line breaks and control characters in it become blanks
	Text    string // plain text; its lines are ended by "\n"
	Key     string // the same when the same message is sent again; empty: the text itself is the key
	Files   []File // attached, in this order
}

// File is an attachment.
type File struct {
	Name    string // "report.html"; line breaks and control characters in it become blanks
	Type    string // its media type, such as "text/html; charset=utf-8" or "image/png"
	Content []byte
}

// written is a message that is ready to be sent.
type written struct {
	to      *mail.Address
	content *gomail.Msg
}

func (c *Client) write(m Message) (written, error) {
	to, err := mail.ParseAddress(m.To)
	if err != nil {
		return written{}, fmt.Errorf("%w: %q is not an e-mail address", ErrMessage, m.To)
	}
	if strings.TrimSpace(m.Text) == "" {
		return written{}, fmt.Errorf("%w: there is no text", ErrMessage)
	}
	text := strings.ReplaceAll(strings.ToValidUTF8(m.Text, "\uFFFD"), "\r\n", "\n")
	encoding := gomail.EncodingQP
	if !ascii(text) {
		encoding = gomail.EncodingB64 // half the size for Japanese
	}
	content := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(encoding))
	content.FromMailAddress(c.from)
	content.ToMailAddress(to)
	content.Subject(line(m.Subject))
	content.SetDateWithValue(c.now().In(time.UTC))
	content.SetMessageIDWithValue(messageID(m, to.Address, c.from.Address))
	content.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's absence note is to answer it
	content.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	content.SetBodyString(gomail.TypeTextPlain, strings.ReplaceAll(text, "\n", "\r\n"))
	for _, f := range m.Files {
		if err := content.AttachReader(line(f.Name), bytes.NewReader(f.Content), gomail.WithFileContentType(gomail.ContentType(f.Type))); err != nil {
			return written{}, fmt.Errorf("%w: attach %q: %w", ErrMessage, f.Name, err)
		}
	}
	return written{to: to, content: content}, nil
}

// messageID is the same for the same key and recipient. Its domain is the sender's.
func messageID(m Message, to, from string) string {
	key := m.Key
	if key == "" {
		key = m.Subject + "\n" + m.Text
	}
	sum := sha256.Sum256([]byte(key + "\x00" + to))
	return hex.EncodeToString(sum[:16]) + "@" + domain(from)
}

// domain is what stands behind the last "@" of an address.
func domain(address string) string {
	return address[strings.LastIndexByte(address, '@')+1:]
}

// line is a text without line breaks and control characters.
func line(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
