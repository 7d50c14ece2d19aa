package report

import (
	"fmt"

	"shodo/internal/analytics"
)

func japanese() *words {
	w := &words{
		operation: "運用全体", department: "部署", customer: "顧客",
		was: "評価", why: "主な要因", todo: "次にすること",
		change: "増減", noData: "データなし", none: "(なし)", nothing: "ありません。", noCustomer: "(顧客なし)", undecided: "未定",
		dayLayout: "2006年1月2日", shortDay: "1/2", days: "%s 〜 %s (%s)",
		estimates:   "人の対応時間と削減した時間は、人が担当していた長さからの推定です。実際に作業した時間より長くなります。削減した時間は、同じ種類を人も対応したか、シナリオに manual_minutes がある自動対応だけを数えます。",
		approximate: "件数が多いため、パーセンタイルの誤差は 0.4% 以内です。平均は正確です。",
		stretch: map[kindOfPeriod]map[Stretch]string{
			week:      {Now: "今週", Before: "前週", FourWeeks: "4 週間", AYear: "52 週間"},
			month:     {Now: "今月", Before: "前月", ThreeMonths: "3 か月", AYear: "12 か月"},
			anyPeriod: {Now: "この期間", Before: "前の期間", AYear: "1 年"},
		},
		units: units{seconds: "%s秒", minutes: "%d分%02d秒", hours: "%d時間%02d分", days: "%s日%d時間", work: "%s 時間", workMin: "%s 分", points: "%s pt", ticks: [3]string{"%d秒", "%d分", "%d時間"}},
		headline: headlineWords{incidents: "インシデント", automatic: "自動対応率", coverage: "シナリオ適用率", mean: "初動時間 平均",
			p95: "初動時間 p95", person: "人が受け取るまで 平均", repairs: "復旧成功率", cameBack: "24 時間以内の再発", load: "人の対応時間 (推定)", saved: "削減した時間 (推定)"},
		column: columnWords{department: "部署", customers: "導入", notAdopting: "未導入の顧客", customer: "顧客", scenarios: "導入済みのシナリオ",
			incidents: "件数", before: "前回", automatic: "自動", change: "増減", mean: "平均", p95: "p95", person: "受け取りまで", open: "未完了",
			kind: "アラートの種類", persons: "人が対応", each: "1 件あたり", load: "人の時間", priority: "優先度", scenario: "シナリオ", attempt: "試行",
			held: "成功", tried: "実施", rate: "割合", cameBack: "再発", closes: "対象", window: "時間帯", question: "通知先", suppressed: "抑止",
			deferred: "保留", told: "通知", listed: "まとめ報告", taken: "受け取り", waiting: "待機中", other: "その他", wait: "待ち p50",
			incident: "インシデント", created: "発生", waited: "待ち時間", byWhom: "受け取り", storm: "ストームによる引き継ぎ", year: "年", alerts: "アラート",
			outcome: "結果", handedOver: "人が対応", page: "担当者", contact: "お客様", tookIt: "あり", nobody: "なし", unmatched: "(シナリオなし)"},
		chart: chartWords{days: "インシデント", rate: "自動対応率", mean: "初動時間 平均", people: "人が対応", automatic: "自動"},
		section: sectionWords{
			adoption:   heading{"導入状況", "シナリオを 1 つ以上導入している顧客です。導入はカタログの現在の内容、数値は当時の部署によります。", "カタログに顧客がいません。"},
			customers:  heading{"顧客別", "件数の多い順です。", "インシデントはありません。"},
			heaviest:   heading{"人の負担が大きいアラート", "人の時間 (人が対応した件数 × 1 件あたりの平均) の大きい順です。", "人の対応はありませんでした。"},
			priorities: heading{"優先度別", "名前の順です。優先度のないものは最後です。", "インシデントはありません。"},
			automate:   heading{"次に自動化するもの", "シナリオがない、または繰り返し引き継がれているアラートを、人の時間の大きい順に並べます。", "シナリオにする価値のあるものは見つかりませんでした。"},
			repairs:    heading{"定着しない復旧", "検証に失敗した試行と、自動で対応した後 24 時間以内に再発したものです。", "検証に失敗した試行も、再発もありません。"},
			noisy:      heading{"件数の多いアラート", "件数の多い順です。自動対応のあと再発を繰り返すものはフラッピングです。", "2 回以上発生したものはありません。"},
			windows:    heading{"静穏時間とメンテナンスの影響", "時間帯によって止めたものと、その後の扱いです。", "時間帯による影響はありません。"},
			slow:       heading{"時間のかかった引き継ぎ", "人が受け取るまでの待ち時間の長い順です。", "引き継ぎはありません。"},
			held:       heading{"保留とストーム", "時間帯の終わりを待ったすべてのインシデントと、ストームとして引き継いだすべてのインシデントです。", "ありません。"},
			topics:     heading{"確認が必要なこと", "上の数値だけではわからないことです。", "ありません。"},
			years:      heading{"年別", "平均は初動時間です。", "インシデントはありません。"},
		},
		title: func(r *Report) string { return titled(r, "週次レポート", "月次レポート", "レポート") },
		notOver: func(asOf string) string {
			return "期間はまだ終わっていません。" + asOf + " 時点の内容を、前の期間の同じ部分と比べています。"
		},
		halfImport: func(since, until, doneTo string) string {
			return since + " から " + until + " までの履歴の取り込みは途中です。" + doneTo + " 以降に作成されたものは含まれていません。"
		},
		definitions: func(v string, howToLook bool) string {
			text := "定義 " + v + "。"
			if howToLook {
				text += "各数値の意味は shodo stats --definitions、そのインシデントは shodo stats --ids で確認できます。"
			}
			return text
		},
		more: func(n int) string { return fmt.Sprintf("(他 %s 件)", number(n)) },
		lost: func(n int) string {
			return fmt.Sprintf("PagerDuty にあって記録にないインシデントが %s 件あります。0 件でなければなりません。", number(n))
		},
		draftFacts: func(n int, work string, assumed bool, service string) string {
			switch {
			case work == "":
				return fmt.Sprintf("%s 件。サービス %s。", number(n), service)
			case assumed:
				return fmt.Sprintf("%s 件、人の時間は約 %s (他の種類の平均からの推定)。サービス %s。", number(n), work, service)
			}
			return fmt.Sprintf("%s 件、人の時間は約 %s (推定)。サービス %s。", number(n), work, service)
		},
		draftFile: func(name string) string { return "下書き: scenarios/" + name + ".yaml" },
		examples:  func(ids string) string { return "例: " + ids + "。" },
		topics: topicWords{
			open:      func(n string) string { return "未完了: " + n + " 件。初動がまだ終わっていません。" },
			undecided: func(n string) string { return "未定: " + n + " 件。まだ何も決まっていません。" },
			notTaken: func(n string) string {
				return "引き継いだ " + n + " 件は、PagerDuty で誰も受け取らないまま終わりました。"
			},
			noCustomer: func(n string) string {
				return "顧客なし: " + n + " 件。サービスがどの顧客のファイルにもありません。"
			},
			clocks: func(n string) string {
				return n + " 件は終わりが始まりより前の時刻を含みます。その時間は除きました。"
			},
			reopened: func(n string) string { return "再オープン: " + n + " 件。最後の初動で数えます。" },
			mayComeBack: func(n string) string {
				return "自動で対応した " + n + " 件は 24 時間が過ぎておらず、再発の有無はまだわかりません。"
			},
			deferredOther: func(n string) string {
				return "時間帯の終わりを待った " + n + " 件は、その後まだ通知も報告もされず、誰も受け取っていません。"
			},
			allFound:    "欠落なし: PagerDuty にあったものはすべて記録にあります。",
			notCompared: "欠落: このレポートでは PagerDuty と照合していません。",
			oldestOpen:  "未完了 (古い順)",
		},
	}
	w.verdict = func(r *Report) (lead, text string) { return verdictJapanese(w, r) }
	w.cause = func(r *Report) string { return causeJapanese(w, r) }
	w.action = func(r *Report) string { return actionJapanese(w, r) }
	return w
}

func verdictJapanese(w *words, r *Report) (lead, text string) {
	now, before := r.Figures(Now), r.Figures(Before)
	name := w.stretch[kindOf(r.Period)]
	points, mean := w.points(now.Automatic, before.Automatic, 1).text, relative(float64(now.FirstResponse.Mean), float64(before.FirstResponse.Mean),
		now.FirstResponse.Count > 0 && before.FirstResponse.Count > 0, -1).text
	how := map[Verdict]string{Better: "より良くなりました。", Worse: "より悪くなりました。", Mixed: "と比べ、良くなった点と悪くなった点があります。", Same: "とほぼ同じです。"}
	verdict := r.Verdict()
	switch verdict {
	case Empty:
		return "", fmt.Sprintf("%sはインシデントがありませんでした (%sは %s 件)。", name[Now], name[Before], number(before.Incidents))
	case First:
		if now.FirstResponse.Count == 0 {
			return "", fmt.Sprintf("%s 件のうち %s を自動で対応しました。初動が終わったものはありません。%sはインシデントがなく、比較できません。",
				number(now.Incidents), w.rate(now.Automatic.Rate()), name[Before])
		}
		return "", fmt.Sprintf("%s 件のうち %s を自動で対応し、初動時間は平均 %s でした。%sはインシデントがなく、比較できません。",
			number(now.Incidents), w.rate(now.Automatic.Rate()), w.mean(now.FirstResponse), name[Before])
	}
	if now.FirstResponse.Count == 0 {
		return name[Before] + how[verdict], fmt.Sprintf("自動対応率は %s (%s) です。初動が終わったものはありません。", w.rate(now.Automatic.Rate()), points)
	}
	compared := "(" + mean + ") です。"
	if r.manyOpen() {
		compared = fmt.Sprintf("です (未完了の %s 件を除く)。", number(now.Open))
	}
	return name[Before] + how[verdict], fmt.Sprintf("自動対応率は %s (%s)、初動時間は平均 %s %s", w.rate(now.Automatic.Rate()), points, w.mean(now.FirstResponse), compared)
}

func causeJapanese(w *words, r *Report) string {
	now, before := r.Figures(Now), r.Figures(Before)
	if r.Cause == nil {
		if notAutomatic(now)+notAutomatic(before) == 0 {
			return "人の対応はありませんでした。"
		}
		return fmt.Sprintf("人が対応したのは %s 件です (前回は %s 件)。", number(notAutomatic(now)), number(notAutomatic(before)))
	}
	c, name := r.Cause, "「"+r.kindName(r.Cause.Group, w)+"」"
	switch c.By {
	case ByPeople:
		return fmt.Sprintf("最も影響が大きいのは%sです。人が対応した件数が %s 件から %s 件になりました。", name, number(notAutomatic(c.Before)), number(notAutomatic(c.Now)))
	case ByTime:
		return fmt.Sprintf("最も影響が大きいのは%sです。初動時間の平均は %s (前回 %s)、件数は %s 件 (前回 %s 件) です。", name,
			w.mean(c.Now.FirstResponse), w.mean(c.Before.FirstResponse), number(c.Now.Incidents), number(c.Before.Incidents))
	}
	return fmt.Sprintf("人が対応したのは %s 件です。最も多いのは%sの %s 件です。", number(notAutomatic(now)), name, number(notAutomatic(c.Now)))
}

func actionJapanese(w *words, r *Report) string {
	now := r.Figures(Now)
	switch r.Action() {
	case FindLost:
		text := fmt.Sprintf("PagerDuty にあって記録にない %s 件を調べてください。", number(*r.Lost))
		if r.Edition.Customer == "" {
			text += "shodo stats --lost で ID を確認できます。"
		}
		return text
	case Automate:
		k := r.Suggestions[0]
		name := r.kindName(analytics.Group{Name: k.Title, Customer: k.Customer, Service: k.Service}, w)
		if k.Measured == 0 {
			return fmt.Sprintf("「%s」を自動化してください。%s 件で人が必要でした。レポートにシナリオの下書きがあります。", name, number(k.Count))
		}
		return fmt.Sprintf("「%s」を自動化してください。%s 件の対応に約 %sかかっています。レポートにシナリオの下書きがあります。", name, number(k.Count), w.draftWork(k))
	case FixRepair:
		a := r.weakest()
		return fmt.Sprintf("シナリオ %s の試行 %d を見直してください。復旧に成功したのは %d 件中 %d 件です。", clean(string(a.Scenario)), a.Attempt, a.Repairs.Of, a.Repairs.Count)
	case TakeOver:
		return fmt.Sprintf("引き継いだ %s 件を誰も受け取らなかった理由を確かめてください。", number(now.NotTaken))
	case CloseOpen:
		return fmt.Sprintf("未完了の %s 件を終わらせてください。", number(now.Open))
	}
	return "特に目立つものはありません。"
}
