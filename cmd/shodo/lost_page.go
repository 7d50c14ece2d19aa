package main

import (
	"fmt"
	"strings"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/terminal"
)

// lostPage is a comparison with PagerDuty for people.
type lostPage struct {
	analytics.Lost
	words  statsLanguage
	lost   lostLanguage
	filter analytics.Filter
}

// lostLanguage is every word of the page that statsLanguage has not.
type lostLanguage struct {
	received, accountedFor, inRecord, inInbox, young string
	lost, mustBe, head, service, heard, never        string
	more, unreadable, others, what, clean            string // with %s, but for what and clean
}

var lostWords = map[string]lostLanguage{
	"en": {
		received: "PagerDuty received", accountedFor: "Accounted for", inRecord: "  in the record", inInbox: "  in the inbox",
		young: "  younger than 2 minutes", lost: "Lost", mustBe: "must be 0", head: "LOST", service: "SERVICE",
		heard: "first webhook", never: "none",
		more:       "(and %s more)",
		unreadable: "PagerDuty shows %s of them in a form that cannot be read, or not at all.",
		others:     "Beside these %s of services that no customer of the catalog has: they are not compared.",
		what: "Of one without a webhook, PagerDuty's page of the webhook subscription tells whether it was sent; of one with a webhook, the engine's log\n" +
			"tells what became of it. Those of the time before the engine, or while it was away, are brought by \"shodo import pagerduty\" once they\n" +
			"are resolved.",
		clean: "Nothing is lost.",
	},
	"ja": {
		received: "PagerDuty が受信", accountedFor: "所在を確認", inRecord: "  記録にある", inInbox: "  受信箱にある",
		young: "  発生から 2 分以内", lost: "失われたもの", mustBe: "0 であること", head: "失われたもの", service: "サービス",
		heard: "最初の Webhook", never: "なし",
		more:       "(ほか %s 件)",
		unreadable: "うち %s 件は PagerDuty の応答を読み取れないか、一覧に表示されません。",
		others:     "ほかに、カタログのどの顧客にも属さないサービスのインシデントが %s 件あり、照合の対象外です。",
		what: "Webhook が「なし」のものは、PagerDuty の Webhook サブスクリプションの画面で送信状況を確認してください。時刻のあるものは、エンジンのログで\n" +
			"その後の経過を確認できます。エンジンの導入前や停止中のものは、解決後に shodo import pagerduty で取り込めます。",
		clean: "失われたものはありません。",
	},
}

func (p lostPage) String() string {
	var b strings.Builder
	w := p.lost
	fmt.Fprintf(&b, "%s · %s %s\n", statsPage{words: p.words}.period(p.Period), p.words.definitions, analytics.Version)
	for _, c := range []struct {
		by    analytics.Dimension
		value string
	}{{analytics.ByCustomer, string(p.filter.Customer)}, {analytics.ByDepartment, p.filter.Department}, {analytics.ByService, string(p.filter.Service)}} {
		if c.value != "" {
			fmt.Fprintf(&b, "%s: %s\n", p.words.dimensions[c.by], terminal.OneLine(c.value))
		}
	}
	t := &textTable{right: []bool{false, true, false}}
	t.add(w.received, grouped(p.Received), "")
	t.add(w.accountedFor, grouped(p.AccountedFor()), "")
	for _, c := range []struct {
		label string
		n     int
	}{{w.inRecord, p.InRecord}, {w.inInbox, p.InInbox}, {w.young, p.Young}} {
		t.add(c.label, grouped(c.n), "")
	}
	t.add(w.lost, grouped(p.Count()), w.mustBe)
	t.write(&b)
	p.missing(&b)
	var notes []string
	if p.Unreadable > 0 {
		notes = append(notes, fmt.Sprintf(w.unreadable, grouped(p.Unreadable)))
	}
	if p.Others > 0 {
		notes = append(notes, fmt.Sprintf(w.others, grouped(p.Others)))
	}
	if p.Count() == 0 {
		notes = append([]string{w.clean}, notes...)
	} else {
		notes = append(notes, w.what)
	}
	fmt.Fprintf(&b, "\n%s\n", strings.Join(notes, "\n"))
	return b.String()
}

func (p lostPage) missing(b *strings.Builder) {
	if len(p.Missing) == 0 {
		return
	}
	at := func(t time.Time) string { return t.In(p.Period.Since.Location()).Format("2006-01-02 15:04") }
	t := &textTable{right: make([]bool, 4)}
	t.add(p.lost.head, p.lost.service, p.words.created, p.lost.heard)
	for _, one := range p.Missing {
		heard := p.lost.never
		if !one.HeardAt.IsZero() {
			heard = at(one.HeardAt)
		}
		t.add(terminal.OneLine(string(one.ID)), terminal.OneLine(string(one.Service)), at(one.CreatedAt), heard)
	}
	t.write(b)
	if more := p.NotListed(); more > 0 {
		fmt.Fprintf(b, p.lost.more+"\n", grouped(more))
	}
}
