package handover_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
)

// inJapanese gives what a Japanese packet says of why the incident ended.
func inJapanese(why string) string {
	rec := base()
	rec.Phase, rec.Outcome, rec.Reason, rec.Why = incident.HandOver, incident.HandedOver, incident.Inconclusive, why
	return handover.Build(rec, options("ja", rec)).Why
}

// What the engine writes, once for each kind of sentence, as people read it in Japanese.
func TestSentences(t *testing.T) {
	rows := []string{
		`"restart the unit" was done, and verified`,
		`"restart the unit" was done, and verified; what remains is a person's to do`,
		`none of the 2 attempts held`,
		`the check "probe" could not tell: Get "https://www.acme.example/": no such host`,
		`"restart the unit": ssh.run: exit code 1`,
		`nobody approved attempt "restart the unit" within 11m35s`,
		`佐藤 花子 (slack:U0SATO) did not approve attempt 2 in Slack: 業務時間中のため`,
		`Suzuki (local:suzuki) took it over on the command line`,
		`Suzuki (api:portal) took it over by the API, just when the engine was about to close it: the check found it healthy; nothing was changed`,
		`Aiko Tanaka acknowledged it in PagerDuty`,
		`PagerDuty refuses it: pagerduty PUT /incidents/Q1: rejected: status 400`,
		`Suzuki has paused everything for customer "acme": release 42`,
		`Suzuki has paused everything`,
		`Suzuki (slack:U2) has paused scenario "http-down": release 42`,
		`"web-1" had 3 repairs within 1h0m0s, and limits.recoveries allows 3: the fix does not hold`,
		`it was 2h10m5s old when its turn came, longer than the scenario's limits.timeout of 10m0s (if it is new, the clock is wrong)`,
		`changing things is forbidden until Fri 2026-11-20 21:09 JST by maintenance "release 42" (2026-11-20T11:09:33Z to 2026-11-20T12:09:45Z)`,
		`the attempt did not hold; nobody is told: waking a tier is suppressed until Sat 2026-11-21 07:00 JST by quiet hours "夜間 \"深夜\"" (cron 0 22 * * * for 9h) and, ` +
			`after its own end at Sat 2026-11-21 06:00 JST, by windows that follow it without a break; maintenance "release 42" is not about this incident`,
		`attempt 2 ("restart the unit"), which 佐藤 asked for, was not made: another repair of "web-1" did not end in time`,
		`attempt 1 ("restart the unit") was made at the wish of 佐藤 花子: Suzuki (slack:U2) took it over in Slack`,
		`carry out the outcome "recovered": store: connection refused`,
		`none of the 3 scenarios that customer "acme" has adopted matches; it has not adopted the other 12 of the catalog`,
	}
	var b strings.Builder
	for _, why := range rows {
		b.WriteString(why + "\n  " + inJapanese(why) + "\n")
	}
	golden(t, "sentences.ja.txt", b.String())
}

// Each form is the first one that fits what it is for, and has a place for no more than the sentence holds.
func TestEachFormIsReached(t *testing.T) {
	verb := regexp.MustCompile("%[sqdl]")
	for _, f := range handover.JapaneseForms() {
		number := 0
		parts := []any{}
		text := verb.ReplaceAllStringFunc(f[0], func(v string) string {
			number++
			part := map[string]string{"%q": "name", "%d": "7", "%s": "x", "%l": "x"}[v] + strconv.Itoa(number)
			parts = append(parts, part)
			if v == "%q" {
				return strconv.Quote(part)
			}
			return part
		})
		want := strings.TrimSpace(fmt.Sprintf(f[1], parts...))
		if strings.Contains(want, "%!") {
			t.Errorf("%q has fewer parts, or more, than %q: %s", f[0], f[1], want)
		}
		if strings.TrimSpace(text) != text {
			text, want = "Sato (slack:U1) took it over"+text, "Sato さんが対応を引き取りました"+want+"。"
		}
		if strings.HasPrefix(text, "; ") {
			text, want = `changing things is forbidden until a by b (c)`+text, "変更は、bにより a まで禁止されています。"+want
		}
		if got := inJapanese(text); got != want && !strings.HasPrefix(f[0], " and, after") {
			t.Errorf("%q is said as %q, want %q", text, got, want)
		}
	}
}

func FuzzSentence(f *testing.F) {
	for _, form := range handover.JapaneseForms() {
		f.Add(strings.NewReplacer("%q", `"a"`, "%d", "3", "%s", "b", "%l", "c; d").Replace(form[0]))
	}
	f.Add(`"%!s" was done, and verified; nobody is told: changing things is forbidden until Fri 2026-11-20 21:09 JST by quiet hours "a\nb" (c)`)
	f.Fuzz(func(t *testing.T, why string) {
		got := inJapanese(why)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > 500 || strings.ContainsAny(got, "\n\u202e") {
			t.Errorf("%q is said as %q", why, got)
		}
		if strings.Contains(got, "%!") && !strings.Contains(why, "%") {
			t.Errorf("%q is said as %q", why, got)
		}
	})
}

// What no form fits stays as it is, in both languages.
func TestWhatIsNoSentenceStays(t *testing.T) {
	for _, text := range []string{
		"the flux was inverted", "x was done, and verified", `"open was done, and verified`, "none of the many attempts held", "復旧しました",
		"the attempt did not hold and more", `"a" "b" was done, and verified`,
	} {
		if got := inJapanese(text); got != text {
			t.Errorf("%q is said as %q", text, got)
		}
	}
	rec := verifyFailed()
	rec.Why = "the attempt did not hold"
	if got := handover.Build(rec, options("en", rec)).Why; got != rec.Why {
		t.Errorf("in English: %q", got)
	}
}

// A machine's answer is never taken for a sentence of the engine, and the engine's own stands without the marks of output.
func TestErrorsOfSteps(t *testing.T) {
	for text, want := range map[string]string{
		`"nginx": unit not found`:                   "`\"nginx\": unit not found`",
		"check: no such disk":                       "`check: no such disk`",
		"the lock holds":                            "`the lock holds`",
		"what it would do is not what was approved": "実行する内容が、承認された内容と異なっていました。",
	} {
		rec := verifyFailed()
		for i := range rec.Steps {
			if rec.Steps[i].Phase == incident.Recover {
				rec.Steps[i].Status, rec.Steps[i].Error = incident.Failed, text
			}
		}
		if m := pretty(t, handover.Build(rec, options("ja", rec)).Slack()); !strings.Contains(m, strings.Trim(strconv.Quote(want), `"`)) {
			t.Errorf("%q: the message does not hold %q", text, want)
		}
	}
}

// Sentences that the windows make are known, whatever they say.
func TestSentencesOfWindows(t *testing.T) {
	window := func(name string, page, contact, recover incident.Answer, hours time.Duration, match quiethours.Condition) quiethours.Window {
		return quiethours.Window{Kind: quiethours.Maintenance, Name: name, When: quiethours.Once(began, began.Add(hours*time.Hour)), Page: page,
			Contact: contact, Recover: recover, Match: match}
	}
	p := quiethours.New(tokyo, []quiethours.Window{
		window("release 42", incident.Defer, incident.Defer, incident.Forbid, 2, nil),
		window("release 43", incident.Defer, incident.Defer, incident.Forbid, 3, nil),
		window("移行", incident.Suppress, incident.Suppress, incident.Forbid, 1, condition{}),
		window("broken", incident.Suppress, incident.Suppress, incident.Forbid, 4, condition{errors.New("no such field; \"x\"")}),
	})
	d := p.Decide(began.Add(time.Minute), incident.Incident{}, incident.Customer{})
	for _, q := range []incident.Question{incident.Page, incident.Contact, incident.MayRecover} {
		if r := d.Ruling(q); !isJapanese(inJapanese(r.Why)) {
			t.Errorf("%s: %q is said as %q", q, r.Why, inJapanese(r.Why))
		}
	}
}

// condition is of a window that is not about the incident, or of which it cannot be told.
type condition struct{ err error }

func (c condition) Holds(incident.Incident, incident.Customer) (bool, error) { return false, c.err }
func (condition) Source() string                                             { return "x" }

// isJapanese says whether a sentence is Japanese throughout; names, expressions and quoted answers aside, that is told by the
// words of English that every sentence has.
func isJapanese(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana) }) && !englishWord.MatchString(s)
}

var englishWord = regexp.MustCompile(`\b(the|was|were|it|has|had|not|by|whether|until)\b`)

// Each verdict in the source of the workflows has its form: whoever adds a sentence there gets to this test.
func TestEveryVerdictHasItsForm(t *testing.T) {
	files, err := filepath.Glob("../../workflows/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(syntax, func(n ast.Node) bool {
			for _, format := range verdictFormats(n) {
				found++
				if !isSaid(format) {
					t.Errorf("%s: %q has no form in sentences_ja.go", filepath.Base(file), format)
				}
			}
			return true
		})
	}
	if found < 40 {
		t.Errorf("%d sentences were found in the workflows: where are the others?", found)
	}
}

// verdictFormats gives the formats of the sentences that a node makes: the Why of a verdict, what an engine error was about,
// what a second look refuses.
func verdictFormats(n ast.Node) []string {
	switch n := n.(type) {
	case *ast.CompositeLit:
		if kind, ok := n.Type.(*ast.Ident); !ok || kind.Name != "Verdict" {
			return nil
		}
		for _, e := range n.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok && kv.Key.(*ast.Ident).Name == "Why" {
				return known(formatOf(kv.Value))
			}
		}
	case *ast.AssignStmt:
		if len(n.Lhs) == len(n.Rhs) {
			if field, ok := n.Lhs[len(n.Lhs)-1].(*ast.SelectorExpr); ok && field.Sel.Name == "Why" { // it is always assigned last
				if on, ok := field.X.(*ast.Ident); ok && (on.Name == "v" || on.Name == "stepped") {
					return known(formatOf(n.Rhs[len(n.Rhs)-1]))
				}
			}
		}
	case *ast.CallExpr:
		name := ""
		switch f := n.Fun.(type) {
		case *ast.Ident:
			name = f.Name
		case *ast.SelectorExpr:
			name = f.Sel.Name
		}
		switch {
		case name == "engineError" && len(n.Args) == 2:
			return known(formatOf(n.Args[0]) + ": %s")
		case name == "failed" && len(n.Args) == 3:
			return known(formatOf(n.Args[1]) + ": %s")
		case name == "handedOver" && len(n.Args) == 2:
			return known(formatOf(n.Args[1]))
		case name == "notNow" && len(n.Args) == 4:
			return known(formatOf(n.Args[2]))
		}
	}
	return nil
}

// formatOf writes an expression as a format: what is not written out is %s.
func formatOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value)
		return text
	case *ast.BinaryExpr:
		return formatOf(e.X) + formatOf(e.Y)
	case *ast.CallExpr:
		if method, ok := e.Fun.(*ast.SelectorExpr); ok && method.Sel.Name == "Sprintf" {
			return formatOf(e.Args[0])
		}
	}
	return "%s"
}

// known leaves out what is nothing but another sentence.
func known(format string) []string {
	if strings.Trim(format, "%sv: ") == "" {
		return nil
	}
	return []string{format}
}

// isSaid fills a format as the engine may, and says whether any filling is said in Japanese.
func isSaid(format string) bool {
	verb := regexp.MustCompile("%[sqdv]")
	for _, any := range []string{"Sato", "10m0s", "the attempt did not hold"} {
		text := verb.ReplaceAllStringFunc(format, func(v string) string {
			return map[string]string{"%q": `"restart"`, "%d": "3", "%s": any, "%v": any}[v]
		})
		if said := inJapanese(text); said != text && !strings.Contains(said, "%!") {
			return true
		}
	}
	return false
}

// The outcomes of every recorded history are said in Japanese, those of earlier versions too.
func TestOutcomesOfHistories(t *testing.T) {
	files, err := filepath.Glob("../../workflows/testdata/histories/*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	whys := map[string]bool{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var history any
		if err := json.Unmarshal(data, &history); err != nil {
			t.Fatal(err)
		}
		outcomes(history, whys)
	}
	if len(whys) < 15 {
		t.Errorf("%d sentences were found in the histories: where are the others?", len(whys))
	}
	for _, why := range slices.Sorted(maps.Keys(whys)) {
		if said := inJapanese(why); !isJapanese(said) {
			t.Errorf("%q is said as %q", why, said)
		}
	}
}

// outcomes collects why incidents ended, from the payloads of a history.
func outcomes(v any, whys map[string]bool) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			outcomes(one, whys)
		}
	case map[string]any:
		if why, _ := v["why"].(string); why != "" && v["outcome"] != nil && v["outcome"] != "" {
			whys[why] = true
		}
		for key, one := range v {
			if text, ok := one.(string); ok && key == "data" {
				var payload any
				if raw, err := base64.StdEncoding.DecodeString(text); err == nil && json.Unmarshal(raw, &payload) == nil {
					outcomes(payload, whys)
				}
			}
			outcomes(one, whys)
		}
	}
}
