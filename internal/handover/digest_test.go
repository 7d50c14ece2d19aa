package handover_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/handover"
	"shodo/internal/incident"
)

func line(i int, outcome incident.Outcome, window string) handover.DigestLine {
	rec := recovered()
	rec.Outcome, rec.Incident.Number = outcome, 4711+i
	rec.Incident.ID = incident.ID(fmt.Sprintf("Q%013d", i))
	rec.Incident.URL = "https://acme.pagerduty.example/incidents/" + string(rec.Incident.ID)
	rec.Incident.Title = fmt.Sprintf("Health check of web-%d.acme.example is down", i)
	rec.Incident.CreatedAt = began.Add(-time.Duration(i*7%50) * time.Minute)
	switch outcome {
	case incident.Recovered:
	case incident.Reported:
		rec.Steps = reported().Steps
	case incident.TakenOver:
		rec.TakenBy = "佐藤 花子"
		fallthrough
	default:
		rec.Steps = nil
	}
	if outcome == "" {
		rec.OutcomeAt = time.Time{}
	}
	return handover.NewDigestLine(rec, incident.Deferral{Run: 1, Customer: "acme", Question: incident.Page, Window: window, Until: at(4 * 3600)})
}

func manyLines(n int) []handover.DigestLine {
	outcomes := []incident.Outcome{incident.Cleared, incident.Recovered, incident.ResolvedUpstream, incident.TakenOver, incident.Cleared}
	var list []handover.DigestLine
	for i := range n {
		list = append(list, line(i, outcomes[i%len(outcomes)], nights))
	}
	return list
}

func TestGoldenDigest(t *testing.T) {
	hostileLine := handover.NewDigestLine(hostile(), incident.Deferral{Run: 1, Window: "quiet hours " + evil, Until: at(60)})
	for name, lines := range map[string][]handover.DigestLine{
		"one": {line(1, incident.Cleared, nights)}, "three": manyLines(3), "many": manyLines(60),
		"two_windows": {line(1, incident.Recovered, nights), line(2, incident.Reported, `maintenance "release 42"`), line(3, "", nights)},
		"hostile":     {hostileLine, line(2, incident.Cleared, nights)}, "none": nil,
	} {
		for _, language := range []string{"en", "ja"} {
			t.Run(name+"_"+language, func(t *testing.T) {
				opts := handover.Options{Language: language, TimeZone: tokyo}
				tier, contact := handover.Digest(lines, opts), handover.ContactDigest(lines, opts)
				checkDigest(t, tier)
				checkDigest(t, contact.Slack())
				golden(t, "digest_"+name+"."+language+".json", pretty(t, tier))
				golden(t, "digest_"+name+"."+language+".contact.txt", asMail(contact))
				golden(t, "digest_"+name+"."+language+".contact.json", pretty(t, contact.Slack()))
			})
		}
	}
}

// numbered finds the one link that may have a text of its own: the number of an incident.
var numbered = regexp.MustCompile(`<https?://[^<>|]*\|(#\d+)>`)

// checkDigest is checkMessage for a message whose numbers are links.
func checkDigest(t *testing.T, m handover.Message) {
	t.Helper()
	if m.Size() > handover.MaxMessage {
		t.Errorf("message has %d characters of JSON", m.Size())
	}
	m.Blocks = slices.Clone(m.Blocks)
	for i, b := range m.Blocks {
		if b.Type == "section" && b.Text != nil {
			if n := units(b.Text.Text); n > handover.MaxSection {
				t.Errorf("section has %d characters", n)
			}
			text := *b.Text
			text.Text = numbered.ReplaceAllString(text.Text, "$1")
			m.Blocks[i].Text = &text
		}
	}
	checkMessage(t, m, 0)
}

// Of 500 lines the message shows some, counts the others, and brings all of them along; nothing is told twice.
func TestDigestOfManyLines(t *testing.T) {
	const count = 500
	lines := manyLines(count)
	for _, language := range []string{"en", "ja"} {
		opts := handover.Options{Language: language, TimeZone: tokyo}
		m := handover.Digest(lines, opts)
		all := pretty(t, m.Blocks)
		shown := strings.Count(all, "• ")
		left := fmt.Sprintf("%d", count-shown)
		if shown < 20 || !strings.Contains(all, left) || !strings.Contains(all, "incidents.txt") || len(m.Files) != 1 {
			t.Errorf("%s: %d lines are shown, the message says %q", language, shown, m.Blocks[len(m.Blocks)-2].Text.Text)
		}
		contact := handover.ContactDigest(lines, opts)
		for name, text := range map[string]string{"the file": m.Files[0].Content, "the mail": contact.Text, "the contact's file": contact.Slack().Files[0].Content} {
			for i := range count {
				if number := fmt.Sprintf("#%d ", 4711+i); strings.Count(text, number) != 1 {
					t.Fatalf("%s: %s has %q %d times", language, name, number, strings.Count(text, number))
				}
			}
		}
		if strings.Contains(pretty(t, contact.Slack()), "pagerduty") {
			t.Errorf("%s: a contact gets a link to PagerDuty", language)
		}
	}
}

// What somebody may want to look at comes first, and within a group the oldest.
func TestOrderOfADigest(t *testing.T) {
	lines := []handover.DigestLine{line(1, incident.Cleared, nights), line(2, incident.TakenOver, nights), line(8, incident.Cleared, nights), line(0, "", nights)}
	text := handover.Digest(lines, handover.Options{Language: "en"})
	all, last := pretty(t, text.Blocks), 0
	for _, want := range []string{"Not over (1)", "#4711", "Taken over (1)", "#4713", "taken by 佐藤 花子", "Cleared (2)", "|#4712", "|#4719"} {
		at := strings.Index(all, want)
		if at < last {
			t.Errorf("%q stands at %d, before what comes before it:\n%s", want, at, all)
		}
		last = at
	}
}

// The line speaks of the run that was deferred, though the incident was reopened since.
func TestDigestLineOfAnEarlierRun(t *testing.T) {
	rec := recovered()
	rec.Run, rec.Outcome, rec.OutcomeAt, rec.TakenBy = 2, "", time.Time{}, "Alice"
	rec.Transitions = []incident.Transition{{Run: 1, Kind: incident.Ended, Outcome: incident.Recovered, At: at(91)}, {Run: 2, Kind: incident.PhaseBegan}}
	got := handover.NewDigestLine(rec, incident.Deferral{Run: 1, Window: nights, Until: at(100)})
	want := handover.DigestLine{
		Incident: "Q2CKYRLH85UNN4", Number: 4711, Run: 1, URL: "https://acme.pagerduty.example/incidents/Q2CKYRLH85UNN4",
		Title: "Health check of www.acme.example is down", Priority: "P1", Customer: "株式会社アクメ", Language: "ja",
		Outcome: incident.Recovered, Since: began, Ended: at(91), Done: []string{"restart the unit"}, Window: nights, Until: at(100),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got = handover.NewDigestLine(rec, incident.Deferral{Run: 2, Window: nights})
	if got.Run != 2 || got.Outcome != "" || got.TakenBy != "Alice" || got.Done != nil {
		t.Errorf("line of the last run: %+v", got)
	}
}

func TestLanguageOfADigest(t *testing.T) {
	if m := handover.Digest(manyLines(1), handover.Options{}); !strings.Contains(m.Text, "静穏時間帯") {
		t.Errorf("not in the customer's language: %s", m.Text)
	}
}

func TestHugeDigests(t *testing.T) {
	for name, fill := range map[string]string{
		"ampersands": "&", "japanese": "障", "emoji": "🔥", "evil": evil, "quotes": `"\`, "nothing": "", "percent": "%s%d%!", "mentions": "<!channel>@here ",
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Repeat(fill, 1<<12/max(1, len(fill)))
			rec := filled(text)
			rec.Incident.ID = incident.ID(text)
			var lines []handover.DigestLine
			for i := range 60 {
				rec.Incident.Number = i % 3
				rec.Outcome = append(incident.Outcomes(), "")[i%9]
				lines = append(lines, handover.NewDigestLine(rec, incident.Deferral{Run: 1, Window: []string{nights, text, "maintenance " + text}[i%3]}))
			}
			for _, language := range []string{"en", "ja"} {
				opts := handover.Options{Language: language}
				checkDigest(t, handover.Digest(lines, opts))
				m := handover.ContactDigest(lines, opts)
				checkContact(t, m)
			}
		})
	}
}
