package handover_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"shodo/internal/handover"
	"shodo/internal/incident"
)

// A cut never splits what a reader sees as one character.
func TestACutKeepsCharactersWhole(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		max  int
		want string
	}{
		"it fits":                       {"障害です", 4, "障害です"},
		"japanese":                      {"障害が発生しました", 4, "障害が…"},
		"a mark of its own":             {"ディスクか\u3099満杯です", 6, "ディスク…"}, // が in two code points
		"a family":                      {"ab👩\u200d👩\u200d👧cd", 5, "ab…"},
		"a colour of skin":              {"abc👍\U0001F3FDd", 5, "abc…"},
		"a heart with its form":         {"abc❤\uFE0Fde", 5, "abc…"},
		"more marks than a letter has":  {"a" + strings.Repeat("\u0301", 40), 30, "a" + strings.Repeat("\u0301", 28) + "…"},
		"nothing but marks":             {strings.Repeat("\u0301", 8), 4, "…"},
		"several lines and a direction": {"a\n b\u202e\tc", 10, "a b c"},
	} {
		got := handover.Inline(c.text, c.max)
		if got != c.want || !utf8.ValidString(got) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		rec := base()
		rec.Incident.Title = strings.Repeat(c.text, 60)
		checkLimits(t, handover.Build(rec, options("ja", rec)))
	}
}

// A time of another day than the incident's has its day: an incident may be open for weeks.
func TestTimesOfOtherDays(t *testing.T) {
	rec := did(taken(), ticked(23*3600, 1, "佐藤 花子"))
	o := moment{rec: rec}.options("ja")
	text := readable(handover.Build(rec, o).Slack())
	for _, want := range []string{"03:02:00 佐藤 花子 さんが対応を引き取りました。", "佐藤 花子 さん、11-21 02:00:00"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	asked := moments()["approval_waits"]
	o = asked.options("en")
	o.TimeZone = time.UTC // there it began at 18:00 of the day before
	o.Question.Until = at(7 * 3600)
	if text := readable(handover.Build(asked.rec, o).Slack()); !strings.Contains(text, "An answer counts until 11-20 01:00:00.") {
		t.Errorf("the end of the question has no day:\n%s", text)
	}
}

func TestAPlainMessageIsWithinItsLimits(t *testing.T) {
	for _, text := range []string{strings.Repeat("&", 5000), strings.Repeat("<!channel>", 500), strings.Repeat("障", 5000), "a\nb"} {
		m := handover.Plain(text)
		if n := units(m.Blocks[0].Text.Text); n > handover.MaxSection || n < 3 || strings.Contains(m.Text, "<!") {
			t.Errorf("%.20q becomes a section of %d characters", text, n)
		}
	}
}

// A long title is cut in the header and stands whole below it.
func TestALongJapaneseTitle(t *testing.T) {
	rec := base()
	rec.Phase, rec.Outcome, rec.Reason = incident.HandOver, incident.HandedOver, incident.VerifyFailed
	rec.Incident.Title = strings.Repeat("決済システムで障害が発生しました。", 12)
	m := handover.Build(rec, options("ja", rec)).Slack()
	header := m.Blocks[0].Text.Text
	if !strings.HasSuffix(header, "…") || units(header) > handover.MaxHeader || !utf8.ValidString(header) {
		t.Errorf("header %q", header)
	}
	if !strings.Contains(pretty(t, m.Blocks), rec.Incident.Title) {
		t.Errorf("the title stands nowhere whole:\n%s", readable(m))
	}
}
