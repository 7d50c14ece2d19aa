package pagerduty

import (
	"strings"

	"shodo/internal/incident"
)

// prometheus is Prometheus' Alertmanager, and others that send in its form (Grafana, VictoriaMetrics). Its details are
// "firing", "resolved", "num_firing" and "num_resolved" unless its configuration says otherwise; "firing" is a text, or
// in newer editions a list of alerts.
//
// The first firing alert's labels and annotations become the details "labels" and "annotations". Source is the label
// instance (or pod, node, host), Component job (or service), Class alertname, Group namespace (or cluster). The label
// severity is the monitor's own word and wins over PagerDuty's, which is "error" for every Alertmanager that was not
// told otherwise.
func prometheus() family {
	return family{
		name: "prometheus",
		is: func(r *received) bool {
			return r.clientIs("alertmanager", "prometheus") || r.has("firing", "num_firing")
		},
		fill: fillPrometheus,
	}
}

func fillPrometheus(r *received, alert *incident.Alert) {
	first := firstFiring(r.details["firing"])
	if len(first.labels) > 0 {
		r.set("labels", first.labels)
	}
	if len(first.annotations) > 0 {
		r.set("annotations", first.annotations)
	}
	label := func(names ...string) string {
		for _, name := range names {
			if value := firstOf(scalar(first.labels[name]), r.detail(name)); value != "" {
				return value
			}
		}
		return ""
	}
	if said := severity(label("severity")); said != "" {
		alert.Severity = said
	}
	// Alertmanager sends its own name, or its address, when it was not told a source.
	if alert.Source == "" || strings.EqualFold(alert.Source, "alertmanager") || strings.EqualFold(alert.Source, string(r.Body.CEF.Client)) {
		alert.Source = firstOf(label("instance", "pod", "node", "host", "hostname"), alert.Source)
	}
	fill(&alert.Component, label("job", "service"))
	fill(&alert.Class, label("alertname"))
	fill(&alert.Group, label("namespace", "cluster"))
	addLink(alert, scalar(first.annotations["runbook_url"]))
	addLink(alert, scalar(first.annotations["dashboard_url"]))
	addLink(alert, first.source)
}

// firing is one alert inside a notification.
type firing struct {
	labels, annotations map[string]any
	source              string // where the expression can be seen
}

func firstFiring(value any) firing {
	switch value := value.(type) {
	case string:
		if strings.HasPrefix(strings.TrimSpace(value), "[") {
			if object := objectIn(`{"list":` + value + `}`); object != nil {
				return firstFiring(object["list"])
			}
		}
		return readFiring(value)
	case []any:
		if len(value) == 0 {
			return firing{}
		}
		labels, _ := within(value[0], "labels").(map[string]any)
		annotations, _ := within(value[0], "annotations").(map[string]any)
		return firing{labels, annotations, scalar(within(value[0], "generatorURL"))}
	}
	return firing{}
}

// readFiring reads the first alert of Alertmanager's text: "Labels:", lines " - name = value", "Annotations:", and
// "Source: address".
func readFiring(text string) firing {
	found := firing{labels: map[string]any{}, annotations: map[string]any{}}
	var section map[string]any
	sections := 0
	last := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.HasPrefix(line, "Labels:"):
			if sections++; sections > 1 {
				return found
			}
			section, last = found.labels, ""
		case strings.HasPrefix(line, "Annotations:"):
			section, last = found.annotations, ""
		case strings.HasPrefix(line, "Source:"):
			found.source = strings.TrimSpace(strings.TrimPrefix(line, "Source:"))
			section, last = nil, ""
		case section == nil:
		default:
			name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimLeft(line, " "), "- "), " = ")
			if ok && strings.HasPrefix(strings.TrimLeft(line, " "), "- ") {
				last = strings.TrimSpace(name)
				section[last] = strings.TrimSpace(value)
			} else if last != "" && strings.TrimSpace(line) != "" { // an annotation of several lines
				section[last] = scalar(section[last]) + "\n" + strings.TrimSpace(line)
			}
		}
	}
	return found
}
