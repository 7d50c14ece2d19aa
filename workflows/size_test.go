package workflows_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"shodo/internal/incident"
)

// maxPayload is a quarter of the size at which Temporal ends a workflow for good (2 MiB); at 512 KiB it warns.
const maxPayload = 512 << 10

// scale notes the largest payload that enters a history.
type scale struct {
	converter.DataConverter
	mu      sync.Mutex
	largest int
}

func (s *scale) ToPayload(v any) (*commonpb.Payload, error) {
	p, err := s.DataConverter.ToPayload(v)
	s.weigh(p.Size())
	return p, err
}

func (s *scale) ToPayloads(v ...any) (*commonpb.Payloads, error) {
	p, err := s.DataConverter.ToPayloads(v...)
	s.weigh(p.Size())
	return p, err
}

func (s *scale) weigh(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.largest = max(s.largest, n)
}

func TestALongVerificationFitsIntoTheHistory(t *testing.T) {
	for name, id := range map[string]string{"named steps": "id: look, ", "steps without a name": ""} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "title: x\nrunbook: web.md\nautonomy: automatic\nmatch: {service: [PWEB]}\ntarget: www\nlimits: {timeout: 2h}\n"+
				probes+restarts+"verify:\n  within: 30m\n  every: 20s\n  steps:\n    - {"+id+"uses: local.read, timeout: 1m, "+
				"with: {command: [/usr/bin/journalctl]}, healthy: output.exit_code == 0}\n")
			long, err := json.Marshal(map[string]any{"stdout": strings.Repeat("it broke again\n", 1000),
				"stderr": strings.Repeat("and nobody knows why\n", 1000), "exit_code": 1})
			if err != nil {
				t.Fatal(err)
			}
			b.actions.answers = map[string][]answer{"http.request": {down}, "local.run": {done}, "local.read": {{output: string(long)}}}
			b.after(33*time.Minute, func() { b.person(incident.EventAcknowledged) })
			s := &scale{DataConverter: converter.GetDefaultDataConverter()}
			b.env.SetDataConverter(s)
			rec := b.run()
			if rec.Outcome != incident.HandedOver || rec.Reason != incident.VerifyFailed {
				t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
			}
			if n := b.actions.count("local.read"); n < 80 {
				t.Errorf("verified %d times only", n)
			}
			if s.largest > maxPayload {
				t.Errorf("the largest payload has %d KiB", s.largest>>10)
			}
			for _, step := range rec.Steps {
				if step.Phase == incident.Verify && len(step.Output) < len(long) {
					t.Fatalf("the record keeps %d bytes of %d", len(step.Output), len(long))
				}
			}
		})
	}
}

// A question carries hashes of what is shown, not what is shown: a long script, and all evidence, fit.
func TestALongQuestionFitsIntoTheHistory(t *testing.T) {
	script := "[/usr/bin/restart, \"" + strings.Repeat("and again and again ", 3000) + "\"]"
	b := newBench(t, strings.Replace(asksFirst, "[/usr/bin/restart]", script, 1))
	b.heals()
	long, err := json.Marshal(map[string]any{"stdout": strings.Repeat("it broke again\n", 100_000), "exit_code": 1})
	if err != nil {
		t.Fatal(err)
	}
	b.actions.answers["local.read"] = []answer{{output: string(long)}}
	s := &scale{DataConverter: converter.GetDefaultDataConverter()}
	b.env.SetDataConverter(s)
	b.choose(2*time.Minute, incident.Choice{Kind: incident.Grant})
	if rec := b.run(); rec.Outcome != incident.Recovered {
		t.Errorf("ended as %s (%s): %s", rec.Outcome, rec.Reason, rec.Why)
	}
	if s.largest > maxPayload {
		t.Errorf("the largest payload has %d KiB", s.largest>>10)
	}
}
