package handover

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// field is one member of a JSON object, in the object's order.
type field struct {
	name  string
	value json.RawMessage
}

// fields reads a JSON object in its own order; ok is false for anything else.
func fields(raw json.RawMessage) (list []field, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return nil, false
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, false
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, false
		}
		list = append(list, field{fmt.Sprint(name), value})
	}
	if _, err := dec.Token(); err != nil {
		return nil, false
	}
	return list, true
}

// text gives the value of a JSON string; ok is false for anything else.
func text(raw json.RawMessage) (s string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// empty tells values that say nothing: null, "", [], {} and absence.
func empty(raw json.RawMessage) bool {
	switch strings.Join(strings.Fields(string(raw[:min(len(raw), 64)])), "") {
	case "", "null", `""`, "[]", "{}":
		return true
	}
	return false
}

// short gives a JSON value on one line of at most max runes. Long text shows its last line for an output stream and its
// first line otherwise.
func short(f field, max int) string {
	s, ok := text(f.value)
	if !ok {
		return oneLine(string(f.value), max)
	}
	if strings.HasPrefix(f.name, "std") {
		s, _ = lastLines(clean(s, len(s)+1), 1, max)
	}
	first, rest, _ := strings.Cut(strings.TrimSpace(clean(s, 16*max)), "\n")
	first = oneLine(withoutPassword(first), max)
	if strings.TrimSpace(rest) != "" {
		first += " …"
	}
	return `"` + first + `"`
}

// silent tells the members of an output that say nothing to a person: empty ones, what is only notable when it is so
// (truncated, matched), counts of nothing, and the duration, which stands beside the step anyway.
func silent(f field) bool {
	switch value := strings.TrimSpace(string(f.value)); {
	case empty(f.value) || f.name == "duration_ms":
		return true
	case value == "false":
		return f.name == "truncated" || f.name == "matched"
	case value == "0":
		return f.name == "certificate_expires_in_days"
	}
	return false
}

// found puts an output on one line: "status=502, body="Bad Gateway"". It knows no action: it shows what there is.
func found(output json.RawMessage, max int) string {
	list, ok := fields(output)
	if !ok {
		if empty(output) {
			return ""
		}
		return short(field{"", output}, max)
	}
	var parts []string
	for _, f := range list {
		if !silent(f) {
			parts = append(parts, oneLine(f.name, 40)+"="+short(f, 100))
		}
	}
	return cut(strings.Join(parts, ", "), max)
}

// whole gives all of an output as text for a person: the short values on one line, then each long one under its name.
// A single text stands alone.
func whole(output json.RawMessage) string {
	list, ok := fields(output)
	if !ok {
		if empty(output) {
			return ""
		}
		return block(output)
	}
	line, long := sorted(list)
	var parts []string
	if len(line) > 0 {
		parts = append(parts, strings.Join(line, ", "))
	}
	for _, f := range long {
		if len(long) == 1 && len(line) == 0 {
			return block(f.value)
		}
		parts = append(parts, "--- "+oneLine(f.name, 40)+" ---\n"+block(f.value))
	}
	return strings.Join(parts, "\n")
}

// gist gives the one long text of an output, without the small values around it; all of the output when there is none,
// or more than one.
func gist(output json.RawMessage) string {
	if list, ok := fields(output); ok {
		if _, long := sorted(list); len(long) == 1 {
			return block(long[0].value)
		}
	}
	return whole(output)
}

// sorted tells the values of an output that fit on one line, and are written so, from the long ones.
func sorted(list []field) (line []string, long []field) {
	for _, f := range list {
		switch s, isText := text(f.value); {
		case silent(f):
		case isText && (len(s) > 120 || strings.Contains(strings.TrimSpace(s), "\n")), !isText && len(f.value) > 120:
			long = append(long, f)
		default:
			line = append(line, oneLine(f.name, 40)+"="+short(f, 200))
		}
	}
	return line, long
}

// block gives one JSON value as text of several lines; what is no JSON is shown as it is.
func block(raw json.RawMessage) string {
	if s, ok := text(raw); ok {
		return clean(s, len(s)+1)
	}
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return clean(string(raw), len(raw)+1)
	}
	return clean(b.String(), b.Len()+1)
}

// described puts the parameters of a step on one line: the command or the request first, then what else was given.
// It knows no action: "command", "script", "method" and "url" are the words that actions share.
func described(params json.RawMessage, max int) string {
	list, ok := fields(params)
	if !ok {
		return ""
	}
	var main, rest []string
	for _, f := range list {
		switch {
		case empty(f.value) || limitOnly(f):
		case f.name == "command":
			main = append(main, commandLine(f.value))
		case f.name == "script" || f.name == "method" || f.name == "url":
			s, _ := text(f.value)
			main = append(main, oneLine(withoutPassword(s), 300))
		default:
			rest = append(rest, oneLine(f.name, 40)+"="+strings.Trim(short(f, 80), `"`))
		}
	}
	line := strings.Join(main, " ")
	if len(rest) > 0 {
		line = strings.TrimSpace(line + " (" + strings.Join(rest, ", ") + ")")
	}
	return cut(line, max)
}

// limitOnly tells the parameters that bound a step and say nothing about what it did.
func limitOnly(f field) bool {
	switch f.name {
	case "timeout", "connect_timeout", "body_limit", "follow_redirects":
		return true
	case "dir":
		s, _ := text(f.value)
		return s == "/"
	}
	return false
}

// commandLine shows an argument vector as a person would type it.
func commandLine(raw json.RawMessage) string {
	var argv []string
	if json.Unmarshal(raw, &argv) != nil {
		return strings.Trim(short(field{"command", raw}, 300), `"`)
	}
	for i, arg := range argv {
		arg = oneLine(arg, 200)
		if arg == "" || strings.ContainsAny(arg, " \t'\"\\$`|&;<>()*?[]{}!#~") {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		argv[i] = arg
	}
	return strings.Join(argv, " ")
}

// withoutPassword hides the password of a URL that carries one. Secrets are not in a record's parameters; this is for
// the one that came with an alert.
func withoutPassword(s string) string {
	if !strings.Contains(s, "@") || !strings.Contains(s, "://") {
		return s
	}
	if u, err := url.Parse(s); err == nil && u.User != nil {
		return u.Redacted()
	}
	return s
}
