package suggest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shodo/internal/incident"
)

// skeleton drafts a scenario for a kind from incidents of it.
type skeleton struct {
	Kind
	phrases []string
	samples []incident.Incident // with their alerts; may be none
}

func (s skeleton) yaml() string {
	check := s.check()
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }

	line("# Drafted from %s.", s.about())
	line("# It observes: it checks, says what it found, and hands over. Give it steps under \"recover\" before it may do more.")
	line("title: %s", quoted(s.heading()))
	line("runbook: %s.md", s.Name)
	line("autonomy: observe")
	line("")
	line("match:")
	if service := string(s.Service); isPlain(service) {
		if service[0] != 'P' { // as PagerDuty's begin: YAML may take others for numbers, or for null
			service = quoted(service)
		}
		line("  service: [%s]", service)
	}
	if when := s.when(); when != "" {
		line("  when: %s", when)
	} else {
		line("  # Every incident of the service: the titles have no words in common. Say more here before a customer adopts it.")
		line("  when: \"true\"")
	}
	line("")
	line("inputs:")
	for _, input := range check.inputs {
		line("  %s", input)
	}
	line("")
	line("target: \"${{ inputs.%s }}\"", check.target)
	line("")
	line("limits:")
	line("  timeout: 10m")
	line("")
	line("check:")
	line("  - id: probe")
	line("    uses: %s", check.action)
	line("    with: %s", check.with)
	line("    healthy: %s", check.healthy)
	line("")
	line("hand_over:")
	line("  remaining:")
	line("    - Do what runbooks/%s.md says", s.Name)
	return b.String()
}

// about says in one comment what the draft is made of.
func (s skeleton) about() string {
	text := count(s.Count, "incident")
	if len(s.Examples) > 0 && isPlain(string(s.Examples[0])) {
		text += ", such as " + string(s.Examples[0])
	}
	return text
}

// heading is the scenario's title: the kind's, without the marks of what differs.
func (s skeleton) heading() string {
	words := strings.Join(strings.Fields(strings.ReplaceAll(visible(s.Title), "#", "…")), " ")
	words = strings.Trim(strings.ReplaceAll(words, "$", ""), " ")
	words = cutTo(words, 100)
	if strings.Trim(words, "… ") == "" {
		return "An alert without words"
	}
	return words
}

// when is the condition over the title, as a YAML text. A title is asked for through the summary: where the alert has another one,
// through the incident.
func (s skeleton) when() string {
	field := "alert.summary"
	for _, one := range s.samples {
		if !containsAll(one.First().Summary, s.phrases) {
			field = "incident.title"
		}
	}
	var parts []string
	for _, phrase := range s.phrases {
		parts = append(parts, field+" contains "+strconv.Quote(phrase))
	}
	if len(parts) == 0 {
		return ""
	}
	return "'" + strings.ReplaceAll(strings.Join(parts, " and "), "'", "''") + "'"
}

func containsAll(text string, phrases []string) bool {
	return !slices.ContainsFunc(phrases, func(p string) bool { return !strings.Contains(text, p) })
}

// probe is how the draft looks whether it is really broken.
type probe struct {
	inputs                        []string // as lines of YAML
	target, action, with, healthy string
}

// check chooses the probe by what all samples offer: a web address in the details, or else a host.
func (s skeleton) check() probe {
	if key := s.common(isProbed); key != "" { // an alert may not choose what is asked: the customer's file does
		named, _ := s.samples[0].First().Details[key].(string)
		return httpProbe("the customer's file says it; the alerts name " + cutTo(strings.TrimSpace(visible(named)), 100))
	}
	if key := s.hostKey(); key != "" {
		return tcpProbe("from: "+detail(key), s.port())
	}
	if len(s.samples) > 0 && s.haveSource() {
		return tcpProbe("from: alert.source", s.port())
	}
	return httpProbe("what has to answer; the customer's file says it")
}

func httpProbe(comment string) probe {
	return probe{inputs: []string{"url: {type: url, required: true}   # " + comment}, target: "url", action: "http.request",
		with: `{url: "${{ inputs.url }}", timeout: 5s}`, healthy: "output.status < 500"}
}

func tcpProbe(from, port string) probe {
	return probe{inputs: []string{"host: {type: string, " + from + "}", port}, target: "host", action: "tcp.connect",
		with: `{host: "${{ inputs.host }}", port: "${{ inputs.port }}", timeout: 5s}`, healthy: "output.connected"}
}

// common gives the first key, by name, whose value pleases in the first alert of every sample.
func (s skeleton) common(pleases func(key string, value any) bool) string {
	if len(s.samples) == 0 {
		return ""
	}
	for _, key := range slices.Sorted(maps.Keys(s.samples[0].First().Details)) {
		everywhere := !slices.ContainsFunc(s.samples, func(one incident.Incident) bool {
			value, ok := one.First().Details[key]
			return !ok || !pleases(key, value)
		})
		if everywhere && isPlainKey(key) {
			return key
		}
	}
	return ""
}

// consoles are parts of host names of monitors' own pages: they answer whatever is broken.
func consoles() []string {
	return []string{"datadoghq.", "amazonaws.com", "console.aws", "aws.amazon.com", "pagerduty.com", "newrelic.", "mackerel.io",
		"coralogix.", "whatap.io", "grafana", "alertmanager", "prometheus", "zabbix", "nagios", "kibana", "elastic-cloud"}
}

// isProbed says whether a detail is the address of what is watched, and not of the monitor's page about it.
func isProbed(key string, value any) bool {
	text, _ := value.(string)
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return false
	}
	name := strings.ToLower(key)
	for _, part := range []string{"link", "dashboard", "runbook", "generator", "console", "snapshot", "graph", "image", "doc", "client", "external"} {
		if strings.Contains(name, part) {
			return false
		}
	}
	host := strings.ToLower(u.Hostname())
	return !slices.ContainsFunc(consoles(), func(c string) bool { return strings.Contains(host, c) })
}

// hostKey gives the detail that names the host, the more certain names first.
func (s skeleton) hostKey() string {
	for _, name := range []string{"host", "hostname", "host_name", "ip", "ip_address", "address", "server", "node"} {
		if key := s.common(func(key string, value any) bool { return strings.EqualFold(key, name) && isHost(value) }); key != "" {
			return key
		}
	}
	return ""
}

func (s skeleton) haveSource() bool {
	return !slices.ContainsFunc(s.samples, func(one incident.Incident) bool { return !isHost(one.First().Source) })
}

// isHost is of one word that can be a host's name or address.
func isHost(value any) bool {
	text, _ := value.(string)
	return text != "" && len(text) < 254 && !strings.ContainsAny(text, " \t\r\n/:@,;[](){}") && strings.ContainsAny(strings.ToLower(text), "abcdefghijklmnopqrstuvwxyz0123456789")
}

// port is the input of the port: from the alert when it names one.
func (s skeleton) port() string {
	isPort := func(key string, value any) bool {
		n, isNumber := value.(float64)
		if text, ok := value.(string); ok {
			whole, err := strconv.Atoi(text)
			n, isNumber = float64(whole), err == nil
		}
		return strings.EqualFold(key, "port") && isNumber && n >= 1 && n <= 65535
	}
	if key := s.common(isPort); key != "" {
		return "port: {type: int, from: " + detail(key) + "}"
	}
	return "port: {type: int, default: 22}   # one that answers while the host is well"
}

// detail is the expression of one detail of the alert, as a YAML text.
func detail(key string) string { return "'alert.details[" + strconv.Quote(key) + "]'" }

// isPlainKey is of keys that stand in an expression without any doubt.
func isPlainKey(key string) bool {
	return key != "" && len(key) <= 64 && !strings.ContainsFunc(key, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-. ", r)
	})
}

// isPlain is of PagerDuty's ids.
func isPlain(id string) bool {
	return id != "" && len(id) <= 64 && !strings.ContainsFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}

// quoted is a text of YAML. JSON's form of a text is one.
func quoted(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		return `""`
	}
	return string(raw)
}

func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if isUnsafe(r) {
			return ' '
		}
		return r
	}, text)
}

// cutTo gives the text with at most n characters.
func cutTo(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// Runbook is the page that the draft names, for people to fill in.
func (k Kind) Runbook() string {
	s := skeleton{Kind: k}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nWhat a person does when the engine cannot. Drafted from %s.\n\n", s.heading(), s.about())
	b.WriteString("1. Is it really broken? Say here how one sees it.\n2. What has repaired it so far? Look at these incidents:\n")
	for _, id := range k.Examples {
		if isPlain(string(id)) {
			fmt.Fprintf(&b, "   - %s\n", id)
		}
	}
	b.WriteString("3. Whom to call when this does not help.\n")
	return b.String()
}
