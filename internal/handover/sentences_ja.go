package handover

// japaneseForms are the sentences of the engine in Japanese. The first form that fits is taken: first those that hold a whole
// sentence in front, then those with words of their own in front, last those that begin with somebody's name. A sentence that
// holds another one says it at its end, where one that has no form stands well, too.
func japaneseForms() forms { return forms{japaneseSentences(), japaneseReasons()} }

func japaneseSentences() []form {
	return []form{
		// What was decided at the last moment, or leaves something to people.
		{"%s, just when the engine was about to close it: %s", "エンジンが解決する直前に、担当者の操作がありました。%[1]s(エンジンの判断: %[2]s)"},
		{"%s, but PagerDuty refuses to close it: %s", "PagerDuty がインシデントの解決を受け付けませんでした: %[2]s(エンジンの判断: %[1]s)"},
		{"%s; nobody is told: %s", "%[2]s(それまでの結果: %[1]s)"},
		{"%s; the scenario only observes here, so it stays open", "シナリオは観察のみの設定のため、解決せずに開いたままにしています。%s"},
		{"%s; what remains is a person's to do", "残りは担当者の作業です。%s"},
		{"nobody may be asked for approval now: %s", "今は承認を求められません。%s"},

		// What was found, and how repairs ended.
		{"the check found it healthy; nothing was changed", "確認したところ正常でした。何も変更していません。"},
		{"it was not healthy right after the repair, and was found healthy after the wait", "対処の直後は正常ではありませんでしたが、時間をおいて確認したところ正常でした。"},
		{"the check %q could not tell: %s", "確認「%s」では正常か異常かを判断できませんでした: %s"},
		{"gathering %q: %s", "情報収集「%s」が成功しませんでした: %s"},
		{"the scenario reports what it gathered", "シナリオに従い、集めた情報を報告しました。"},
		{"the scenario checks and gathers, and leaves the repair to a person", "このシナリオは確認と情報収集だけを行い、復旧は担当者に任せます。"},
		{"the scenario only observes here: the record says what would have run", "シナリオは観察のみの設定です。実行する予定だった内容は記録にあります。"},
		{"the scenario only suggests here: a person decides what is run", "シナリオは提案のみの設定です。何を実行するかは担当者が判断します。"},
		{"%q was done, and verified", "「%s」を実行し、正常な状態が続くことを確認しました。"},
		{"it is not known whether %q took effect, and it is still broken", "「%s」が実行されたかどうか分からず、異常が続いています。"},
		{"it is broken, and no attempt of the scenario applies", "異常を確認しましたが、シナリオには条件に合う対処がありません。"},
		{"its condition does not hold", "実行の条件を満たしていません。"},
		{"the attempt did not hold", "対処を行いましたが、正常な状態が続きませんでした。"},
		{"none of the %d attempts held", "%s 通りの対処を行いましたが、いずれも正常な状態が続きませんでした。"},
		{"another repair of %q did not end in time", "「%s」への別の対処が時間内に終わりませんでした。"},
		{"the scenario's limits.timeout ran out", "シナリオの制限時間(limits.timeout)を超えました。"},
		{"it was %s old when its turn came, longer than the scenario's limits.timeout of %s (if it is new, the clock is wrong)",
			"対応を始める時点で発生から%sたっており、シナリオの制限時間(limits.timeout、%s)を超えていました。発生したばかりであれば、サーバーの時計を確認してください。"},

		// Approval, limits, and attempts that a person wanted; who wanted them is said around it.
		{"nobody approved attempt %q within %s", "対処「%s」は%s以内に承認されませんでした。"},
		{"what attempt %q would do has changed twice after it was approved", "対処「%s」の内容が、承認の後に 2 回変わりました。"},
		{"what it would do is not what was approved", "実行する内容が、承認された内容と異なっていました。"},
		{"%q had %d repairs within %s, and limits.recoveries allows %d: the fix does not hold",
			"「%s」への対処は直近%[3]sで %[2]s 回になり、上限(limits.recoveries、%[4]s 回)に達しました。対処の効果が続いていません。"},
		{"this scenario has repaired %d targets of the customer within %s, and limits.targets allows %d",
			"このシナリオは直近%[2]sでこの顧客の %[1]s 個の対象に対処しており、上限(limits.targets、%[3]s 個)に達しました。"},
		{"its first steps were done, and the rest was not approved", "はじめの手順は実行しましたが、残りは承認されませんでした。"},
		{"attempt %d (%q) was made at the wish of %s: %s", "%[4]s"},
		{"attempt %d (%q), which %s asked for, was not made: %s", "%[4]s"},

		// Windows. The pattern of the window is left out: its name and the end say it.
		{"telling the customer is deferred until %s by %s (%s)%s", "顧客への連絡は、%[2]sにより %[1]s まで控えています。%[4]s"},
		{"telling the customer is suppressed until %s by %s (%s)%s", "顧客への連絡は、%[2]sにより %[1]s まで行いません。%[4]s"},
		{"waking a tier is deferred until %s by %s (%s)%s", "担当者への連絡は、%[2]sにより %[1]s まで控えています。%[4]s"},
		{"waking a tier is suppressed until %s by %s (%s)%s", "担当者への連絡は、%[2]sにより %[1]s まで行いません。%[4]s"},
		{"changing things is forbidden until %s by %s (%s)%s", "変更は、%[2]sにより %[1]s まで禁止されています。%[4]s"},
		{" and, after its own end at %s, by windows that follow it without a break%s", "この時間帯は %s に終わりますが、別の時間帯が続きます。%s"},
		{"; it cannot be told whether the window is about this incident (%s), and in doubt nothing is changed%s", "対象かどうかを判断できないため(%s)、安全のため何も変更しません。%s"},
		{"; it cannot be told whether %s is about this incident (%s), and in doubt people are called%s", "%sの対象かどうかは判断できませんでした(%s)。%s"},
		{"; %s is not about this incident%s", "%sはこのインシデントを対象としていません。%s"},

		// Inside the engine.
		{"an event of PagerDuty about this incident could not be read", "このインシデントに関する PagerDuty のイベントを読み取れませんでした。"},
		{"PagerDuty's event %s could not be read", "PagerDuty のイベント %s を読み取れませんでした。"},
		{"somebody cancelled the workflow in Temporal", "Temporal でワークフローがキャンセルされました。"},

		// Of single steps.
		{"the engine was stopped while the step was running, and did not wait for its end: it is not known whether it took effect",
			"手順の実行中にエンジンが停止し、終わるのを待てませんでした。実行されたかどうかは不明です。"},
		{"the engine was interrupted after the step was sent: it is not known whether it took effect, and it is not sent again",
			"手順を送った後にエンジンが中断しました。実行されたかどうかは不明で、再送はしません。"},
		{"the engine was interrupted after the step was sent, and it may not be sent again: %s", "手順を送った後にエンジンが中断しました。再送はできません。%s"},
		{"the scenario's limits.timeout ran out before the step", "この手順の前に、シナリオの制限時間(limits.timeout)を超えました。"},
		{"evaluate if: %s", "条件 if を評価できませんでした: %s"},
		{"evaluate healthy: %s", "条件 healthy を評価できませんでした: %s"},
		{"render the parameters: %s", "パラメーターを組み立てられませんでした: %s"},
		{"its condition is false", "条件に合わないため"},
		{"would have run", "実行する予定だった手順"},

		// What people, and the monitor, did.
		{"%s (%s) took it over%s", "%[1]s さんが対応を引き取りました%[3]s。"},
		{"%s (%s) did not approve attempt %d%s", "%[1]s さんが対処 %[3]s を見送りました%[4]s。"},
		{"%s has acknowledged it in PagerDuty", "%s さんが PagerDuty で確認済み(Acknowledge)にしました。"},
		{"%s acknowledged it in PagerDuty", "%s さんが PagerDuty で確認済み(Acknowledge)にしました。"},
		{"%s escalated it in PagerDuty", "%s さんが PagerDuty でエスカレーションしました。"},
		{"%s reassigned it in PagerDuty", "%s さんが PagerDuty で担当者を変更しました。"},
		{"%s has changed it in PagerDuty", "%s さんが PagerDuty でインシデントを変更しました。"},
		{"%s resolved it in PagerDuty", "%s さんが PagerDuty で解決しました。"},
		{"%s merged it into incident %s", "%s がインシデント %s に統合しました。"},
		{"it was given to the escalation policy %q in PagerDuty", "PagerDuty でエスカレーションポリシー「%s」に割り当てられました。"},
		{"the monitor resolved it before anything was changed", "エンジンが何かを変更する前に、監視側で解決されました。"},
		{"the monitor resolved it while the repair was running, before the repair could be verified", "対処の実行中に監視側で解決されたため、対処の効果は検証できていません。"},
		{"the monitor resolved it after something was changed, while verification did not hold", "変更を行い、まだ正常な状態が続いていない間に、監視側で解決されました。"},
		{"the monitor resolved it", "監視側で解決されました。"},
		{"PagerDuty refuses it: %s", "PagerDuty が受け付けませんでした。PagerDuty で操作してください: %s"},
		{"PagerDuty has it no more", "このインシデントは PagerDuty にもうありません。"},
		{"somebody stepped in", "担当者が対応を始めました。"},
		{"%s has paused everything: %s", "%s さんがエンジンを一時停止しました(%s)。"},
		{"%s has paused everything", "%s さんがエンジンを一時停止しました。"},
		{"%s has paused everything for customer %q: %s", "%s さんが顧客「%s」へのエンジンの対応を一時停止しました(%s)。"},
		{"%s has paused everything for customer %q", "%s さんが顧客「%s」へのエンジンの対応を一時停止しました。"},
		{"%s has paused scenario %q: %s", "%s さんがシナリオ「%s」を一時停止しました(%s)。"},
		{"%s has paused scenario %q", "%s さんがシナリオ「%s」を一時停止しました。"},
		{" in Slack: %s", "(Slack、「%s」)"},
		{" in Slack", "(Slack)"},
		{" by the API: %s", "(API、「%s」)"},
		{" by the API", "(API)"},
		{" on the command line: %s", "(コマンドライン、「%s」)"},
		{" on the command line", "(コマンドライン)"},
	}
}

func japaneseReasons() []form {
	return []form{
		// Inside the engine.
		{"read and match the incident: %s", "インシデントを読み取れませんでした: %s"},
		{"open the record: %s", "記録を開始できませんでした: %s"},
		{"check: %s", "確認の途中で問題が起きました: %s"},
		{"gather: %s", "情報収集の途中で問題が起きました: %s"},
		{"plan the recovery: %s", "対処の内容を準備できませんでした: %s"},
		{"recover: %s", "対処の途中で問題が起きました: %s"},
		{"verify: %s", "検証の途中で問題が起きました: %s"},
		{"wait for the other repair: %s", "別の対処を待つ間に問題が起きました: %s"},
		{"ask for approval: %s", "承認を求められませんでした: %s"},
		{"look before the attempt: %s", "実行前の確認で問題が起きました: %s"},
		{"ask another person: %s", "別の人の承認を求められませんでした: %s"},
		{"make the attempt: %s", "実行の途中で問題が起きました: %s"},
		{"carry out the outcome %q: %s", "結果(%s)を反映できませんでした: %s"},
		{"attempt %q, step %q: %s", "対処「%s」の手順「%s」で問題が起きました: %s"},
		{"attempt %q: %s", "対処「%s」で問題が起きました: %s"},
		{"%q: %s", "「%s」が成功しませんでした: %s"},

		// Why a scenario was chosen, or was not.
		{"no customer has the service %s", "サービス %s はどの顧客にも登録されていません。"},
		{"customer %q has adopted no scenario", "顧客「%s」はシナリオを採用していません。"},
		{"none of the %d scenarios that customer %q has adopted matches; it has not adopted the other %d of the catalog",
			"顧客「%[2]s」が採用している %[1]s 件のシナリオはいずれも条件に合いません(カタログのほかの %[3]s 件は採用していません)。"},
		{"none of the %d scenarios that customer %q has adopted matches", "顧客「%[2]s」が採用している %[1]s 件のシナリオはいずれも条件に合いません。"},
		{"scenario %q matches: %l", "シナリオ「%s」が該当: %s"},
		{"it is for every incident of the customer", "この顧客のすべてのインシデントが対象です"},
		{"it matches too, but %q comes first: %l", "条件には合いますが、「%s」が優先されます: %s"},
		{"service %s is not one of %s", "サービス %s は %s に含まれません"},
		{"service %s is %q", "サービス %s は「%s」に該当"},
		{"%s does not hold: %s", "%s を満たしません(%s)"},
		{"%s does not hold", "%s を満たしません"},
		{"%s holds: %s", "%s を満たします(%s)"},
		{"%s holds", "%s を満たします"},
	}
}
