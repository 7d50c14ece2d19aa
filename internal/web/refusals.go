package web

import (
	"net/http"
	"strings"

	"shodo/internal/incident"
	"shodo/internal/roster"
)

// Why a choice is refused. The words are those by which the first response refuses; programs read them in "kind".
const (
	refusedEnded      = "ended"
	refusedRun        = "other_run"
	refusedAnswered   = "answered"
	refusedSamePerson = "same_person"
	refusedAttempt    = "no_attempt"
	refusedWorking    = "working"
	refusedNoTier     = "no_tier"
	refusedItem       = "no_item"
	refusedTooMany    = "too_many"
)

// refusals says each kind in words, and what to do.
var refusals = map[string]struct{ message, hint text }{
	refusedEnded: {say("the first response to this incident is over", "このインシデントの初動は終わっています"),
		say("nothing more can be decided about it here; PagerDuty shows how it stands", "ここで決められることはもうありません。現在の状態は PagerDuty で確認してください")},
	refusedRun: {say("this belongs to an earlier run of the incident, which was reopened since", "これは再オープンされる前の回のものです"),
		say("use the newest message of the incident", "このインシデントの最新のメッセージを使ってください")},
	refusedAnswered: {say("no question waits: it has been answered already, its time is over, or nothing was asked", "回答を待っている確認はありません(回答済み、期限切れ、または確認なし)"),
		say("the message shows who answered, and what follows", "誰がどう答え、どうなったかはメッセージに表示されます")},
	refusedSamePerson: {say("somebody else has to approve what you asked for yourself", "自分で依頼した実行は、別の人が承認する必要があります"),
		say("this customer demands two people", "この顧客では二人の確認が必要です")},
	refusedAttempt: {say("this attempt cannot be made here", "この対処はここでは実行できません"),
		say("the scenario has no such attempt, only observes, or is making an attempt now", "シナリオにその対処がないか、観察のみの設定か、いま別の対処を実行中です")},
	refusedWorking: {say("the engine is working on it", "エンジンが対応中です"),
		say("take it over, which stops the engine unless you asked for the attempt yourself, or wait until it has finished",
			"引き取ると、自分で依頼した実行のほかは止まります。または、終わるまで待ってください")},
	refusedNoTier: {say("there is no tier left to be told", "次の連絡先がありません"),
		say("the last one has been told already", "最後の連絡先まで連絡済みです")},
	refusedTooMany: {say("so much has been decided about this incident that it takes no more", "このインシデントではこれ以上操作を受け付けられません"),
		say("go on in PagerDuty", "以後は PagerDuty で操作してください")},
	refusedItem: {say("the checklist has no such point", "チェックリストにその項目はありません"),
		say("use the newest message of the incident", "このインシデントの最新のメッセージを使ってください")},
}

// Refusals lists the kinds that have words.
func Refusals() []string {
	var kinds []string
	for kind := range refusals {
		kinds = append(kinds, kind)
	}
	return kinds
}

// refusal says why a choice is refused.
func refusal(r Refused) *problem {
	p := &problem{status: http.StatusConflict, kind: r.Kind, message: text{r.Why, r.Why}}
	if known, ok := refusals[r.Kind]; ok {
		p.message, p.hint = known.message, known.hint
	}
	return p
}

// saidNotYou tells somebody in Slack that they may not decide, and who may.
func saidNotYou(v roster.Verdict, name, lang string) string {
	who := mayList(v, lang)
	var parts []string
	if name == "" {
		parts = append(parts, say("You may not decide about this incident, which belongs to no customer.", "どの顧客のものでもないこのインシデントについて、あなたには決める権限がありません。").in(lang))
	} else {
		parts = append(parts, say("You may not decide about incidents of *%s*.", "*%s* のインシデントについて、あなたには決める権限がありません。", escaped(name)).in(lang))
	}
	if who != "" {
		parts = append(parts, say("These may: %s.", "決められるのは次の人です: %s。", who).in(lang))
	}
	if v.Unsure != nil {
		parts = append(parts, say("It could not be looked up fully who is on call just now: should you be, try again in a moment, or acknowledge the incident in PagerDuty, which takes it over, too.",
			"いま当番の一部を確認できませんでした。あなたが当番であれば、少し待ってもう一度押すか、PagerDuty でインシデントを確認済み(Acknowledge)にしてください。それでも引き取ったことになります。").in(lang))
	} else {
		parts = append(parts, say("It takes being on call in PagerDuty for one of the customer's tiers, or being named in the customer's file (`people`) or in `slack.operators`.",
			"この顧客の連絡先の PagerDuty 当番であるか、顧客ファイルの `people` または設定 `slack.operators` に登録されている必要があります。").in(lang))
	}
	return strings.Join(parts, "\n")
}

// mostNamed is how many people a private answer names.
const mostNamed = 10

// mayList names those who may. In a private answer a mention calls nobody.
func mayList(v roster.Verdict, lang string) string {
	var names []string
	for _, g := range v.Groups {
		names = append(names, "<!subteam^"+escaped(g)+">")
	}
	for _, p := range v.People {
		if len(names) == mostNamed {
			names = append(names, "…")
			break
		}
		names = append(names, mention(p))
	}
	return strings.Join(names, say(", ", "、").in(lang))
}

func mention(p incident.Person) string {
	if id, ok := strings.CutPrefix(p.ID, "slack:"); ok {
		return "<@" + escaped(id) + ">"
	}
	return escaped(p.Name)
}

// saidTaken is the private answer to a choice that was taken, when the message itself does not show it; empty: it does.
func saidTaken(r incident.ChoiceResult, lang string) string {
	if r.Waits {
		return say("It is noted. Somebody else has to approve it within ten minutes: this customer demands two people.",
			"受け付けました。この顧客では二人の確認が必要なため、10分以内に別の人が承認すると実行されます。").in(lang)
	}
	return ""
}
