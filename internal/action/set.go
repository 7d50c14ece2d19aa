package action

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// MaxEncoded is the size in bytes that an output's JSON may have. Actions stay far below it by themselves (see
// MaxText); an output above it is a mistake in the action, and is not passed on.
const MaxEncoded = 1 << 20

// Set is a list of actions. It is immutable and safe for use by many goroutines; it is what scenarios are checked
// against (scenario.Actions) and what runs them.
type Set struct {
	actions map[string]Action
	names   []string
	beat    time.Duration // between heartbeats
}

var _ scenario.Actions = (*Set)(nil)

// NewSet makes a set. It panics when two actions have one name: the list is written in our code.
func NewSet(actions ...Action) *Set {
	s := &Set{actions: map[string]Action{}, beat: time.Second}
	for _, a := range actions {
		name := a.Spec().Name
		if _, twice := s.actions[name]; twice {
			panic(fmt.Sprintf("two actions are named %q", name))
		}
		s.actions[name] = a
		s.names = append(s.names, name)
	}
	slices.Sort(s.names)
	return s
}

// Lookup gives what a scenario needs to know of the action of that name.
func (s *Set) Lookup(name string) (scenario.Action, bool) {
	a, ok := s.actions[name]
	if !ok {
		return scenario.Action{}, false
	}
	return a.Spec(), true
}

// Names lists all names, sorted.
func (s *Set) Names() []string { return slices.Clone(s.names) }

// Run does one action's work once and gives its output as JSON. A context without a deadline gets the action's own
// timeout. The error is an *Error, and an output may come with it: what a failed command had printed. See the package
// comment for what is promised.
func (s *Set) Run(ctx context.Context, name string, call Call) (json.RawMessage, error) {
	a, ok := s.actions[name]
	if !ok {
		return nil, Errorf(incident.Permanent, "%.60q: %w", name, ErrUnknown)
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, a.Spec().Timeout)
		defer cancel()
	}
	if err := Ended(ctx, "start %s", name); err != nil {
		return nil, err
	}

	mask := &masking{inner: call.Connection}
	call.Connection = mask
	if call.Log == nil {
		call.Log = slog.New(slog.DiscardHandler)
	}
	heart := startHeart(ctx, call.Heartbeat, s.beat)
	defer heart.stop()
	call.Heartbeat = heart.tell

	output, err := runSafely(ctx, a, call)
	raw, encodeErr := encode(mask.output(output))
	if encodeErr != nil && err == nil {
		err = encodeErr
	}
	return raw, mask.error(err)
}

// runSafely turns a panic into an error: one broken action must not stop the engine.
func runSafely(ctx context.Context, a Action, call Call) (output any, err error) {
	defer func() {
		if p := recover(); p != nil {
			call.Log.Error("action panicked", "action", a.Spec().Name, "err", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			output, err = nil, Errorf(incident.Permanent, "a mistake in %s stopped it (%T)", a.Spec().Name, p)
		}
	}()
	return a.Run(ctx, call)
}

// encode gives the output's JSON, without the escapes for HTML that would make it longer.
func encode(output any) (json.RawMessage, error) {
	if output == nil {
		return nil, nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(output); err != nil {
		return nil, Errorf(incident.Permanent, "encode the output: %w", err)
	}
	if b.Len() > MaxEncoded {
		return nil, Errorf(incident.Permanent, "the output has %d bytes, more than %d", b.Len(), MaxEncoded)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
