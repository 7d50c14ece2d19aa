package scenario_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/scenario"
)

func readGood(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/good-http-down.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestParseGivesWhatIsWritten(t *testing.T) {
	s := parse(t, string(readGood(t)))
	type summary struct {
		Title, Owner, Runbook, To, Hash string
		Autonomy                        incident.Autonomy
		Priority                        int
		Service                         []string
		Timeout                         time.Duration
		Recoveries, Targets             scenario.Budget
		Within, Every, StableFor        time.Duration
		Remaining                       []string
		Unrecovered                     scenario.Unrecovered
	}
	got := summary{s.Title, s.Owner, s.Runbook, s.HandOver.To, s.Hash[:8], s.Autonomy, s.Priority, s.Match.Service, s.Limits.Timeout, *s.Limits.Recoveries,
		*s.Limits.Targets, s.Verify.Within, s.Verify.Every, s.Verify.StableFor, nil, s.Unrecovered}
	for _, text := range s.HandOver.Remaining {
		got.Remaining = append(got.Remaining, text.Source())
	}
	want := summary{"Web service does not answer", "msp-tokyo", "http-down.md", "first_tier", got.Hash, incident.Automatic, 100, []string{"PX1234", "acme-web-*"},
		10 * time.Minute, scenario.Budget{Max: 3, Per: time.Hour}, scenario.Budget{Max: 5, Per: 10 * time.Minute}, 3 * time.Minute, 15 * time.Second, time.Minute,
		[]string{"Look at the last deployment of ${{ inputs.unit }}", "Call the customer when it is down for more than 15 minutes"}, scenario.UnrecoveredHandOver}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}

	var steps []string
	tell := func(list []scenario.Step) {
		for _, st := range list {
			steps = append(steps, fmt.Sprintf("%s %s %s %s %s %d %s", st.Phase, st.DisplayName(), st.Uses, st.Timeout, st.OnError, st.Retry.Attempts, st.Place))
		}
	}
	tell(s.Check)
	tell(s.Gather)
	for _, a := range s.Recover {
		tell(a.Steps)
	}
	tell(s.Verify.Steps)
	wantSteps := []string{
		"check probe http.request 10s hand_over 0 test.yaml:24",
		"gather journal aws.ssm.read 1m0s continue 0 test.yaml:30",
		"recover restart the unit aws.ssm.run_command 1m0s next_attempt 1 test.yaml:40",
		"recover reboot the instance aws.ec2.reboot 5m0s next_attempt 2 test.yaml:44",
		"verify probe http.request 10s continue 0 test.yaml:24",
	}
	if diff := cmp.Diff(wantSteps, steps); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDefaults(t *testing.T) {
	s := parse(t, "title: T\nmatch: {when: true}\ngather: [{uses: aws.ssm.read, with: {instance: a}}]\n")
	if s.Autonomy != incident.Automatic || s.Limits.Timeout != 10*time.Minute || s.Limits.Recoveries != nil || s.Limits.Targets != nil ||
		s.Verify.Within != 3*time.Minute || s.Verify.Every != 15*time.Second || s.Verify.StableFor != 0 || s.Unrecovered != scenario.UnrecoveredHandOver ||
		s.Target != nil || s.Close.Note != nil || s.Close.TellCustomer || s.HandOver.To != "" {
		t.Errorf("got %+v", s)
	}
	if target, err := s.RenderTarget(facts()); target != "" || err != nil {
		t.Errorf("target: got %q, %v", target, err)
	}
}

// A pinned scenario travels as JSON and is the same scenario afterwards.
func TestCompilerGivesThePinnedScenario(t *testing.T) {
	original := parse(t, string(readGood(t)))
	data, err := json.Marshal(original.Pinned())
	if err != nil {
		t.Fatal(err)
	}
	var pinned scenario.Pinned
	if err := json.Unmarshal(data, &pinned); err != nil {
		t.Fatal(err)
	}
	c := scenario.NewCompiler(testActions(), 4)
	s, err := c.Compile(pinned)
	if err != nil || s.Hash != original.Hash || s.Name != original.Name || s.Title != original.Title {
		t.Fatalf("got %v, %v", s, err)
	}
	if again, _ := c.Compile(pinned); again != s {
		t.Error("the compiler does not remember")
	}

	pinned.Source += "\n"
	pinned.Name = "changed"
	if _, err := c.Compile(pinned); err == nil || !strings.Contains(err.Error(), `compile scenario "changed": the source does not have the hash`) {
		t.Errorf("a changed source: got %v", err)
	}
}

func TestCompilerForgetsTheOldest(t *testing.T) {
	c := scenario.NewCompiler(testActions(), 2)
	pinned := func(title string) scenario.Pinned {
		return parse(t, "title: "+title+"\nmatch: {when: true}\ngather: [{uses: aws.ssm.read, with: {instance: a}}]\n").Pinned()
	}
	compile := func(title string) *scenario.Scenario {
		s, err := c.Compile(pinned(title))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	a, b := compile("a"), compile("b")
	if compile("a") != a { // a is now the last used one
		t.Error("a was forgotten too early")
	}
	compile("c")
	if compile("a") != a {
		t.Error("a was forgotten although b was used before it")
	}
	if compile("b") == b {
		t.Error("b was kept past the size")
	}
}

func TestConcurrentUse(t *testing.T) {
	c := scenario.NewCompiler(testActions(), 1)
	pinned := parse(t, string(readGood(t))).Pinned()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				s, err := c.Compile(pinned)
				if err != nil {
					t.Error(err)
					return
				}
				if matched, why, err := s.Matches(facts()); !matched || err != nil {
					t.Error(why, err)
				}
				inputs, _, err := s.Fill(map[string]any{"url": "https://acme.example"}, facts())
				if err != nil {
					t.Error(err)
				}
				f := facts()
				f.Inputs = inputs
				if _, err := s.Check[0].Render(f); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
