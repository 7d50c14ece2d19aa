package source_test

import (
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"shodo/internal/action/actiontest"
	"shodo/internal/source"
)

// overSSH follows main through a real sshd.
func overSSH(t *testing.T, r *repository) source.Git {
	t.Helper()
	d := actiontest.StartSSHD(t)
	dir := t.TempDir()
	key, known := filepath.Join(dir, "key"), filepath.Join(dir, "known_hosts")
	put(t, key, d.Login.Key)
	put(t, known, d.Login.KnownHosts)
	return source.Git{URL: parse(t, fmt.Sprintf("ssh://%s@%s%s", d.Login.User, d.Address, r.bare)), Ref: "main", SSHKey: key, KnownHosts: known, Dir: t.TempDir()}
}

func put(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSSHThatIsNotLetIn(t *testing.T) {
	r := newRepository(t)
	good := overSSH(t, r)
	otherHost, otherKey := actiontest.NewKey(t)
	locked := filepath.Join(t.TempDir(), "locked")
	private, err := ssh.ParseRawPrivateKey(otherKey)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte("hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, locked, pem.EncodeToMemory(block))
	file := func(data []byte) string {
		path := filepath.Join(t.TempDir(), "file")
		put(t, path, data)
		return path
	}
	for name, tt := range map[string]struct {
		change func(*source.Git)
		want   string
	}{
		"a host that is not known": {func(g *source.Git) { g.KnownHosts = file(nil) }, "is not in catalog.git.auth.known_hosts; it showed"},
		"another host than before": {func(g *source.Git) {
			g.KnownHosts = file([]byte(knownhosts.Line([]string{g.URL.Host}, otherHost) + "\n"))
		}, "somebody may be listening in"},
		"no known_hosts":            {func(g *source.Git) { g.KnownHosts = "/none" }, "read catalog.git.auth.known_hosts"},
		"a key that is not let in":  {func(g *source.Git) { g.SSHKey = file(otherKey) }, "does not let user"},
		"a key with a passphrase":   {func(g *source.Git) { g.SSHKey = locked }, "has a passphrase"},
		"a key that is none":        {func(g *source.Git) { g.SSHKey = file([]byte("hunter2")) }, "does not hold a private key"},
		"no key":                    {func(g *source.Git) { g.SSHKey = "/none" }, "read catalog.git.auth.ssh_key"},
		"no repository at the path": {func(g *source.Git) { g.URL.Path = "/none/it's.git" }, "'/none/it's.git' does not appear to be a git repository"},
	} {
		t.Run(name, func(t *testing.T) {
			g := good
			g.Dir = t.TempDir()
			tt.change(&g)
			s, err := source.OpenGit(t.Context(), g, options(io.Discard))
			if s != nil || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error: %v\nwant: %s", err, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "PRIVATE KEY") {
				t.Errorf("a secret is in the error: %v", err)
			}
		})
	}
}
