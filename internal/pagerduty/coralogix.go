package pagerduty

import "shodo/internal/incident"

// coralogix is Coralogix' PagerDuty webhook. Its details are Application, Subsystem, Computer, "Ip Address", "Log
// Text", Description, alert_unique_identifier, related_logs_url, edit_alert_url and others; its notification center
// sends what it was told to.
//
// Source is the computer, or else the application; Group is the application, Component the subsystem.
func coralogix() family {
	return family{
		name: "coralogix",
		is: func(r *received) bool {
			return r.clientIs("coralogix") ||
				r.linksTo("coralogix.com", "coralogix.us", "coralogix.in", "coralogixsg.com") ||
				r.has("alert_unique_identifier", "Application")
		},
		fill: func(r *received, alert *incident.Alert) {
			application := r.detail("Application", "application", "applicationName")
			subsystem := r.detail("Subsystem", "subsystem", "subsystemName")
			fill(&alert.Source, firstOf(r.detail("Computer", "computer"), r.detail("Ip Address"), application))
			fill(&alert.Group, application)
			fill(&alert.Component, subsystem)
			fill(&alert.Severity, severity(firstOf(r.detail("Severity", "severity"), r.detail("priority"))))
			addLink(alert, r.detail("related_logs_url"))
			addLink(alert, r.detail("alert_url", "alertUrl"))
			addLink(alert, r.detail("edit_alert_url"))
		},
	}
}
