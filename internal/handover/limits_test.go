package handover_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/handover"
	"shodo/internal/incident"
)

// units counts as Slack does.
func units(s string) int { return len(utf16.Encode([]rune(s))) }

// live finds markup of Slack that would do something: a mention, or a link whose text is not its address.
var live = regexp.MustCompile(`<[!@#]|<[^>]*\||(?i)@(here|channel|everyone)`)

// unescaped finds an ampersand that starts no entity of Slack's three.
var unescaped = regexp.MustCompile(`&(?:[^alg]|a[^m]|am[^p]|l[^t]|g[^t]|$)`)

func checkLimits(t *testing.T, p handover.Packet) {
	t.Helper()
	checkMessage(t, p.Slack(), 0)
	for name, text := range map[string]string{"note": p.Note(), "Markdown": p.Markdown()} {
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\x1b\x07\u202e\u200f\r") {
			t.Errorf("%s holds characters that are not for people", name)
		}
	}
	if n := utf8.RuneCountInString(p.Note()); n > handover.MaxNote || len(p.Note()) > handover.MaxNoteBytes {
		t.Errorf("note has %d characters and %d bytes", n, len(p.Note()))
	}
	if n := utf8.RuneCountInString(p.Markdown()); n > handover.MaxMarkdown {
		t.Errorf("Markdown has %d characters", n)
	}
}

func checkMessage(t *testing.T, m handover.Message, depth int) {
	t.Helper()
	if m.Text == "" || units(m.Text) > handover.MaxFallback {
		t.Errorf("fallback text has %d characters", units(m.Text))
	}
	checkMrkdwn(t, "fallback", m.Text)
	if len(m.Blocks) == 0 || len(m.Blocks) > handover.MaxBlocks {
		t.Errorf("message has %d blocks", len(m.Blocks))
	}
	if m.Size() > handover.MaxMessage {
		t.Errorf("message has %d characters of JSON", m.Size())
	}
	for _, b := range m.Blocks {
		checkBlock(t, b)
	}
	if depth > 0 && len(m.Thread)+len(m.Files) > 0 {
		t.Error("a reply has replies or files of its own")
	}
	for _, reply := range m.Thread {
		checkMessage(t, reply, depth+1)
	}
	names := map[string]bool{}
	for _, f := range m.Files {
		if f.Content == "" || len(f.Content) > handover.MaxFile+200 || f.Title == "" || names[f.Name] ||
			!regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`).MatchString(f.Name) || strings.Contains(f.Name, "..") {
			t.Errorf("file %q with title %q and %d bytes", f.Name, f.Title, len(f.Content))
		}
		names[f.Name] = true
	}
	if len(m.Files) > handover.MaxFiles {
		t.Errorf("message has %d files", len(m.Files))
	}
}

func checkBlock(t *testing.T, b handover.Block) {
	t.Helper()
	limit := map[string]int{"header": handover.MaxHeader, "section": handover.MaxSection}[b.Type]
	if b.Text != nil && (b.Text.Text == "" || units(b.Text.Text) > limit) {
		t.Errorf("%s has %d characters: %.80q", b.Type, units(b.Text.Text), b.Text.Text)
	}
	most := map[string]int{"context": 10, "actions": handover.MaxActions}[b.Type]
	if len(b.Fields) > handover.MaxFields || len(b.Elements) > most {
		t.Errorf("%s has %d fields and %d elements", b.Type, len(b.Fields), len(b.Elements))
	}
	texts := slices.Clone(b.Fields)
	for _, e := range b.Elements {
		switch {
		case e.Text != nil:
			texts = append(texts, *e.Text)
		case e.Button != nil:
			checkButton(t, *e.Button)
		case e.Checkboxes != nil:
			checkBoxes(t, b.BlockID, *e.Checkboxes)
		default:
			t.Errorf("%s has an empty element", b.Type)
		}
	}
	for _, f := range texts {
		if f.Text == "" || units(f.Text) > handover.MaxField {
			t.Errorf("field has %d characters: %.80q", units(f.Text), f.Text)
		}
	}
	if b.Text != nil {
		texts = append(texts, *b.Text)
	}
	for _, f := range texts {
		if f.Type == "plain_text" && regexp.MustCompile(`<[!@#]|(?i)@(here|channel|everyone)`).MatchString(f.Text) {
			t.Errorf("%s holds a mention: %.200q", b.Type, f.Text)
		}
		if f.Type == "mrkdwn" {
			checkMrkdwn(t, b.Type, f.Text)
			if !f.Verbatim {
				t.Errorf("%s is not verbatim: Slack would link plain words in it", b.Type)
			}
		}
	}
}

func checkPlain(t *testing.T, where string, text handover.Text, most int) {
	t.Helper()
	if n := units(text.Text); text.Type != "plain_text" || n < 1 || n > most {
		t.Errorf("%s is %s of %d characters: %.80q", where, text.Type, n, text.Text)
	}
	if regexp.MustCompile(`<[!@#]|(?i)@(here|channel|everyone)`).MatchString(text.Text) {
		t.Errorf("%s holds a mention: %.200q", where, text.Text)
	}
}

func checkButton(t *testing.T, b handover.Button) {
	t.Helper()
	checkPlain(t, "button", b.Text, handover.MaxButton)
	if _, err := handover.ParseChoice(b.ActionID, b.Value); err != nil || len(b.ActionID) > handover.MaxID {
		t.Errorf("button %q with value %q: %v", b.ActionID, b.Value, err)
	}
	if c := b.Confirm; c != nil {
		checkPlain(t, "title", c.Title, 100)
		checkPlain(t, "confirmation", c.Text, handover.MaxConfirm)
		checkPlain(t, "confirm", c.Confirm, 30)
		checkPlain(t, "deny", c.Deny, 30)
	}
}

func checkBoxes(t *testing.T, blockID string, c handover.Checkboxes) {
	t.Helper()
	if len(c.Options) < 1 || len(c.Options) > handover.MaxOptions || len(c.ActionID) > handover.MaxID || len(blockID) > handover.MaxID {
		t.Errorf("checkboxes %q of block %q have %d options", c.ActionID, blockID, len(c.Options))
	}
	var shown, all []string
	for _, o := range c.Options {
		checkPlain(t, "option", o.Text, handover.MaxOption)
		if o.Description != nil {
			checkPlain(t, "description", *o.Description, handover.MaxOption)
		}
		all = append(all, o.Value)
	}
	for _, o := range c.InitialOptions {
		shown = append(shown, o.Value)
		if !slices.ContainsFunc(c.Options, func(of handover.Option) bool { return cmp.Equal(of, o) }) {
			t.Errorf("%v is ticked and no option", o)
		}
	}
	if _, err := handover.ParseTicks(blockID, shown, all); err != nil {
		t.Error(err)
	}
}

// ours are the links under a word of ours, to addresses that do not come from an alert, and the people who are on call.
var ours = regexp.MustCompile(`<https?://[^|<>]*\|(?:PagerDuty|Runbook|手順書)>|<@U0[A-Z]+>`)

// code finds the inside of code blocks, where Slack reads no plain "@here".
var code = regexp.MustCompile("(?s)```.*?```")

func checkMrkdwn(t *testing.T, where, s string) {
	t.Helper()
	if n := strings.Count(s, "```"); n%2 != 0 {
		t.Errorf("%s has %d fences: %.200q", where, n, s)
	}
	s = ours.ReplaceAllString(s, "")
	s = code.ReplaceAllStringFunc(s, func(c string) string { return strings.ReplaceAll(c, "@", "") })
	if found := live.FindString(s); found != "" {
		t.Errorf("%s holds live markup %q: %.300q", where, found, s)
	}
	if found := unescaped.FindString(s); found != "" {
		t.Errorf("%s holds an unescaped %q: %.300q", where, found, s)
	}
}

// A megabyte in one output and in the alert's title.
func TestMegabyteOutput(t *testing.T) {
	rec := hostile()
	rec.Incident.Title = strings.Repeat(evil, 1<<20/len(evil))
	rec.Steps[1].Output = asJSON(object{"stdout": strings.Repeat(evil+"\n", 1<<20/len(evil))})
	p := handover.Build(rec, options("ja", rec))
	checkLimits(t, p)
	files := p.Slack().Files
	if len(files) == 0 || len(files[0].Content) < handover.MaxFile/2 || !strings.Contains(files[0].Content, "[省略: ここで") {
		t.Errorf("the output is not in a file that says what it lacks: %d files", len(files))
	}
}

// Whatever long text in every field does, the limits hold.
func TestHugeRecords(t *testing.T) {
	for name, fill := range map[string]string{
		"letters": "a", "ampersands": "&", "angles": "<", "quotes": `"`, "backslashes": `\`, "newlines": "\n", "backticks": "`",
		"japanese": "障", "emoji": "🔥", "broken": "\xff", "escapes": "\x1b[", "mentions": "<!channel>@here ", "joined": "\u202e", "nothing": "",
		"fences": "```", "lines": "<&>\n", "percent": "%s%d%!", "stars": "*_~",
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Repeat(fill, 1<<12/max(1, len(fill)))
			rec := filled(text)
			opts := handover.Options{Language: "ja", Tier: text, Remaining: []string{text, text}, Runbook: text, CloseNote: text}
			checkLimits(t, handover.Build(rec, opts))
			opts.Language = "en"
			checkLimits(t, handover.Build(rec, opts))
			for name, note := range map[string]string{"closing": handover.ClosingNote(rec, opts), "started": handover.StartedNote(rec, opts)} {
				if n := utf8.RuneCountInString(note); n > handover.MaxNote {
					t.Errorf("%s note has %d characters", name, n)
				}
			}
			checkMessage(t, handover.TakenOver(base(), opts, text), 0)
		})
	}
}

// filled is a record in which every text is the given one and every list is long.
func filled(text string) incident.Record {
	r := verifyFailed()
	r.Incident.Title, r.Incident.Priority, r.Incident.URL, r.Incident.Service = text, text, text, incident.Ref{ID: text, Name: text}
	r.Incident.Alerts[0] = incident.Alert{Summary: text, Severity: text, Source: text, Monitor: text, Links: []string{text, "https://x.example/" + text}}
	r.Customer.Name, r.Why, r.TakenBy = text, text, text
	r.Match.Title, r.Match.Target, r.Match.Why, r.Match.Runbook, r.Match.Hash = text, text, text, text, text
	r.EngineVersion, r.CatalogVersion = text, text
	for range 100 {
		r.Match.Considered = append(r.Match.Considered, incident.Considered{Scenario: incident.ScenarioName(text[:min(len(text), 2000)]), Why: text[:min(len(text), 2000)]})
		r.Transitions = append(r.Transitions, incident.Transition{Run: 1, Kind: incident.ToldTier, By: text[:min(len(text), 2000)]})
	}
	for i := range 30 {
		s := step(incident.Gather, 0, 0, i, text, text, object{"command": []string{text}}, nil, 1, 1)
		if i > 2 {
			s.Name, s.Action, s.Params = "n", "a", nil
		}
		s.Output = asJSON(object{"stdout": text[:min(len(text), 1<<20>>i)]})
		r.Steps = append(r.Steps, s)
		s.Phase, s.Attempt, s.Error, s.Note, s.Status = incident.Recover, i+1, text, text, incident.Failed
		r.Steps = append(r.Steps, s)
	}
	return r
}

func FuzzRecord(f *testing.F) {
	for _, rec := range records() {
		f.Add([]byte(asJSON(rec)), "text", "https://runbook.example")
	}
	f.Add([]byte(asJSON(hostile())), evil, evil)
	f.Add([]byte(`{"steps":[{"phase":"recover","status":"started","params":[1],"output":"x"}]}`), "@HERE &amp;", "")
	f.Fuzz(func(t *testing.T, data []byte, text, runbook string) {
		var rec incident.Record
		if json.Unmarshal(data, &rec) != nil {
			rec = verifyFailed()
			rec.Incident.Title, rec.Why, rec.Steps[1].Output, rec.Steps[1].Params = text, text, json.RawMessage(data), json.RawMessage(data)
		}
		for _, language := range []string{"en", "ja"} {
			opts := handover.Options{Language: language, Tier: text, Remaining: []string{text}, Runbook: runbook, CloseNote: text}
			checkLimits(t, handover.Build(rec, opts))
			checkMessage(t, handover.NobodyAnswered(rec, opts, text, text, time.Duration(len(text))), 0)
			checkContact(t, handover.ForContact(rec, opts))
			d := incident.Deferral{Run: len(text) % 3, Window: text}
			lines := []handover.DigestLine{handover.NewDigestLine(rec, d), handover.NewDigestLine(rec, d)}
			checkDigest(t, handover.Digest(lines, opts))
			checkDigest(t, handover.ContactDigest(lines, opts).Slack())
			handover.StartedNote(rec, opts)
			handover.ClosingNote(rec, opts)
		}
	})
}
