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

// The most that the steps of a run take in a history, in bytes of JSON. Temporal ends a workflow for good when one
// input or result is larger than 2 MiB, and an input can hold all steps.
const (
	maxHistoryError  = 1 << 10
	maxHistoryOutput = 16 << 10  // of one step
	maxHistorySteps  = 512 << 10 // of all outputs
)

// trimStep leaves of a step what a later expression can read, in a size that a history can carry; the record keeps all.
func trimStep(s incident.Step) incident.Step {
	s.Params = nil
	s.Error = trimText(s.Error, maxHistoryError)
	if s.ID == "" {
		s.Output = nil // no expression can name it
	}
	for limit := incident.MaxOutput; limit > 64 && len(s.Output) > maxHistoryOutput || limit == incident.MaxOutput; limit /= 2 {
		s.Output = trimOutput(s.Output, limit)
	}
	if len(s.Output) > maxHistoryOutput {
		s.Output = nil
	}
	return s
}

// trimOutput cuts the texts of an output that is longer than the limit.
func trimOutput(output json.RawMessage, limit int) json.RawMessage {
	var v any
	if len(output) <= limit || json.Unmarshal(output, &v) != nil {
		return output
	}
	cut, err := json.Marshal(trimTexts(v, limit))
	if err != nil {
		return output
	}
	return cut
}

// latest joins what was done and the next steps. Of a phase that repeats itself only the last round is kept: it is the
// one that expressions read. It never touches the first slice's memory.
func latest(done, next []incident.Step) []incident.Step {
	again := map[place]bool{}
	for _, s := range next {
		if s.Phase == incident.Check || s.Phase == incident.Verify {
			again[place{s.Phase, s.Attempt}] = true
		}
	}
	joined := make([]incident.Step, 0, len(done)+len(next))
	for _, s := range done {
		if !again[place{s.Phase, s.Attempt}] {
			joined = append(joined, s)
		}
	}
	return fit(append(joined, next...))
}

// place is a phase within its attempt.
type place struct {
	phase   incident.Phase
	attempt int
}

// fit leaves out the oldest outputs when all of them together are too large.
func fit(steps []incident.Step) []incident.Step {
	size := 0
	for i := len(steps) - 1; i >= 0; i-- {
		if size += len(steps[i].Output); size > maxHistorySteps {
			steps[i].Output = nil
		}
	}
	return steps
}

func trimTexts(v any, limit int) any {
	switch v := v.(type) {
	case string:
		return trimText(v, limit)
	case []any:
		for i := range v {
			v[i] = trimTexts(v[i], limit)
		}
	case map[string]any:
		for k := range v {
			v[k] = trimTexts(v[k], limit)
		}
	}
	return v
}

// trimText keeps the end of a long text as well as its beginning: errors stand last.
func trimText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	cut := limit / 4
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	head, tail := s[:cut], s[len(s)-limit*3/4+min(limit/2, 64):]
	for len(tail) > 0 && !utf8.RuneStart(tail[0]) {
		tail = tail[1:]
	}
	return fmt.Sprintf("%s\n[... %d bytes left out ...]\n%s", head, len(s)-len(head)-len(tail), tail)
}
