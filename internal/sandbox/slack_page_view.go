package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// This file is what the Slack page shows, ready for its template.

type roomView struct {
	As       string
	People   []linkView
	Channel  Channel
	Channels []linkView
	Messages []messageView
	Way      string // how presses reach the app
	Home     string
}

type linkView struct {
	Name, Link string
	Current    bool
	Count      int // of messages
}

type messageView struct {
	TS, Author, Initial, Face, Time string
	App, Private, Edited            bool
	Lang                            string // "ja" where it is Japanese: browsers choose other glyphs then
	Parts                           []partView
	Files                           []fileView
	Replies                         []messageView
	LastReply                       string
}

// partView is a block: words, or what can be pressed, or both.
type partView struct {
	HTML     template.HTML
	Elements []elementView
}

type elementView struct {
	Kind, ID, As, Channel, TS, ActionID string
	Label, Style, URL                   string
	Confirm                             *confirmView
	Boxes                               []boxView
}

type confirmView struct {
	Title, Yes, Deny, Style string
	Text                    template.HTML
}

type boxView struct {
	Value              string
	Label, Description template.HTML
	Ticked             bool
}

type fileView struct {
	ID, Name, Title, Size, Link, Text string
	Image                             bool
}

// view collects what one person sees in a channel: without a channel the one with the newest message, without a person
// the first one.
func (p *slackPage) view(channel, as string) (roomView, bool) {
	v := roomView{Home: p.home, Way: p.slack.way()}
	members := slices.DeleteFunc(p.slack.Members(), func(m Member) bool { return m.Deleted })
	if !slices.ContainsFunc(members, func(m Member) bool { return m.ID == as }) && len(members) > 0 {
		as = members[0].ID
	}
	v.As = as
	newest := ""
	for _, c := range p.slack.Channels() {
		list := p.slack.Messages(c.ID)
		if channel == "" && len(list) > 0 && list[len(list)-1].TS > newest {
			newest, v.Channel = list[len(list)-1].TS, c
		}
		if c.ID == channel || v.Channel.ID == "" && channel == "" {
			v.Channel = c
		}
		v.Channels = append(v.Channels, linkView{Name: c.Name, Link: channelLink(c.ID, as), Count: len(list)})
	}
	if v.Channel.ID == "" {
		return v, false
	}
	for i := range v.Channels {
		v.Channels[i].Current = v.Channels[i].Name == v.Channel.Name
	}
	for _, m := range members {
		v.People = append(v.People, linkView{Name: m.Name, Link: channelLink(v.Channel.ID, m.ID), Current: m.ID == as})
	}
	show := shower{slack: p.slack, channel: v.Channel, as: as, names: p.slack.names()}
	v.Messages = show.all(p.slack.Messages(v.Channel.ID), p.slack.Ephemeral(v.Channel.ID, as))
	return v, true
}

// way says how presses reach the app.
func (s *Slack) way() string {
	n := s.SocketConnections()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case n == 1:
		return "Presses and commands go over Socket Mode: 1 connection."
	case n > 1:
		return fmt.Sprintf("Presses and commands go over Socket Mode: %d connections.", n)
	case s.opts.InteractionsURL == "" && s.opts.CommandsURL == "":
		return "Presses and commands go nowhere: the app has no address, and no Socket Mode connection is open."
	}
	return "Presses go to " + cmp.Or(s.opts.InteractionsURL, "nowhere") + ", commands to " + cmp.Or(s.opts.CommandsURL, "nowhere") + "."
}

// names gives what mentions are called.
func (s *Slack) names() map[string]string {
	names := map[string]string{botUserID: "shodo"}
	for _, m := range s.opts.Members {
		names[m.ID] = m.Name
	}
	for _, g := range s.opts.Groups {
		names[g.ID] = g.Handle
	}
	for _, c := range s.opts.Channels {
		names[c.ID] = c.Name
	}
	return names
}

// shower makes views of messages.
type shower struct {
	slack   *Slack
	channel Channel
	as      string
	names   map[string]string
}

func (s shower) reader() reader {
	return reader{names: func(id string) string { return s.names[id] }}
}

// all shows the messages of a channel with those that one person alone sees, in the order of their times.
func (s shower) all(list, private []Message) []messageView {
	for _, m := range private {
		at := slices.IndexFunc(list, func(parent Message) bool { return m.ThreadTS != "" && parent.TS == m.ThreadTS })
		if at < 0 {
			list = append(list, m)
			continue
		}
		list[at].Replies = append(list[at].Replies, m)
	}
	byTime := func(a, b Message) int { return strings.Compare(a.TS, b.TS) }
	slices.SortStableFunc(list, byTime)
	var views []messageView
	for _, m := range list {
		slices.SortStableFunc(m.Replies, byTime)
		views = append(views, s.message(m))
	}
	return views
}

func (s shower) message(m Message) messageView {
	v := messageView{TS: m.TS, Author: cmp.Or(s.names[m.User], m.User), Time: clockTime(m.PostedAt), Private: m.For != "", Edited: m.Edited > 0,
		Lang: language(m.Plain()), Parts: s.parts(m)}
	switch m.User {
	case botUserID:
		v.App, v.Face = true, "app"
	case slackbotID:
		v.Author, v.App, v.Face = "Slackbot", true, "warn"
	}
	first, _ := utf8.DecodeRuneInString(v.Author)
	v.Initial = strings.ToUpper(string(first))
	for _, f := range m.Files {
		v.Files = append(v.Files, showFile(f))
	}
	for _, r := range m.Replies {
		v.Replies = append(v.Replies, s.message(r))
		v.LastReply = clockTime(r.PostedAt)
	}
	return v
}

func clockTime(t time.Time) string { return t.Local().Format("15:04:05") }

// language is "ja" for texts with kana.
func language(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.Hiragana, unicode.Katakana) }) {
		return "ja"
	}
	return ""
}

func (s shower) parts(m Message) []partView {
	var blocks []shownBlock
	if len(m.Blocks) == 0 || json.Unmarshal(m.Blocks, &blocks) != nil {
		if m.Text == "" {
			return nil
		}
		return []partView{{HTML: template.HTML("<div>" + s.reader().mrkdwn(m.Text) + "</div>")}}
	}
	pressed := pressables(m.Blocks)
	var parts []partView
	for n, b := range blocks {
		part := partView{HTML: template.HTML(s.reader().block(b))}
		for _, e := range pressed {
			if e.block == n {
				part.Elements = append(part.Elements, s.element(m, e))
			}
		}
		parts = append(parts, part)
	}
	return parts
}

func (s shower) element(m Message, e pressable) elementView {
	v := elementView{Kind: e.Type, ID: "c" + m.TS + e.ActionID, As: s.as, Channel: s.channel.ID, TS: m.TS, ActionID: e.ActionID, Style: e.Style, URL: e.URL}
	var label textObject
	if json.Unmarshal(e.Text, &label) == nil {
		v.Label = label.Text
	}
	if q := e.Confirm; q != nil {
		v.Confirm = &confirmView{Title: q.Title.Text, Yes: q.Confirm.Text, Deny: q.Deny.Text, Style: cmp.Or(q.Style, "primary"), Text: s.words(q.Text)}
	}
	for _, o := range e.Options {
		box := boxView{Value: o.Value, Label: s.words(o.Text), Ticked: slices.ContainsFunc(e.Initial, o.equal)}
		if o.Description != nil {
			box.Description = s.words(*o.Description)
		}
		v.Boxes = append(v.Boxes, box)
	}
	return v
}

// words is a text object as HTML.
func (s shower) words(t textObject) template.HTML {
	if t.Type == "plain_text" {
		return template.HTML(escaped(t.Text))
	}
	return template.HTML(s.reader().mrkdwn(t.Text))
}

func showFile(f File) fileView {
	v := fileView{ID: f.ID, Name: f.Name, Title: f.Title, Size: size(len(f.Content)), Link: "/ui/files/" + f.ID, Image: imageType(f.Content) != ""}
	if !v.Image {
		v.Text = strings.ToValidUTF8(string(f.Content), "\uFFFD")
	}
	return v
}

func size(n int) string {
	if n < 10_000 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%d kB", n/1000)
}

// imageType is the type of an image that browsers show without any risk, and empty for everything else.
func imageType(content []byte) string {
	switch kind := http.DetectContentType(content); kind {
	case "image/png", "image/jpeg", "image/gif":
		return kind
	}
	return ""
}
