package pagerduty

import (
	"strings"

	"shodo/internal/incident"
)

// datadog is Datadog's PagerDuty integration. Its details are title, body, event_type, monitor_state, query, tags,
// and others; tags is one text, "env:prod, host:web-1".
//
// The tags become the detail "tag", a map. Source is the host tag, Component the service tag, Group the env tag, Class
// the kind of the monitor.
func datadog() family {
	return family{
		name: "datadog",
		is: func(r *received) bool {
			return r.clientIs("datadog") || r.linksTo("datadoghq.com", "datadoghq.eu", "ddog-gov.com") ||
				r.has("monitor_state", "event_type") || r.has("alert_transition", "event_type")
		},
		fill: fillDatadog,
	}
}

func fillDatadog(r *received, alert *incident.Alert) {
	tags := datadogTags(r.details["tags"])
	if len(tags) > 0 {
		r.set("tag", tags)
	}
	fill(&alert.Summary, r.detail("title"))
	fill(&alert.Severity, severity(r.detail("alert_type", "priority")))
	if alert.Source == "" || strings.EqualFold(alert.Source, "datadog") {
		alert.Source = firstOf(scalar(tags["host"]), r.detail("host", "hostname"), alert.Source)
	}
	fill(&alert.Component, scalar(tags["service"]))
	fill(&alert.Group, scalar(tags["env"]))
	fill(&alert.Class, r.detail("event_type"))
	addLink(alert, r.detail("link", "url"))
}

// datadogTags reads tags; of several values of one key the first counts, and a tag without a value is true.
func datadogTags(value any) map[string]any {
	var list []string
	switch value := value.(type) {
	case string:
		list = strings.Split(value, ",")
	case []any:
		for _, element := range value {
			list = append(list, scalar(element))
		}
	}
	tags := map[string]any{}
	for _, tag := range list {
		key, content, ok := strings.Cut(strings.TrimSpace(tag), ":")
		if key == "" {
			continue
		}
		if _, taken := tags[key]; taken {
			continue
		}
		if !ok {
			tags[key] = true
			continue
		}
		tags[key] = content
	}
	return tags
}
