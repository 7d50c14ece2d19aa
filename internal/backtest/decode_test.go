package backtest

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"shodo/internal/incident"
)

// full is a record in which everything is set that a decision or a report may read.
func full() incident.Record {
	at := time.Date(2026, 11, 20, 3, 0, 0, 123456000, time.FixedZone("", 9*60*60))
	ref := incident.Ref{ID: "P1", Name: "web <shop> & \"more\""}
	agent := incident.Agent{ID: "PU", Name: "相子", Type: "user_reference"}
	return incident.Record{
		Incident: incident.Incident{ID: "Q1", Number: 42, Key: "k", Title: "ディスク\u2028 95%\n\tfull", Status: incident.Triggered, Urgency: "high", Priority: "P1",
			Service: ref, Teams: []incident.Ref{ref, {ID: "PT"}}, URL: "https://acme.pagerduty.com/incidents/Q1", CreatedAt: at, EscalationPolicy: ref,
			Assignees: []incident.Ref{ref}, AcknowledgedBy: []incident.Agent{agent}, LastChangeBy: agent, MergedInto: "Q2", AckTimeout: true, AlertCount: 2,
			Alerts: []incident.Alert{{ID: "A", DedupKey: "d", Summary: "s \\ / \x7f 😀", Severity: "critical", Source: "web-1", Component: "c", Group: "g", Class: "cl",
				Details: map[string]any{"a": 1.5, "b": []any{true, nil, "x", map[string]any{"": -0.25e-3}}, "c": map[string]any{}, "d": []any{}},
				Links:   []string{"https://a.example/", ""}, CreatedAt: at.UTC(), Monitor: "zabbix"}, {Summary: "second", CreatedAt: at}}},
		Customer: incident.Customer{ID: "acme", Name: "Acme", Labels: map[string]string{"a": "b"}},
		Match: incident.Match{Scenario: "web", Autonomy: incident.Approve, Inputs: json.RawMessage(`{"url":"https://a.example","n":[1,2]}`), Target: "web-1", Why: "because \"it\" \\ is",
			Considered: []incident.Considered{{Scenario: "web", Matched: true, Why: "\u00e9\t"}}},
	}
}

// same demands that a document reads as encoding/json reads it.
func same(t *testing.T, d *decoder, doc []byte) {
	t.Helper()
	var got, want seen
	readable, wanted := d.read(doc, &got), want.read(doc)
	if readable != wanted {
		t.Fatalf("readable %v, want %v: %s", readable, wanted, doc)
	}
	if !wanted {
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\ngot  %+v\nwant %+v", doc, got, want)
	}
}

func TestReadsWhatTheEngineWrites(t *testing.T) {
	var d decoder
	for _, r := range []incident.Record{full(), {}, {Incident: incident.Incident{ID: "Q2", Status: incident.Resolved}}} {
		doc, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		same(t, &d, doc)
		same(t, &d, doc) // with the texts of the first time
		if r.Incident.Status != "" && d.odd {
			t.Errorf("it was left to encoding/json: %s", doc)
		}
		indented, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		same(t, &d, indented)
	}
}

// What is not in the engine's own form is read all the same, or not at all, as encoding/json does.
func TestReadsOtherForms(t *testing.T) {
	var d decoder
	for _, doc := range []string{
		``, ` `, `null`, `[]`, `{`, `{}`, `{} {}`, `{"incident":null}`, `{"incident":{}}`, `{"incident":{"status":"triggered"}}`, `{"incident":{"status":"triggered"},}`,
		`{"Incident":{"STATUS":"triggered"}}`, `{"incident":{"\u0073tatus":"triggered"}}`, `{"incident":{"status":"trigg` + "\xff" + `ered"}}`, `{"incident":{"status":"a","status":"b"}}`,
		`{"incident":{"status":"a"},"incident":{"title":"b"}}`, `{"incident":{"status":"a","number":1.0}}`, `{"incident":{"status":"a","number":01}}`, `{"incident":{"status":"a","number":1e3}}`,
		`{"incident":{"status":"a","number":-0}}`, `{"incident":{"status":"a","number":99999999999999999999}}`, `{"incident":{"status":"a","number":"1"}}`, `{"incident":{"status":"a","number":null}}`,
		`{"incident":{"status":"a","created_at":"2026-11-20T03:00:00Z"}}`, `{"incident":{"status":"a","created_at":"2026-11-20 03:00:00Z"}}`, `{"incident":{"status":"a","created_at":"2026\u002d11-20T03:00:00Z"}}`,
		`{"incident":{"status":"a","created_at":null}}`, `{"incident":{"status":"a","alerts":[]}}`, `{"incident":{"status":"a","alerts":null}}`, `{"incident":{"status":"a","alerts":[null]}}`, `{"incident":{"status":"a","alerts":{}}}`,
		`{"incident":{"status":"a","alerts":[{"details":[]}]}}`, `{"incident":{"status":"a","alerts":[{"details":null}]}}`, `{"incident":{"status":"a","alerts":[{"details":{"a":1,"a":2}}]}}`, `{"incident":{"status":"a","alerts":[{"details":{"a":1e999}}]}}`,
		`{"incident":{"status":"a","alerts":[{"details":{"a":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}}]}}`, `{"incident":{"status":"a","x":"\q"}}`, `{"incident":{"status":"a","x":"\ud800"}}`, `{"incident":{"status":"\ud800"}}`,
		`{"incident":{"status":"a","x":tru}}`, `{"incident":{"status":"a","x":truely}}`, `{"incident":{"status":"a","x":-}}`, `{"incident":{"status":"a","x":1.}}`, `{"incident":{"status":"a","ack_timeout":1}}`, `{"incident":{"status":"a"}}x`,
		`{"incident":{"status":"a","x":"` + "\x01" + `"}}`, `{"incident":{"status":"a"},"match":{"inputs": { "a" : 1 } ,"target":null}}`, `{"incident":{"status":"a"},"match":{"inputs":null}}`, `{"incident":{"status":"a","x":"\`,
	} {
		same(t, &d, []byte(doc))
	}
}

// FuzzRead: whatever a document holds, it reads as encoding/json reads it.
func FuzzRead(f *testing.F) {
	doc, err := json.Marshal(full())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(doc)
	f.Add([]byte(`{"incident":{"status":"triggered","alerts":[{"details":{"a":[1,-2.5e3,null,"\u00e9"]}}],"links":[]},"match":{"inputs":{}}}`))
	var d decoder
	f.Fuzz(func(t *testing.T, doc []byte) { same(t, &d, doc) })
}

func BenchmarkRead(b *testing.B) {
	doc, err := json.Marshal(full())
	if err != nil {
		b.Fatal(err)
	}
	var s seen
	b.Run("known form", func(b *testing.B) {
		var d decoder
		for b.Loop() {
			d.read(doc, &s)
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		for b.Loop() {
			s = seen{}
			s.read(doc)
		}
	})
}
