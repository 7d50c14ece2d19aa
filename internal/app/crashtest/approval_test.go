package crashtest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"shodo/internal/app/apptest"
	"shodo/internal/incident"
)

// TestKillAroundAnApproval asks a person to approve the repair, and kills the process with SIGKILL around the question and
// the answer: it is asked, the answer counts once and outlives the process, and the repair is sent once.
func TestKillAroundAnApproval(t *testing.T) {
	const answered = "the answer"
	moments := []string{
		"Slack POST /api/chat.postMessage is sent 1",
		"Slack POST /api/chat.postMessage is to be answered 1",
		both("PUT /incidents/ID acknowledged is to be answered 1", answered),
		answered,
		"probe 2",
		both(answered, repairStarts+" 1"),
	}
	if testing.Short() {
		moments = moments[2:3]
	}
	together(t, moments, func(t *testing.T, name string) {
		s := newStageOf(t, strings.Replace(scenarioFile, "autonomy: automatic", "autonomy: approve", 1),
			configFile+"api: {tokens: {aiko: {env: PD_SECRET}}}\n")
		s.start()
		at := split(name)
		outside := slices.DeleteFunc(slices.Clone(at), func(m string) bool { return m == answered })
		killed := make(chan struct{}, len(outside))
		var traps []trap
		for _, moment := range outside {
			traps = append(traps, trap{moment, true, func() { s.engine().kill(); killed <- struct{}{} }})
		}
		s.moments.begin(traps...)
		id := s.trigger("critical")
		early := len(outside) > 0 && !strings.HasPrefix(outside[0], "repair") && !strings.HasPrefix(outside[0], "probe")
		if early {
			await(t, killed, outside[0])
			s.launch()
		}
		s.await(id, "a question", func(r incident.Record) bool { return told(r, "asked/1") })
		if slices.Contains(at, answered) {
			if err := s.approve(id); err != nil {
				t.Fatal(err)
			}
			s.engine().kill()
			s.launch()
		}
		// Whoever has got no answer presses again, until the process that comes next takes it.
		approved := make(chan error, 1)
		go func() { approved <- s.approve(id) }()
		if len(outside) > 0 && !early {
			await(t, killed, outside[0])
			s.launch()
		}
		if err := <-approved; err != nil {
			t.Fatal(err)
		}
		rec := s.await(id, "its end", over)
		if rec.Outcome != incident.Recovered {
			t.Errorf("it ended as %q (%s): %s", rec.Outcome, rec.Reason, rec.Why)
		}
		if n := s.moments.times(repairStarts); n != 1 {
			t.Errorf("the repair was started %d times", n)
		}
		var lines []string
		for _, l := range rec.Transitions {
			if l.Kind == incident.Asked || l.Kind == incident.Chosen {
				lines = append(lines, fmt.Sprint(l.Kind, " ", l.Choice, " ", l.Item, " ", l.By))
			}
		}
		if want := []string{"asked  1 first", "chosen approve 1 aiko"}; !slices.Equal(lines, want) {
			t.Errorf("the record says %q, want %q", lines, want)
		}
		cut := at[0] == "Slack POST /api/chat.postMessage is sent 1" // the answer may come before the question is posted again
		if n := len(s.sandbox.Slack.Messages("#operations")); n == 0 && !cut || n > 1+len(at) {
			t.Errorf("%d questions in Slack", n)
		}
	})
}

// approve answers the question over the API until the engine has taken the answer. The same answer again is one press, by
// its key; one that comes when the run is over is refused.
func (s *stage) approve(id incident.ID) error {
	last := ""
	err := poll(func() bool {
		r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, fmt.Sprintf("%s/api/v1/incidents/%s/choices", s.engine().url(), id),
			bytes.NewReader([]byte(`{"kind": "approve", "number": 1}`)))
		if err != nil {
			last = err.Error()
			return false // the process has no address yet
		}
		r.Header.Set("Authorization", "Bearer "+apptest.Secret)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "press-1")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			last = err.Error()
			return false
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		last = fmt.Sprint(answer.Status, " ", string(text), err)
		return answer.StatusCode == http.StatusOK || answer.StatusCode == http.StatusConflict
	})
	if err != nil {
		return fmt.Errorf("the answer was never taken: %s", last)
	}
	return nil
}
