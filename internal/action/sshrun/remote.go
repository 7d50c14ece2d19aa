package sshrun

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	"shodo/internal/action"
	"shodo/internal/incident"
)

// wrapper is the shell text in which every command runs on the host. sshd makes each command's shell the leader of a
// session and process group of its own, so "kill 0" reaches the command and its children and nothing else.
//
// $1 is the number of seconds after which the host ends the command by itself, the rest is the command. Our end keeps
// stdin open and writes nothing to it: its end is the order to stop, and comes by itself when the connection is lost.
// The watchers have no output, so they do not keep the channel open, and HUP ends them when the command is done. The
// command runs with traps reset, without stdin and without the wrapper's file descriptors: 3 is the order to stop, 4 the
// stderr, which is hidden from the wrapper itself because a shell comments on the end of its children.
const wrapper = `limit=$1; shift
exec 3<&0 4>&2 </dev/null 2>/dev/null
killed=
trap "killed=1" TERM
stop() { trap "" TERM; kill -TERM 0; sleep 2; kill -KILL 0; }
( trap "" TERM; read -r order <&3; stop ) >/dev/null 4>&- &
watcher=$!
( trap "kill \$!; exit" HUP; sleep "$limit" & wait $! && stop ) >/dev/null 3<&- 4>&- &
timer=$!
( exec "$@" ) 2>&4 3<&- 4>&-
code=$?
if [ -n "$killed" ]; then kill -KILL 0; fi
kill -HUP $watcher $timer
exit $code
`

// stopTime is how long the host takes to end a command, and some for the way.
const stopTime = 4 * time.Second

// remoteLine gives the text that the login shell of the host reads.
func remoteLine(ctx context.Context, argv []string) (string, error) {
	// A name that begins with "-" would be an option of exec, one with "=" an assignment of env.
	if name := argv[0]; strings.HasPrefix(name, "-") || strings.Contains(name, "=") {
		return "", action.Errorf(incident.Permanent, "%.60q cannot be the name of a program", name)
	}
	limit := math.MaxInt32
	if end, ok := ctx.Deadline(); ok {
		limit = int(max(0, time.Until(end)).Seconds()) + 2
	}
	words := append([]string{"exec", "sh", "-c", Quote(wrapper), "shodo", strconv.Itoa(limit)}, quoteAll(argv)...)
	line := strings.Join(words, " ")
	if len(line) > action.MaxArgument {
		return "", action.Errorf(incident.Permanent, "the command has %d bytes when quoted, more than the %d that a shell can be given",
			len(line), action.MaxArgument)
	}
	return line, nil
}

func quoteAll(argv []string) []string {
	out := make([]string, len(argv))
	for i, arg := range argv {
		out[i] = Quote(arg)
	}
	return out
}

// Quote gives the text as one word of a shell's command line. Everything stands in single quotes, in which a POSIX
// shell treats nothing specially; only quotes and backslashes stand outside, each behind a backslash. (POSIX would let
// backslashes stay inside, fish would not.) A NUL byte cannot be quoted: action.CheckArgv keeps it away.
func Quote(text string) string {
	return "'" + quoting.Replace(text) + "'"
}

var quoting = strings.NewReplacer(`'`, `'\''`, `\`, `'\\'`)
