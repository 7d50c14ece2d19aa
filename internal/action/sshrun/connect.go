package sshrun

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"shodo/internal/action"
	"shodo/internal/action/reach"
	"shodo/internal/incident"
)

// connect logs in. Nothing has been done on the host when it fails.
func connect(ctx context.Context, policy reach.Policy, l login) (*ssh.Client, error) {
	hosts, err := readKnownHosts(l)
	if err != nil {
		return nil, err
	}
	connecting, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	auth, closeAuth, err := methods(connecting, l)
	if err != nil {
		return nil, err
	}
	defer closeAuth()

	conn, err := policy.Dial(connecting, "tcp", l.address)
	if err != nil {
		return nil, dialError(ctx, connecting, l, err)
	}
	// The handshake knows no context: closing the connection ends it.
	release := context.AfterFunc(connecting, func() { conn.Close() })
	c, channels, requests, err := ssh.NewClientConn(conn, l.address, &ssh.ClientConfig{
		User:              l.User,
		Auth:              auth,
		HostKeyCallback:   hosts.check,
		HostKeyAlgorithms: hosts.algorithms(l.address),
		ClientVersion:     "SSH-2.0-shodo",
	})
	if err != nil {
		conn.Close()
		if hosts.refusal != nil {
			return nil, hosts.refusal
		}
		return nil, dialError(ctx, connecting, l, err)
	}
	if !release() { // it fired meanwhile: the connection is closed
		c.Close()
		return nil, dialError(ctx, connecting, l, connecting.Err())
	}
	return ssh.NewClient(c, channels, requests), nil
}

// dialError says what a failed connection means. Nothing was sent to the host's shell, so what a later try may mend is
// transient.
func dialError(ctx, connecting context.Context, l login, err error) error {
	if ended := action.Ended(ctx, "connect to %s", l.address); ended != nil {
		return ended
	}
	var network net.Error
	var errno syscall.Errno
	switch {
	case errors.Is(err, reach.ErrForbidden):
		return action.Errorf(incident.Refused, "connect to %s: %w", l.address, err)
	case connecting.Err() != nil:
		return action.Errorf(incident.Transient, "connect to %s: no answer within %s", l.address, l.timeout)
	case errors.As(err, &network), errors.As(err, &errno), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed):
		return action.Errorf(incident.Transient, "connect to %s: %w", l.address, err)
	}
	return action.Errorf(incident.Permanent, "log in to %s as %q: %w", l.address, l.User, err)
}

// methods gives the ways to authenticate: the customer's key first, then those of the agent.
func methods(ctx context.Context, l login) ([]ssh.AuthMethod, func(), error) {
	var signers []ssh.Signer
	done := func() {}
	if len(l.Key) > 0 {
		signer, err := ssh.ParsePrivateKey(l.Key)
		if err != nil {
			// The parser's text may repeat parts of what it read.
			return nil, nil, action.Errorf(incident.Permanent, "read the private key of credentials.ssh: not a usable key").
				WithHint("it must be a PEM or OpenSSH private key without a passphrase")
		}
		signers = append(signers, signer)
	}
	if l.AgentSocket != "" {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", l.AgentSocket)
		if err != nil {
			return nil, nil, action.Errorf(incident.Transient, "connect to the ssh agent: %w", err)
		}
		done = func() { conn.Close() }
		stop := context.AfterFunc(ctx, done)
		held, err := agent.NewClient(conn).Signers()
		stop()
		if err != nil {
			done()
			return nil, nil, action.Errorf(incident.Transient, "list the keys of the ssh agent: %w", err)
		}
		signers = append(signers, held...)
	}
	if len(signers) == 0 {
		return nil, nil, action.Errorf(incident.Permanent, "no key to log in to %s with", l.address).
			WithHint("set key or agent in credentials.ssh of the customer's file")
	}
	return []ssh.AuthMethod{ssh.PublicKeys(signers...)}, done, nil
}
