package workflows

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"shodo/internal/incident"
)

// maxHistoryAlerts is how much of an incident's alerts travels in a history, in bytes of JSON.
const maxHistoryAlerts = 48 << 10

// forHistory leaves out the alerts beyond a size that a history can carry; the record keeps all.
func forHistory(inc incident.Incident) incident.Incident {
	size := 0
	for i, alert := range inc.Alerts {
		text, err := json.Marshal(alert)
		if size += len(text); err != nil || size > maxHistoryAlerts {
			inc.Alerts = inc.Alerts[:max(i, 1)]
			break
		}
	}
	return inc
}

// trimStep cuts the long texts of a step's output, and leaves out parameters that the record has anyway.
func trimStep(s incident.Step) incident.Step {
	if len(s.Output) > incident.MaxOutput {
		var v any
		if json.Unmarshal(s.Output, &v) == nil {
			if cut, err := json.Marshal(trimTexts(v)); err == nil {
				s.Output = cut
			}
		}
	}
	s.Params = nil
	return s
}

func trimTexts(v any) any {
	switch v := v.(type) {
	case string:
		return trimText(v)
	case []any:
		for i := range v {
			v[i] = trimTexts(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = trimTexts(v[k])
		}
	}
	return v
}

// trimText keeps the end of a long text as well as its beginning: errors stand last.
func trimText(s string) string {
	if len(s) <= incident.MaxOutput {
		return s
	}
	head, tail := s[:incident.MaxOutput/4], s[len(s)-incident.MaxOutput*3/4+64:]
	for len(head) > 0 && !utf8.ValidString(head[len(head)-min(len(head), utf8.UTFMax):]) {
		head = head[:len(head)-1]
	}
	for len(tail) > 0 && !utf8.RuneStart(tail[0]) {
		tail = tail[1:]
	}
	return fmt.Sprintf("%s\n[... %d bytes left out ...]\n%s", head, len(s)-len(head)-len(tail), tail)
}
