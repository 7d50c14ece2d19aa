package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"shodo/internal/handover"
)

// Summary is what Slack gets: the first screen of the report in one message. The report itself goes along as a file, and
// PNG draws the charts.
type Summary struct {
	Message handover.Message // without thread and files
	Title   string           // of the file
	Name    string           // of the file without its ending: "weekly-2026-W46-minato"
}

// JSON is the message as data.
func (s Summary) JSON() ([]byte, error) { return json.Marshal(s.Message) }

// maxSentence is the most that one of the sentences may use of a message, in characters.
const maxSentence = 600

// Summary puts the three sentences and the headline into a message.
func (r *Report) Summary() Summary {
	w, d := wordsFor(r.Language), r.document()
	title := d.title + " · " + d.who
	var sentences strings.Builder
	for _, f := range d.findings {
		fmt.Fprintf(&sentences, "*%s*  %s\n", mrkdwn(f.label), mrkdwn(cut(f.whole(), maxSentence)))
	}
	var figures []handover.Text
	for _, row := range d.headline.rows[:8] {
		figures = append(figures, handover.Text{Type: "mrkdwn", Verbatim: true,
			Text: fmt.Sprintf("%s\n*%s*  %s", mrkdwn(row[0].text), mrkdwn(row[1].text), mrkdwn(row[3].text))})
	}
	no := false
	footer := d.when + " · " + r.defined(w)
	if len(d.notices) > 0 {
		footer = cut(strings.Join(d.notices, " "), maxSentence)
	}
	m := handover.Message{Text: mrkdwn(title + "\n" + cut(d.findings[0].whole(), maxSentence)), Blocks: []handover.Block{
		{Type: "header", Text: &handover.Text{Type: "plain_text", Text: cut(plainMentions(title), handover.MaxHeader/2), Emoji: &no}},
		{Type: "section", Text: &handover.Text{Type: "mrkdwn", Text: sentences.String(), Verbatim: true}},
		{Type: "section", Fields: figures},
		{Type: "context", Elements: []handover.Element{{Text: &handover.Text{Type: "mrkdwn", Text: mrkdwn(footer), Verbatim: true}}}},
	}}
	return Summary{Message: m, Title: title, Name: r.FileName()}
}

// mrkdwn makes a text literal in Slack: "&", "<" and ">" begin links and mentions, and backticks code. "@here" and its
// like are broken with a word joiner.
func mrkdwn(s string) string {
	return plainMentions(strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "ˋ", "*", "∗", "~", "∼").Replace(s))
}

func plainMentions(s string) string {
	return strings.NewReplacer("@", "@\u2060", "<!", "<\u2060!").Replace(s)
}

// FileName names a file of the report, without its ending: letters and digits of any language, "-", "_" and "." only.
func (r *Report) FileName() string {
	name := "report-" + r.Period.Since.Format("2006-01-02") + "-" + r.Period.Until.Format("2006-01-02")
	switch kindOf(r.Period) {
	case week:
		name = "weekly-" + r.Period.Name
	case month:
		name = "monthly-" + r.Period.Name
	}
	switch {
	case r.Edition.Customer != "":
		name += "-" + inFileName(string(r.Edition.Customer))
	case r.Edition.Department != "": // may be called as a customer
		name += "-department-" + inFileName(r.Edition.Department)
	}
	return name
}

// maxInFileName keeps a file's name under 255 bytes, whatever the alphabet.
const maxInFileName = 60

// inFileName keeps names apart that are different, also those without a Latin letter.
func inFileName(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsMark(c) || unicode.IsDigit(c) || strings.ContainsRune("-_.", c) {
			return c
		}
		return '_'
	}, cut(clean(s), maxInFileName))
}
