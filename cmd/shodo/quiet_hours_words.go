package main

import (
	"fmt"
	"strings"
	"time"

	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/internal/terminal"
)

// quietLanguage is every word of quiet-hours, but names, rules and expressions, which are as the customer's file has
// them.
type quietLanguage struct {
	catalog, about, severity, service, and string // with %s
	until                                  string // instant, length
	open                                   string
	hours                                  string // of a day that has not 24
	some                                   string // of the legend
	marked, strictest, nothing             string
	weekdays                               [7]string // of the month's picture, all of one width
	kinds                                  map[quiethours.Kind]string
	questions                              map[incident.Question]string
	words                                  map[incident.Answer]string
	means                                  map[incident.Question]map[incident.Answer]string
	scopes                                 map[windowScope]string
	match, unless                          string
	quote                                  func(name string) string
	instant                                func(time.Time) string
	month                                  func(time.Time) string
	length                                 func(time.Duration) string
	by                                     string // with the label of a window
}

// label names a window with its kind.
func (l quietLanguage) label(w quiethours.Window) string {
	return l.kinds[w.Kind] + l.quote(terminal.OneLine(w.Name))
}

// says gives what a window answers, in the words of the file.
func (l quietLanguage) says(w quiethours.Window) string {
	var said []string
	for _, q := range quiethours.Questions() {
		if a := w.Answer(q); a != incident.Allow {
			said = append(said, fmt.Sprintf("%s: %s", q, a))
		}
	}
	if len(said) == 0 {
		return string(incident.Allow)
	}
	return strings.Join(said, ", ")
}

// conditions gives a window's conditions, in the words of the file; empty when it has none.
func (l quietLanguage) conditions(w quiethours.Window) string {
	var list []string
	if w.Match != nil {
		list = append(list, l.match+" "+terminal.OneLine(sourceOf(w.Match)))
	}
	if w.Unless != nil {
		list = append(list, l.unless+" "+terminal.OneLine(sourceOf(w.Unless)))
	}
	return strings.Join(list, ", ")
}

var quietWords = map[string]quietLanguage{
	"en": {
		catalog: "catalog %s", about: ", for an incident with %s", severity: "severity %s", service: "service %s", and: " and ",
		until:  " until %s, in %s",
		open:   "open then:",
		hours:  "%s hours",
		some:   "the same, for some incidents only",
		marked: "a day of a calendar", strictest: "Each cell is half an hour, with the strictest answer in it.",
		nothing:  "No window answers anything in this month: all is allowed.",
		weekdays: [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
		kinds:    map[quiethours.Kind]string{quiethours.QuietHours: "quiet hours", quiethours.Maintenance: "maintenance"},
		questions: map[incident.Question]string{
			incident.Contact: "contact", incident.Page: "page", incident.MayRecover: "recover",
		},
		words: map[incident.Answer]string{incident.Allow: "allow", incident.Defer: "defer", incident.Suppress: "suppress", incident.Forbid: "forbid"},
		means: map[incident.Question]map[incident.Answer]string{
			incident.Contact: {incident.Allow: "the customer is told at once", incident.Defer: "the customer is told then, if it is still true",
				incident.Suppress: "the customer is not told, it is recorded only"},
			incident.Page: {incident.Allow: "a tier is woken", incident.Defer: "nobody is woken, what is still broken then goes on",
				incident.Suppress: "nobody is woken, it is recorded only"},
			incident.MayRecover: {incident.Allow: "actions may change things", incident.Forbid: "nothing is changed"},
		},
		scopes: map[windowScope]string{
			aboutIt: "it applies", aboutNot: "it does not apply", aboutSome: "that depends on %s, which is not given", aboutWho: "that cannot be told, so it applies to recover only",
		},
		match: "match", unless: "unless",
		quote:   func(name string) string { return fmt.Sprintf(" %q", name) },
		instant: func(t time.Time) string { return t.Format("Mon 2006-01-02 15:04 MST") },
		month:   func(t time.Time) string { return t.Format("January 2006") },
		by:      "by %s",
		length: func(d time.Duration) string {
			return lengthWith(d, "%dd", "%dh", "%dm", "")
		},
	},
	"ja": {
		catalog: "カタログ %s", about: "、%s のインシデント", severity: "重大度 %s", service: "サービス %s", and: "・",
		until:  " (%s まで、あと %s)",
		open:   "この時刻に開いている時間帯:",
		hours:  "%s 時間の日",
		some:   "一部のインシデントのみ",
		marked: "カレンダーの日", strictest: "1 マスは 30 分。その間でもっとも厳しい答えを示します。",
		nothing:  "この月に開く時間帯はありません。すべて許可されます。",
		weekdays: [7]string{"日", "月", "火", "水", "木", "金", "土"},
		kinds:    map[quiethours.Kind]string{quiethours.QuietHours: "静穏時間帯", quiethours.Maintenance: "メンテナンス"},
		questions: map[incident.Question]string{
			incident.Contact: "連絡", incident.Page: "呼出", incident.MayRecover: "対処",
		},
		words: map[incident.Answer]string{incident.Allow: "許可", incident.Defer: "延期", incident.Suppress: "抑止", incident.Forbid: "禁止"},
		means: map[incident.Question]map[incident.Answer]string{
			incident.Contact: {incident.Allow: "顧客へすぐに連絡します", incident.Defer: "その時にまだ当てはまれば、顧客へ連絡します",
				incident.Suppress: "顧客へ連絡せず、記録だけを残します"},
			incident.Page: {incident.Allow: "担当者を呼び出します", incident.Defer: "担当者を呼び出さず、その時にまだ異常なら続けます",
				incident.Suppress: "担当者を呼び出さず、記録だけを残します"},
			incident.MayRecover: {incident.Allow: "対処を実行できます", incident.Forbid: "何も変更しません"},
		},
		scopes: map[windowScope]string{
			aboutIt: "該当します", aboutNot: "該当しません", aboutSome: "指定されていない %s によります", aboutWho: "判定できないため、対処だけに適用します",
		},
		match: "match", unless: "unless",
		quote:   func(name string) string { return "「" + name + "」" },
		instant: japaneseInstant,
		month:   func(t time.Time) string { return t.Format("2006年1月") },
		length: func(d time.Duration) string {
			return lengthWith(d, "%d日", "%d時間", "%d分", " ")
		},
		by: "%sによります",
	},
}

func japaneseInstant(t time.Time) string {
	day := [7]string{"日", "月", "火", "水", "木", "金", "土"}[t.Weekday()]
	return t.Format("2006-01-02 (") + day + t.Format(") 15:04 MST")
}

// lengthWith writes a length of time with its two largest units.
func lengthWith(d time.Duration, days, hours, minutes, between string) string {
	d = d.Round(time.Minute)
	var parts []string
	for _, unit := range []struct {
		size   time.Duration
		format string
	}{{24 * time.Hour, days}, {time.Hour, hours}, {time.Minute, minutes}} {
		if n := d / unit.size; n > 0 && len(parts) < 2 {
			parts = append(parts, fmt.Sprintf(unit.format, n))
		} else if len(parts) > 0 {
			break
		}
		d %= unit.size
	}
	if len(parts) == 0 {
		return fmt.Sprintf(minutes, 0)
	}
	return strings.Join(parts, between)
}
