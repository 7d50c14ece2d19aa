package web

import (
	"encoding/json"
	"strings"
	"time"

	"shodo/internal/handover"
	"shodo/internal/incident"
)

// sizeOf is how many bytes a block takes in an answer.
func sizeOf(b handover.Block) int {
	data, err := json.Marshal(b)
	if err != nil {
		return maxShown // what cannot be sent is left out
	}
	return len(data)
}

// scopeWords names what a pause stops.
func scopeWords(scope incident.PauseScope, name string) text {
	switch scope {
	case incident.PauseCustomer:
		return say("customer *%s*", "顧客 *%s*", escaped(name))
	case incident.PauseScenario:
		return say("scenario *%s*", "シナリオ *%s*", escaped(name))
	}
	return say("*everything*", "*すべて*")
}

func saidPaused(p incident.Pause, again bool, command, lang string) string {
	what := scopeWords(p.Scope, p.Name).in(lang)
	lines := []string{say("⏸ Paused: %s. Nothing is changed there any more, and new incidents are handed over at once.",
		"⏸ 停止しました: %s。この範囲では何も変更せず、新しいインシデントはすぐ担当者へ引き継ぎます。", what).in(lang)}
	if again {
		lines = []string{say("⏸ It is paused already: %s, by %s.", "⏸ すでに停止中です: %s (%s)。", what, escaped(p.By)).in(lang)}
	}
	if p.Cancel {
		lines = append(lines, say("Steps that run are stopped.", "実行中のステップも中断します。").in(lang))
	} else {
		lines = append(lines, say("Steps that run are let finish.", "実行中のステップは最後まで実行します。").in(lang))
	}
	lines = append(lines, say("To go on: `%s resume %s`", "再開するには: `%s resume %s`", command, p.ID).in(lang))
	return strings.Join(lines, "\n")
}

func saidResumed(ended []incident.Pause, scope incident.PauseScope, name, lang string) string {
	what := scopeWords(scope, name).in(lang)
	if len(ended) == 0 {
		return say("%s is not paused.", "%s は停止していません。", what).in(lang)
	}
	return say("▶ Resumed: %s. What was handed over meanwhile stays with the people who have it.",
		"▶ 再開しました: %s。停止中に引き継いだものは、そのまま担当者が対応します。", what).in(lang)
}

// saidPauses lists what is paused.
func saidPauses(list []incident.Pause, now time.Time, lang string) string {
	if len(list) == 0 {
		return say("▶ Nothing is paused.", "▶ 停止しているものはありません。").in(lang)
	}
	lines := []string{say("⏸ Paused, so that nothing is changed:", "⏸ 停止中 (何も変更しません):").in(lang)}
	for i, p := range list {
		if i == maxListed {
			lines = append(lines, say("… and %d more", "… ほか %d 件", len(list)-maxListed).in(lang))
			break
		}
		line := say("• %s, for %s, by %s (`%s`)", "• %s、開始から%s、%s (`%s`)", scopeWords(p.Scope, p.Name).in(lang), age(now.Sub(p.At), lang), escaped(p.By), p.ID).in(lang)
		if p.Reason != "" {
			line += ": " + escaped(p.Reason)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// saidOpen lists the incidents whose first response is not over, newest first.
func saidOpen(list []incident.Record, now time.Time, lang string) string {
	if len(list) == 0 {
		return say("No first response is open.", "対応中のインシデントはありません。").in(lang)
	}
	lines := []string{say("Open first responses: %d", "対応中の初動: %d 件", len(list)).in(lang)}
	for i, r := range list {
		if i == mostOpen {
			lines = append(lines, say("… and %d more: `shodo incident list --open`", "… ほか %d 件: `shodo incident list --open`", len(list)-mostOpen).in(lang))
			break
		}
		whose := r.Customer.Name
		if whose == "" {
			whose = "-"
		}
		lines = append(lines, say("• `%s` *%s* %s — %s, %s", "• `%s` *%s* %s — %s、%s", escaped(string(r.Incident.ID)), escaped(whose),
			escaped(handover.Inline(r.Incident.Title, 80)), standsAt(r, lang), age(now.Sub(r.Incident.CreatedAt), lang)).in(lang))
	}
	return strings.Join(lines, "\n")
}

// standsAt says where an open first response is.
func standsAt(r incident.Record, lang string) string {
	names := handover.In(lang)
	switch {
	case r.TakenBy != "" && r.Outcome != "":
		return say("%s has it", "%s さんが対応中", escaped(r.TakenBy)).in(lang)
	case !r.DeferredUntil.IsZero():
		return say("waits for the end of a window", "時間帯の終わりを待っている").in(lang)
	case r.Outcome == incident.HandedOver || r.Outcome == incident.Unmatched:
		return say("nobody has it yet", "まだ誰も引き取っていない").in(lang)
	case r.Outcome != "":
		return names.Outcome(r.Outcome)
	}
	return say("the engine works on it (%s)", "エンジンが対応中 (%s)", names.Phase(r.Phase)).in(lang)
}

// age is how long something has lasted, as precisely as it matters.
func age(d time.Duration, lang string) string {
	if d < time.Minute {
		return say("less than 1 min", "1分未満").in(lang)
	}
	return handover.In(lang).Duration(d.Truncate(time.Minute))
}
