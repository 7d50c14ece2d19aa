package pagerduty

import (
	"strings"

	"shodo/internal/incident"
)

// zabbix is Zabbix' PagerDuty media type. Its details are "Event host", "Event host ip", "Trigger description", "Event
// tags" and others; the source is "host : address". Newer editions may add or rename details.
//
// Source is the host alone, and its address the detail "host_ip". Event tags ("name:value, ...") become the detail
// "tag". Class is the tag component or scope, Component the tag service or application, Group the tag class.
func zabbix() family {
	return family{
		name: "zabbix",
		is: func(r *received) bool {
			return r.clientIs("zabbix") || r.has("Event host", "Event tags") || r.has("Event host", "Trigger description")
		},
		fill: fillZabbix,
	}
}

func fillZabbix(r *received, alert *incident.Alert) {
	host, address, two := strings.Cut(alert.Source, " : ")
	host = firstOf(r.detail("Event host", "host", "hostname"), host)
	if !two {
		address = ""
	}
	if ip := firstOf(r.detail("Event host ip", "hostip"), strings.TrimSpace(address)); ip != "" {
		r.set("host_ip", ip)
	}
	if host != "" {
		alert.Source = host
	}
	tags := zabbixTags(firstOf(r.detail("Event tags", "event_tags")))
	if len(tags) > 0 {
		r.set("tag", tags)
	}
	fill(&alert.Component, firstOf(scalar(tags["service"]), scalar(tags["application"]), scalar(tags["Application"])))
	fill(&alert.Class, firstOf(scalar(tags["component"]), scalar(tags["scope"])))
	fill(&alert.Group, scalar(tags["class"]))
	fill(&alert.Severity, severity(r.detail("severity", "Severity", "event_severity")))
}

// zabbixTags reads "name:value, name, ..."; of several values of one name the first counts.
func zabbixTags(text string) map[string]any {
	if text == "" {
		return nil
	}
	return datadogTags(text)
}
