package action_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/action"
	"shodo/internal/action/actiontest"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

type testParams struct {
	Name    string            `json:"name" required:"true" doc:"a name"`
	Mode    string            `json:"mode" default:"soft" enum:"soft,hard" doc:"a mode"`
	Wait    scenario.Duration `json:"wait" default:"5s" doc:"a duration"`
	Count   int               `json:"count" default:"3" doc:"a number"`
	Ratio   float64           `json:"ratio" default:"0.5" doc:"a ratio"`
	Force   bool              `json:"force" default:"true" doc:"a switch"`
	Command scenario.Command  `json:"command" doc:"a command"`
	Env     scenario.Env      `json:"env" doc:"variables"`
}

type testOutput struct {
	Text string            `json:"text" doc:"a text"`
	List []string          `json:"list" doc:"a list"`
	Map  map[string]string `json:"map" doc:"a map"`
}

// one gives a set with one action, "test.run", that does what the function does.
func one(run func(context.Context, testParams, action.Call) (testOutput, error)) *action.Set {
	return action.NewSet(action.New(scenario.Action{Name: "test.run", Effect: scenario.Reads, Timeout: 7 * time.Second, Summary: "Tests."}, run))
}

func TestParameters(t *testing.T) {
	full := testParams{Name: "a", Mode: "soft", Wait: scenario.Duration(5 * time.Second), Count: 3, Ratio: 0.5, Force: true}
	with := func(change func(*testParams)) *testParams { p := full; change(&p); return &p }
	for _, tc := range []struct {
		name, json string
		want       *testParams // nil: an error
		err        string
	}{
		{"defaults", `{"name":"a"}`, &full, ""},
		{"null is not given", `{"name":"a","mode":null,"wait":null,"env":null}`, &full, ""},
		{"all", `{"name":"a","mode":"hard","wait":"1m30s","count":0,"ratio":2,"force":false,"command":["ls","-l"],"env":{"A":"b"}}`,
			&testParams{Name: "a", Mode: "hard", Wait: scenario.Duration(90 * time.Second), Ratio: 2, Command: scenario.Command{"ls", "-l"}, Env: scenario.Env{"A": "b"}}, ""},
		{"an empty text is given", `{"name":""}`, with(func(p *testParams) { p.Name = "" }), ""},
		{"nothing", ``, nil, `"name": required`},
		{"not an object", `[]`, nil, "not a JSON object"},
		{"required null", `{"name":null}`, nil, `"name": required`},
		{"unknown", `{"name":"a","nmae":"b"}`, nil, `"nmae": unknown parameter`},
		{"not listed", `{"name":"a","mode":"rude"}`, nil, `is "rude", want one of soft, hard`},
		{"a number as duration", `{"name":"a","wait":5}`, nil, `want a duration`},
		{"a bad duration", `{"name":"a","wait":"5 minutes"}`, nil, `want a duration`},
		{"a negative duration", `{"name":"a","wait":"-5s"}`, nil, `want a duration`},
		{"a text as number", `{"name":"a","count":"3"}`, nil, `"count": want int`},
		{"a fraction as number", `{"name":"a","count":1.5}`, nil, `"count": want int`},
		{"a text as command", `{"name":"a","command":"ls -l"}`, nil, `"command": want command`},
		{"all problems at once", `{"mode":"rude","x":1}`, nil, `"name": required; "mode": is "rude", want one of soft, hard; "x": unknown parameter`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got *testParams
			set := one(func(_ context.Context, p testParams, _ action.Call) (testOutput, error) {
				got = &p
				return testOutput{}, nil
			})
			_, err := set.Run(t.Context(), "test.run", action.Call{Params: json.RawMessage(tc.json)})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			if (tc.want == nil) != (action.KindOf(err) == incident.Permanent) || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("error %v, want %q", err, tc.err)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	full := testOutput{Text: "half"}
	for _, tc := range []struct {
		name   string
		output testOutput
		err    error
		kind   incident.ErrorKind
		text   string
		json   string
	}{
		{"works; an empty list is a list", full, nil, "", "", `{"text":"half","list":[],"map":{}}`},
		{"fails without output", testOutput{}, action.Errorf(incident.Transient, "no"), incident.Transient, "no", ""},
		{"fails with output", full, action.Errorf(incident.UnknownEffect, "no").WithHint("look"), incident.UnknownEffect, "no (look)", `{"text":"half","list":[],"map":{}}`},
		{"wrapped", full, fmt.Errorf("outer: %w", action.Errorf(incident.Refused, "no")), incident.Refused, "outer: no", `{"text":"half","list":[],"map":{}}`},
		{"unclassified", testOutput{}, errors.New("odd"), incident.Permanent, "odd", ""},
		{"context's", testOutput{}, context.Canceled, incident.Cancelled, "context canceled", ""},
		{"context's deadline", testOutput{}, fmt.Errorf("x: %w", context.DeadlineExceeded), incident.TimedOut, "x: context deadline exceeded", ""},
		{"control characters", testOutput{}, errors.New("said \x1b[2J"), incident.Permanent, "said ␛[2J", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			set := one(func(context.Context, testParams, action.Call) (testOutput, error) { return tc.output, tc.err })
			output, err := set.Run(t.Context(), "test.run", action.Call{Params: json.RawMessage(`{"name":"a"}`)})
			if string(output) != tc.json || action.KindOf(err) != tc.kind {
				t.Errorf("output %s, kind %q; want %s, %q", output, action.KindOf(err), tc.json, tc.kind)
			}
			var known *action.Error
			if err != nil && (!errors.As(err, &known) || err.Error() != tc.text) {
				t.Errorf("error %#v, want an *Error with %q", err, tc.text)
			}
		})
	}
}

func TestUnknownAction(t *testing.T) {
	if _, err := action.NewSet().Run(t.Context(), "no.such", action.Call{}); !errors.Is(err, action.ErrUnknown) || action.KindOf(err) != incident.Permanent {
		t.Errorf("error %v", err)
	}
}

func TestPanicIsAnError(t *testing.T) {
	var log strings.Builder
	set := one(func(context.Context, testParams, action.Call) (testOutput, error) {
		panic("secret " + actiontest.Canary)
	})
	_, err := set.Run(t.Context(), "test.run", action.Call{Params: json.RawMessage(`{"name":"a"}`), Log: slog.New(slog.NewTextHandler(&log, nil))})
	if action.KindOf(err) != incident.Permanent || strings.Contains(err.Error(), actiontest.Canary) {
		t.Errorf("error %v", err)
	}
	if !strings.Contains(log.String(), "set_test.go") {
		t.Errorf("the log does not say where: %s", log.String())
	}
}

func TestOutputTooLarge(t *testing.T) {
	set := one(func(context.Context, testParams, action.Call) (testOutput, error) {
		return testOutput{Text: strings.Repeat("a", action.MaxEncoded)}, nil
	})
	output, err := set.Run(t.Context(), "test.run", action.Call{Params: json.RawMessage(`{"name":"a"}`)})
	if output != nil || action.KindOf(err) != incident.Permanent {
		t.Errorf("output of %d bytes, error %v", len(output), err)
	}
}

// Heartbeats go on by themselves and repeat what a successor needs, until the run is over.
func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var got []any
		set := one(func(_ context.Context, _ testParams, call action.Call) (testOutput, error) {
			<-time.After(2500 * time.Millisecond)
			call.Heartbeat("command 7")
			<-time.After(2 * time.Second)
			return testOutput{}, nil
		})
		_, err := set.Run(t.Context(), "test.run", action.Call{Params: json.RawMessage(`{"name":"a"}`), Heartbeat: func(detail any) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, detail)
		}})
		if err != nil {
			t.Fatal(err)
		}
		<-time.After(10 * time.Second)
		if diff := cmp.Diff([]any{nil, nil, "command 7", "command 7", "command 7"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOwnTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set := one(func(ctx context.Context, _ testParams, _ action.Call) (testOutput, error) {
			<-ctx.Done()
			return testOutput{}, action.Ended(ctx, "wait for %q", "nothing")
		})
		began := time.Now()
		_, err := set.Run(context.Background(), "test.run", action.Call{Params: json.RawMessage(`{"name":"a"}`)})
		if action.KindOf(err) != incident.TimedOut || time.Since(began) != 7*time.Second || err.Error() != `wait for "nothing": did not end in time` {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
	})
}

// Whatever comes back holds no secret: not its words, not in a list or map, not in an error, not in a hint.
func TestSecretsAreMasked(t *testing.T) {
	_, pem := actiontest.NewKey(t)
	line := strings.Split(string(pem), "\n")[2]
	connection := actiontest.Connections{
		SSHConnection: action.SSH{User: "ops", Key: pem},
		Headers:       map[string][2]string{"api": {"Authorization", "Bearer " + actiontest.Canary}},
	}
	said := "it said " + actiontest.Canary + " and " + line
	shared := map[string]string{"x-key": said, "truncated": "Bearer"}
	set := one(func(_ context.Context, _ testParams, call action.Call) (testOutput, error) {
		_, _, err := call.Connection.HTTPHeader("api")
		_, err2 := call.Connection.SSH()
		if err != nil || err2 != nil {
			t.Error(err, err2)
		}
		return testOutput{Text: said, List: []string{said}, Map: shared}, action.Errorf(incident.Permanent, "%s", said).WithHint("%s", said)
	})
	output, err := set.Run(t.Context(), "test.run", action.Call{Params: json.RawMessage(`{"name":"a"}`), Connection: connection})
	const clean = "it said <secret> and <secret>"
	if want := fmt.Sprintf(`{"text":%q,"list":[%q],"map":{"truncated":"Bearer","x-key":%q}}`, clean, clean, clean); string(output) != want {
		t.Errorf("output %s", output)
	}
	if err.Error() != clean+" ("+clean+")" || action.KindOf(err) != incident.Permanent {
		t.Errorf("error %v", err)
	}
	if shared["x-key"] != said {
		t.Errorf("the action's own map was changed")
	}
}

func TestNoConnections(t *testing.T) {
	set := one(func(_ context.Context, _ testParams, call action.Call) (testOutput, error) {
		_, err := call.Connection.SSH()
		_, _, err2 := call.Connection.HTTPHeader("api")
		if !errors.Is(err, action.ErrNoCredential) || !errors.Is(err2, action.ErrNoCredential) {
			t.Errorf("errors %v, %v", err, err2)
		}
		return testOutput{}, nil
	})
	if _, err := set.Run(t.Context(), "test.run", action.Call{Params: json.RawMessage(`{"name":"a"}`)}); err != nil {
		t.Error(err)
	}
}

func TestSSHPrintsNothing(t *testing.T) {
	c := action.SSH{User: "ops", Key: []byte(actiontest.Canary)}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "ssh", c, "in", struct{ C action.SSH }{c})
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %s %q %x %d", c, c, c, c, c, c), fmt.Sprintf("%+v", struct{ C *action.SSH }{&c}), log.String(), string(raw)} {
		if strings.Contains(said, actiontest.Canary) || strings.Contains(said, "63616e617279") || strings.Contains(said, "99 97 110") {
			t.Errorf("the key is in %s", said)
		}
	}
}

// Mistakes in an action's structs are found when the engine is built, not when an incident needs it.
func TestBadSpecs(t *testing.T) {
	type noDoc struct {
		A string `json:"a"`
	}
	type noKey struct {
		A string `doc:"a"`
	}
	type badType struct {
		A []int `json:"a" doc:"a"`
	}
	type badDefault struct {
		A int `json:"a" doc:"a" default:"x"`
	}
	for name, build := range map[string]func(){
		"no doc":      func() { newOf[noDoc]() },
		"no key":      func() { newOf[noKey]() },
		"bad type":    func() { newOf[badType]() },
		"bad default": func() { newOf[badDefault]() },
		"not struct":  func() { newOf[string]() },
		"twice": func() {
			action.NewSet(newOf[struct{}](), newOf[struct{}]())
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("accepted")
				}
			}()
			build()
		})
	}
}

func newOf[P any]() action.Action {
	return action.New(scenario.Action{Name: "test.bad"}, func(context.Context, P, action.Call) (testOutput, error) { return testOutput{}, nil })
}
