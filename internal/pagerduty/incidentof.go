package pagerduty

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"

	"shodo/internal/incident"
)

// IncidentOf gives the id of the incident that a webhook body is about, even when the body is cut off or damaged; empty
// if it cannot be told, or if the body is about no incident.
func IncidentOf(body []byte) incident.ID {
	var e envelope
	if unmarshalLenient(body, &e) == nil {
		if id := e.Event.Data.incident(); id != "" {
			return id
		}
	}
	if id := readUntilDamage(body).incident(); id != "" {
		return id
	}
	// PagerDuty's own links name the incident too. Only the id is taken from them.
	if match := incidentLink.FindSubmatch(body); match != nil {
		return incident.ID(match[1])
	}
	return ""
}

var incidentLink = regexp.MustCompile(`https://(?:[a-z0-9-]+\.)+pagerduty\.com/incidents/([A-Z0-9]{6,32})\b`)

// damaged is what could be read of a body before its damage.
type damaged struct {
	data      webhookData
	eventType string
}

func (d damaged) incident() incident.ID {
	if id := d.data.incident(); id != "" {
		return id
	}
	// PagerDuty sends data.id before data.type. For these events data is the incident itself.
	if d.data.Type == "" && aboutIncidentItself(d.eventType) {
		return incident.ID(d.data.ID)
	}
	return ""
}

func aboutIncidentItself(eventType string) bool {
	switch strings.TrimPrefix(eventType, "incident.") {
	case "acknowledged", "delegated", "escalated", "incident_type.changed", "priority_updated", "reassigned", "reopened",
		"resolved", "service_updated", "triggered", "unacknowledged":
		return strings.HasPrefix(eventType, "incident.")
	}
	return false
}

// readUntilDamage reads the tokens of a body until they end or make no sense.
func readUntilDamage(body []byte) (d damaged) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var path []string // the keys that lead to where the decoder is; "" for an array's element
	key, atKey := "", false
	var inObject []bool
	for {
		token, err := decoder.Token()
		if err != nil {
			return d
		}
		switch token := token.(type) {
		case json.Delim:
			switch token {
			case '{', '[':
				path = append(path, key)
				inObject = append(inObject, token == '{')
				key = ""
			default:
				path = path[:len(path)-1]
				inObject = inObject[:len(inObject)-1]
			}
			atKey = len(inObject) > 0 && inObject[len(inObject)-1]
			continue
		case string:
			if atKey {
				key, atKey = token, false
				continue
			}
			d.take(path, key, token)
		case json.Number:
			d.take(path, key, token.String())
		}
		atKey = len(inObject) > 0 && inObject[len(inObject)-1]
		if !atKey {
			key = ""
		}
	}
}

// take notes a value that tells the incident. The path begins with "", the whole body.
func (d *damaged) take(path []string, key, value string) {
	if len(path) > 4 {
		return // however deep a hostile body is, it is read in one go
	}
	switch strings.Join(path, ".") + "." + key {
	case ".event.event_type":
		d.eventType = value
	case ".event.data.id":
		d.data.ID = text(value)
	case ".event.data.type":
		d.data.Type = text(value)
	case ".event.data.incident.id":
		d.data.Incident.ID = text(value)
	}
}
