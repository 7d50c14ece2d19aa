package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
)

var (
	secretName = regexp.MustCompile(`(?i)(^|[_.-])(password|passwd|passphrase|pwd|secret|secrets|token|api_?key|access_?key|private_?key|authorization|cookie|credentials?)$|[a-z](Password|Secret|Token|ApiKey|AccessKey|PrivateKey)$`)

	secretTexts = []struct {
		text *regexp.Regexp
		with string
	}{
		{regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)`), Hidden},
		{regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/@"']+:[^\s/@"']*@`), "${1}" + Hidden + "@"},
		{regexp.MustCompile(`(?i)\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:(?:bearer|basic|token|digest)\s+)?)[^\s"',;]+`), "${1}" + Hidden},
		{regexp.MustCompile(`(?i)\b(bearer\s+)[a-z0-9._~+/=-]{16,}`), "${1}" + Hidden},
		{regexp.MustCompile(`(?i)([a-z0-9_.-]*(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key)["']?\s*[:=]\s*["']?)[^\s"',;&]+`), "${1}" + Hidden},
		{regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`), Hidden},
		{regexp.MustCompile(`\bxox[abeoprs]-[A-Za-z0-9-]{8,}`), Hidden},
		{regexp.MustCompile(`\bgh[oprsu]_[A-Za-z0-9]{20,}\b`), Hidden},
		{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*`), Hidden},
	}
)

// Mask replaces in a text what looks like a secret: private keys, passwords in URLs, "password=...", headers that
// authenticate, tokens of well-known forms. It is for texts of others that leave the engine, such as an alert in a
// test file. It cannot know every secret: a Value never needs it.
func Mask(text string) string {
	for _, s := range secretTexts {
		text = s.text.ReplaceAllString(text, s.with)
	}
	return text
}

// MaskJSON does the same in every text of a JSON document, and replaces the texts and numbers whose key is named like a
// secret.
func MaskJSON(data []byte) ([]byte, error) {
	var v any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("read JSON to mask it: %w", err)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(masked(v)); err != nil {
		return nil, fmt.Errorf("write masked JSON: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

func masked(v any) any {
	switch v := v.(type) {
	case string:
		return Mask(v)
	case []any:
		for i := range v {
			v[i] = masked(v[i])
		}
	case map[string]any:
		for key, value := range v {
			v[key] = masked(value)
			switch value.(type) {
			case string, json.Number:
				if secretName.MatchString(key) && value != "" {
					v[key] = Hidden
				}
			}
		}
	}
	return v
}
