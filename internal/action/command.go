package action

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// CommandOutput is what a command gave, wherever it ran.
type CommandOutput struct {
	ExitCode   int    `json:"exit_code" doc:"exit code of the command; -1 when it did not end by itself"`
	Signal     string `json:"signal" doc:"name of the signal that ended it, such as KILL, as far as is known"`
	Stdout     string `json:"stdout" doc:"standard output, cut to 64 KiB: the first 48 and the last 16"`
	Stderr     string `json:"stderr" doc:"standard error, cut in the same way"`
	Truncated  bool   `json:"truncated" doc:"whether stdout or stderr was cut"`
	DurationMS int    `json:"duration_ms" doc:"how long it took, in milliseconds"`
}

// Judge gives the error of a command that ended by itself. For a reading action the exit code is part of the answer; a
// changing one has failed when it is not zero.
func (o CommandOutput) Judge(effect scenario.Effect, where string) error {
	if effect == scenario.Reads || o.ExitCode == 0 {
		return nil
	}
	text := fmt.Sprintf("%s: the command ended with exit code %d", where, o.ExitCode)
	if said := lastLine(o.Stderr); said != "" {
		text += ": " + said
	}
	return Errorf(incident.Permanent, "%s", text)
}

// lastLine gives the last line that says something, shortened: most programs say there why they failed.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return fmt.Sprintf("%.200s", strings.TrimSpace(lines[len(lines)-1]))
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// MaxArgument is the size in bytes of one argument or variable that Linux still takes (MAX_ARG_STRLEN, execve(2)).
const MaxArgument = 128<<10 - 1

// CheckArgv finds in an argument vector what cannot be passed to a program: a NUL byte ends an argument early, and too
// long an argument would be refused by the other side only after half of the work.
func CheckArgv(argv []string) error {
	if len(argv) == 0 || argv[0] == "" {
		return Errorf(incident.Permanent, "the command is empty")
	}
	for i, arg := range argv {
		if err := checkArgument(arg); err != nil {
			return Errorf(incident.Permanent, "argument %d of the command %w", i, err)
		}
	}
	return nil
}

// CheckEnv finds in environment variables what cannot be passed to a program.
func CheckEnv(env scenario.Env) error {
	for name, value := range env {
		if !envName.MatchString(name) {
			return Errorf(incident.Permanent, "%.60q cannot name an environment variable", name)
		}
		if err := checkArgument(name + "=" + value); err != nil {
			return Errorf(incident.Permanent, "variable %.60q %w", name, err)
		}
	}
	return nil
}

func checkArgument(arg string) error {
	if strings.ContainsRune(arg, 0) {
		return fmt.Errorf("holds a NUL byte, which no program can be given")
	}
	if len(arg) > MaxArgument {
		return fmt.Errorf("has %d bytes, more than the %d that a program can be given", len(arg), MaxArgument)
	}
	return nil
}

// Assignments gives the variables as "NAME=value", sorted.
func Assignments(env scenario.Env) []string {
	out := make([]string, 0, len(env))
	for name, value := range env {
		out = append(out, name+"="+value)
	}
	slices.Sort(out)
	return out
}

// SignalName gives the name of the usual signals by their number, and an empty one for the others.
func SignalName(number int) string {
	return map[int]string{1: "HUP", 2: "INT", 3: "QUIT", 6: "ABRT", 9: "KILL", 11: "SEGV", 13: "PIPE", 15: "TERM"}[number]
}
