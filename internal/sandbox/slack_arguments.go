package sandbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"
)

// This file is the arguments that Slack's methods take, as their pages on docs.slack.dev/reference/methods and the types
// of npm's @slack/web-api say, and what comes back for wrong ones. Where Slack ignores an argument that a method does not
// have, this answers invalid_arg_name: an argument without effect is a mistake that nobody would see otherwise.

// kind is what an argument has to look like.
type kind int

const (
	text    kind = iota // anything
	flag                // a truth value
	number              // not below 0
	stamp               // a message's ts
	array               // a JSON array
	mapping             // a JSON object
	choice              // one of the argument's words
)

type argument struct {
	kind     kind
	required bool
	max      int      // characters; 0: no limit of its own
	words    []string // of a choice
}

// tier is how often a method may be called per minute; see docs.slack.dev/apis/web-api/rate-limits.
type tier int

const (
	tier1    tier = 1
	tier2    tier = 20
	tier3    tier = 50
	tier4    tier = 100
	tierPost tier = 0 // limited per channel
	tierTest tier = 600
)

// method is a method of the Web API.
type method struct {
	scope   string // that a token needs; empty: none
	tier    tier
	app     bool // takes the token of the app instead of the bot's
	content bool // one of text, blocks, attachments and markdown_text has to be there
	args    map[string]argument
	answer  func(caller, url.Values) (object, error)
}

// caller is what a method knows of its request.
type caller struct{ host string }

func (s *Slack) methods() map[string]method {
	channel, user := argument{required: true}, argument{required: true}
	message := map[string]argument{
		"channel": channel, "text": {}, "blocks": {kind: array}, "attachments": {kind: array}, "markdown_text": {max: 12_000},
		"as_user": {kind: flag}, "link_names": {kind: flag}, "parse": {kind: choice, words: []string{"none", "full", "client"}},
		"metadata": {kind: mapping},
	}
	posted := with(message, map[string]argument{"thread_ts": {kind: stamp}, "icon_emoji": {}, "icon_url": {}, "username": {}})
	pages := map[string]argument{"cursor": {}, "limit": {kind: number}, "team_id": {}}
	return map[string]method{
		"auth.test":             {tier: tierTest, answer: s.authTest},
		"apps.connections.open": {scope: "connections:write", tier: tier1, app: true, answer: s.openConnection},
		"chat.postMessage": {scope: "chat:write", tier: tierPost, content: true, answer: s.postMessage, args: with(posted, map[string]argument{
			"mrkdwn": {kind: flag}, "reply_broadcast": {kind: flag}, "unfurl_links": {kind: flag}, "unfurl_media": {kind: flag}})},
		"chat.postEphemeral": {scope: "chat:write", tier: tier4, content: true, answer: s.postEphemeral, args: with(posted, map[string]argument{"user": user})},
		"chat.update": {scope: "chat:write", tier: tier3, content: true, answer: s.updateMessage, args: with(message, map[string]argument{
			"ts": {kind: stamp, required: true}, "reply_broadcast": {kind: flag}, "file_ids": {kind: array}})},
		"conversations.list": {scope: "channels:read", tier: tier2, answer: s.listConversations,
			args: with(pages, map[string]argument{"exclude_archived": {kind: flag}, "types": {}})},
		"conversations.info": {scope: "channels:read", tier: tier3, answer: s.conversationInfo,
			args: map[string]argument{"channel": channel, "include_locale": {kind: flag}, "include_num_members": {kind: flag}}},
		"users.list":          {scope: "users:read", tier: tier2, answer: s.listUsers, args: with(pages, map[string]argument{"include_locale": {kind: flag}})},
		"users.info":          {scope: "users:read", tier: tier4, answer: s.userInfo, args: map[string]argument{"user": user, "include_locale": {kind: flag}}},
		"users.lookupByEmail": {scope: "users:read.email", tier: tier3, answer: s.lookupByEmail, args: map[string]argument{"email": {required: true}}},
		"usergroups.list":     {scope: "usergroups:read", tier: tier2, answer: s.listGroups, args: map[string]argument{"include_count": {kind: flag}, "include_disabled": {kind: flag}, "include_users": {kind: flag}, "team_id": {}}},
		"usergroups.users.list": {scope: "usergroups:read", tier: tier2, answer: s.groupMembers,
			args: map[string]argument{"usergroup": {required: true}, "include_disabled": {kind: flag}, "team_id": {}}},
		"files.getUploadURLExternal": {scope: "files:write", tier: tier4, answer: s.getUploadURL,
			args: map[string]argument{"filename": {required: true}, "length": {kind: number, required: true}, "snippet_type": {}, "alt_txt": {max: 1000}}},
		"files.completeUploadExternal": {scope: "files:write", tier: tier4, answer: s.completeUpload, args: map[string]argument{
			"files": {kind: array, required: true}, "channel_id": {}, "channels": {}, "thread_ts": {kind: stamp}, "initial_comment": {},
			"blocks": {kind: array}, "username": {}, "icon_url": {}, "icon_emoji": {}}},
	}
}

func with(some, more map[string]argument) map[string]argument {
	all := maps.Clone(some)
	maps.Copy(all, more)
	return all
}

// argName is what Slack takes for the name of an argument.
var argName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// check compares what was given with what the method takes.
func (m method) check(given url.Values) error {
	var wrong []string
	names := slices.Sorted(maps.Keys(given))
	for _, name := range names {
		if _, known := m.args[name]; !known && name != "token" {
			return &slackError{code: "invalid_arg_name", messages: []string{fmt.Sprintf("[ERROR] no such argument: %.64q", name)}}
		}
		if len(given[name]) > 1 || !argName.MatchString(name) {
			return no("invalid_array_arg")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.args)) {
		a, value := m.args[name], given.Get(name)
		switch {
		case value == "" && a.required:
			wrong = append(wrong, "[ERROR] missing required field: "+name)
		case value != "":
			if problem := a.problem(value); problem != "" {
				wrong = append(wrong, fmt.Sprintf("[ERROR] %s [json-pointer:/%s]", problem, name))
			}
		}
	}
	switch {
	case len(wrong) > 0:
		return &slackError{code: "invalid_arguments", messages: wrong}
	case !m.content:
		return nil
	case given.Get("markdown_text") != "" && given.Get("text")+given.Get("blocks") != "":
		return no("markdown_text_conflict")
	case given.Get("text") == "" && given.Get("markdown_text") == "" && empty(given.Get("blocks")) && empty(given.Get("attachments")):
		return no("no_text")
	}
	return nil
}

func empty(list string) bool { return list == "" || list == "[]" }

func (a argument) problem(value string) string {
	if a.max > 0 && utf8.RuneCountInString(value) > a.max {
		return fmt.Sprintf("must be less than %d characters", a.max+1)
	}
	switch a.kind {
	case flag:
		if !slices.Contains([]string{"true", "false", "1", "0"}, value) {
			return "must be a boolean"
		}
	case number:
		if n, err := strconv.Atoi(value); err != nil || n < 0 {
			return "must be a valid number"
		}
	case stamp:
		if !isTS(value) {
			return "must be a timestamp"
		}
	case array, mapping:
		var list []any
		var object map[string]any
		if a.kind == array && json.Unmarshal([]byte(value), &list) != nil {
			return "must be an array"
		}
		if a.kind == mapping && json.Unmarshal([]byte(value), &object) != nil {
			return "must be an object"
		}
	case choice:
		if !slices.Contains(a.words, value) {
			return fmt.Sprintf("must be one of %q", a.words)
		}
	}
	return ""
}

var tsForm = regexp.MustCompile(`^[0-9]{1,12}\.[0-9]{6}$`)

func isTS(s string) bool { return tsForm.MatchString(s) }
