package analytics

import (
	"slices"
	"strings"
	"unicode"
)

// maskWord takes out of one word what differs each time.
func maskWord(text string) string {
	hasDigit := strings.ContainsFunc(text, unicode.IsNumber)
	if !hasDigit && !strings.ContainsAny(text, "@.") {
		return text
	}
	lower := strings.ToLower(text)
	switch {
	case isName(lower):
		return text
	case strings.Contains(text, "@"):
		return "#"
	case strings.Contains(text, ".") && isMetric(lower):
		return maskLabels(text)
	case strings.Contains(text, ".") && (!hasDigit || !isFigure(text)):
		return "#" // a domain, a version
	case hasDigit:
		return maskJoined(text)
	}
	return text
}

// isName is of words that have a digit and are always the same.
func isName(lower string) bool {
	switch lower {
	case "2xx", "3xx", "4xx", "5xx", "p50", "p75", "p90", "p95", "p99", "p999", "s3", "ec2", "k8s", "ipv4", "ipv6", "http2", "oauth2",
		"route53", "x509", "log4j", "loadavg1", "loadavg5", "loadavg15", "x86_64", "utf8", "db2", "w3svc", "sha256", "md5", "gp2", "gp3", "ext4":
		return true
	}
	return false
}

// isMetric is of names of metrics, which look like domains.
func isMetric(lower string) bool {
	first, _, _ := strings.Cut(lower, ".")
	switch first {
	case "system", "aws", "azure", "gcp", "kubernetes", "kubernetes_state", "docker", "container", "jvm", "trace", "redis", "mysql",
		"postgresql", "nginx", "apache", "haproxy", "kafka", "rabbitmq", "elasticsearch", "process", "ntp", "custom", "filesystem", "memory",
		"loadavg", "cpu", "interface", "disk":
		return true
	}
	return false
}

// maskLabels takes out of the name of a metric the parts with digits.
func maskLabels(text string) string {
	labels := strings.Split(text, ".")
	for i, label := range labels {
		if strings.ContainsFunc(label, unicode.IsNumber) && !isName(strings.ToLower(label)) {
			labels[i] = "#"
		}
	}
	return strings.Join(labels, ".")
}

// isFigure is of words in which every dot stands between digits.
func isFigure(text string) bool {
	runes := []rune(text)
	for i, r := range runes {
		if r == '.' && (!unicode.IsNumber(runes[i-1]) || !unicode.IsNumber(runes[i+1])) {
			return false
		}
	}
	return true
}

// maskJoined takes the host or the id out of a word with digits that is joined of several by "-" or "_".
func maskJoined(text string) string {
	parts, marks := split(text)
	first := slices.IndexFunc(parts, func(p string) bool { return strings.ContainsFunc(p, unicode.IsNumber) })
	last := len(parts) - 1
	for !strings.ContainsFunc(parts[last], unicode.IsNumber) {
		last--
	}
	from := 0 // what is written LikeThis before the first digit stays, with what is before it
	for i := range first {
		if isCamel(parts[i]) {
			from = i + 1
		}
	}
	to := last + 1
	for to < len(parts) && !isTelling(parts[to]) {
		to++
	}
	var b strings.Builder
	for i := range from {
		b.WriteString(parts[i] + marks[i])
	}
	b.WriteString("#")
	for i := to; i < len(parts); i++ {
		b.WriteString(marks[i-1] + parts[i])
	}
	return b.String()
}

// split cuts a word at "-" and "_", and gives these too.
func split(text string) (parts, marks []string) {
	rest := text
	for {
		i := strings.IndexAny(rest, "-_")
		if i < 0 {
			return append(parts, rest), marks
		}
		parts, marks, rest = append(parts, rest[:i]), append(marks, rest[i:i+1]), rest[i+1:]
	}
}

// isCamel is of words LikeThis: a capital letter after a small one, or a capital word behind an abbreviation.
func isCamel(part string) bool {
	small := false
	for _, r := range part {
		if unicode.IsUpper(r) && small {
			return true
		}
		small = small || unicode.IsLower(r)
	}
	runes := []rune(part)
	return len(runes) > 3 && small && unicode.IsUpper(runes[0]) && unicode.IsUpper(runes[1])
}

// isTelling is of words that are no random letters: the names of pods end in five without a vowel.
func isTelling(part string) bool {
	return len(part) >= 3 && (len(part) != 5 || strings.ContainsAny(part, "aeiouyAEIOUY"))
}

// joinMarks puts the parts together. A row of "#" becomes one, also with marks, units and names of days between.
func joinMarks(parts []string) string {
	parts = joinDates(parts)
	var out []string
	for i := 0; i < len(parts); i++ {
		part := parts[i]
		before := len(out) - 1 // the last part that is no space
		if before >= 0 && out[before] == " " {
			before--
		}
		masked := before >= 0 && out[before] == "#"
		switch {
		case part == "#" && masked:
			out = out[:before+1]
		case part == "#" && before > 0 && isJoint(out[before]) && (before == len(out)-1 || out[before] == ",") && lastMask(out[:before]) >= 0:
			out = out[:lastMask(out[:before])+1]
		case part == "#" && before >= 0 && strings.Contains("+-~", out[before]) && before == len(out)-1 && (before == 0 || out[before-1] == " "):
			out[before] = "#" // a sign
		case masked && isUnit(part):
			out = out[:before+1]
		case part == "(" && len(out) > 1 && out[len(out)-1] == " " && isDense(lastRune(out[len(out)-2])):
			out[len(out)-1] = part // Japanese has the space or not
		default:
			out = append(out, part)
		}
	}
	return strings.Join(out, "")
}

// isJoint is of marks between figures: "25.1, 21.9", "db-1.example.com:5432".
func isJoint(part string) bool { return part != "" && strings.Contains(":/,-~", part) }

// lastMask is where "#" stands at the end, with a space behind it or not; -1: it does not.
func lastMask(out []string) int {
	i := len(out) - 1
	if i >= 0 && out[i] == " " {
		i--
	}
	if i >= 0 && out[i] == "#" {
		return i
	}
	return -1
}

// joinDates makes "#" of the names of months beside "#", and of the names of days beside these. It works in the list.
func joinDates(parts []string) []string {
	for _, isName := range []func(string) bool{isMonth, isWeekday} {
		for i := range parts {
			behind := i + 1
			if behind < len(parts) && parts[behind] == "," {
				behind++
			}
			if behind+1 < len(parts) && parts[behind] == " " && parts[behind+1] == "#" && len(parts[i]) == 3 && isName(parts[i]) {
				parts[i] = "#"
			}
		}
	}
	return parts
}

func isMonth(s string) bool {
	switch strings.ToLower(s) {
	case "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec":
		return true
	}
	return false
}

func isWeekday(s string) bool {
	switch strings.ToLower(s) {
	case "mon", "tue", "wed", "thu", "fri", "sat", "sun":
		return true
	}
	return false
}

// isUnit is of words that follow a figure and change with its size.
func isUnit(part string) bool {
	if len(part) > len("seconds") {
		return false
	}
	switch strings.ToLower(part) {
	case "b", "kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib", "bytes", "ns", "us", "ms", "s", "sec", "secs", "second", "seconds", "m",
		"min", "mins", "minute", "minutes", "h", "hr", "hour", "hours", "d", "day", "days", "am", "pm":
		return true
	}
	return false
}
