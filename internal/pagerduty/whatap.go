package pagerduty

import "shodo/internal/incident"

// whatap is WhaTap. Its notifications have pcode (the project's number), projectName, oname (the agent's name), oid,
// level (Critical, Warning, Info), title, message, metricName, metricValue, metricThreshold, status and time; they
// reach PagerDuty as details, or by a small translator in between.
//
// Source is the agent, Group the project, Class the metric.
func whatap() family {
	return family{
		name: "whatap",
		is: func(r *received) bool {
			return r.clientIs("whatap") || r.linksTo("whatap.io") ||
				r.has("pcode", "metricName") || r.has("pcode", "oname") || r.has("pcode", "projectName")
		},
		fill: func(r *received, alert *incident.Alert) {
			fill(&alert.Summary, firstOf(r.detail("title"), r.detail("message")))
			fill(&alert.Severity, severity(r.detail("level")))
			fill(&alert.Source, firstOf(r.detail("oname"), r.detail("projectName")))
			fill(&alert.Group, firstOf(r.detail("projectName"), r.detail("pcode")))
			fill(&alert.Class, r.detail("metricName"))
			addLink(alert, r.detail("url", "link"))
		},
	}
}
