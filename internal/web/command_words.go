package web

import (
	"fmt"
	"strings"
	"time"

	"shodo/internal/customer"
	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
)

// maxListed is how many windows one answer shows; Slack takes messages of a limited length.
const maxListed = 20

// maxOthers is how many characters of a text of others are shown.
const maxOthers = 300

// escaped makes a text of others literal in Slack's mrkdwn: no mention, no link, it ends no code that it stands in, and neither
// begins a line that looks like one of ours nor turns the direction of writing.
func escaped(s string) string {
	return strings.ReplaceAll(literal(handover.Inline(s, maxOthers)), "`", "ˋ")
}

// said is a problem in Slack: what is wrong, and below it what to do.
func (p *problem) said(lang string) string {
	const most = 1000 // characters; what was typed may be repeated in it
	text := p.message.in(lang)
	if hint := p.hint.in(lang); hint != "" {
		text += "\n" + hint
	}
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return literal(text) // after the cut, which would leave half of "&amp;"
}

// literal is escaped for texts of ours, which use backticks themselves.
func literal(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func help(name string) text {
	return say("`%[1]s status`: what is paused, and which incidents are open\n"+
		"`%[1]s show ID`: what is known of an incident\n"+
		"`%[1]s pause all|CUSTOMER|SCENARIO [--cancel] [REASON]`: change nothing any more; with --cancel the steps that run are stopped, too\n"+
		"`%[1]s resume all|CUSTOMER|SCENARIO`: go on\n"+
		"`%[1]s quiet CUSTOMER [SEVERITY]`: may the customer be told, may a tier be woken, may anything be changed, now?\n"+
		"`%[1]s maintenance CUSTOMER 2h REASON`: maintenance from now on\n"+
		"`%[1]s maintenance CUSTOMER FROM TO REASON`: maintenance at another time, such as 2026-12-01T01:00 by the customer's clocks\n"+
		"`%[1]s maintenance list [CUSTOMER]`: what is running or planned\n"+
		"`%[1]s maintenance end ID`: end it now\n"+
		"During maintenance the customer is not told, nobody is woken and nothing is changed; every incident is recorded.",
		"`%[1]s status`: 停止中のものと、対応中のインシデント\n"+
			"`%[1]s show ID`: インシデントについて分かっていること\n"+
			"`%[1]s pause all|顧客|シナリオ [--cancel] [理由]`: 以後は何も変更しない (--cancel なら実行中のステップも中断)\n"+
			"`%[1]s resume all|顧客|シナリオ`: 再開する\n"+
			"`%[1]s quiet 顧客 [重大度]`: いま顧客へ連絡してよいか、担当者を起こしてよいか、変更してよいか\n"+
			"`%[1]s maintenance 顧客 2h 理由`: いまからのメンテナンスを登録する\n"+
			"`%[1]s maintenance 顧客 開始 終了 理由`: 別の時間帯を登録する (顧客の現地時刻で 2026-12-01T01:00 の形)\n"+
			"`%[1]s maintenance list [顧客]`: 実施中と予定の一覧\n"+
			"`%[1]s maintenance end ID`: いま終わらせる\n"+
			"メンテナンス中は、顧客へ連絡せず、担当者を起こさず、何も変更しません。インシデントはすべて記録に残ります。", name)
}

func notAnOperator(user string) text {
	return say("You may ask, but not change anything here. Whoever runs shodo can permit it: add your Slack id `%s` to the setting `slack.operators` and restart the engine.",
		"照会はできますが、変更する権限がありません。shodo の管理者に、設定 `slack.operators` へあなたの Slack ID `%s` を加えてエンジンを再起動するよう依頼してください。", escaped(user))
}

func noWindows(name, version string) text {
	return say("*%s* has no quiet hours and no maintenance: people are told at once, and scenarios may change things. (catalog %s)",
		"*%s* には静穏時間帯もメンテナンスもありません。すぐに連絡し、シナリオは変更を行えます。(カタログ %s)", escaped(name), escaped(version))
}

// saidQuiet is the answer to the three questions.
func saidQuiet(d quiethours.Decision, c *customer.Customer, severity, version string, now time.Time, lang string) string {
	of := say("an alert without a severity", "重大度のないアラート")
	if severity != "" {
		of = say("an alert of severity %s", "重大度 %s のアラート", severity)
	}
	at := clock(now.In(c.TimeZone), now)
	lines := []string{say("*%s*, %s, %s (catalog %s)", "*%s*、%s、%s (カタログ %s)", escaped(c.Name), at, of.in(lang), escaped(version)).in(lang)}
	for _, q := range []struct {
		ask incident.Question
		say text
	}{
		{incident.Contact, say("Tell the customer?", "顧客へ連絡")},
		{incident.Page, say("Wake a tier?", "担当者の呼び出し")},
		{incident.MayRecover, say("Change anything?", "変更")},
	} {
		r := d.Ruling(q.ask)
		line := fmt.Sprintf("• %s *%s*", q.say.in(lang), answerWords(q.ask, r.Answer).in(lang))
		if r.Window != "" {
			line += ": " + escaped(handover.In(lang).Window(r.Window))
		}
		if !r.Until.IsZero() {
			line += say(", until %s", "、%s まで", clock(r.Until.In(c.TimeZone), now)).in(lang)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func answerWords(q incident.Question, a incident.Answer) text {
	switch a {
	case incident.Defer:
		return say("later, at the end", "終わってから")
	case incident.Suppress:
		return say("no, recorded only", "しない (記録のみ)")
	case incident.Forbid:
		return say("no, a person has to", "しない (人が対応)")
	}
	if q == incident.MayRecover {
		return say("yes", "してよい")
	}
	return say("yes, now", "すぐにする")
}

func saidAdded(m incident.Maintenance, name, command string) text {
	return say("Maintenance of *%[1]s*: `%[2]s`, %[3]s to %[4]s: %[5]s\nEnd it before: `%[6]s maintenance end %[2]s`",
		"*%[1]s* のメンテナンスを登録しました: `%[2]s`、%[3]s から %[4]s まで: %[5]s\n途中で終わらせるには: `%[6]s maintenance end %[2]s`",
		escaped(name), m.ID, clock(m.From, m.AddedAt), clock(m.To, m.AddedAt), escaped(m.Reason), command)
}

func saidEnded(m incident.Maintenance) text {
	if m.EndedAt.IsZero() {
		return say("Maintenance `%s` of %s was over already, since %s.", "%[2]s のメンテナンス `%[1]s` は %[3]s にすでに終わっています。",
			m.ID, escaped(string(m.Customer)), clock(m.To, m.AddedAt))
	}
	return say("Maintenance `%s` of %s ended %s by %s: %s. What had waited for its end is decided again.",
		"%[2]s のメンテナンス `%[1]s` を終わりにしました (%[3]s、%[4]s): %[5]s。終わりを待っていたものは、あらためて判断されます。",
		m.ID, escaped(string(m.Customer)), clock(m.EndedAt, m.AddedAt), escaped(m.EndedBy), escaped(m.Reason))
}

func saidList(list []incident.Maintenance, now time.Time, command, lang string) string {
	if len(list) == 0 {
		return say("No maintenance is running or planned.", "実施中または予定のメンテナンスはありません。").in(lang)
	}
	states := map[string]text{planned: say("planned", "予定"), running: say("running", "実施中"), over: say("over", "終了")}
	var lines []string
	for i, m := range list {
		if i == maxListed {
			lines = append(lines, say("… and %d more: `%s maintenance list CUSTOMER`", "… ほか %d 件: `%s maintenance list 顧客`", len(list)-maxListed, command).in(lang))
			break
		}
		lines = append(lines, say("• `%s` *%s* %s, %s to %s: %s (%s)", "• `%s` *%s* %s、%s から %s まで: %s (%s)",
			m.ID, escaped(string(m.Customer)), states[stateOf(m, now)].in(lang), clock(m.From, now), clock(m.To, now), escaped(m.Reason), escaped(m.AddedBy)).in(lang))
	}
	return strings.Join(lines, "\n")
}

// clock shows a time by the clocks of its zone, with the date.
func clock(t, now time.Time) string {
	if t.Year() != now.In(t.Location()).Year() {
		return t.Format("2006-01-02 15:04 MST")
	}
	return t.Format("01-02 15:04 MST")
}
