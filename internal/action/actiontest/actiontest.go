// Package actiontest holds the tests that every action must pass, whatever it does: the action contract.
//
// A family of actions describes itself as a Case and calls Run. The tests use real servers and real processes; the suite
// knows nothing of the work itself. What it shows: strict parameters, an end in time, a prompt cancel, heartbeats, the
// kinds of failures, that hostile text runs nothing and arrives as it is, that no secret comes back, that an endless
// answer takes no memory, and that nothing is left running.
package actiontest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shodo/internal/action"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// Params are parameters as a scenario would give them.
type Params map[string]any

// Case is one action and its calls.
type Case struct {
	Set  *action.Set
	Name string
	// Connection is what the calls use. Where it gives a secret, the secret is Canary.
	Connection action.Connections

	Works    Params    // succeeds within a second
	Waits    Params    // does not end by itself
	Endless  Params    // gives output without end; nil: the action has none
	Echoes   Params    // the other side sends the secret back; nil: it is given none
	Failures []Failure // one for each kind that can be produced
	Hostile  []Hostile // one for each place where a scenario may put an alert's text

	// Late is the kind of the error when the time is over. Empty: the action answers instead (a probe that found nothing).
	Late incident.ErrorKind
	// NothingLeft checks that Waits has left nothing running on the other side; nil: there is nothing to check.
	NothingLeft func(t *testing.T)
}

// Failure is a call that fails with a kind. The kind decides whether the engine tries again.
type Failure struct {
	Name       string
	Params     Params
	Connection action.Connections // nil: the case's
	Kind       incident.ErrorKind
	Error      string // what the text must hold
}

// Hostile is a place where an alert's text may stand.
type Hostile struct {
	Place   string
	Params  func(text string) Params
	Refuses func(text string) bool                                  // texts that may not even be tried; nil: none
	Arrived func(t *testing.T, text string, output json.RawMessage) // checks that the text came as it is; nil: it goes nowhere
}

// Canary is the secret of the tests. It must not be seen anywhere.
const Canary = "canary-5f1d7e0b9a"

// Run runs the contract.
func Run(t *testing.T, c Case) {
	t.Helper()
	t.Run("spec", c.spec)
	t.Run("works", c.works)
	t.Run("strict parameters", c.strict)
	t.Run("deadline", c.deadline)
	t.Run("cancel", c.cancel)
	t.Run("cancelled before", c.cancelledBefore)
	t.Run("endless output", c.endless)
	t.Run("secret", c.secret)
	for _, f := range c.Failures {
		t.Run("fails/"+f.Name, func(t *testing.T) { c.fails(t, f) })
	}
	for _, h := range c.Hostile {
		t.Run("hostile/"+h.Place, func(t *testing.T) { c.hostile(t, h) })
	}
}

func (c Case) call(p Params) action.Call {
	raw, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return action.Call{Params: raw, Connection: c.Connection}
}

// run makes a call that must end within the limit, and fails the test when a secret comes out.
func (c Case) run(t *testing.T, ctx context.Context, call action.Call, limit time.Duration) (json.RawMessage, error) {
	t.Helper()
	began := time.Now()
	output, err := c.Set.Run(ctx, c.Name, call)
	if took := time.Since(began); took > limit {
		t.Errorf("took %s, want at most %s", took, limit)
	}
	if said := fmt.Sprintf("%s %v %+v", output, err, err); strings.Contains(said, Canary) {
		t.Errorf("a secret came out: %s", said)
	}
	return output, err
}

func (c Case) spec(t *testing.T) {
	spec, ok := c.Set.Lookup(c.Name)
	switch {
	case !ok:
		t.Fatalf("%q is not in the set", c.Name)
	case spec.Summary == "" || !strings.HasSuffix(spec.Summary, "."):
		t.Errorf("summary %q is not a sentence", spec.Summary)
	case spec.Effect != scenario.Reads && spec.Effect != scenario.Changes:
		t.Errorf("effect is %q", spec.Effect)
	case spec.Timeout <= 0 || spec.Timeout > 10*time.Minute:
		t.Errorf("timeout of one try is %s", spec.Timeout)
	case spec.Effect == scenario.Reads && spec.Idempotent:
		t.Errorf("reads is always repeatable: idempotent is for changing actions")
	}
}

func (c Case) works(t *testing.T) {
	output, err := c.run(t, t.Context(), c.call(c.Works), 5*time.Second)
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	spec, _ := c.Set.Lookup(c.Name)
	got := map[string]any{}
	if err := json.Unmarshal(output, &got); err != nil {
		t.Fatalf("the output is not an object: %v", err)
	}
	for i := range spec.Output.NumField() {
		key := spec.Output.Field(i).Tag.Get("json")
		if _, ok := got[key]; !ok {
			t.Errorf("output %q is declared and not given", key)
		}
		delete(got, key)
	}
	for key := range got {
		t.Errorf("output %q is given and not declared", key)
	}
}

func (c Case) strict(t *testing.T) {
	spec, _ := c.Set.Lookup(c.Name)
	bad := map[string]Params{"unknown key": {"no_such_parameter": 1}}
	for i := range spec.Params.NumField() {
		f := spec.Params.Field(i)
		key := f.Tag.Get("json")
		bad["wrong type of "+key] = Params{key: []any{map[string]any{}}}
		if f.Tag.Get("required") == "true" {
			bad["no "+key] = Params{key: nil}
		}
		if f.Tag.Get("enum") != "" {
			bad["unlisted "+key] = Params{key: "unlisted"}
		}
	}
	for name, change := range bad {
		params := Params{}
		for k, v := range c.Works {
			params[k] = v
		}
		for k, v := range change {
			params[k] = v
		}
		output, err := c.run(t, t.Context(), c.call(params), time.Second)
		if action.KindOf(err) != incident.Permanent || output != nil {
			t.Errorf("%s: kind %q, output %s, want permanent and none: %v", name, action.KindOf(err), output, err)
		}
	}
}

func (c Case) deadline(t *testing.T) {
	defer c.leavesNothing(t)()
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	call := c.call(c.Waits)
	var beats atomic.Int32
	call.Heartbeat = func(any) { beats.Add(1) }
	output, err := c.run(t, ctx, call, 1500*time.Millisecond+action.Grace)
	if got := action.KindOf(err); got != c.Late {
		t.Errorf("kind %q, want %q: %v", got, c.Late, err)
	}
	if c.Late == "" && output == nil {
		t.Errorf("no output of a probe that found nothing")
	}
	if beats.Load() == 0 {
		t.Errorf("no heartbeat in 1.5 s")
	}
}

func (c Case) cancel(t *testing.T) {
	defer c.leavesNothing(t)()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	call := c.call(c.Waits)
	var cancelled atomic.Int64
	call.Heartbeat = func(any) { // the first second is over: the work is being waited for
		if cancelled.CompareAndSwap(0, time.Now().UnixNano()) {
			time.AfterFunc(500*time.Millisecond, func() { cancelled.Store(time.Now().UnixNano()); cancel() })
		}
	}
	_, err := c.run(t, ctx, call, 30*time.Second)
	if took := time.Since(time.Unix(0, cancelled.Load())); took > 3*time.Second {
		t.Errorf("returned %s after the cancel, want promptly", took)
	}
	if got := action.KindOf(err); got != incident.Cancelled {
		t.Errorf("kind %q, want cancelled: %v", got, err)
	}
}

func (c Case) cancelledBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	output, err := c.run(t, ctx, c.call(c.Works), time.Second)
	if action.KindOf(err) != incident.Cancelled || output != nil {
		t.Errorf("output %s, error %v: want none, and cancelled", output, err)
	}
}

func (c Case) fails(t *testing.T, f Failure) {
	call := c.call(f.Params)
	if f.Connection != nil {
		call.Connection = f.Connection
	}
	_, err := c.run(t, t.Context(), call, 20*time.Second)
	if got := action.KindOf(err); got != f.Kind {
		t.Errorf("kind %q, want %q: %v", got, f.Kind, err)
	}
	if err == nil || !strings.Contains(err.Error(), f.Error) {
		t.Errorf("error %v does not hold %q", err, f.Error)
	}
}

// maxGrowth is how much more memory an endless answer may take at any moment.
const maxGrowth = 24 << 20

func (c Case) endless(t *testing.T) {
	if c.Endless == nil {
		t.Skip("the action has no output of unknown size")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	runtime.GC()
	before := heapBytes()
	peak := watchHeap(ctx)
	output, err := c.run(t, ctx, c.call(c.Endless), 2*time.Second+action.Grace)
	cancel()
	if grown := <-peak - before; grown > maxGrowth {
		t.Errorf("memory grew by %d bytes, want at most %d", grown, maxGrowth)
	}
	if len(output) > 1<<20 {
		t.Errorf("the output has %d bytes", len(output))
	}
	var got struct{ Truncated bool }
	if e := json.Unmarshal(output, &got); e != nil || !got.Truncated {
		t.Errorf("the output does not say that it was cut (error %v, %v)", err, e)
	}
	runtime.KeepAlive(output)
}

func heapBytes() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64())
}

// watchHeap gives the largest size of the heap that was seen until the context ends.
func watchHeap(ctx context.Context) <-chan int64 {
	out := make(chan int64, 1)
	go func() {
		ticker := time.NewTicker(5 * time.Millisecond)
		defer ticker.Stop()
		peak := heapBytes()
		for {
			select {
			case <-ctx.Done():
				out <- peak
				return
			case <-ticker.C:
				peak = max(peak, heapBytes())
			}
		}
	}()
	return out
}

func (c Case) secret(t *testing.T) {
	if c.Echoes == nil {
		t.Skip("the action is given no secret that could come back")
	}
	output, err := c.run(t, t.Context(), c.call(c.Echoes), 5*time.Second)
	if said := fmt.Sprintf("%s %v", output, err); !strings.Contains(said, "<secret>") {
		t.Errorf("the secret was not sent back, so the test shows nothing: %s", said)
	}
}

// hostileTexts are what an alert may say. TRAP is replaced by a file that exists as soon as any of it is run.
var hostileTexts = []string{
	"; touch TRAP #", "&& touch TRAP", "|| touch TRAP", "| touch TRAP", "& touch TRAP &", "$(touch TRAP)", "${IFS}$(touch${IFS}TRAP)",
	"`touch TRAP`", "\ntouch TRAP\n", "\r\ntouch TRAP\r\n", "'; touch TRAP; '", "\"; touch TRAP; \"", "'\"; touch TRAP #", `\'; touch TRAP; \'`,
	`\`, `\\`, `a\`, `'`, `''`, `"`, "'\\''", "$HOME", "%s%n%x", "!!", "~", "*", "-oProxyCommand=touch TRAP", "--help", "{a,b}", "<(touch TRAP)",
	"\x1b]0;title\x07\x1b[2J", "\t", " ", "日本語 初動 🔥", "\u202e", "line one\nline two", "a=b", "#", "é\u0301",
	"nul\x00; touch TRAP", strings.Repeat("; touch TRAP\n", (1<<20)/13),
}

func (c Case) hostile(t *testing.T, h Hostile) {
	trap := filepath.Join(t.TempDir(), "trap")
	for _, text := range hostileTexts {
		text = strings.ReplaceAll(text, "TRAP", trap)
		output, err := c.run(t, t.Context(), c.call(h.Params(text)), 20*time.Second)
		switch refusable := h.Refuses != nil && h.Refuses(text); {
		case refusable && action.KindOf(err) != incident.Permanent:
			t.Errorf("%.60q: kind %q, want permanent before anything is sent: %v", text, action.KindOf(err), err)
		case refusable:
		case err != nil:
			t.Errorf("%.60q: %.300v", text, err)
		case h.Arrived != nil:
			h.Arrived(t, text, output)
		}
		if err != nil && len(err.Error()) > 2000 {
			t.Errorf("%.60q: the error has %d bytes", text, len(err.Error()))
		}
		if _, err := os.Stat(trap); err == nil {
			t.Fatalf("%.60q was run", text)
		}
	}
}

// leavesNothing gives a check, for the end of a test, that no goroutine and nothing on the other side is left.
func (c Case) leavesNothing(t *testing.T) func() {
	before := runtime.NumGoroutine()
	return func() {
		Eventually(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= before })
		if c.NothingLeft != nil {
			c.NothingLeft(t)
		}
	}
}

// Eventually waits until the condition holds and fails the test after five seconds.
func Eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(5 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Errorf("%s: not within 5 s", what)
			return
		case <-tick.C:
		}
	}
}

// Connections are fixed credentials.
type Connections struct {
	SSHConnection action.SSH
	Headers       map[string][2]string // name to key and value
}

// SSH gives the connection, or ErrNoCredential when it is empty.
func (c Connections) SSH() (action.SSH, error) {
	if reflect.ValueOf(c.SSHConnection).IsZero() {
		return action.SSH{}, action.ErrNoCredential
	}
	return c.SSHConnection, nil
}

// HTTPHeader gives the header of that name, or ErrNoCredential.
func (c Connections) HTTPHeader(name string) (key, value string, err error) {
	h, ok := c.Headers[name]
	if !ok {
		return "", "", action.ErrNoCredential
	}
	return h[0], h[1], nil
}
