package sshrun

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"shodo/internal/action"
	"shodo/internal/incident"
)

// knownHosts checks a host's key and keeps why it was refused: the handshake would pass on the text only.
type knownHosts struct {
	known          ssh.HostKeyCallback
	hasAuthorities bool
	refusal        error
}

// readKnownHosts parses the customer's known_hosts. The parser reads files only, so its text (which is no secret) stands
// in a temporary one meanwhile.
func readKnownHosts(l login) (*knownHosts, error) {
	if len(bytes.TrimSpace(l.KnownHosts)) == 0 {
		return nil, action.Errorf(incident.Refused, "no known_hosts to check the key of %s against", l.address).
			WithHint("set known_hosts in credentials.ssh of the customer's file")
	}
	file, err := os.CreateTemp("", "shodo-known-hosts-")
	if err != nil {
		return nil, action.Errorf(incident.Transient, "read known_hosts: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.Write(l.KnownHosts)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, action.Errorf(incident.Transient, "read known_hosts: %w", err)
	}
	known, err := knownhosts.New(file.Name())
	if err != nil {
		text := bytes.ReplaceAll([]byte(err.Error()), []byte(file.Name()), []byte("known_hosts"))
		return nil, action.Errorf(incident.Permanent, "read known_hosts of credentials.ssh: %s", text)
	}
	return &knownHosts{known: known, hasAuthorities: bytes.Contains(l.KnownHosts, []byte("@cert-authority"))}, nil
}

// check is the handshake's callback.
func (k *knownHosts) check(address string, remote net.Addr, key ssh.PublicKey) error {
	err := k.known(address, remote, key)
	if err == nil {
		return nil
	}
	var unknown *knownhosts.KeyError
	var revoked *knownhosts.RevokedError
	print := ssh.FingerprintSHA256(key)
	switch {
	case errors.As(err, &unknown) && len(unknown.Want) == 0:
		k.refusal = action.Errorf(incident.Refused, "%s is not in known_hosts; it showed a %s key with fingerprint %s", address, key.Type(), print).
			WithHint("confirm the fingerprint with the host's owner, then add the line: %s", knownhosts.Line([]string{address}, key))
	case errors.As(err, &unknown):
		k.refusal = action.Errorf(incident.Refused, "the host key of %s is not the known one: it showed %s; somebody may be listening in", address, print).
			WithHint("find out why it changed; only then replace its line in known_hosts by: %s", knownhosts.Line([]string{address}, key))
	case errors.As(err, &revoked):
		k.refusal = action.Errorf(incident.Refused, "the host key %s of %s is marked as revoked in known_hosts", print, address)
	default:
		k.refusal = action.Errorf(incident.Refused, "check the host key of %s: %w", address, err)
	}
	return k.refusal
}

// algorithms gives the host key algorithms to ask for: a host that has keys of several types must show the one that is
// known, or it would look like a changed key. Nil asks for the defaults.
func (k *knownHosts) algorithms(address string) []string {
	var unknown *knownhosts.KeyError
	if k.hasAuthorities || !errors.As(k.known(address, noAddr{}, noKey{}), &unknown) {
		return nil
	}
	var out []string
	for _, known := range unknown.Want {
		if known.Key.Type() == ssh.KeyAlgoRSA {
			out = append(out, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
			continue
		}
		out = append(out, known.Key.Type())
	}
	return out
}

// noKey is a key that no host has: looking it up tells the keys that are known.
type noKey struct{}

func (noKey) Type() string                        { return "none" }
func (noKey) Marshal() []byte                     { return []byte("none") }
func (noKey) Verify([]byte, *ssh.Signature) error { return fmt.Errorf("no key") }

type noAddr struct{}

func (noAddr) Network() string { return "tcp" }
func (noAddr) String() string  { return "0.0.0.0:0" }
