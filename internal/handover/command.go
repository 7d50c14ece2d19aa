package handover

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Command gives a step as people approve it: its action, and every parameter whole, as it was rendered. Nothing is left out
// of it and nothing hidden: characters that a reader would not see are written as "\u202e". Params is a JSON object.
func Command(action string, params json.RawMessage) string {
	lines := []string{action}
	list, ok := fields(params)
	if !ok && !empty(params) {
		lines = append(lines, "  "+string(params))
	}
	for _, f := range list {
		if empty(f.value) {
			continue
		}
		value := string(f.value)
		var argv []string
		if s, isText := text(f.value); isText {
			value = withoutPassword(s)
		} else if json.Unmarshal(f.value, &argv) == nil {
			value = quoted(argv)
		}
		if strings.Contains(value, "\n") {
			value = "|\n" + indented(value, "    ")
		}
		lines = append(lines, "  "+f.name+": "+value)
	}
	return visible(strings.Join(lines, "\n"))
}

// quoted shows an argument vector as a person would type it, whole.
func quoted(argv []string) string {
	parts := make([]string, len(argv))
	for i, arg := range argv {
		if arg == "" || strings.ContainsAny(arg, " \t\n'\"\\$`|&;<>()*?[]{}!#~") {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		parts[i] = arg
	}
	return strings.Join(parts, " ")
}

// visible writes characters that a reader does not see as escapes: what is approved has to be what is read.
func visible(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		if r == '\n' || r == '\t' || !hidden(r) && r != '\u200b' && r != '\u200c' && r != '\u200d' && r != '\u2060' {
			b.WriteRune(r)
		} else if r > 0xFFFF {
			fmt.Fprintf(&b, `\U%08x`, r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return strings.TrimRight(b.String(), " \n")
}

// Sizes of what an attempt would run, in characters.
const (
	maxShownCommand = 1_800    // of all its commands within a message
	maxCommands     = 64 << 10 // of all its commands
)

// commands puts the commands of an attempt into one text, in their order.
func commands(list []string) string {
	parts := make([]string, 0, len(list))
	for i, c := range list {
		c = visible(c)
		if len(list) > 1 {
			c = fmt.Sprintf("%d. %s", i+1, c)
		}
		parts = append(parts, c)
	}
	return strings.Join(parts, "\n")
}

// fenceHead puts a text into a code block of at most max units, keeping its beginning: that is where a command says what it
// does. It says whether that is all of it.
func fenceHead(s string, max int) (block string, isAll bool) {
	const frame = 8 // two fences and two newlines
	if whole := escapeCode(s); width(whole)+frame <= max {
		return "```\n" + whole + "\n```", true
	}
	n := frame + 2
	for i, r := range s {
		if n += escapedWidth(r); n > max {
			return "```\n" + escapeCode(s[:i]) + "\n…\n```", false
		}
	}
	return "```\n" + escapeCode(s) + "\n```", true
}
