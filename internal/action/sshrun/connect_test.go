package sshrun_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"shodo/internal/action"
	"shodo/internal/action/actiontest"
	"shodo/internal/incident"
)

func TestHostKeys(t *testing.T) {
	server := actiontest.StartSSHD(t)
	otherKey, _ := actiontest.NewKey(t)
	line := func(k ssh.PublicKey) []byte { return []byte(knownhosts.Line([]string{server.Address}, k)) }
	for _, tc := range []struct {
		name  string
		known []byte
		want  []string // in the error; nil: it works
	}{
		{"known", line(server.HostKey), nil},
		{"known by a hash", []byte(knownhosts.HashHostname(knownhosts.Normalize(server.Address)) + " " + string(ssh.MarshalAuthorizedKey(server.HostKey))), nil},
		{"unknown", []byte("other.example " + string(ssh.MarshalAuthorizedKey(otherKey))), []string{"not in known_hosts", "SHA256:", "add the line: [127.0.0.1]"}},
		{"changed", line(otherKey), []string{"not the known one", ssh.FingerprintSHA256(server.HostKey)}},
		{"revoked", fmt.Appendf(nil, "@revoked * %s%s\n", ssh.MarshalAuthorizedKey(server.HostKey), line(server.HostKey)), []string{"revoked"}},
		{"none", []byte(" \n"), []string{"no known_hosts"}},
		{"broken", []byte("web-1 ssh-ed25519 !!!"), []string{"read known_hosts"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ran := filepath.Join(t.TempDir(), "ran")
			_, err := run(t, t.Context(), altered(server, func(c *action.SSH) { c.KnownHosts = tc.known }), "ssh.run",
				params{"command": []string{"touch", ran}})
			_, statErr := os.Stat(ran)
			if tc.want == nil {
				if err != nil || statErr != nil {
					t.Errorf("not run: %v", err)
				}
				return
			}
			if kind := action.KindOf(err); kind != incident.Refused && tc.name != "broken" {
				t.Errorf("kind %q, want refused: %v", kind, err)
			}
			for _, want := range tc.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v does not hold %q", err, want)
				}
			}
			if err != nil && strings.Contains(err.Error(), os.TempDir()+"/shodo") {
				t.Errorf("the error names a temporary file: %v", err)
			}
			if statErr == nil {
				t.Errorf("the command was run on a host with a bad key")
			}
		})
	}
}

// The hint of a refused host is the line to add: with it the host is known.
func TestHintOfUnknownHostMendsIt(t *testing.T) {
	server := actiontest.StartSSHD(t)
	c := altered(server, func(c *action.SSH) { c.KnownHosts = []byte("# empty\n") })
	_, err := run(t, t.Context(), c, "ssh.read", params{"command": []string{"true"}})
	if err == nil {
		t.Fatal("an unknown host was accepted")
	}
	_, hint, _ := strings.Cut(err.Error(), "add the line: ")
	c = altered(server, func(c *action.SSH) { c.KnownHosts = []byte(strings.TrimSuffix(hint, ")")) })
	if _, err := run(t, t.Context(), c, "ssh.read", params{"command": []string{"true"}}); err != nil {
		t.Errorf("after adding the line: %v", err)
	}
}

func TestAgentHoldsTheKey(t *testing.T) {
	server := actiontest.StartSSHD(t)
	private, err := ssh.ParseRawPrivateKey(server.Login.Key)
	if err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "agent")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); _ = agent.ServeAgent(ring, conn) }()
		}
	}()
	c := altered(server, func(c *action.SSH) { c.Key, c.AgentSocket = nil, socket })
	if got, err := run(t, t.Context(), c, "ssh.read", params{"command": []string{"echo", "in"}}); err != nil || got.Stdout != "in\n" {
		t.Errorf("output %v, error %v", got, err)
	}
}
