package actiontest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"shodo/internal/action"
)

// SSHD is a private OpenSSH server that lets the current user in, and only by Login's key.
type SSHD struct {
	Port    int
	Login   action.SSH    // works on this server
	HostKey ssh.PublicKey // the key that Login knows
	Address string        // 127.0.0.1:port
	cmd     *exec.Cmd
	log     *lockedBuffer
}

const sshdPath = "/usr/sbin/sshd"

// StartSSHD starts a server on a free port and ends it with the test. Without sshd on this machine the test is skipped,
// or fails where CI=true or SHODO_REQUIRE_SSHD=1 says that it must run. Options are further lines of sshd_config.
func StartSSHD(t testing.TB, options ...string) *SSHD {
	t.Helper()
	if _, err := os.Stat(sshdPath); err != nil {
		if os.Getenv("CI") == "true" || os.Getenv("SHODO_REQUIRE_SSHD") == "1" {
			t.Fatalf("%s is needed for this test: install openssh-server", sshdPath)
		}
		t.Skipf("%s is not there: install openssh-server to run this test", sshdPath)
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if me.Uid == "0" { // sshd's directory for its unprivileged part
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	host, hostPEM := NewKey(t)
	other := newECDSAKey(t, filepath.Join(dir, "host_ecdsa"))
	login, loginPEM := NewKey(t)
	write(t, filepath.Join(dir, "host"), hostPEM)
	write(t, filepath.Join(dir, "authorized_keys"), ssh.MarshalAuthorizedKey(login))

	s := &SSHD{HostKey: host, log: &lockedBuffer{}}
	for range 5 { // another process may take the free port first
		s.Port = freePort(t)
		config := append([]string{
			fmt.Sprintf("ListenAddress 127.0.0.1:%d", s.Port), "HostKey " + other, "HostKey " + filepath.Join(dir, "host"),
			"AuthorizedKeysFile " + filepath.Join(dir, "authorized_keys"), "PidFile none", "UsePAM no", "StrictModes no",
			"PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin yes", "MaxStartups 100",
			"SetEnv SHLVL=5", // keeps bash from reading the user's own start files
		}, options...)
		write(t, filepath.Join(dir, "config"), []byte(strings.Join(config, "\n")+"\n"))
		if s.start(filepath.Join(dir, "config")) {
			break
		}
	}
	t.Cleanup(s.Stop)
	if s.cmd == nil {
		t.Fatalf("sshd does not start: %s", s.log)
	}
	s.Address = fmt.Sprintf("127.0.0.1:%d", s.Port)
	s.Login = action.SSH{User: me.Username, Port: s.Port, Key: loginPEM,
		KnownHosts: []byte("# the tests' hosts\n" + knownhosts.Line([]string{s.Address}, host) + "\n")}
	return s
}

// start waits until the server says that it listens, or ends.
func (s *SSHD) start(config string) bool {
	cmd := exec.Command(sshdPath, "-D", "-e", "-f", config)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return false
	}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(s.log, err)
		return false
	}
	listening := make(chan bool, 1)
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := stderr.Read(buf)
			_, _ = s.log.Write(buf[:n])
			if strings.Contains(s.log.String(), "Server listening") {
				select {
				case listening <- true:
				default:
				}
			}
			if err != nil {
				select {
				case listening <- false:
				default:
				}
				return
			}
		}
	}()
	select {
	case ok := <-listening:
		if ok {
			s.cmd = cmd
			return true
		}
	case <-time.After(10 * time.Second):
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return false
}

// Stop ends the server; sessions go on until they end.
func (s *SSHD) Stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

// Log gives what the server wrote.
func (s *SSHD) Log() string { return s.log.String() }

// NewKey makes a key pair, with the private key in OpenSSH's form.
func NewKey(t testing.TB) (ssh.PublicKey, []byte) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return key, pem.EncodeToMemory(block)
}

// newECDSAKey gives the server a second host key, of a type that clients prefer: who does not ask for the known one
// takes it for a changed key.
func newECDSAKey(t testing.TB, path string) string {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, pem.EncodeToMemory(block))
	return path
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
