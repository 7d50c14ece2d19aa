package backtest

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"shodo/internal/incident"
)

// Reading a record with encoding/json took half the time of a backtest. Records are written by one program, in one form, so
// the reader below knows that form: it goes over the bytes once, makes nothing of what no decision reads, and gives the
// same text once. Whatever it does not know (a key in capitals, a key that comes twice, escapes, broken UTF-8) it leaves to
// encoding/json, which is always right: it never gives anything else.

// decoder reads records. It belongs to one goroutine.
type decoder struct {
	b       []byte
	i       int
	depth   int
	escaped bool              // the text that was read last held escapes
	odd     bool              // not the known form, or broken: the other way has to tell
	texts   map[string]string // the short ones, so that those that come again take no memory
}

const (
	maxText   = 64     // bytes of a text that is kept
	maxTexts  = 20_000 // texts that are kept
	maxNested = 64
)

// read is seen.read: it gives the same, sooner.
func (d *decoder) read(doc []byte, s *seen) bool {
	*s = seen{}
	d.b, d.i, d.depth, d.odd = doc, 0, 0, false
	d.record(s)
	d.space()
	if d.odd || d.i != len(d.b) {
		*s = seen{}
		return s.read(doc)
	}
	return s.Incident.Status != ""
}

func (d *decoder) record(s *seen) {
	d.object(func(key string) bool {
		switch key {
		case "incident":
			d.incident(&s.Incident)
		case "customer":
			d.object(func(key string) bool { return d.textOf(key == "id", (*string)(&s.Customer.ID)) })
		case "match":
			d.object(func(key string) bool {
				m := &s.Match
				switch key {
				case "scenario":
					d.text((*string)(&m.Scenario))
				case "autonomy":
					d.text((*string)(&m.Autonomy))
				case "inputs":
					d.raw(&m.Inputs)
				case "target":
					d.text(&m.Target)
				default:
					return false
				}
				return true
			})
		default:
			return false
		}
		return true
	})
}

func (d *decoder) incident(inc *incident.Incident) {
	d.object(func(key string) bool {
		switch key {
		case "id":
			d.text((*string)(&inc.ID))
		case "number":
			d.integer(&inc.Number)
		case "key":
			d.text(&inc.Key)
		case "title":
			d.text(&inc.Title)
		case "status":
			d.text((*string)(&inc.Status))
		case "urgency":
			d.text(&inc.Urgency)
		case "priority":
			d.text(&inc.Priority)
		case "service":
			d.ref(&inc.Service)
		case "teams":
			d.refs(&inc.Teams)
		case "url":
			d.text(&inc.URL)
		case "created_at":
			d.time(&inc.CreatedAt)
		case "escalation_policy":
			d.ref(&inc.EscalationPolicy)
		case "assignees":
			d.refs(&inc.Assignees)
		case "acknowledged_by":
			d.list(func() {
				inc.AcknowledgedBy = append(inc.AcknowledgedBy, incident.Agent{})
				d.agent(&inc.AcknowledgedBy[len(inc.AcknowledgedBy)-1])
			}, func() { inc.AcknowledgedBy = []incident.Agent{} })
		case "last_change_by":
			d.agent(&inc.LastChangeBy)
		case "merged_into":
			d.text((*string)(&inc.MergedInto))
		case "ack_timeout":
			d.boolean(&inc.AckTimeout)
		case "alerts":
			d.list(func() {
				inc.Alerts = append(inc.Alerts, incident.Alert{})
				d.alert(&inc.Alerts[len(inc.Alerts)-1])
			}, func() { inc.Alerts = []incident.Alert{} })
		case "alert_count":
			d.integer(&inc.AlertCount)
		default:
			return false
		}
		return true
	})
}

func (d *decoder) alert(a *incident.Alert) {
	d.object(func(key string) bool {
		switch key {
		case "id":
			d.text(&a.ID)
		case "dedup_key":
			d.text(&a.DedupKey)
		case "summary":
			d.text(&a.Summary)
		case "severity":
			d.text(&a.Severity)
		case "source":
			d.text(&a.Source)
		case "component":
			d.text(&a.Component)
		case "group":
			d.text(&a.Group)
		case "class":
			d.text(&a.Class)
		case "details":
			if details, ok := d.anything().(map[string]any); ok {
				a.Details = details
			} else {
				d.odd = true
			}
		case "links":
			d.list(func() {
				a.Links = append(a.Links, "")
				d.text(&a.Links[len(a.Links)-1])
			}, func() { a.Links = []string{} })
		case "created_at":
			d.time(&a.CreatedAt)
		case "monitor":
			d.text(&a.Monitor)
		default:
			return false
		}
		return true
	})
}

func (d *decoder) ref(r *incident.Ref) {
	d.object(func(key string) bool {
		return d.textOf(key == "id", &r.ID) || d.textOf(key == "name", &r.Name)
	})
}

func (d *decoder) refs(list *[]incident.Ref) {
	d.list(func() {
		*list = append(*list, incident.Ref{})
		d.ref(&(*list)[len(*list)-1])
	}, func() { *list = []incident.Ref{} })
}

func (d *decoder) agent(a *incident.Agent) {
	d.object(func(key string) bool {
		return d.textOf(key == "id", &a.ID) || d.textOf(key == "name", &a.Name) || d.textOf(key == "type", &a.Type)
	})
}

// textOf reads a text when the key is the one that is meant.
func (d *decoder) textOf(meant bool, into *string) bool {
	if meant {
		d.text(into)
	}
	return meant
}

// text reads a text.
func (d *decoder) text(into *string) { *into = d.keep(d.quoted()) }

// keep makes a text of bytes; short ones that were there before are the same.
func (d *decoder) keep(b []byte) string {
	if len(b) > maxText {
		return string(b)
	}
	if known, ok := d.texts[string(b)]; ok {
		return known
	}
	if d.texts == nil || len(d.texts) >= maxTexts {
		d.texts = make(map[string]string, 1024)
	}
	text := string(b)
	d.texts[text] = text
	return text
}

func (d *decoder) integer(into *int) {
	digits, whole := d.number()
	n, err := strconv.Atoi(string(digits))
	if !whole || err != nil {
		d.odd = true
	}
	*into = n
}

func (d *decoder) boolean(into *bool) {
	switch {
	case d.literal("true"):
		*into = true
	case d.literal("false"):
		*into = false
	default:
		d.odd = true
	}
}

func (d *decoder) time(into *time.Time) {
	text := d.quoted()
	if d.escaped || into.UnmarshalText(text) != nil {
		d.odd = true
	}
}

// raw keeps a value as it is written.
func (d *decoder) raw(into *json.RawMessage) {
	d.space()
	begin := d.i
	d.skip()
	*into = append(json.RawMessage(nil), d.b[begin:d.i]...)
}

// anything reads a value as plain data. A number is a float64, as encoding/json makes it.
func (d *decoder) anything() any {
	switch d.peek() {
	case '{':
		m := map[string]any{}
		d.members(func(key []byte) {
			name := d.keep(key)
			if _, twice := m[name]; twice {
				d.odd = true
			}
			m[name] = d.anything()
		})
		return m
	case '[':
		list := []any{}
		d.list(func() { list = append(list, d.anything()) }, func() {})
		return list
	case '"':
		return d.keep(d.quoted())
	case 't', 'f':
		var b bool
		d.boolean(&b)
		return b
	case 'n':
		d.odd = d.odd || !d.literal("null")
		return nil
	}
	digits, _ := d.number()
	f, err := strconv.ParseFloat(string(digits), 64)
	d.odd = d.odd || err != nil
	return f
}

// maxKeys is how many keys a mapping of ours has, at most.
const maxKeys = 24

// object reads a mapping of known keys. The function reads the value of a key, or says that nobody needs it.
func (d *decoder) object(value func(key string) bool) {
	var known [maxKeys]string
	n := 0
	d.members(func(key []byte) {
		name := d.keep(key)
		if !value(name) {
			for _, c := range key { // encoding/json takes "Title" for "title"
				d.odd = d.odd || c >= 'A' && c <= 'Z' || c >= utf8.RuneSelf
			}
			d.skip()
			return
		}
		if n == maxKeys || slices.Contains(known[:n], name) {
			d.odd = true
			return
		}
		known[n] = name
		n++
	})
}
