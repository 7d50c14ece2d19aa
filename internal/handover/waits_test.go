package handover_test

import (
	"strings"
	"testing"

	"shodo/internal/handover"
	"shodo/internal/incident"
)

// What windows decided stands in the packet, in the words of each language.
func TestWindowsInThePacket(t *testing.T) {
	taken := waiting() // by a person, before the window ended
	taken.Outcome, taken.TakenBy, taken.TakenAt = incident.TakenOver, "Alice", at(50)
	for _, c := range []struct {
		rec  incident.Record
		lang string
		want []string
		not  string
	}{
		{deferred(), "en", []string{"Nobody was told from 2026-11-20 03:00:05 JST to 2026-11-20 05:00:01 JST because of maintenance “release 42 \"blue\"”."}, "nights"},
		{deferred(), "ja", []string{"メンテナンス「release 42 \"blue\"」のため、2026-11-20 03:00:05 JST から 2026-11-20 05:00:01 JST まで連絡を控えました。"}, "nights"},
		{waiting(), "en", []string{"Nobody is told from 2026-11-20 03:00:03 JST to 2026-11-20 07:00:00 JST because of quiet hours “nights”."}, "was told"},
		{forbidden(), "en", []string{"Changes are forbidden by quiet hours “weekly batch” until 2026-11-20 06:00:00 JST."}, "told from"},
		{forbidden(), "ja", []string{"静穏時間帯「weekly batch」により、2026-11-20 06:00:00 JST まで変更が禁止されています。"}, "控え"},
		{verifyFailed(), "en", nil, "because of"},
		{taken, "en", []string{"Nobody was told from 2026-11-20 03:00:03 JST to 2026-11-20 03:00:50 JST because of quiet hours “nights”."}, "is told"},
	} {
		p := handover.Build(c.rec, options(c.lang, c.rec))
		for name, text := range map[string]string{"note": p.Note(), "Slack": strings.ReplaceAll(pretty(t, p.Slack()), `\"`, `"`)} {
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("%s %s lacks %q:\n%s", c.lang, name, want, text)
				}
			}
			if strings.Contains(text, c.not) {
				t.Errorf("%s %s says %q:\n%s", c.lang, name, c.not, text)
			}
		}
	}
}

// An incident that waited and was healthy at the end says so in its closing note.
func TestWindowsInTheClosingNote(t *testing.T) {
	rec := cleared()
	rec.Transitions = []incident.Transition{wait(5, 3600, nights), {Run: 1, Kind: incident.Resumed, Question: incident.Page, At: at(3600)}}
	const want = "Nobody was told from 2026-11-20 03:00:05 JST to 2026-11-20 04:00:00 JST because of quiet hours “nights”."
	opts := options("en", rec)
	if note := handover.ClosingNote(rec, opts); !strings.Contains(note, want) {
		t.Errorf("the note lacks %q:\n%s", want, note)
	}
	rec.Run = 2
	if note := handover.ClosingNote(rec, opts); strings.Contains(note, "because of") {
		t.Errorf("the note of run 2 tells of run 1:\n%s", note)
	}
}

// A window that comes in another form than ours is told as it is.
func TestWindowNames(t *testing.T) {
	for window, want := range map[string]string{
		nights: "静穏時間帯「nights」", `maintenance "a \"b\""`: "メンテナンス「a \"b\"」", `quiet hours "cut off…`: "静穏時間帯「cut off…」",
		"quiet hours plain": "静穏時間帯「plain」", "something else": "something else", "": "-",
	} {
		m := handover.Digest([]handover.DigestLine{line(1, incident.Cleared, window)}, handover.Options{Language: "ja"})
		if !strings.HasPrefix(m.Text, want+"の終了まで") {
			t.Errorf("%q becomes %q", window, m.Text)
		}
	}
}
