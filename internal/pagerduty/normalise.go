package pagerduty

import (
	"encoding/json"
	"slices"
	"strings"

	"shodo/internal/incident"
)

// The sizes to which an alert's texts are cut. What is cut says so; the alert as received is kept whole beside it.
const (
	maxSummary = 1024     // characters
	maxField   = 1024     // characters of source, component, group, class and keys
	maxDetails = 64 << 10 // bytes of all details together, as JSON
	maxLinks   = 20       //
	maxLink    = 2 << 10  // bytes; longer links are left out, because half a link is none
)

// family is a kind of monitor. To add one: a file of its own with a function that gives its family, a line in
// families, and one case per way it reaches PagerDuty in testdata/alerts.
type family struct {
	name string
	// is recognises the monitor's alerts by what it says of itself: its client name, links, or the keys of its details.
	is func(*received) bool
	// fill completes what the common part could not know. It must not change fields that have a value, unless the
	// monitor itself says otherwise in its details. It may add details with received.set.
	fill func(*received, *incident.Alert)
}

// families lists the kinds of monitors, the more certain recognitions first.
func families() []family {
	return []family{cloudwatch(), datadog(), prometheus(), zabbix(), coralogix(), whatap(), elastic()}
}

// Normalise gives an alert of PagerDuty's REST API the form that scenarios see. It understands what came by the Events
// API (PD-CEF), by mail, and by the integrations of the monitors in [Monitors]; all others too, with Monitor empty. It
// never fails: what is not understood stays in Details and Raw.
//
// Details is always a map: a text that is no JSON is its "text".
func Normalise(raw json.RawMessage) incident.Alert {
	r := open(raw)
	if r.details == nil {
		r.details = map[string]any{}
	}
	alert := common(r)
	for _, f := range families() {
		if f.is(r) {
			alert.Monitor = f.name
			f.fill(r, &alert)
			break
		}
	}
	bound(&alert, r.details)
	alert.Raw = slices.Clone(raw)
	return alert
}

// Monitors lists the names that Normalise gives in Alert.Monitor.
func Monitors() []string {
	var names []string
	for _, f := range families() {
		names = append(names, f.name)
	}
	slices.Sort(names)
	return names
}

// common fills in what PagerDuty itself knows, whatever the monitor.
func common(r *received) incident.Alert {
	cef, ch := r.Body.CEF, r.Trigger.Channel
	if r.plain != "" {
		r.set("text", r.plain)
	}
	if ch.Type == "email" {
		for key, value := range map[string]text{"subject": ch.Subject, "from": ch.From, "to": ch.To} {
			if value != "" {
				r.set(key, string(value))
			}
		}
	}
	alert := incident.Alert{
		ID:       string(r.ID),
		DedupKey: firstOf(string(r.Key), string(cef.DedupKey)),
		Summary: firstOf(string(r.Summary), string(cef.Summary), string(cef.Message),
			string(ch.Subject), string(ch.Description), string(ch.Summary)),
		Severity:  firstOf(severity(string(r.Severity)), severity(string(cef.Severity))),
		Source:    string(cef.Source),
		Component: string(cef.Component),
		Group:     string(cef.Group),
		Class:     string(cef.Class),
		Links:     r.links,
		CreatedAt: parseTime(firstOf(string(r.CreatedAt), string(cef.CreatedAt))),
	}
	return alert
}

// severity puts the words of all monitors onto PagerDuty's four; a word that is not known gives none.
func severity(word string) string {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "critical", "crit", "fatal", "emergency", "emerg", "disaster", "page", "p1":
		return "critical"
	case "error", "err", "high", "major", "severe", "p2":
		return "error"
	case "warning", "warn", "average", "minor", "medium", "p3":
		return "warning"
	case "info", "information", "informational", "notice", "low", "not classified", "none", "p4", "p5":
		return "info"
	}
	return ""
}

// bound cuts the alert's texts to their sizes and puts the details in.
func bound(alert *incident.Alert, details map[string]any) {
	alert.Summary = cut(clean(alert.Summary), maxSummary)
	for _, field := range []*string{&alert.DedupKey, &alert.Source, &alert.Component, &alert.Group, &alert.Class} {
		*field = cut(clean(strings.TrimSpace(*field)), maxField)
	}
	alert.Links = alert.Links[:min(len(alert.Links), maxLinks)]
	alert.Details = boundDetails(details, maxDetails)
}

// addLink adds a web address that a monitor wrote elsewhere than among its links.
func addLink(alert *incident.Alert, address string) {
	address = strings.TrimSpace(address)
	if len(alert.Links) < maxLinks && isWebAddress(address) && !slices.Contains(alert.Links, address) {
		alert.Links = append(alert.Links, address)
	}
}

// fill gives a field its value if it has none.
func fill(field *string, value string) {
	if *field == "" {
		*field = value
	}
}
