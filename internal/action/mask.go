package action

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync"
)

// minMasked is the length from which a secret is searched for in what an action gives back. Shorter ones would blacken
// innocent text.
const minMasked = 8

const masked = "<secret>"

// masking passes a customer's connections to an action and remembers the secrets that it gave, to take them out of
// whatever comes back: a server may well echo a header.
type masking struct {
	inner Connections

	mu      sync.Mutex
	secrets []string
}

func (m *masking) SSH() (SSH, error) {
	if m.inner == nil {
		return SSH{}, ErrNoCredential
	}
	conn, err := m.inner.SSH()
	m.remember(string(conn.Key))
	return conn, err
}

func (m *masking) HTTPHeader(name string) (key, value string, err error) {
	if m.inner == nil {
		return "", "", ErrNoCredential
	}
	key, value, err = m.inner.HTTPHeader(name)
	m.remember(value)
	return key, value, err
}

// remember keeps the secret and its words: "Bearer abc" is a secret because of "abc", and a key because of each line.
func (m *masking) remember(secret string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, part := range append([]string{secret}, strings.Fields(secret)...) {
		if len(part) >= minMasked && !strings.HasPrefix(part, "-----") && !strings.HasSuffix(part, "-----") {
			m.secrets = append(m.secrets, part)
		}
	}
}

func (m *masking) text(s string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, secret := range m.secrets {
		s = strings.ReplaceAll(s, secret, masked)
	}
	return s
}

func (m *masking) output(raw json.RawMessage) json.RawMessage {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, secret := range m.secrets {
		inside, err := encode(secret)
		if err != nil {
			continue
		}
		inside = inside[1 : len(inside)-1]
		raw = bytes.ReplaceAll(raw, inside, []byte(masked))
	}
	return raw
}

// error gives the error as an *Error, without secrets.
func (m *masking) error(err error) error {
	if err == nil {
		return nil
	}
	var known *Error
	if !errors.As(err, &known) || known != err {
		known = &Error{Kind: KindOf(err), Err: err}
	}
	text, hint := m.text(known.Err.Error()), m.text(known.Hint)
	if text == known.Err.Error() && hint == known.Hint {
		return known
	}
	return &Error{Kind: known.Kind, Err: errors.New(text), Hint: hint}
}
