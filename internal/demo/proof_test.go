package demo

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/sandbox"
	"shodo/internal/sandbox/breakable"
)

// quietStage is a stage without an engine: PagerDuty, Slack and things that do not run.
func quietStage(t *testing.T) *stage {
	t.Helper()
	server, err := sandbox.New(sandbox.Options{Account: account(), Channels: channels()})
	if err != nil {
		t.Fatal(err)
	}
	server.Start()
	s := &stage{dir: t.TempDir(), sandbox: server, addr: map[string]string{}, pids: map[string]int{}, http: http.DefaultClient}
	s.lab = breakable.Lab{Dir: s.dir}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *stage) trigger(t *testing.T, of story) incident.Record {
	t.Helper()
	id, err := s.pagerDuty().Trigger(of.alert)
	if err != nil {
		t.Fatal(err)
	}
	return incident.Record{Incident: incident.Incident{ID: incident.ID(id), Title: of.alert.Summary}, Run: 1,
		Outcome: of.want.outcome, Reason: of.want.reason, OutcomeAt: time.Now()}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (s *stage) post(t *testing.T, channel, text string) {
	t.Helper()
	resp, err := http.PostForm(s.sandbox.SlackURL()+"chat.postMessage", url.Values{"token": {"x"}, "channel": {channel}, "text": {text}})
	must(t, err, resp.Body.Close())
}

// wrong gives the facts that are not true.
func wrong(facts []fact) []string {
	list := []string{}
	for _, f := range facts {
		if !f.ok {
			list = append(list, f.said)
		}
	}
	return list
}

func TestProofOfTheLogFolderLooksAtTheFolder(t *testing.T) {
	s, of := quietStage(t), stories()[1]
	_, err := s.lab.DefineQuota(logs, quotaBytes)
	must(t, err, s.lab.Fill(logs, 96))
	rec := s.trigger(t, of)
	id := string(rec.Incident.ID)

	want := []string{"PagerDuty: resolved by ", "a note says how it ended", "the folder is at 95 %"}
	if diff := cmp.Diff(want, wrong(judge(t.Context(), s, of, rec))); diff != "" {
		t.Errorf("nothing was done, and the proof says (-want +got):\n%s", diff)
	}
	_, _, err = s.lab.Clean(logs, 72*time.Hour)
	must(t, err, s.pagerDuty().Note(botName, id, "begun"), s.pagerDuty().ResolveAs(botName, id, "removed old logs"))
	if list := wrong(judge(t.Context(), s, of, rec)); len(list) > 0 {
		t.Errorf("all is right, and the proof says %q", list)
	}
	rec.Outcome = incident.Cleared
	if list := wrong(judge(t.Context(), s, of, rec)); !slices.Equal(list, []string{`it ends as "recovered" (it is "cleared")`}) {
		t.Errorf("the outcome is wrong, and the proof says %q", list)
	}
	_, _, err = s.lab.Clean(logs, -time.Hour)
	must(t, err)
	rec.Outcome = incident.Recovered
	if list := wrong(judge(t.Context(), s, of, rec)); !slices.Equal(list, []string{"today's log is still there"}) {
		t.Errorf("too much was removed, and the proof says %q", list)
	}
}

func TestProofThatAPersonIsLeftAlone(t *testing.T) {
	s, of := quietStage(t), stories()[5]
	_, err := s.lab.Define(orders, breakable.Service{})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.lab.SlowRepair(ctx, orders, time.Hour); err == nil {
		t.Fatal("the repair was not stopped")
	}
	rec := s.trigger(t, of)
	rec.Why = aiko + " acknowledged it in PagerDuty"
	id := string(rec.Incident.ID)
	if list := wrong(judge(t.Context(), s, of, rec)); len(list) != 3 {
		t.Errorf("nobody was told and nobody took it, and the proof says %q", list)
	}
	must(t, s.pagerDuty().AcknowledgeAs(aiko, id), s.pagerDuty().Note(botName, id, "begun"), s.pagerDuty().Note(botName, id, "taken over"))
	s.post(t, minatoChannel, "taken over: "+of.alert.Summary)
	if list := wrong(judge(t.Context(), s, of, rec)); len(list) > 0 {
		t.Errorf("all is right, and the proof says %q", list)
	}
	rec.Steps = []incident.Step{{StepKey: incident.StepKey{Phase: incident.Recover, Attempt: 2}, StartedAt: time.Now().Add(time.Minute)}}
	if list := wrong(judge(t.Context(), s, of, rec)); !slices.Equal(list, []string{"no further step was sent"}) {
		t.Errorf("a step was sent after it was taken, and the proof says %q", list)
	}
}

func TestProofOfAHandOverWantsTheEvidenceAndThePage(t *testing.T) {
	s, of := quietStage(t), stories()[3]
	_, err := s.lab.Define(search, breakable.Service{})
	must(t, err)
	rec := s.trigger(t, of)
	id := string(rec.Incident.ID)
	for attempt := 1; attempt <= 2; attempt++ {
		rec.Steps = append(rec.Steps, incident.Step{StepKey: incident.StepKey{Phase: incident.Recover, Attempt: attempt}, Status: incident.Succeeded})
	}
	s.post(t, larkspurChannel, of.alert.Summary)
	must(t, s.pagerDuty().AcknowledgeAs(botName, id), s.pagerDuty().Note(botName, id, "begun"), s.pagerDuty().Note(botName, id, "handed over"))
	want := []string{"Slack #larkspur-oncall has it, with evidence", "PagerDuty: acknowledged", "PagerDuty paged its people again"}
	if diff := cmp.Diff(want, wrong(judge(t.Context(), s, of, rec))); diff != "" {
		t.Errorf("nobody is awake, and the proof says (-want +got):\n%s", diff)
	}
	s.post(t, larkspurChannel, of.alert.Summary+"\ncannot open the session database")
	must(t, s.pagerDuty().ReassignAs(botName, id, "Ben Carter"))
	if list := wrong(judge(t.Context(), s, of, rec)); len(list) > 0 {
		t.Errorf("all is right, and the proof says %q", list)
	}
}

func TestFolderMustBeEmpty(t *testing.T) {
	dir := t.TempDir()
	if _, err := makeDir(dir + "/new"); err != nil {
		t.Error(err)
	}
	if _, err := makeDir(dir); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("a folder with something in it is taken: %v", err)
	}
}

// What stands in the way of the report is said before anything is broken.
func TestReportNeedsItsFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "work")
	_, err := Run(t.Context(), Options{Dir: dir, Report: filepath.Join(dir, "absent", "report.html"), Out: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "--report") {
		t.Errorf("it says %v", err)
	}
	if exists(dir) {
		t.Error("it had begun")
	}
}
