package tcpconnect_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shodo/internal/action"
	"shodo/internal/action/actiontest"
	"shodo/internal/action/tcpconnect"
	"shodo/internal/incident"
)

type params = actiontest.Params

func newSet() *action.Set { return action.NewSet(tcpconnect.Actions(tcpconnect.Settings{})...) }

func TestContract(t *testing.T) {
	silent := actiontest.Listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	actiontest.Run(t, actiontest.Case{
		Set: newSet(), Name: "tcp.connect",
		Works: params{"host": "127.0.0.1", "port": silent.Port},
		Waits: params{"host": "127.0.0.1", "port": silent.Port, "read": true, "timeout": "1m"},
		Late:  "", // an answer: connected, and no banner
		Failures: []actiontest.Failure{
			{Name: "metadata", Params: params{"host": "169.254.169.254", "port": 80}, Kind: incident.Refused, Error: "link-local"},
			{Name: "no port", Params: params{"host": "127.0.0.1", "port": 0}, Kind: incident.Permanent, Error: "TCP port"},
			{Name: "a port of text", Params: params{"host": "127.0.0.1", "port": "80"}, Kind: incident.Permanent, Error: "want int"},
			{Name: "a url", Params: params{"host": "http://127.0.0.1", "port": 80}, Kind: incident.Permanent, Error: "host name"},
		},
		// A host that is no name is refused; what could be one is looked up (".invalid" never exists, RFC 6761).
		Hostile: []actiontest.Hostile{{Place: "host", Params: func(text string) params {
			return params{"host": text + ".invalid", "port": 80, "timeout": "2s"}
		}, Refuses: func(text string) bool {
			return len(text) > 200 || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`/\@"'<>[]`, r) })
		}}},
	})
}

func TestProbe(t *testing.T) {
	banner := actiontest.Listen(t, func(c net.Conn) { _, _ = io.WriteString(c, "220 mail\x1b[2J ready\r\n250 more\r\n") })
	endless := actiontest.Listen(t, func(c net.Conn) {
		for {
			if _, err := c.Write(bytes.Repeat([]byte("a"), 1<<16)); err != nil {
				return
			}
		}
	})
	hangUp := actiontest.Listen(t, func(net.Conn) {})
	for _, tc := range []struct {
		name   string
		params params
		want   tcpconnect.Output
	}{
		{"open", params{"port": banner.Port}, tcpconnect.Output{Connected: true, Address: banner.Address}},
		{"banner", params{"port": banner.Port, "read": true}, tcpconnect.Output{Connected: true, Address: banner.Address, Banner: "220 mail␛[2J ready"}},
		{"a banner without end", params{"port": endless.Port, "read": true}, tcpconnect.Output{Connected: true, Address: endless.Address, Banner: strings.Repeat("a", 1024)}},
		{"no banner", params{"port": hangUp.Port, "read": true},
			tcpconnect.Output{Connected: true, Address: hangUp.Address, Error: "no banner: the server closed the connection without an answer"}},
		{"closed", params{"port": actiontest.ClosedPort(t)}, tcpconnect.Output{Error: "connection refused"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.params["host"] = "127.0.0.1"
			raw, _ := json.Marshal(tc.params)
			output, err := newSet().Run(t.Context(), "tcp.connect", action.Call{Params: raw})
			if err != nil {
				t.Fatal(err)
			}
			var got tcpconnect.Output
			if err := json.Unmarshal(output, &got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreFields(got, "DurationMS")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
