package handover_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/handover"
	"shodo/internal/incident"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (write it with: go test ./internal/handover -update)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

func pretty(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	all := records()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, language := range []string{"en", "ja"} {
			t.Run(name+"_"+language, func(t *testing.T) {
				rec := all[name]
				opts := options(language, rec)
				p := handover.Build(rec, opts)
				checkLimits(t, p)
				base := name + "." + language
				golden(t, base+".note.txt", p.Note())
				golden(t, base+".md", p.Markdown())
				golden(t, base+".slack.json", pretty(t, p.Slack()))
				if rec.Outcome.IsAutomatic() {
					golden(t, base+".closing.txt", handover.ClosingNote(rec, opts))
				}
			})
		}
	}
}

func TestGoldenUpdates(t *testing.T) {
	rec := base()
	for _, language := range []string{"en", "ja"} {
		opts := options(language, rec)
		golden(t, "started."+language+".txt", handover.StartedNote(rec, opts))
		golden(t, "updates."+language+".json", pretty(t, []handover.Message{
			handover.TakenOver(rec, opts, "佐藤 <!channel>"),
			handover.ResolvedBy(rec, opts, "Alice"),
			handover.NobodyAnswered(rec, opts, "first_tier", "second_tier", 10*time.Minute),
			handover.NobodyAnswered(rec, opts, "second_tier", "", 0),
		}))
	}
}

// Every outcome and reason is explained in both languages, each in its own words.
func TestEveryEndingIsExplained(t *testing.T) {
	for _, language := range []string{"en", "ja"} {
		seen := map[string]string{}
		check := func(rec incident.Record) {
			t.Helper()
			name := string(rec.Outcome) + "/" + string(rec.Reason)
			lead := strings.Split(handover.Build(rec, handover.Options{Language: language}).Note(), "\n")[1]
			if strings.TrimSpace(lead) == "" {
				t.Errorf("%s: %s is not explained", language, name)
			}
			if other, ok := seen[lead]; ok {
				t.Errorf("%s: %s and %s have the same explanation %q", language, name, other, lead)
			}
			seen[lead] = name
		}
		rec := base()
		for _, o := range append(incident.Outcomes(), "") {
			if rec.Outcome, rec.Reason = o, ""; o != incident.HandedOver {
				check(rec)
			}
		}
		rec.Outcome = incident.HandedOver
		for _, rec.Reason = range incident.Reasons() {
			check(rec)
		}
	}
}

func TestUnknownEffectComesFirst(t *testing.T) {
	rec := engineError()
	p := handover.Build(rec, options("en", rec))
	if len(p.First) != 1 || !strings.Contains(p.First[0], "restart the unit") || !strings.Contains(p.First[0], "unknown") {
		t.Errorf("first = %q, want the step of unknown effect", p.First)
	}
}

func TestOnlyTheLastRunIsTold(t *testing.T) {
	rec := recovered()
	rec.Run, rec.Outcome, rec.Reason = 2, incident.HandedOver, incident.Stale
	p := handover.Build(rec, handover.Options{})
	if len(p.Checked)+len(p.Tried)+len(p.Evidence) != 0 || p.Changed {
		t.Errorf("the packet of run 2 tells steps of run 1: %+v", p)
	}
}

// A round may be healthy and not have stayed so: what held is said by what followed, not by the last round.
func TestWhetherVerificationHeld(t *testing.T) {
	rec := verifyFailed()
	for i := range rec.Steps {
		if rec.Steps[i].Phase == incident.Verify {
			rec.Steps[i].Healthy = healthy(true)
		}
	}
	for _, c := range []struct {
		outcome incident.Outcome
		reason  incident.Reason
		want    string
	}{
		{incident.HandedOver, incident.VerifyFailed, "no no"},
		{incident.Recovered, "", "no yes"},
		{incident.TakenOver, "", "no unknown"},
		{incident.HandedOver, incident.Timeout, "no unknown"},
	} {
		rec.Outcome, rec.Reason = c.outcome, c.reason
		var got []string
		for _, a := range handover.Build(rec, handover.Options{}).Tried {
			switch {
			case a.Held == nil:
				got = append(got, "unknown")
			case *a.Held:
				got = append(got, "yes")
			default:
				got = append(got, "no")
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s %s: held = %v, want %s", c.outcome, c.reason, got, c.want)
		}
	}
}

// An attempt was verified, did not hold, and people are asked about the next one: its line says so while they are, and after.
func TestAnAttemptBeforeAQuestionDidNotHold(t *testing.T) {
	rec := asking()
	rec.Steps = append(rec.Steps, restart(1, "restart the unit", []string{"systemctl", "restart", "nginx"}, 4), probe(incident.Verify, 1, 0, 502, 5))
	rec.Transitions[0].At = at(6)
	const want = "*“restart the unit” (attempt 1)*: done — Verification did not hold."
	for name, change := range map[string]func(*incident.Record){
		"while it is asked": func(*incident.Record) {},
		"after it": func(r *incident.Record) {
			r.Outcome, r.Reason, r.OutcomeAt = incident.HandedOver, incident.NotApproved, at(700)
		},
	} {
		change(&rec)
		if text := readable(handover.Build(rec, handover.Options{Language: "en"}).Slack()); !strings.Contains(text, want) {
			t.Errorf("%s: %q is not in\n%s", name, want, text)
		}
	}
	rec.Transitions[0].At = at(701) // somebody wants the second one
	if text := readable(handover.Build(rec, handover.Options{Language: "en"}).Slack()); strings.Contains(text, want) {
		t.Errorf("it was stopped, and is said not to have held:\n%s", text)
	}
}

func TestLanguageComesFromTheCustomer(t *testing.T) {
	rec := stale()
	if got := handover.Build(rec, handover.Options{}).Language; got != "ja" {
		t.Errorf("language = %q, want the customer's", got)
	}
	rec.Customer = incident.Customer{}
	if got := handover.Build(rec, handover.Options{}).Language; got != "en" {
		t.Errorf("language = %q, want en when nobody says", got)
	}
}

func TestRunbookTextBecomesAFile(t *testing.T) {
	rec := stale()
	opts := options("en", rec)
	opts.Runbook = "# What to do\n\n1. Look.\n"
	p := handover.Build(rec, opts)
	files := p.Slack().Files
	if len(files) != 1 || files[0].Name != "runbook-http-down.md" || !strings.Contains(files[0].Content, "1. Look.") {
		t.Errorf("files = %+v, want the runbook", files)
	}
	if !strings.Contains(p.Note(), "1. Look.") {
		t.Error("the note lacks the runbook")
	}
}

func TestSameRecordSameBytes(t *testing.T) {
	for name, rec := range records() {
		a, b := handover.Build(rec, options("ja", rec)), handover.Build(rec, options("ja", rec))
		if a.Note() != b.Note() || a.Markdown() != b.Markdown() || pretty(t, a.Slack()) != pretty(t, b.Slack()) {
			t.Errorf("%s: two builds differ", name)
		}
	}
}
