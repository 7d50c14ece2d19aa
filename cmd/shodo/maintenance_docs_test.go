package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/catalog"
)

// The examples of docs/api.md are sent as they stand, in their order, and answered by what stands below them. Only the ids of
// windows and of pauses are others.
func TestExamplesOfTheAPI(t *testing.T) {
	c, problems := catalog.Load(fstest.MapFS{"customers/acme.yaml": &fstest.MapFile{Data: []byte(`name: Acme
time_zone: Asia/Tokyo
language: ja
pagerduty: {services: [PX5678]}
scenarios: {}
tiers: [{name: first, slack: "#acme"}]
`)}}, "v1", anyActions())
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	address, stop, err := serveAPI(t.TempDir(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	page, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```sh\n(.*?)```\n\n```json\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(examples) < 5 {
		t.Fatalf("only %d examples are found", len(examples))
	}
	written, writtenPause := windowID.FindString(string(page)), pauseID.FindString(string(page))
	id, idOfPause := written, writtenPause
	for _, e := range examples {
		command := strings.NewReplacer("$SHODO", "http://"+address, "$TOKEN", aliceToken, written, id, writtenPause, idOfPause).Replace(e[1])
		body := send(t, command)
		if got := windowID.FindString(body); got != "" {
			id = got
		}
		if got := pauseID.FindString(body); got != "" {
			idOfPause = got
		}
		var got, want any
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%s\nanswers no JSON: %v\n%s", e[1], err, body)
		}
		if err := json.Unmarshal([]byte(strings.NewReplacer(written, id, writtenPause, idOfPause).Replace(e[2])), &want); err != nil {
			t.Fatalf("the page has no JSON below\n%s: %v", e[1], err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n(-page +answer):\n%s", e[1], diff)
		}
	}
}

// word is one argument of a shell's command line, in quotes or not.
var word = regexp.MustCompile(`'[^']*'|"[^"]*"|[^\s'"]+`)

// send does what curl would: the few flags that the page uses, and no other.
func send(t *testing.T, command string) string {
	t.Helper()
	words := word.FindAllString(command, -1)
	for i := range words {
		words[i] = strings.Trim(words[i], `'"`)
	}
	method, url, data, header := http.MethodGet, "", "", http.Header{}
	if words[0] != "curl" {
		t.Fatalf("not a curl command: %s", command)
	}
	for i := 1; i < len(words); i++ {
		switch {
		case words[i] == "-s":
		case words[i] == "-X":
			i++
			method = words[i]
		case words[i] == "-H":
			i++
			name, value, _ := strings.Cut(words[i], ": ")
			header.Set(name, value)
		case words[i] == "-d":
			i++
			method, data = http.MethodPost, words[i]
			header.Set("Content-Type", "application/x-www-form-urlencoded") // as curl does
		case strings.HasPrefix(words[i], "http"):
			url = words[i]
		default:
			t.Fatalf("the test does not know %q of %s", words[i], command)
		}
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
