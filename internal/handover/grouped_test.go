package handover_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"shodo/internal/handover"
	"shodo/internal/incident"
)

// storm is many incidents at once: nobody has most of them.
func storm(n int) []incident.Record {
	var list []incident.Record
	for i := range n {
		r := verifyFailed()
		r.Incident.ID, r.Incident.Number = incident.ID(fmt.Sprintf("Q%05d", i)), 5000+i
		r.Incident.Title, r.Incident.CreatedAt = fmt.Sprintf("web-%d does not answer", i), at(float64(60*(n-i)))
		r.Incident.URL = fmt.Sprintf("https://acme.pagerduty.example/incidents/Q%05d", i)
		r.Reason, r.Why = incident.Storm, "too many incidents at once"
		switch {
		case i%7 == 3:
			r = did(r, incident.Transition{Kind: incident.PersonTook, By: "佐藤 花子", At: at(9000)})
		case i%7 == 5:
			r.EndedAt = at(9000)
		case i%7 == 6:
			r.Reason = incident.VerifyFailed
		case i == 2:
			r.Customer = incident.Customer{ID: "globex", Name: "Globex <!channel>"}
		}
		list = append(list, r)
	}
	return list
}

func TestGoldenGrouped(t *testing.T) {
	for _, language := range []string{"en", "ja"} {
		for _, n := range []int{0, 1, 9, 120} {
			m := handover.Grouped(storm(n), handover.Options{Language: language, TimeZone: tokyo, Mentions: onCall})
			checkDigest(t, m)
			golden(t, fmt.Sprintf("grouped_%d.%s.txt", n, language), readable(m))
		}
	}
}

func TestAGroupTooLargeForAMessageIsWholeInItsFile(t *testing.T) {
	m := handover.Grouped(storm(120), handover.Options{Language: "en", TimeZone: tokyo})
	if len(m.Files) != 1 {
		t.Fatalf("%d files", len(m.Files))
	}
	for i := range 120 {
		if !strings.Contains(m.Files[0].Content, fmt.Sprintf("web-%d does not answer", i)) {
			t.Errorf("incident %d is not in it", i)
		}
	}
}

func TestHugeGroups(t *testing.T) {
	for _, fill := range []string{"<!channel>@here ", `\`, "&", "🔥", "\xff"} {
		text := strings.Repeat(fill, 1000)
		list := storm(30)
		for i := range list {
			list[i].Incident.Title, list[i].Customer.Name, list[i].Incident.Priority = text, text, text
			list[i] = did(list[i], incident.Transition{Kind: incident.PersonTook, By: fmt.Sprint(i, text), At: at(9000)})
		}
		mentions := slices.Repeat([]incident.Person{{ID: "slack:U0SATO"}, {Name: text}}, 20)
		checkDigest(t, handover.Grouped(list, handover.Options{Language: "ja", Mentions: mentions}))
	}
}
