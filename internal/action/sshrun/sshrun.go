// Package sshrun runs one command on a host by SSH: the actions ssh.run (changes) and ssh.read (reads). They are the
// same but for the effect; see package action.
//
// What it promises:
//
//   - Host keys are checked against the customer's known_hosts. An unknown or changed key is refused, with the line to
//     add once the fingerprint has been confirmed. There is no way to switch the check off.
//   - A command is an argument vector: each element arrives as exactly one argument, whatever it holds. A script is fixed
//     text of the scenario; values reach it as environment variables only.
//   - When the time is over, the action is cancelled, or this process dies, the remote command and all that it started
//     in its process group is ended: TERM, and 2 seconds later KILL. The host does it by itself when the connection is
//     gone. What made itself a daemon (setsid, a service manager) is not part of that.
//   - stdin is empty, there is no terminal, and output beyond the cap is read and dropped.
//
// The host needs a POSIX sh and a login shell that knows single quotes, backslashes and exec (sh, bash, zsh, ksh, fish).
// SSH servers that run no shell cannot be used.
package sshrun

import (
	"cmp"
	"context"
	"net"
	"strconv"
	"time"

	"shodo/internal/action"
	"shodo/internal/action/reach"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// Settings are what the process configuration says about SSH.
type Settings struct {
	Reach reach.Policy
}

// Params are the parameters of both actions.
type Params struct {
	Host           string            `json:"host" required:"true" doc:"host name or address"`
	Port           int               `json:"port" doc:"TCP port; else the port of the customer's credentials, else 22"`
	User           string            `json:"user" doc:"user to log in as; else the user of the customer's credentials"`
	Command        scenario.Command  `json:"command" doc:"program and arguments; each one arrives as it is, no shell reads it"`
	Script         scenario.Script   `json:"script" doc:"instead of command: shell text for sh; values reach it through env only"`
	Env            scenario.Env      `json:"env" doc:"environment variables of the command or script"`
	ConnectTimeout scenario.Duration `json:"connect_timeout" default:"10s" doc:"how long to wait for the connection and the login"`
}

// Actions gives ssh.run and ssh.read.
func Actions(s Settings) []action.Action {
	run := scenario.Action{
		Name: "ssh.run", Effect: scenario.Changes, Timeout: time.Minute,
		Summary: "Runs a command or script on a host by SSH to change something there; an exit code other than 0 is a failure.",
	}
	read := scenario.Action{
		Name: "ssh.read", Effect: scenario.Reads, Timeout: 30 * time.Second,
		Summary: "Runs a command or script on a host by SSH that only reads (the author's promise); the exit code is part of the answer.",
	}
	return []action.Action{newAction(run, s), newAction(read, s)}
}

func newAction(spec scenario.Action, s Settings) action.Action {
	return action.New(spec, func(ctx context.Context, p Params, call action.Call) (action.CommandOutput, error) {
		argv, err := p.argv()
		if err != nil {
			return action.CommandOutput{}, err
		}
		line, err := remoteLine(ctx, argv)
		if err != nil {
			return action.CommandOutput{}, err
		}
		login, err := p.login(call.Connection)
		if err != nil {
			return action.CommandOutput{}, err
		}
		client, err := connect(ctx, s.Reach, login)
		if err != nil {
			return action.CommandOutput{}, err
		}
		defer client.Close()
		call.Heartbeat(nil)
		return execute(ctx, client, line, work{where: "host " + strconv.Quote(p.Host), effect: spec.Effect})
	})
}

// login is everything that a connection needs.
type login struct {
	action.SSH
	host    string
	address string // host:port
	timeout time.Duration
}

func (p Params) login(connections action.Connections) (login, error) {
	conn, err := connections.SSH()
	if err != nil {
		return login{}, action.Errorf(incident.Permanent, "read the ssh credentials: %w", err).
			WithHint("set credentials.ssh in the customer's file")
	}
	conn.User = cmp.Or(p.User, conn.User)
	conn.Port = cmp.Or(p.Port, conn.Port, 22)
	switch {
	case !reach.ValidHost(p.Host):
		return login{}, action.Errorf(incident.Permanent, "%.60q is not a host name or address", p.Host)
	case conn.Port < 1 || conn.Port > 65535:
		return login{}, action.Errorf(incident.Permanent, "%d is not a TCP port", conn.Port)
	case conn.User == "":
		return login{}, action.Errorf(incident.Permanent, "no user to log in as on host %q", p.Host).
			WithHint("set user in the step or in credentials.ssh of the customer's file")
	}
	return login{SSH: conn, host: p.Host, address: net.JoinHostPort(p.Host, strconv.Itoa(conn.Port)),
		timeout: time.Duration(p.ConnectTimeout)}, nil
}

// argv gives the argument vector that runs on the host.
func (p Params) argv() ([]string, error) {
	argv := []string(p.Command)
	switch {
	case len(p.Command) > 0 && p.Script != "":
		return nil, action.Errorf(incident.Permanent, "both command and script are given; give one")
	case p.Script != "":
		argv = []string{"sh", "-c", string(p.Script)}
	}
	if err := action.CheckArgv(argv); err != nil {
		return nil, err
	}
	if err := action.CheckEnv(p.Env); err != nil {
		return nil, err
	}
	if len(p.Env) > 0 {
		argv = append(append([]string{"env"}, action.Assignments(p.Env)...), argv...)
	}
	return argv, nil
}
