// Package action is the contract between the engine and its outside work, and runs that work.
//
// An action is a named piece of outside work: "http.request", "ssh.run". It declares an effect (reads or changes), a
// struct of parameters and a struct of outputs; from these come the load-time checks of a scenario, the reference page
// and the editor's completion. Each family of actions is one sub-package; package builtin holds the one visible list.
//
// # One name has one effect
//
// A changing action is a load error outside recover, and the effect belongs to the name. So work that can do both has
// two names with the same parameters:
//
//   - http.request (GET, HEAD, OPTIONS) reads, http.send (POST, PUT, PATCH, DELETE) changes;
//   - ssh.read and local.read read, ssh.run and local.run change. That a command only reads is the author's promise: the
//     engine cannot see it. What the promise buys is use in check, gather and verify, and repetition after a lost
//     connection.
//
// A reading action answers what it found, good or bad (a refused connection, exit code 1), and the step's "healthy"
// judges it. A changing action fails when its work did not succeed, and gives its output together with the error.
//
// # What the package promises
//
//   - Parameters are decoded strictly: an unknown key, a wrong type, a missing or unlisted value runs nothing.
//   - Every failure is an *Error with a kind that says what it means for what comes next; see KindOf.
//   - While an action waits, a heartbeat is given about every second.
//   - A cancelled or expired context ends the work, on the other side too where that is possible, and the action returns
//     within Grace.
//   - Texts are cut to MaxText bytes, are valid UTF-8 and hold no control characters; see Text.
//   - Secrets that an action was given are replaced by "<secret>" in its output and its error, in case the other side
//     sends them back.
//   - A panic in an action is a permanent error of that step and stops nothing else.
//
// It never retries (the workflow does), never decides whether a step may run (package guard does), and knows nothing of
// Temporal.
//
// # Adding an action
//
//  1. Write a package beside the others ("shodo new action FAMILY.VERB" begins one): a parameter struct, an output
//     struct, a function that does the work, and New around them. Tags: `json`, `doc`, `required:"true"`, `default:"..."`, `enum:"a,b"`.
//  2. Name it family.verb; a name is forever. One name, one effect.
//  3. Put it in builtin.List.
//  4. Run the contract tests of package actiontest on it, against something real.
package action

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"time"

	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// Grace is how long an action may take beyond the end of its context, to stop what it began on the other side. Who
// guards a run from outside with a timer of its own gives the run's deadline plus this.
const Grace = 6 * time.Second

// Action is one piece of outside work. Make one with New.
type Action interface {
	// Spec says what the action is: name, effect, parameters, outputs.
	Spec() scenario.Action
	// Run does the work once. Output is of Spec().Output's type, or nil. An error has a kind (see KindOf) and may come
	// together with an output. Callers use Set.Run, which adds what every action promises.
	Run(ctx context.Context, call Call) (output any, err error)
}

// Call is one use of an action.
type Call struct {
	Params     json.RawMessage  // a JSON object, as rendered; never holds a secret
	Connection Connections      // of the customer; nil when it has none
	Heartbeat  func(detail any) // tells that the work goes on, with what a successor needs to go on watching; may be nil
	Log        *slog.Logger     // may be nil
}

// Connections are one customer's credentials, resolved when they are needed. Errors name the credential and never hold
// a value.
type Connections interface {
	// SSH gives the customer's SSH connection; ErrNoCredential when it has none.
	SSH() (SSH, error)
	// HTTPHeader gives the header that authenticates the customer under that name; ErrNoCredential when it has none.
	HTTPHeader(name string) (key, value string, err error)
}

// SSH is how a customer's hosts are reached. It prints as "<secret>".
type SSH struct {
	User        string
	Port        int    // 0: 22
	Key         []byte // a private key in PEM or OpenSSH form, without passphrase; empty when the agent has the keys
	KnownHosts  []byte // in the form of OpenSSH's known_hosts
	AgentSocket string // path of an SSH agent's socket; empty when no agent is used
}

// Format prints every form of an SSH as "<secret>", so that a key cannot get into a log.
func (SSH) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "<secret>") }

// LogValue keeps keys out of structured logs.
func (SSH) LogValue() slog.Value { return slog.StringValue("<secret>") }

// MarshalJSON keeps keys out of anything stored.
func (SSH) MarshalJSON() ([]byte, error) { return []byte(`"<secret>"`), nil }

// New makes an action of a function with typed parameters P and output O, both structs. Spec's Params and Output are
// filled in. It panics when P or O is not a struct that a scenario can use: that is a mistake in our code.
func New[P, O any](spec scenario.Action, run func(ctx context.Context, params P, call Call) (O, error)) Action {
	spec.Params = reflect.TypeFor[P]()
	spec.Output = reflect.TypeFor[O]()
	for _, t := range []reflect.Type{spec.Params, spec.Output} {
		if err := checkStruct(t); err != nil {
			panic(fmt.Sprintf("action %q: %v", spec.Name, err))
		}
	}
	return typed[P, O]{spec: spec, run: run}
}

type typed[P, O any] struct {
	spec scenario.Action
	run  func(context.Context, P, Call) (O, error)
}

func (a typed[P, O]) Spec() scenario.Action { return a.spec }

func (a typed[P, O]) Run(ctx context.Context, call Call) (any, error) {
	var params P
	if err := decode(call.Params, reflect.ValueOf(&params).Elem()); err != nil {
		return nil, &Error{Kind: incident.Permanent, Err: fmt.Errorf("read parameters: %w", err),
			Hint: fmt.Sprintf("see the parameters with: shodo actions %s", a.spec.Name)}
	}
	output, err := a.run(ctx, params, call)
	if err != nil && reflect.ValueOf(output).IsZero() {
		return nil, err
	}
	return output, err
}
