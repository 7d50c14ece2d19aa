package web_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/prometheus/client_golang/prometheus"

	"shodo/internal/secret"
	"shodo/internal/web"
)

func githubSignature(key, body string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func TestPushWakesTheFetchWhenTheSecretIsRight(t *testing.T) {
	const body = `{"ref":"refs/heads/main"}`
	for _, c := range []struct {
		name   string
		github []string // signatures
		gitlab []string // tokens
		body   io.Reader
		status int
	}{
		{name: "GitHub", github: []string{githubSignature("s3cret-new", body)}, status: 202},
		{name: "GitHub with the second secret", github: []string{githubSignature("s3cret-old", body)}, status: 202},
		{name: "GitLab", gitlab: []string{"s3cret-new"}, status: 202},
		{name: "GitLab with the second secret", gitlab: []string{"s3cret-old"}, status: 202},
		{name: "no body at all", github: []string{githubSignature("s3cret-new", "")}, body: strings.NewReader(""), status: 202},
		{name: "no secret", status: 401},
		{name: "a foreign signature", github: []string{githubSignature("foreign", body)}, status: 401},
		{name: "a signature of another body", github: []string{githubSignature("s3cret-new", body+" ")}, status: 401},
		{name: "no signature but its name", github: []string{"sha256="}, status: 401},
		{name: "not hexadecimal", github: []string{"sha256=zz"}, status: 401},
		{name: "a wrong token", gitlab: []string{"s3cret-ne"}, status: 401},
		{name: "an empty token", gitlab: []string{""}, status: 401},
		{name: "a wrong token beside a good signature", gitlab: []string{"x"}, github: []string{githubSignature("s3cret-new", body)}, status: 401},
		{name: "26 MiB", github: []string{githubSignature("s3cret-new", body)}, body: io.LimitReader(zeros{}, 26<<20), status: 413},
		{name: "a body that breaks off", github: []string{githubSignature("s3cret-new", body)}, body: iotest.ErrReader(errors.New("gone")), status: 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			var log bytes.Buffer
			woken := 0
			h := pushHandler(&woken, &log, secretOf("new"), secretOf("old"))
			if c.body == nil {
				c.body = strings.NewReader(body)
			}
			r := httptest.NewRequest("POST", "/webhooks/git", c.body)
			for _, s := range c.github {
				r.Header.Add("X-Hub-Signature-256", s)
			}
			for _, s := range c.gitlab {
				r.Header.Add("X-Gitlab-Token", s)
			}
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, r)
			wanted := 0
			if c.status == 202 {
				wanted = 1
			}
			if rec.Code != c.status || woken != wanted {
				t.Errorf("answered %d, woken %d times; want %d", rec.Code, woken, c.status)
			}
			if text := log.String() + rec.Body.String(); strings.Contains(text, "s3cret") {
				t.Errorf("a secret is told: %s", text)
			}
			if (log.Len() > 0) != (c.status != 202) {
				t.Errorf("log: %s", &log)
			}
		})
	}
}

// Without a secret there is nothing that anybody could knock at.
func TestNoPushWithoutASecret(t *testing.T) {
	woken := 0
	rec := httptest.NewRecorder()
	pushHandler(&woken, io.Discard).ServeHTTP(rec, httptest.NewRequest("POST", "/webhooks/git", nil))
	if rec.Code != 404 || woken > 0 {
		t.Errorf("answered %d, woken %d times", rec.Code, woken)
	}
}

func pushHandler(woken *int, log io.Writer, secrets ...secret.Value) http.Handler {
	return web.New(web.Options{Git: web.GitWebhook{Secrets: secrets, Wake: func() { *woken++ }}, Registry: prometheus.NewRegistry(),
		Log: slog.New(slog.NewTextHandler(log, nil))})
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
