package pagerduty

import (
	"strings"

	"shodo/internal/incident"
)

// elastic is Elastic in its three forms: the PagerDuty connector of Kibana's alerting (a source "Kibana Action ..."
// unless told otherwise; details as its author wrote them), Watcher (client "/_watcher/watch/...", details under
// "payload"), and ElastAlert (details with the one text "information").
//
// Source is the host of the document (host.name, host, hostname) where the details have it; Class is the rule.
func elastic() family {
	return family{name: "elastic", is: isElastic, fill: fillElastic}
}

func isElastic(r *received) bool {
	source := strings.ToLower(string(r.Body.CEF.Source))
	switch {
	case r.clientIs("elastalert", "kibana", "elasticsearch", "/_watcher/"):
		return true
	case strings.HasPrefix(source, "kibana"), strings.HasPrefix(source, "elastalert"), source == "watcher":
		return true
	case r.linksTo("elastic-cloud.com", "elastic.co"):
		return true
	case r.has("watch_id"), within(r.details, "ctx", "watch_id") != nil, r.has("kibanaBaseUrl"):
		return true
	case len(r.details) == 1 && r.has("information"): // ElastAlert has no other name for itself than its configuration gives
		return strings.Contains(r.detail("information"), "@timestamp")
	}
	return strings.Contains(strings.ToLower(string(r.Body.CEF.Group)), "kibana") && r.has("rule")
}

func fillElastic(r *received, alert *incident.Alert) {
	if lines := informationLines(r.detail("information")); len(lines) > 0 {
		r.set("fields", lines)
	}
	host := firstOf(
		scalar(within(r.details, "host", "name")), r.detail("host.name", "host", "hostname"),
		scalar(within(r.details, "fields", "host.name")), scalar(within(r.details, "fields", "host")),
		scalar(within(r.details, "fields", "hostname")),
		scalar(within(r.details, "payload", "host", "name")), scalar(within(r.details, "payload", "host")),
	)
	own := strings.ToLower(alert.Source)
	if host != "" && (own == "" || strings.HasPrefix(own, "kibana") || own == "elastalert" || own == "watcher") {
		alert.Source = host
	}
	rule := firstOf(scalar(within(r.details, "rule", "name")), r.detail("rule.name", "ruleName", "rule_name", "rule"),
		r.detail("watch_id"), scalar(within(r.details, "ctx", "watch_id")))
	fill(&alert.Class, rule)
	fill(&alert.Severity, severity(r.detail("severity", "kibana.alert.severity")))
	for _, key := range []string{"alertDetailsUrl", "rule_url", "url", "kibana_discover_url"} {
		addLink(alert, r.detail(key))
	}
}

// informationLines reads ElastAlert's text: the fields of the document, one "name: value" per line, after the rule's
// own text.
func informationLines(text string) map[string]any {
	fields := map[string]any{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if ok && name != "" && !strings.ContainsAny(name, " \t{}\"") {
			if _, taken := fields[name]; !taken {
				fields[name] = strings.TrimSpace(value)
			}
		}
	}
	return fields
}
