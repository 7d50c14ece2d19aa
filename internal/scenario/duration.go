package scenario

import (
	"fmt"
	"time"
)

// String gives "1m30s".
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText stores the duration as "1m30s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText stores, and every other text that time.ParseDuration knows.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("read duration %q: a number with its unit is needed, such as 90s or 10m", text)
	}
	*d = Duration(v)
	return nil
}
