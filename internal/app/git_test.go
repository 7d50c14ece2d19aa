package app_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shodo/internal/app/apptest"
	"shodo/internal/config"
	"shodo/internal/incident"
)

// workTree is a Git repository that an engine follows.
type workTree struct {
	t   *testing.T
	dir string
}

func newWorkTree(t *testing.T, files map[string]string) workTree {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("git is needed for this test")
		}
		t.Skip("git is not installed")
	}
	w := workTree{t: t, dir: apptest.WriteCatalog(t, files)}
	w.git("init", "-q", "-b", "main")
	w.commit("the first")
	return w
}

func (w workTree) git(args ...string) string {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=Alice", "GIT_AUTHOR_EMAIL=alice@acme.example",
		"GIT_COMMITTER_NAME=Alice", "GIT_COMMITTER_EMAIL=alice@acme.example")
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (w workTree) commit(subject string) (short string) {
	w.t.Helper()
	w.git("add", "-A")
	w.git("commit", "-q", "-m", subject)
	return w.git("rev-parse", "HEAD")[:12]
}

func (w workTree) write(name, text string) {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

const pushSecret = "push-secret-of-the-tests"

// pushed sends a push webhook as GitHub does, and gives the status of the answer.
func pushed(t *testing.T, h *apptest.Harness, secret string) int {
	t.Helper()
	body := []byte(`{"ref":"refs/heads/main"}`)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+h.Address()+"/webhooks/git", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// page waits until a page of the process holds all of the texts.
func page(t *testing.T, h *apptest.Harness, path string, wanted ...string) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-tick.C {
		answer, err := h.Get(path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		missing := ""
		for _, text := range wanted {
			if !strings.Contains(string(body), text) {
				missing = text
			}
		}
		switch {
		case missing == "":
			return
		case time.Now().After(deadline):
			t.Fatalf("%s never held %q:\n%s", path, missing, body)
		}
	}
}

// said waits until a number of messages is in the channel, and gives the last one.
func said(t *testing.T, h *apptest.Harness, n int) string {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		changed := h.Sandbox.Slack.Changed()
		messages := h.Sandbox.Slack.Messages("#incidents")
		if len(messages) > n {
			t.Fatalf("%d messages, want %d: %s", len(messages), n, messages[len(messages)-1].Plain())
		}
		if len(messages) == n {
			return messages[n-1].Plain()
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%d messages, want %d", len(messages), n)
		}
	}
}

// TestACatalogFromGit: a push is followed at once; a wrong commit is refused, told once with its owner, also over a restart,
// and told again when it is right; the record names the commit.
func TestACatalogFromGit(t *testing.T) {
	l := newLab(t)
	files := l.catalog("/usr/bin/touch")
	files["scenarios/web.yaml"] += "owner: web-team\n"
	tree := newWorkTree(t, files)
	o := l.options("/usr/bin/touch")
	o.Change = func(c *config.Config) {
		c.Catalog = config.Catalog{Git: config.Git{URL: tree.dir, Ref: "main", Every: time.Hour, WebhookSecrets: []config.Secret{config.NewSecret(pushSecret)}}}
	}
	h := apptest.Start(t, o)

	tree.write("runbooks/web.md", "# Web\nLook at it twice.\n")
	good := tree.commit("another runbook")
	if status := pushed(t, h, "another secret"); status != http.StatusUnauthorized {
		t.Errorf("a push with a wrong secret is answered %d", status)
	}
	if status := pushed(t, h, pushSecret); status != http.StatusAccepted {
		t.Fatalf("a push is answered %d", status)
	}
	page(t, h, "/metrics", `shodo_catalog_info{version="`+good+`"} 1`, "shodo_catalog_refused 0", "shodo_catalog_fetch_age_seconds ",
		`shodo_catalog_reloads_total{result="taken"} 1`, `shodo_git_webhooks_total{answer="unsigned"} 1`)

	tree.write("scenarios/web.yaml", "titel: x\nowner: web-team\n")
	bad := tree.commit("broken")
	pushed(t, h, pushSecret)
	page(t, h, "/metrics", `shodo_catalog_info{version="`+good+`"} 1`, "shodo_catalog_refused 1", `shodo_catalog_reloads_total{result="refused"} 1`)
	page(t, h, "/readyz", `"ready":true`, "version "+good, "commit "+good+" by Alice", "refused: commit "+bad+" by Alice", "scenarios/web.yaml:1:1")
	if text := said(t, h, 1); !strings.Contains(text, bad) || !strings.Contains(text, "web-team") || !strings.Contains(text, "scenarios/web.yaml:1:1") || !strings.Contains(text, good) {
		t.Errorf("told: %s", text)
	}

	h.Stop()
	h.Run()
	page(t, h, "/readyz", "version "+good, "refused: commit "+bad)
	id := trigger(t, h, "critical")
	if rec := h.Ended(id); rec.CatalogVersion != good || rec.Outcome != incident.Recovered {
		t.Errorf("outcome %s by catalog %q, want %q", rec.Outcome, rec.CatalogVersion, good)
	}

	tree.git("revert", "--no-edit", "HEAD")
	right := tree.git("rev-parse", "HEAD")[:12]
	if err := h.Reload(); err != nil { // as SIGHUP does
		t.Fatal(err)
	}
	page(t, h, "/metrics", `shodo_catalog_info{version="`+right+`"} 1`, "shodo_catalog_refused 0")
	if text := said(t, h, 2); !strings.Contains(text, "right again") || !strings.Contains(text, right) {
		t.Errorf("told: %s", text)
	}
}
