package action

import (
	"errors"
	"reflect"
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

// output gives the output with its texts masked. Names of fields are ours and stay.
func (m *masking) output(output any) any {
	if output == nil {
		return nil
	}
	copied := reflect.New(reflect.TypeOf(output)).Elem()
	copied.Set(reflect.ValueOf(output))
	m.value(copied)
	return copied.Interface()
}

func (m *masking) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(m.text(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			m.value(v.Field(i))
		}
	case reflect.Slice:
		clean := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(clean, v)
		for i := range clean.Len() {
			m.value(clean.Index(i))
		}
		v.Set(clean)
	case reflect.Map:
		clean := reflect.MakeMapWithSize(v.Type(), v.Len())
		for key, old := range v.Seq2() {
			value := reflect.New(old.Type()).Elem()
			value.Set(old)
			m.value(value)
			clean.SetMapIndex(key, value)
		}
		v.Set(clean)
	}
}

// error gives the error as an *Error whose text holds no secret and no control characters.
func (m *masking) error(err error) error {
	if err == nil {
		return nil
	}
	known, ok := err.(*Error)
	if !ok {
		known = &Error{Kind: KindOf(err), Err: err}
	}
	text, hint := m.text(Text([]byte(known.Err.Error()))), m.text(Text([]byte(known.Hint)))
	if text == known.Err.Error() && hint == known.Hint {
		return known
	}
	return &Error{Kind: known.Kind, Err: errors.New(text), Hint: hint}
}
