package mail_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	stdmail "net/mail"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/mail"
)

// What is attached arrives byte for byte, under its name.
func TestAttachments(t *testing.T) {
	s := start(t, mail.StartTLS, nil)
	image := []byte("\x89PNG\r\n\x1a\n\x00\xff.\r\n")
	m := hello()
	m.Files = []mail.File{
		{Name: "週報-2026-W46.html", Type: "text/html; charset=utf-8", Content: []byte("<html>復旧\n.\n</html>\n")},
		{Name: "chart\r\nBcc: all@acme.example.png", Type: "image/png", Content: image},
	}
	if err := s.client(t, mail.StartTLS, nil).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	whole, err := stdmail.ReadMessage(bytes.NewReader(s.got()[0].data))
	if err != nil {
		t.Fatal(err)
	}
	if whole.Header.Get("Bcc") != "" {
		t.Error("a name became a header")
	}
	_, params, err := mime.ParseMediaType(whole.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(whole.Body, params["boundary"])
	var names []string
	var contents [][]byte
	for part, err := parts.NextRawPart(); err == nil; part, err = parts.NextRawPart() {
		var content io.Reader = quotedprintable.NewReader(part)
		if part.Header.Get("Content-Transfer-Encoding") == "base64" {
			content = base64.NewDecoder(base64.StdEncoding, part)
		}
		data, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		name, err := new(mime.WordDecoder).DecodeHeader(part.FileName())
		if err != nil {
			t.Fatal(err)
		}
		names, contents = append(names, name), append(contents, data)
	}
	if diff := cmp.Diff([]string{"", "週報-2026-W46.html", "chart Bcc_ all@acme.example.png"}, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if len(contents) == 3 && (!bytes.Equal(contents[1], m.Files[0].Content) || !bytes.Equal(contents[2], image)) {
		t.Errorf("contents %q", contents)
	}
}
