package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"
)

// overSSH speaks with git-upload-pack on a server over SSH. The files are read each time, so that they can be replaced.
type overSSH struct {
	url             URL
	key, knownHosts string // paths
}

func newSSH(g Git) *overSSH { return &overSSH{url: g.URL, key: g.SSHKey, knownHosts: g.KnownHosts} }

func (o *overSSH) open(ctx context.Context) (conversation, error) {
	client, err := o.connect(ctx)
	if err != nil {
		return nil, err
	}
	c := &sshConversation{client: client}
	if err := c.start(o.url.Path); err != nil {
		client.Close()
		return nil, err
	}
	return c, nil
}

// connect gives a connection that ends with ctx, whatever the server does or does not do.
func (o *overSSH) connect(ctx context.Context) (*ssh.Client, error) {
	config, err := o.config()
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", o.url.Host)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	c, channels, requests, err := ssh.NewClientConn(conn, o.url.Host, config)
	if err != nil {
		stop()
		conn.Close()
		return nil, o.refused(err)
	}
	return ssh.NewClient(c, channels, requests), nil
}

func (o *overSSH) config() (*ssh.ClientConfig, error) {
	text, err := os.ReadFile(o.key)
	if err != nil {
		return nil, fmt.Errorf("read catalog.git.auth.ssh_key: %w", err)
	}
	key, err := ssh.ParsePrivateKey(text)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		return nil, fmt.Errorf("read catalog.git.auth.ssh_key: %q has a passphrase, which nobody is there to type (make a deploy key without one that may only read)", o.key)
	}
	if err != nil {
		return nil, fmt.Errorf("read catalog.git.auth.ssh_key: %q does not hold a private key", o.key)
	}
	known, err := knownhosts.NewDB(o.knownHosts)
	if err != nil {
		return nil, fmt.Errorf("read catalog.git.auth.known_hosts: %w", err)
	}
	check := known.HostKeyCallback()
	return &ssh.ClientConfig{
		User: o.url.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)},
		HostKeyAlgorithms: known.HostKeyAlgorithms(o.url.Host),
		HostKeyCallback: func(address string, remote net.Addr, key ssh.PublicKey) error {
			return hostKey(address, key, check(address, remote, key))
		},
	}, nil
}

// errHostKey is in the error of a server whose key is not the known one.
var errHostKey = errors.New("the server's key is not to be trusted")

// hostKey tells why a server's key is refused.
func hostKey(address string, key ssh.PublicKey, err error) error {
	print := ssh.FingerprintSHA256(key)
	switch {
	case err == nil:
		return nil
	case knownhosts.IsHostUnknown(err):
		return fmt.Errorf("%w: %s is not in catalog.git.auth.known_hosts; it showed a %s key with fingerprint %s (compare it with what the server's owner has published, then add the line: %s)",
			errHostKey, address, key.Type(), print, knownhosts.Line([]string{address}, key))
	case knownhosts.IsHostKeyChanged(err):
		return fmt.Errorf("%w: %s showed another key than the known one, with fingerprint %s: somebody may be listening in (find out why it changed before you replace its line in known_hosts)",
			errHostKey, address, print)
	}
	return fmt.Errorf("%w: %s: %w", errHostKey, address, err)
}

// refused tells why there is no connection.
func (o *overSSH) refused(err error) error {
	if !errors.Is(err, errHostKey) && strings.Contains(err.Error(), "unable to authenticate") {
		return fmt.Errorf("the server does not let user %q in with catalog.git.auth.ssh_key (is its public half registered as a deploy key?)", o.url.User)
	}
	return err
}

// sshConversation is a running git-upload-pack.
type sshConversation struct {
	client *ssh.Client
	in     io.WriteCloser
	out    io.Reader
	has    *packp.AdvRefs
}

// start runs the program, which tells first what it has.
func (c *sshConversation) start(path string) error {
	session, err := c.client.NewSession()
	if err != nil {
		return fmt.Errorf("open a session: %w", err)
	}
	var complaint bounded
	session.Stderr = &complaint
	if c.in, err = session.StdinPipe(); err != nil {
		return fmt.Errorf("open a session: %w", err)
	}
	if c.out, err = session.StdoutPipe(); err != nil {
		return fmt.Errorf("open a session: %w", err)
	}
	if err := session.Start(uploadPack + " " + quote(path)); err != nil {
		return fmt.Errorf("start %s: %w", uploadPack, err)
	}
	if c.has, err = decodeRefs(c.out); err != nil {
		if text := complaint.after(session); text != "" {
			return fmt.Errorf("the server says: %s", text)
		}
		return err
	}
	return nil
}

func (c *sshConversation) refs() *packp.AdvRefs { return c.has }

func (c *sshConversation) ask(_ context.Context, r *packp.UploadPackRequest) (io.ReadCloser, error) {
	if err := encode(c.in, r); err != nil {
		return nil, err
	}
	if err := c.in.Close(); err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	return io.NopCloser(c.out), nil
}

func (c *sshConversation) close() { _ = c.client.Close() }

// quote makes one word for the shell of the server, as git does.
func quote(path string) string {
	return "'" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(path) + "'"
}

// bounded keeps the beginning of what a server writes.
type bounded struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *bounded) Write(p []byte) (int, error) {
	const most = 4096
	b.mu.Lock()
	defer b.mu.Unlock()
	b.b.Write(p[:min(len(p), max(0, most-b.b.Len()))])
	return len(p), nil
}

// after gives what was written until the program ended. One that goes on is not waited for long.
func (b *bounded) after(session *ssh.Session) string {
	ended := make(chan struct{})
	go func() {
		_ = session.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(time.Second):
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return plain(strings.TrimSpace(b.b.String()))
}
