package scenario_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// step gives a scenario's one gather step with these parameters, and inputs of each kind.
func step(t testing.TB, uses, with string) *scenario.Step {
	t.Helper()
	s := parse(t, `title: T
match: {when: true}
inputs:
  url:   {type: url}
  text:  {type: string, default: x}
  n:     {type: int, default: 3}
  x:     {type: number, default: 0.5}
  b:     {type: bool, default: true}
  d:     {type: duration, default: 90s}
  words: {type: strings, default: [a, b]}
check:
  - {id: probe, uses: http.request, with: {url: "https://acme.example"}, healthy: output.status == 200}
gather:
  - uses: `+uses+`
    with: `+with+"\n")
	return &s.Gather[0]
}

// stepFacts adds to facts the inputs as they come back from a history, and a step that has run.
func stepFacts() scenario.Facts {
	f := facts()
	f.Target = "web-1"
	inputs := `{"url": "https://www.acme.example/healthz?a=1", "text": "it's", "n": 3, "x": 0.5, "b": true, "d": "1m30s", "words": ["a", "b c"]}`
	if err := json.Unmarshal([]byte(inputs), &f.Inputs); err != nil {
		panic(err)
	}
	f.Steps = []incident.Step{
		{ID: "probe", Status: incident.Succeeded, Output: json.RawMessage(`{"status": 200, "body": "first"}`)},
		{ID: "probe", Status: incident.Failed, Error: "refused", Output: json.RawMessage(`{"status": 503, "body": "<b>", "took": "1.5s", "headers": {"a": "b"}, "redirects": [{"to": "x"}]}`),
			StartedAt: time.Unix(100, 0), EndedAt: time.Unix(102, 0)},
	}
	return f
}

func TestRender(t *testing.T) {
	tests := []struct{ name, with, want string }{
		{"defaults are given, the rest is left out", `{url: "https://acme.example"}`,
			`{"url":"https://acme.example","method":"GET","timeout":"10s"}`},
		{"fixed values", `{url: "http://acme.example", method: HEAD, headers: {a: b}, timeout: 1m, retries: 2, ratio: 0.25, follow: true, expect: [x]}`,
			`{"url":"http://acme.example","method":"HEAD","headers":{"a":"b"},"timeout":"1m0s","retries":2,"ratio":0.25,"follow":true,"expect":["x"]}`},
		{"a value that is only an expression keeps its type", `{url: "${{ inputs.url }}", timeout: "${{ inputs.d }}", retries: "${{ inputs.n + 1 }}", ratio: "${{ inputs.x * 3 }}", follow: "${{ not inputs.b }}", expect: "${{ inputs.words }}"}`,
			`{"url":"https://www.acme.example/healthz?a=1","method":"GET","timeout":"1m30s","retries":4,"ratio":1.5,"follow":false,"expect":["a","b c"]}`},
		{"what an alert says may fit", `{url: "https://acme.example", retries: "${{ alert.details.port }}", expect: "${{ alert.details.tags }}"}`,
			`{"url":"https://acme.example","method":"GET","timeout":"10s","retries":8080,"expect":["a","b"]}`},
		{"every value as text", `{url: "https://acme.example", expect: ["${{ incident.number }}/${{ alert.details.count }}/${{ inputs.x }}/${{ inputs.b }}/${{ inputs.d }}/${{ alert.created_at }}"]}`,
			`{"url":"https://acme.example","method":"GET","timeout":"10s","expect":["42/1234567/0.5/true/1m30s/2026-11-19T18:00:00Z"]}`},
		{"an earlier step; the later one of the same id", `{url: "https://acme.example", expect: ["${{ steps.probe.status }} ${{ steps.probe.output.status }} ${{ steps.probe.output.body }} ${{ steps.probe.error }} ${{ steps.probe.duration }} ${{ steps.probe.output.took }} ${{ steps.probe.output.headers.a }} ${{ steps.probe.output.redirects[0].to }}"]}`,
			`{"url":"https://acme.example","method":"GET","timeout":"10s","expect":["failed 503 <b> refused 2s 1.5s b x"]}`},
		{"an escape", `{url: "https://acme.example", expect: ["$${{ inputs.n }} $$ ${{ inputs.n }}"]}`,
			`{"url":"https://acme.example","method":"GET","timeout":"10s","expect":["${{ inputs.n }} $$ 3"]}`},
		{"brackets and quotes inside an expression", `{url: "https://acme.example", expect: ['${{ {"}}": {"b": "}}"}}["}}"].b + "\"}}" }}!']}`,
			`{"url":"https://acme.example","method":"GET","timeout":"10s","expect":["}}\"}}!"]}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			st := step(t, "http.request", test.with)
			got, err := st.Render(stepFacts())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if err := json.Unmarshal(got, reflect.New(st.Action.Params).Interface()); err != nil {
				t.Errorf("the parameters do not fit the struct: %v", err)
			}
		})
	}
}

// hostile are texts that an alert may hold.
func hostile() []string {
	return []string{
		"; rm -rf / #", "$(reboot)", "`reboot`", "a\nreboot", "'", `"`, "' || reboot '", "${{ inputs.url }}", "${IFS}reboot", "--help", "",
		"*", "~", "\\", "|reboot", "a b\tc", "\u202e", "%00", "../../etc/passwd", "@evil.example/", "#", "?x=y", "&a=b", "//evil.example",
		"\xff\xfe", strings.Repeat("A", 60_000),
	}
}

// Each expression stays inside its one argument, variable, or part of a URL.
func TestHostileTextStaysText(t *testing.T) {
	run := step(t, "aws.ssm.read", `
      instance: a
      command: [echo, "${{ alert.summary }}", "pre-${{ alert.summary }}-post", last]
      script: 'echo "$TEXT"'
      env: {TEXT: "${{ alert.summary }}"}`)
	request := step(t, "http.request", `{url: "https://acme.example/a/${{ alert.summary }}/b?q=${{ alert.summary }}&r=1"}`)
	for _, text := range hostile() {
		f := stepFacts()
		f.Incident.Alerts[0].Summary = text
		valid := strings.ToValidUTF8(text, "\ufffd\ufffd") // JSON has no other text
		var got runParams
		render(t, run, f, &got)
		want := runParams{Instance: "a", Command: scenario.Command{"echo", valid, "pre-" + valid + "-post", "last"}, Script: `echo "$TEXT"`, Env: scenario.Env{"TEXT": valid}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%.40q: -want +got:\n%s", text, diff)
		}
		if len(text) > 1000 {
			continue
		}
		var asked httpParams
		render(t, request, f, &asked)
		u, err := url.Parse(string(asked.URL))
		if err != nil {
			t.Fatal(err)
		}
		segments := strings.Split(u.EscapedPath(), "/")
		if u.Host != "acme.example" || u.Fragment != "" || len(segments) != 4 || segments[3] != "b" || u.Query().Get("r") != "1" || len(u.Query()) != 2 {
			t.Errorf("%.40q gives the URL %s", text, u)
		}
		if segment, err := url.PathUnescape(segments[2]); segment != text || u.Query().Get("q") != text {
			t.Errorf("%.40q becomes %q and %q, %v", text, segment, u.Query().Get("q"), err)
		}
	}
}

func render(t *testing.T, st *scenario.Step, f scenario.Facts, into any) {
	t.Helper()
	data, err := st.Render(f)
	if err != nil {
		t.Fatalf("%.40q: %v", f.Incident.Alerts[0].Summary, err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func TestRenderRefuses(t *testing.T) {
	tests := []struct {
		name, with, text string
		want             error
		message          string
	}{
		{name: "NUL", with: `{url: "https://acme.example", expect: ["${{ alert.summary }}"]}`, text: "a\x00b", want: scenario.ErrText, message: `test.yaml:14: with of step "http.request": parameter "expect": element 0: unusable text: it holds a NUL byte`},
		{name: "1 MB", with: `{url: "https://acme.example", expect: ["${{ alert.summary }}"]}`, text: strings.Repeat("A", 1<<20), want: scenario.ErrText, message: "longer than 64 KiB"},
		{name: "1 MB of pieces", with: `{url: "https://acme.example", expect: ["${{ alert.summary }}${{ alert.summary }}"]}`, text: strings.Repeat("A", 40<<10), want: scenario.ErrText, message: "longer than 64 KiB"},
		{name: "a value out of the list", with: `{url: "https://acme.example", method: "${{ alert.summary }}"}`, text: "DELETE", message: `parameter "method": "DELETE" is not one of: GET, HEAD`},
		{name: "a missing detail in text", with: `{url: "https://acme.example", expect: ["${{ alert.details.nope }}"]}`, message: `evaluate "alert.details.nope": there is no value; text is needed`},
		{name: "a missing detail alone", with: `{url: "https://acme.example", retries: "${{ alert.details.nope }}"}`, message: `the result is nothing, expected a whole number`},
		{name: "a fraction for an int", with: `{url: "https://acme.example", retries: "${{ alert.details.port / 3 }}"}`, message: `expected a whole number`},
		{name: "a list in text", with: `{url: "https://acme.example", expect: ["${{ alert.details.tags }}"]}`, message: "a list cannot be put into text"},
		{name: "a mapping in text", with: `{url: "https://acme.example", expect: ["${{ alert.details }}"]}`, message: "a mapping cannot be put into text"},
		{name: "nested lists", with: `{url: "https://acme.example", expect: "${{ [[alert.summary]] }}"}`, message: "the result is a list, expected a list of texts"},
		{name: "a negative duration", with: `{url: "https://acme.example", timeout: "${{ alert.summary }}"}`, text: "-5s", message: "expected a duration"},
		{name: "leaving the path", with: `{url: "https://acme.example/a/${{ alert.summary }}/b"}`, text: "..", message: `"." or ".."`},
		{name: "leaving the path in pieces", with: `{url: "https://acme.example/a/${{ alert.summary }}${{ alert.summary }}/b"}`, text: ".", message: `"." or ".."`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := stepFacts()
			f.Incident.Alerts[0].Summary = test.text
			data, err := step(t, "http.request", test.with).Render(f)
			if err == nil || !strings.Contains(err.Error(), test.message) || test.want != nil && !errors.Is(err, test.want) {
				t.Errorf("got %.100s, %v; want %s", data, err, test.message)
			}
			if err != nil && len(err.Error()) > 1000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestStepsThatDidNotRun(t *testing.T) {
	s := parse(t, `title: T
match: {when: true}
check:
  - {id: probe, uses: http.request, with: {url: "https://acme.example"}, healthy: output.status == 200}
  - id: guarded
    uses: http.request
    with: {url: "https://acme.example"}
    if: steps.probe.status == "succeeded" and steps.probe.output.status == 500
    healthy: output.status == 200
  - id: bare
    uses: http.request
    with: {url: "https://acme.example"}
    if: steps.probe.output.status == 500
    healthy: output.status == 200
`)
	var f scenario.Facts
	if wanted, err := s.Check[1].Wanted(f); wanted || err != nil {
		t.Errorf("guarded: got %v, %v", wanted, err)
	}
	// To take a missing output for zero values could start a repair that nothing asks for.
	want := `test.yaml:10: if of step "bare": evaluate "steps.probe.output.status == 500": steps.probe has no output: it is skipped`
	if wanted, err := s.Check[2].Wanted(f); wanted || err == nil || err.Error() != want {
		t.Errorf("bare: got %v, %v; want %s", wanted, err, want)
	}
	if healthy, err := s.Check[0].Judge(f); healthy || err == nil || !strings.Contains(err.Error(), "the step has no output") {
		t.Errorf("no output: got %v, %v", healthy, err)
	}
	for output, want := range map[string]bool{`{"status": 200}`: true, `{"status": 500}`: false, `{}`: false} {
		f.Output = json.RawMessage(output)
		if healthy, err := s.Check[0].Judge(f); healthy != want || err != nil {
			t.Errorf("%s: got %v, %v", output, healthy, err)
		}
	}
	f.Output = json.RawMessage(`{"status": "200"}`)
	if healthy, err := s.Check[0].Judge(f); healthy || err == nil {
		t.Errorf("an output of another type: got %v, %v", healthy, err)
	}
}

func TestRenderTarget(t *testing.T) {
	s := parse(t, `title: T
match: {when: true}
inputs: {host: {type: string}}
target: "${{ inputs.host }}"
gather: [{uses: aws.ssm.read, with: {instance: a}}]
`)
	for host, ok := range map[string]bool{"web-1": true, "株式会社": true, "": false, " ": false, "a\nb": false, strings.Repeat("x", 300): false, "\xff": false} {
		target, err := s.RenderTarget(scenario.Facts{Inputs: map[string]any{"host": host}})
		if (err == nil) != ok || ok && target != host {
			t.Errorf("%.20q: got %.20q, %v", host, target, err)
		}
	}
}
