package web

import (
	"html"
	"slices"
	"strings"
)

// The verbs of the slash command.
const (
	verbHelp  = "help"
	verbQuiet = "quiet"
	verbAdd   = "maintenance"
	verbList  = "maintenance list"
	verbEnd   = "maintenance end"

	verbStatus = "status"
	verbShow   = "show"
	verbPause  = "pause"
	verbResume = "resume"
)

// command is what somebody typed after /shodo.
type command struct {
	verb     string
	customer string // of quiet, and of list when it is given
	severity string // of quiet; empty: it was not given
	id       string // of end and show
	window   request
	target   string // of pause and resume: what is stopped, or goes on
	cancel   bool   // of pause: the steps that run are stopped, too
	reason   string // of pause; may be empty
}

// severities are those that alerts have.
var severities = []string{"critical", "error", "warning", "info"}

// parseCommand reads the text of a slash command. Slack writes "&", "<" and ">" as HTML does.
func parseCommand(typed string) (command, *problem) {
	words := strings.Fields(html.UnescapeString(typed))
	if len(words) == 0 {
		return command{verb: verbHelp}, nil
	}
	verb, words := strings.ToLower(words[0]), words[1:]
	switch verb {
	case "help", "-h", "--help", "?":
		return command{verb: verbHelp}, nil
	case "quiet":
		return parseQuiet(words)
	case "maintenance":
		return parseMaintenance(words)
	case verbStatus:
		return command{verb: verbStatus}, nil
	case verbShow:
		if len(words) != 1 {
			return command{}, wrong(say("which incident?", "インシデントを一つ指定してください"), say("`show ID`, with PagerDuty's id, such as `show Q2CKYRLH85UNN4`", "`show ID` (PagerDuty の ID。例: `show Q2CKYRLH85UNN4`)"))
		}
		return command{verb: verbShow, id: words[0]}, nil
	case verbPause, verbResume:
		return parsePause(verb, words)
	}
	return command{}, wrong(say("I do not know %q", "%q というコマンドはありません", verb), say("`help` shows what there is", "`help` で使い方を表示します"))
}

func parsePause(verb string, words []string) (command, *problem) {
	c := command{verb: verb}
	if i := slices.IndexFunc(words, isCancel); verb == verbPause && i >= 0 && i < 2 { // beside what is stopped; later it is of the reason
		c.cancel, words = true, slices.Delete(words, i, i+1)
	}
	if len(words) == 0 || verb == verbResume && len(words) > 1 {
		return command{}, wrong(say("what is to %s?", "%s の対象を一つ指定してください", verb), say("`%s all`, `%s CUSTOMER` or `%s SCENARIO`", "`%s all`、`%s 顧客`、`%s シナリオ`", verb, verb, verb))
	}
	c.target, c.reason = words[0], strings.Join(words[1:], " ")
	return c, nil
}

// isCancel knows the flag also as telephones and Macs write it: they make one dash of two.
func isCancel(word string) bool {
	name := strings.TrimLeft(word, "-\u2013\u2014\u2015") // hyphen, en dash, em dash, horizontal bar
	return name == "cancel" && name != word
}

func parseQuiet(words []string) (command, *problem) {
	usage := say("`quiet CUSTOMER [SEVERITY]`, such as `quiet acme critical`", "`quiet 顧客 [重大度]`、例: `quiet acme critical`")
	switch len(words) {
	case 1:
		return command{verb: verbQuiet, customer: words[0]}, nil
	case 2:
		c := command{verb: verbQuiet, customer: words[0], severity: strings.ToLower(words[1])}
		if !slices.Contains(severities, c.severity) {
			return command{}, wrong(say("%q is no severity", "%q という重大度はありません", words[1]),
				say("one of %s", "%s のいずれか", strings.Join(severities, ", ")))
		}
		return c, nil
	}
	return command{}, wrong(say("which customer?", "顧客を一つ指定してください"), usage)
}

func parseMaintenance(words []string) (command, *problem) {
	usage := say("`maintenance CUSTOMER 2h REASON`, `maintenance CUSTOMER FROM TO REASON` (such as 2026-12-01T01:00), `maintenance list [CUSTOMER]` or `maintenance end ID`",
		"`maintenance 顧客 2h 理由`、`maintenance 顧客 開始 終了 理由` (日時は 2026-12-01T01:00 の形)、`maintenance list [顧客]`、`maintenance end ID`")
	var first string
	if len(words) > 0 {
		first = strings.ToLower(words[0])
	}
	switch {
	case first == "list" && len(words) <= 2:
		return command{verb: verbList, customer: strings.Join(words[1:], "")}, nil
	case first == "end" && len(words) == 2:
		return command{verb: verbEnd, id: words[1]}, nil
	case first == "" || first == "list" || first == "end" || len(words) < 2:
		return command{}, wrong(say("I do not understand this", "読み取れませんでした"), usage)
	}
	c := command{verb: verbAdd, window: request{Customer: words[0]}}
	rest := words[1:]
	if _, isDuration := readDuration(rest[0]); isDuration {
		c.window.For, rest = rest[0], rest[1:]
	} else if len(rest) >= 2 {
		c.window.From, c.window.To, rest = rest[0], rest[1], rest[2:]
	} else {
		return command{}, wrong(say("I do not understand this", "読み取れませんでした"), usage)
	}
	c.window.Reason = strings.Join(rest, " ")
	if c.window.Reason == "" {
		return command{}, wrong(say("the reason is missing", "理由が指定されていません"), usage)
	}
	return c, nil
}
