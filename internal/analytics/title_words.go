package analytics

import (
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
		"route53", "x509", "log4j", "loadavg1", "loadavg5", "loadavg15", "x86_64", "utf8", "db2", "w3svc", "sha256", "md5", "gp2", "gp3", "ext4",
		"w3wp", "fail2ban", "o365", "l4", "l7", "e2e":
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
//
// What tells the trouble stays, on whichever side of the host: before the first part with a digit all up to the last telling one, behind the
// last one all from the first that is no random letters on, and between them the telling ones.
func maskJoined(text string) string {
	parts, marks := split(text)
	keep := make([]bool, len(parts))
	first, last := -1, -1 // parts with digits
	for i, p := range parts {
		switch {
		case !strings.ContainsFunc(p, unicode.IsNumber) || isName(strings.ToLower(p)):
			keep[i] = isTelling(p)
			continue
		case first < 0:
			first = i
		}
		last = i
	}
	if first < 0 {
		return text
	}
	for i := first - 1; i > 0; i-- {
		keep[i-1] = keep[i-1] || keep[i]
	}
	for i := last + 1; i < len(parts); i++ {
		keep[i] = keep[i] || keep[i-1] || !isRandom(parts[i])
	}
	return joined(parts, marks, keep)
}

// maskAlone is for a title of which nothing would stay: of one joined word only the parts with digits go, and what may be random.
func maskAlone(title string) string {
	word := strings.TrimSpace(strings.Map(halfWidth, title))
	if strings.ContainsFunc(word, func(r rune) bool { return !isWordRune(r) && r != '-' && r != '_' }) {
		return "#"
	}
	parts, marks := split(word)
	keep := make([]bool, len(parts))
	for i, p := range parts {
		isHex := !strings.ContainsFunc(strings.ToLower(p), func(r rune) bool { return r > 'f' })
		keep[i] = !isHex && !isRandom(p) && !strings.ContainsFunc(p, unicode.IsNumber)
	}
	return joined(parts, marks, keep)
}

// joined puts the parts of a word together again, "#" for each row of those that are not kept.
func joined(parts, marks []string, keep []bool) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 && (keep[i] || keep[i-1]) {
			b.WriteString(marks[i-1])
		}
		if keep[i] {
			b.WriteString(p)
		} else if i == 0 || keep[i-1] {
			b.WriteString("#")
		}
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

// isRandom is of words that may be random letters: the names of pods end in five without a vowel.
func isRandom(part string) bool {
	return len(part) < 3 || len(part) == 5 && !strings.ContainsAny(part, "aeiouyAEIOUY")
}

// isTelling is of words that say what is wrong, and are seldom of a host: those LikeThis, names, and what monitors measure.
func isTelling(part string) bool {
	if isCamel(part) {
		return true
	}
	lower := strings.ToLower(part)
	switch lower {
	case "cpu", "mem", "memory", "swap", "heap", "disk", "storage", "filesystem", "inode", "inodes", "iops", "io", "network", "traffic", "bandwidth",
		"load", "latency", "lag", "delay", "age", "backlog", "depth", "queue", "dlq", "connections", "sessions", "threads", "requests", "replication",
		"usage", "used", "utilization", "percent", "free", "space", "count", "rate", "throughput", "credit", "credits", "burst", "response",
		"high", "low", "over", "under", "full", "error", "errors", "fail", "failed", "failure", "failures", "fault", "faults", "timeout", "timeouts",
		"throttle", "throttles", "throttled", "rejected", "restart", "restarts", "restarted", "reboot", "rebooted", "crash", "oom", "deadlock", "deadlocks",
		"down", "stopped", "unhealthy", "healthy", "unreachable", "unavailable", "availability", "status", "health", "heartbeat", "alive", "ping", "certificate",
		"expiry", "expires", "expired", "backup", "alarm", "alert", "warning", "critical":
		return true
	}
	return isName(lower)
}

// joinMarks puts the parts together. A row of "#" becomes one, also with marks, units and names of days between.
func joinMarks(parts []string) string {
	parts = joinDates(joinSigns(parts))
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
		case masked && isUnit(part):
			out = out[:before+1]
		case masked && (part == "%" || part == "℃"):
			out = append(out[:before+1], part) // with a space before it or not
		case part == "(" && len(out) > 1 && out[len(out)-1] == " " && isDense(lastRune(out[len(out)-2])):
			out[len(out)-1] = part // Japanese has the space or not
		default:
			out = append(out, part)
		}
	}
	return strings.Join(out, "")
}

// joinSigns takes away the signs of figures. It works in the list.
func joinSigns(parts []string) []string {
	out := parts[:0]
	for _, part := range parts {
		last := len(out) - 1
		if part == "#" && last >= 0 && strings.Contains("+-~", out[last]) && (last == 0 || out[last-1] == " ") {
			out = out[:last]
		}
		out = append(out, part)
	}
	return out
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

// joinDates makes "#" of the names of months beside "#", and of the names of days beside these or in brackets behind 日. It works in the list.
func joinDates(parts []string) []string {
	for i := 2; i+1 < len(parts); i++ {
		if parts[i-2] == "日" && parts[i-1] == "(" && parts[i+1] == ")" && len(parts[i]) == len("月") && strings.Contains("月火水木金土日", parts[i]) {
			parts[i] = "#"
		}
	}
	for i := len(parts) - 3; i >= 0; i-- { // from the right: what is behind may have become "#"
		behind := i + 1
		if parts[behind] == "," {
			behind++
		}
		if behind+1 < len(parts) && parts[behind] == " " && parts[behind+1] == "#" && (isMonth(parts[i]) || isWeekday(parts[i])) {
			parts[i] = "#"
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
