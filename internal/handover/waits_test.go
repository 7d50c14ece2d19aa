package handover_test

import (
	"strings"
	"testing"

	"shodo/internal/handover"
	"shodo/internal/incident"
)

// What windows decided stands in the packet, in the words of each language.
func TestWindowsInThePacket(t *testing.T) {
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
