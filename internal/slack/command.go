package slack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
)

// Command is a slash command that somebody typed (docs.slack.dev, interactivity/implementing-slash-commands).
type Command struct {
	Name      string // "/shodo"
	Text      string // what was typed behind it
	UserID    string
	UserName  string // the handle
	Channel   string // id
	TriggerID string // the same when the same command comes again
	SSLCheck  bool   // Slack only looks at the certificate: nothing was typed
}

// ParseCommand reads a slash command: the form of a request, or the JSON object that Socket Mode brings, which has the
// same fields. Who calls it has verified the request.
func ParseCommand(body []byte) (Command, error) {
	fields, err := fieldsOf(body)
	if err != nil {
		return Command{}, err
	}
	return Command{Name: fields.Get("command"), Text: fields.Get("text"), UserID: fields.Get("user_id"), UserName: fields.Get("user_name"),
		Channel: fields.Get("channel_id"), TriggerID: fields.Get("trigger_id"), SSLCheck: fields.Get("ssl_check") == "1"}, nil
}

func fieldsOf(body []byte) (url.Values, error) {
	trimmed := bytes.TrimSpace(body)
	if !bytes.HasPrefix(trimmed, []byte("{")) {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, fmt.Errorf("%w: it is not a form", ErrMalformed)
		}
		return form, nil
	}
	var fields map[string]any
	if err := json.Unmarshal(trimmed, &fields); err != nil {
		return nil, fmt.Errorf("%w: its payload is not a command: %w", ErrMalformed, err)
	}
	form := url.Values{}
	for name, value := range fields {
		if text, ok := value.(string); ok {
			form.Set(name, text)
		}
	}
	return form, nil
}
