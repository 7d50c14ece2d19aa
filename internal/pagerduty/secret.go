package pagerduty

import "log/slog"

// Secret is a token or a signing secret. It prints, logs and marshals as "<secret>".
type Secret string

const hidden = "<secret>"

// String hides the secret.
func (s Secret) String() string { return hidden }

// GoString hides the secret.
func (s Secret) GoString() string { return hidden }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
