package pagerduty

import (
	"regexp"
	"slices"
	"strings"

	"shodo/internal/incident"
)

// cloudwatch is Amazon CloudWatch: by PagerDuty's CloudWatch integration (the SNS message becomes the details), by SNS
// mail to an e-mail integration, and by EventBridge.
//
// Each dimension of the metric becomes a detail of its own, so that a scenario can say alert.details.InstanceId.
//
// Source is the first dimension's value (the thing that is watched) or else the alarm; Component is the namespace
// ("AWS/EC2"), Class the metric, Group the region.
func cloudwatch() family {
	return family{name: "cloudwatch", is: isCloudWatch, fill: fillCloudWatch}
}

const snsSender = "no-reply@sns.amazonaws.com"

func isCloudWatch(r *received) bool {
	switch {
	case r.has("AlarmName", "NewStateValue"), r.clientIs("cloudwatch"):
		return true
	case within(r.details, "source") == "aws.cloudwatch":
		return true
	case strings.Contains(string(r.Body.CEF.Source), ":cloudwatch:"):
		return true
	case r.has("TopicArn", "Message"): // the SNS envelope as it is
		return objectIn(r.detail("Message")) != nil && within(objectIn(r.detail("Message")), "AlarmName") != nil
	}
	fromSNS := strings.EqualFold(r.detail("from", "From"), snsSender) || strings.Contains(r.detail("from"), snsSender)
	return strings.Contains(r.plain, "Amazon CloudWatch Alarm") ||
		fromSNS && strings.Contains(r.detail("text", "body", "Body"), "Alarm Details:")
}

func fillCloudWatch(r *received, alert *incident.Alert) {
	if message := objectIn(r.detail("Message")); message != nil {
		for key, value := range message {
			r.set(key, value)
		}
	}
	if mail := firstOf(r.plain, r.detail("body", "Body")); mail != "" && !r.has("AlarmName") {
		readAlarmMail(r, mail, alert)
	}
	readAlarmEvent(r)

	name, arn := r.detail("AlarmName"), r.detail("AlarmArn")
	trigger := r.details["Trigger"]
	dimensions := alarmDimensions(trigger)
	first := ""
	for _, d := range dimensions {
		r.set(d.name, d.value)
		if first == "" {
			first = d.value
		}
	}
	fill(&alert.Summary, name)
	if alert.Source == "" || alert.Source == arn {
		alert.Source = firstOf(first, arn, name)
	}
	metric := alarmMetric(trigger)
	fill(&alert.Component, scalar(within(metric, "Namespace")))
	fill(&alert.Class, scalar(within(metric, "MetricName")))
	fill(&alert.Group, firstOf(regionOf(arn), r.detail("Region")))
}

type dimension struct{ name, value string }

// alarmMetric gives the metric of an alarm: the alarm's own, or the first of a metric expression that is one.
func alarmMetric(trigger any) any {
	if within(trigger, "MetricName") != nil {
		return trigger
	}
	queries, _ := within(trigger, "Metrics").([]any)
	for _, q := range queries {
		if metric := within(q, "MetricStat", "Metric"); metric != nil {
			return metric
		}
	}
	return nil
}

func alarmDimensions(trigger any) []dimension {
	list, _ := within(alarmMetric(trigger), "Dimensions").([]any)
	var found []dimension
	for _, element := range list {
		d := dimension{
			name:  firstOf(scalar(within(element, "name")), scalar(within(element, "Name"))),
			value: firstOf(scalar(within(element, "value")), scalar(within(element, "Value"))),
		}
		if d.name != "" && d.value != "" {
			found = append(found, d)
		}
	}
	return found
}

// regionOf takes the region out of an ARN: arn:partition:service:region:account:...
func regionOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 || parts[0] != "arn" {
		return ""
	}
	return parts[3]
}

var (
	mailLine      = regexp.MustCompile(`(?m)^- ([A-Z][A-Za-z ]+):[ \t]*(.*?)[ \t]*\r?$`)
	mailDimension = regexp.MustCompile(`([A-Za-z0-9_.-]+) = ([^,\]]+)`)
	mailLink      = regexp.MustCompile(`https://[^\s<>"]+`)
)

// readAlarmMail reads the mail that SNS sends for an alarm: lines "- Name:   value" in sections. The names become those
// of the SNS message.
func readAlarmMail(r *received, mail string, alert *incident.Alert) {
	names := map[string]string{
		"Name": "AlarmName", "Description": "AlarmDescription", "Reason for State Change": "NewStateReason",
		"Timestamp": "StateChangeTime", "AWS Account": "AWSAccountId", "Alarm Arn": "AlarmArn",
	}
	metric := map[string]any{}
	for _, line := range mailLine.FindAllStringSubmatch(mail, -1) {
		name, value := line[1], line[2]
		if value == "" {
			continue
		}
		switch name {
		case "State Change":
			if before, after, ok := strings.Cut(value, "->"); ok {
				r.set("OldStateValue", strings.TrimSpace(before))
				r.set("NewStateValue", strings.TrimSpace(after))
			}
		case "MetricNamespace":
			metric["Namespace"] = value
		case "MetricName", "Period", "Statistic", "Unit", "TreatMissingData":
			metric[name] = value
		case "Dimensions":
			var list []any
			for _, d := range mailDimension.FindAllStringSubmatch(value, -1) {
				list = append(list, map[string]any{"name": d[1], "value": strings.TrimSpace(d[2])})
			}
			metric["Dimensions"] = list
		default:
			if known, ok := names[name]; ok {
				r.set(known, value)
			}
		}
	}
	if len(metric) > 0 {
		r.set("Trigger", metric)
	}
	if link := mailLink.FindString(mail); strings.Contains(link, "console.aws.amazon.com/") {
		addLink(alert, link)
	}
}

// readAlarmEvent reads the event that EventBridge sends for an alarm, and names its parts as SNS does.
func readAlarmEvent(r *received) {
	detail, ok := r.details["detail"].(map[string]any)
	if !ok || r.detail("source") != "aws.cloudwatch" {
		return
	}
	r.set("AlarmName", scalar(detail["alarmName"]))
	r.set("NewStateValue", scalar(within(detail, "state", "value")))
	r.set("NewStateReason", scalar(within(detail, "state", "reason")))
	r.set("Region", r.detail("region"))
	if resources, ok := r.details["resources"].([]any); ok && len(resources) > 0 {
		r.set("AlarmArn", scalar(resources[0]))
	}
	queries, _ := within(detail, "configuration", "metrics").([]any)
	for _, q := range queries {
		metric, ok := within(q, "metricStat", "metric").(map[string]any)
		if !ok {
			continue
		}
		var list []any
		dimensions, _ := metric["dimensions"].(map[string]any)
		for name := range dimensions {
			list = append(list, map[string]any{"name": name, "value": dimensions[name]})
		}
		sortDimensions(list)
		r.set("Trigger", map[string]any{"Namespace": metric["namespace"], "MetricName": metric["name"], "Dimensions": list})
		return
	}
}

func sortDimensions(list []any) {
	slices.SortFunc(list, func(a, b any) int {
		return strings.Compare(scalar(within(a, "name")), scalar(within(b, "name")))
	})
}
