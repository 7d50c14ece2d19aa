package pagerduty

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// received is an alert as PagerDuty's REST API gives it, opened.
type received struct {
	ID          text      `json:"id"`
	Summary     text      `json:"summary"`
	CreatedAt   text      `json:"created_at"`
	Key         text      `json:"alert_key"`
	Severity    text      `json:"severity"`
	Integration reference `json:"integration"`
	Body        struct {
		Contexts []linkContext   `json:"contexts"`
		Details  json.RawMessage `json:"details"`
		CEF      commonFormat    `json:"cef_details"`
	} `json:"body"`
	Trigger struct {
		ID       text          `json:"id"`
		Contexts []linkContext `json:"contexts"`
		Channel  channel       `json:"channel"`
	} `json:"first_trigger_log_entry"`

	details map[string]any // what the monitor said, as an object
	plain   string         // what the monitor said, when it said it as text: a mail
	links   []string       // the web addresses that came with it, in PagerDuty's order, each once
}

// commonFormat is PagerDuty's own normal form (PD-CEF), into which it puts what came by its Events API. It is not part
// of the published schema.
type commonFormat struct {
	Client     text            `json:"client"`
	ClientURL  text            `json:"client_url"`
	Contexts   []linkContext   `json:"contexts"`
	DedupKey   text            `json:"dedup_key"`
	Summary    text            `json:"description"`
	Message    text            `json:"message"`
	Details    json.RawMessage `json:"details"`
	Class      text            `json:"event_class"`
	Group      text            `json:"service_group"`
	Severity   text            `json:"severity"`
	Component  text            `json:"source_component"`
	Source     text            `json:"source_origin"`
	CreatedAt  text            `json:"creation_time"`
	ReportedBy text            `json:"reporter_component"`
}

// channel is how the alert came to PagerDuty: "api", "email", "website", ... It has no published form.
type channel struct {
	Type        text            `json:"type"`
	Client      text            `json:"client"`
	ClientURL   text            `json:"client_url"`
	Summary     text            `json:"summary"`
	Description text            `json:"description"`
	Subject     text            `json:"subject"`
	From        text            `json:"from"`
	To          text            `json:"to"`
	Body        text            `json:"body"`
	Details     json.RawMessage `json:"details"`
	CEF         commonFormat    `json:"cef_details"`
}

// linkContext is a link or an image that came with an alert.
type linkContext struct {
	Href text `json:"href"`
	Src  text `json:"src"`
	Text text `json:"text"`
}

// open reads an alert leniently; what is not an object gives an empty one.
func open(raw json.RawMessage) *received {
	var r received
	_ = unmarshalLenient(raw, &r) // whatever could be read is used
	if isEmptyCEF(r.Body.CEF) {
		r.Body.CEF = r.Trigger.Channel.CEF
	}
	for _, details := range []json.RawMessage{r.Body.Details, r.Body.CEF.Details, r.Trigger.Channel.Details} {
		if r.details, r.plain = openDetails(details); len(r.details) > 0 || r.plain != "" {
			break
		}
	}
	if r.plain == "" && len(r.details) == 0 {
		r.plain = strings.TrimSpace(string(r.Trigger.Channel.Body))
	}
	r.links = r.collectLinks()
	return &r
}

func isEmptyCEF(c commonFormat) bool {
	return c.Client == "" && c.Source == "" && c.Summary == "" && c.Message == "" && len(c.Details) == 0
}

// openDetails makes an object of details, which PagerDuty gives as an object or as a text; the text may be JSON again.
func openDetails(raw json.RawMessage) (object map[string]any, plain string) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return nil, ""
	}
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return nil, ""
	}
	switch value := value.(type) {
	case map[string]any:
		return value, ""
	case string:
		if object := objectIn(value); object != nil {
			return object, ""
		}
		return nil, strings.TrimSpace(value)
	case []any:
		if len(value) == 0 {
			return nil, ""
		}
	}
	return map[string]any{"value": value}, ""
}

// objectIn reads a text that is a JSON object; nil for any other text.
func objectIn(s string) map[string]any {
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, "{") {
		return nil
	}
	var object map[string]any
	if json.Unmarshal([]byte(s), &object) != nil {
		return nil
	}
	return object
}

// hasDetails says whether anything is known beyond the summary.
func (r *received) hasDetails() bool { return len(r.details) > 0 || r.plain != "" }

// clientIs says whether the sender calls itself by one of these names, or an integration in PagerDuty is called so.
func (r *received) clientIs(names ...string) bool {
	for _, said := range []text{r.Body.CEF.Client, r.Trigger.Channel.Client, r.Integration.Summary} {
		said := strings.ToLower(string(said))
		if slices.ContainsFunc(names, func(name string) bool { return strings.Contains(said, name) }) {
			return true
		}
	}
	return false
}

// linksTo says whether one of the links leads to one of these domains or a host below it.
func (r *received) linksTo(domains ...string) bool {
	for _, link := range r.links {
		u, err := url.Parse(link)
		if err != nil {
			continue
		}
		host := strings.ToLower(u.Hostname())
		if slices.ContainsFunc(domains, func(d string) bool { return host == d || strings.HasSuffix(host, "."+d) }) {
			return true
		}
	}
	return false
}

// has says whether the details have all of these keys.
func (r *received) has(keys ...string) bool {
	for _, key := range keys {
		if _, ok := r.details[key]; !ok {
			return false
		}
	}
	return true
}

// detail gives the first of these keys whose value is a text or a number.
func (r *received) detail(keys ...string) string {
	for _, key := range keys {
		if s := scalar(r.details[key]); s != "" {
			return s
		}
	}
	return ""
}

// set adds a detail that the monitor did not send under this key.
func (r *received) set(key string, value any) {
	if key == "" {
		return
	}
	if _, taken := r.details[key]; !taken {
		r.details[key] = value
	}
}

func (r *received) collectLinks() []string {
	var found []string
	add := func(address text) {
		s := strings.TrimSpace(string(address))
		if len(found) < maxLinks && isWebAddress(s) && !slices.Contains(found, s) {
			found = append(found, s)
		}
	}
	for _, list := range [][]linkContext{r.Body.Contexts, r.Body.CEF.Contexts, r.Trigger.Contexts} {
		for _, link := range list {
			add(link.Href)
			add(link.Src)
		}
	}
	add(r.Body.CEF.ClientURL)
	add(r.Trigger.Channel.ClientURL)
	return found
}

func isWebAddress(s string) bool {
	return len(s) <= maxLink && (strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://"))
}

// scalar gives a text or a number as text; anything else as nothing.
func scalar(value any) string {
	switch value := value.(type) {
	case string:
		return strings.TrimSpace(value)
	case float64, bool:
		data, err := json.Marshal(value)
		if err == nil {
			return string(data)
		}
	}
	return ""
}

// within walks into nested objects; nil where the path ends.
func within(value any, path ...string) any {
	for _, key := range path {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[key]
	}
	return value
}

// firstOf gives the first text that is not empty.
func firstOf(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}
