package handover_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"shodo/internal/handover"
	"shodo/internal/incident"
)

// asMail is how a mail looks.
func asMail(m handover.ContactMessage) string { return "Subject: " + m.Subject + "\n\n" + m.Text }

func TestGoldenContact(t *testing.T) {
	for name, rec := range map[string]incident.Record{
		"recovered": recovered(), "cleared": cleared(), "resolved_upstream": resolvedUpstream(), "reported": reported(),
		"hostile": hostileReport(), "second_attempt": secondAttempt(), "open": takenOver(),
	} {
		for _, language := range []string{"en", "ja"} {
			t.Run(name+"_"+language, func(t *testing.T) {
				m := handover.ForContact(rec, options(language, rec))
				checkContact(t, m)
				golden(t, name+"."+language+".contact.txt", asMail(m))
				golden(t, name+"."+language+".contact.json", pretty(t, m.Slack()))
			})
		}
	}
}

// secondAttempt recovered by the second of two attempts, of whose steps one has no name, one failed and one was skipped.
func secondAttempt() incident.Record {
	r := verifyFailed()
	r.Outcome, r.Reason, r.Why = incident.Recovered, "", `"restart the unit" was done, and verified`
	failed := restart(2, "clear the cache", []string{"rm", "-r", "/var/cache/nginx"}, 59)
	failed.Status, failed.Error, failed.Index = incident.Failed, "ssh.run on web1.acme.example: exit code 1", 1
	unnamed := restart(2, "ssh.run", []string{"systemctl", "start", "nginx"}, 61)
	unnamed.Index = 2
	skipped := restart(2, "reboot", []string{"reboot"}, 61)
	skipped.Status, skipped.Index = incident.Skipped, 3
	r.Steps = append(r.Steps, failed, unnamed, skipped)
	r.OutcomeAt, r.EndedAt = at(93), at(94)
	return r
}

func hostileReport() incident.Record {
	r := hostile()
	r.Outcome, r.Reason, r.OutcomeAt = incident.Reported, "", at(50)
	for i := range r.Steps {
		if r.Steps[i].Phase == incident.Gather {
			r.Steps[i].Output = asJSON(object{"stdout": strings.Repeat(evil+"\n", 3), evil: evil})
		}
	}
	return r
}

func checkContact(t *testing.T, m handover.ContactMessage) {
	t.Helper()
	checkMessage(t, m.Slack(), 0)
	if n := utf8.RuneCountInString(m.Subject); n == 0 || n > handover.MaxSubject || strings.ContainsAny(m.Subject, "\r\n\t") {
		t.Errorf("the subject has %d characters: %q", n, m.Subject)
	}
	if n := utf8.RuneCountInString(m.Text); n == 0 || n > handover.MaxContactText {
		t.Errorf("the text has %d characters", n)
	}
	for _, text := range []string{m.Subject, m.Text} {
		if !utf8.ValidString(text) || strings.ContainsAny(text, "\x00\x1b\x07\u202e\u200f\r") {
			t.Errorf("the mail holds characters that are not for people: %.300q", text)
		}
	}
}

// What is for the people who operate the service reaches no customer.
func TestContactsSeeNothingInternal(t *testing.T) {
	for name, rec := range records() {
		if name == "hostile" {
			continue // it has the words in its title
		}
		rec.Transitions = append(rec.Transitions, incident.Transition{Run: 1, Kind: incident.ToldTier, By: "first_tier", At: at(95)})
		opts := options("en", rec)
		opts.CloseNote = ""
		m := handover.ForContact(rec, opts)
		digest := handover.ContactDigest([]handover.DigestLine{handover.NewDigestLine(rec, incident.Deferral{Run: 1, Window: nights})}, opts)
		all := asMail(m) + pretty(t, m.Slack()) + asMail(digest) + pretty(t, digest.Slack())
		for _, word := range []string{
			"first_tier", "ssh.run", "http.request", "systemctl", "web1.acme.example", "i-0abc123", "pagerduty", "shodo", "http-down",
			"9f86d0", "3b2c1d0", "佐藤", "P1", "probe-tokyo-1", "exit_code",
		} {
			if strings.Contains(all, word) {
				t.Errorf("%s: a contact sees %q:\n%s", name, word, m.Text)
			}
		}
		if strings.Contains(all, "incidents.example/") || strings.Contains(all, "Q2CKYRLH85UNN4") && rec.Incident.Number != 0 {
			t.Errorf("%s: a contact sees PagerDuty's address or id", name)
		}
	}
}

// A megabyte, and whatever long text in every field does: the limits hold.
func TestHugeContactMessages(t *testing.T) {
	for name, fill := range map[string]string{
		"letters": "a", "ampersands": "&", "newlines": "\n", "backticks": "`", "japanese": "障", "emoji": "🔥", "broken": "\xff",
		"mentions": "<!channel>@here ", "evil": evil, "quotes": `"\`, "lines": "<&>\n", "nothing": "", "percent": "%s%d%!", "stars": "*_~",
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Repeat(fill, 1<<12/max(1, len(fill)))
			rec := filled(text)
			for language, outcomes := range map[string][]incident.Outcome{"en": {incident.Recovered, ""}, "ja": {incident.Reported, incident.Cleared}} {
				for _, rec.Outcome = range outcomes {
					checkContact(t, handover.ForContact(rec, handover.Options{Language: language, CloseNote: text}))
				}
			}
		})
	}
	rec := reported()
	rec.Incident.Title = strings.Repeat(evil, 1<<20/len(evil))
	for i := range 14 {
		s := journal(float64(i))
		s.Index, s.Name, s.Output = i+10, fmt.Sprintf("log %d", i), asJSON(object{"stdout": strings.Repeat("x\n", 1<<18)})
		rec.Steps = append(rec.Steps, s)
	}
	m := handover.ForContact(rec, options("en", rec))
	checkContact(t, m)
	if len(m.Slack().Files) != handover.MaxFiles || !strings.Contains(m.Text, "bytes left out here") ||
		!strings.Contains(m.Text, "[cut: the rest is too long") || !strings.HasSuffix(m.Text, "the reference above.\n") {
		t.Errorf("%d files; the text ends with %q", len(m.Slack().Files), m.Text[len(m.Text)-300:])
	}
}
