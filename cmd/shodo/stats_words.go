package main

import (
	"shodo/internal/analytics"
	"shodo/internal/incident"
)

// statsLanguage is every word of the page, but outcomes, reasons and names, which are the same in all languages.
type statsLanguage struct {
	definitions, compared                               string
	figure, now, before, change, of                     string
	outcome, reason, shareOf, automatic, undecided      string
	attempt, verified, attempted, rate                  string
	mean, load, none, noData                            string
	window, question, suppressed, deferred, waitP50     string
	told, listed, taken, waiting, other                 string // what became of what was deferred
	oldestOpen, created                                 string
	incidents, covered, cameBack, open                  string // short, for columns
	moreGroups, moreOpen                                string // with %d
	notOver, approximate, ofNoWindow                    string
	mayComeBack, notTaken, reopened, noCustomer, clocks string // with %s
	waited, neitherYet                                  string // with %s
	figures                                             map[analytics.Figure]string
	dimensions                                          map[analytics.Dimension]string
	questions                                           map[incident.Question]string
	outOf                                               func(count, of string) string
	count                                               func(n string) string
}

var statsWords = map[string]statsLanguage{
	"en": {
		definitions: "definitions", compared: "compared with",
		figure: "", now: "now", before: "before", change: "change", of: "",
		outcome: "OUTCOME", reason: "REASON OF A HAND-OVER", shareOf: "share", automatic: "automatic", undecided: "(undecided)",
		attempt: "attempt", verified: "verified", attempted: "attempted", rate: "rate",
		mean: "mean", load: "person load", none: "(none)", noData: "no data",
		window: "WINDOW", question: "question", suppressed: "suppressed", deferred: "deferred", waitP50: "wait p50",
		told: "told", listed: "listed", taken: "taken", waiting: "waiting", other: "other",
		oldestOpen: "OLDEST OPEN", created: "created",
		incidents: "incidents", covered: "covered", cameBack: "came back", open: "open",
		moreGroups: "(and %d more; --top 0 shows all)", moreOpen: "(and %d more; --ids open lists all)",
		notOver:     "The period is not over; it is compared with the same part of the one before.",
		approximate: "Percentiles of this many incidents are within 0.4%.",
		ofNoWindow:  "(of no window)",
		waited:      "Of %s, nobody was told before the end of a window; the wait is in their first response (--ids deferred).",
		neitherYet:  "Waited for the end of a window, and neither told, listed nor taken since: %s (--ids deferred_other).",
		mayComeBack: "Automatic closes that can still come back, because their 24 hours are not over: %s.",
		notTaken:    "Handed over, and ended without anybody taking them in PagerDuty: %s (--ids not_taken).",
		reopened:    "Reopened, so that the latest first response counts: %s (--ids reopened).",
		noCustomer:  "Of no customer: %s (--ids no_customer).",
		clocks:      "With a time that ends before it begins, which is left out: %s (--ids clock_disorder).",
		figures: map[analytics.Figure]string{
			analytics.Incidents: "Incidents", analytics.Alerts: "  alerts inside", analytics.Automatic: "Automatic handling rate",
			analytics.Coverage: "Coverage", analytics.FirstResponse: "First response, mean", analytics.TimeToStart: "Time to start, mean",
			analytics.TimeToPerson: "Time to person, mean", analytics.MachineShare: "Machine share", analytics.Repairs: "Verified repairs",
			analytics.CameBack: "Came back", analytics.PersonTime: "Person time, mean", analytics.PersonLoad: "Person load (estimate)",
			analytics.TimeSaved: "Time saved (estimate)", analytics.Open: "Open", analytics.DeferralWait: "  waited for a window, p50",
		},
		dimensions: map[analytics.Dimension]string{
			analytics.ByCustomer: "CUSTOMER", analytics.ByDepartment: "DEPARTMENT", analytics.ByScenario: "SCENARIO", analytics.ByService: "SERVICE",
			analytics.ByPriority: "PRIORITY", analytics.ByOutcome: "OUTCOME", analytics.ByDay: "DAY", analytics.ByKind: "KIND OF ALERT",
		},
		questions: map[incident.Question]string{incident.Page: "page", incident.Contact: "contact"},
		outOf:     func(count, of string) string { return count + " of " + of },
		count:     func(n string) string { return "of " + n },
	},
	"ja": {
		definitions: "定義", compared: "比較対象",
		figure: "", now: "今回", before: "前回", change: "増減", of: "",
		outcome: "結果", reason: "引き継ぎの理由", shareOf: "割合", automatic: "自動", undecided: "(未定)",
		attempt: "試行", verified: "成功", attempted: "実施", rate: "成功率",
		mean: "平均", load: "人の負荷", none: "(なし)", noData: "データなし",
		window: "時間帯", question: "通知先", suppressed: "抑止", deferred: "保留", waitP50: "待ち p50",
		told: "通知", listed: "まとめ報告", taken: "受け取り", waiting: "待機中", other: "その他",
		oldestOpen: "未完了 (古い順)", created: "発生",
		incidents: "件数", covered: "適用", cameBack: "再発", open: "未完了",
		moreGroups: "(他 %d 件。--top 0 ですべて表示)", moreOpen: "(他 %d 件。--ids open で一覧)",
		notOver:     "期間はまだ終わっていません。前の期間の同じ部分と比べています。",
		approximate: "件数が多いため、パーセンタイルの誤差は 0.4% 以内です。",
		ofNoWindow:  "(時間帯なし)",
		waited:      "%s 件は時間帯が終わるまで通知を保留しました。待ち時間は初動時間に含まれます (--ids deferred)。",
		neitherYet:  "時間帯の終わりを待った %s 件は、その後まだ通知も報告もされず、誰も受け取っていません (--ids deferred_other)。",
		mayComeBack: "自動対応した %s 件は 24 時間が過ぎておらず、再発の有無はまだわかりません。",
		notTaken:    "引き継いだ %s 件は、PagerDuty で誰も受け取らないまま終わりました (--ids not_taken)。",
		reopened:    "%s 件は再オープンされました。最後の初動で数えます (--ids reopened)。",
		noCustomer:  "%s 件はどの顧客にも属していません (--ids no_customer)。",
		clocks:      "%s 件は終わりが始まりより前の時刻を含み、その時間は除きました (--ids clock_disorder)。",
		figures: map[analytics.Figure]string{
			analytics.Incidents: "インシデント", analytics.Alerts: "  含まれるアラート", analytics.Automatic: "自動対応率",
			analytics.Coverage: "シナリオ適用率", analytics.FirstResponse: "初動時間 平均", analytics.TimeToStart: "着手まで 平均",
			analytics.TimeToPerson: "人が受け取るまで 平均", analytics.MachineShare: "機械の時間の割合", analytics.Repairs: "復旧成功率",
			analytics.CameBack: "再発", analytics.PersonTime: "人の対応時間 平均", analytics.PersonLoad: "人の負荷 (推定)",
			analytics.TimeSaved: "削減した時間 (推定)", analytics.Open: "未完了", analytics.DeferralWait: "  時間帯の終わり待ち p50",
		},
		dimensions: map[analytics.Dimension]string{
			analytics.ByCustomer: "顧客", analytics.ByDepartment: "部署", analytics.ByScenario: "シナリオ", analytics.ByService: "サービス",
			analytics.ByPriority: "優先度", analytics.ByOutcome: "結果", analytics.ByDay: "日", analytics.ByKind: "アラートの種類",
		},
		questions: map[incident.Question]string{incident.Page: "担当者", incident.Contact: "お客様"},
		outOf:     func(count, of string) string { return of + " 件中 " + count + " 件" },
		count:     func(n string) string { return n + " 件" },
	},
}
