package sshrun_test

import (
	"os/exec"
	"strings"
	"testing"

	"shodo/internal/action/sshrun"
)

var texts = []string{"", "a", "a b", "'", "''", `'\''`, `\`, `\\`, `a\'b`, `"$(id)"`, "`id`", "$HOME", "!!", "\n", "a\n'b\n", "\t", "*", "~",
	"日本語", "\xff\xfe", "\x01\x1b[2J\x7f", "-n", "--", "#", strings.Repeat(`'\`, 2000)}

// Every shell that is there reads a quoted text back as the same one word.
func TestQuote(t *testing.T) {
	for _, shell := range []string{"sh", "dash", "bash", "zsh", "ksh", "mksh", "fish", "busybox"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		t.Run(shell, func(t *testing.T) {
			for _, text := range texts {
				if got := throughShell(t, path, text); got != text {
					t.Errorf("%.60q came back as %.60q", text, got)
				}
			}
		})
	}
}

func FuzzQuote(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsRune(text, 0) || len(text) > 20_000 {
			t.Skip("refused before it is quoted")
		}
		if got := throughShell(t, "/bin/sh", text); got != text {
			t.Errorf("%q came back as %q", text, got)
		}
	})
}

// throughShell gives what a shell makes of the quoted text; the number of words is checked by the line's end.
func throughShell(t *testing.T, shell, text string) string {
	t.Helper()
	args := []string{"-c", "/usr/bin/printf '%s|' " + sshrun.Quote(text) + " end"}
	if strings.HasSuffix(shell, "busybox") {
		args = append([]string{"sh"}, args...)
	}
	out, err := exec.Command(shell, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", shell, err, out)
	}
	got, ok := strings.CutSuffix(string(out), "|end|")
	if !ok {
		t.Fatalf("%q was read as several words: %q", text, out)
	}
	return got
}
