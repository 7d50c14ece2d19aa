package demo

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"shodo/internal/incident"
)

func results() []result {
	b := newBoard(stories())
	changing := func(name string, kind incident.ErrorKind) incident.Step {
		s := incident.Step{StepKey: incident.StepKey{Phase: incident.Recover, Attempt: 1, Run: 1}, Name: name, Status: incident.Succeeded}
		if kind != "" {
			s.Status, s.ErrorKind = incident.Failed, kind
		}
		return s
	}
	record := func(o incident.Outcome, why string, took time.Duration, steps ...incident.Step) incident.Record {
		r := incident.Record{Incident: incident.Incident{ID: "Q1", CreatedAt: start}, Run: 1, Outcome: o, Why: why, Steps: steps}
		if took > 0 {
			r.EndedAt = start.Add(took)
		}
		return r
	}
	broke := b.rows[5]
	broke.trouble = errors.New("wait for the repair: it never began")
	return []result{
		{b.rows[0], record(incident.Recovered, `"start the service again" was done, and verified`, 3400*ms, changing("start the service again", "")),
			[]fact{{"PagerDuty: resolved by shodo", true}, {"the shop answers again (process 4711 → 4755)", true}}},
		{b.rows[1], record(incident.Recovered, `"remove logs" was done`, 62*ms, changing("remove logs", "")),
			[]fact{{"PagerDuty: resolved by shodo", true}, {"the folder is at 96 %", false}}},
		{row: b.rows[2], facts: []fact{{"PagerDuty has the incident", false}}},
		{b.rows[3], func() incident.Record {
			r := record(incident.HandedOver, "none of the 2 attempts held", 0, changing("start", ""), changing("refused", incident.Refused))
			r.Reason = incident.VerifyFailed
			return r
		}(), []fact{{"the service is really down", true}}},
		{row: b.rows[4]},
		{broke, record(incident.TakenOver, "Aiko Tanaka acknowledged it", 0, changing("check the data", incident.Cancelled)), []fact{{"x", true}}},
	}
}

func TestSummarySaysWhatIsWrong(t *testing.T) {
	var out bytes.Buffer
	p := &printer{out: &out, size: func() (int, int, bool) { return 80, 24, true }}
	p.summary(results(), 12*time.Second)
	golden(t, "summary-80.golden", out.String())
}

func TestSummaryOfARightEnd(t *testing.T) {
	var out bytes.Buffer
	p := &printer{out: &out, size: func() (int, int, bool) { return 0, 0, false }}
	p.summary(results()[:1], 12*time.Second)
	golden(t, "summary-right.golden", out.String())
}

func TestResultNeedsFacts(t *testing.T) {
	want := []bool{true, false, false, true, false, false}
	for i, r := range results() {
		if r.ok() != want[i] {
			t.Errorf("result %d: ok is %v", i+1, r.ok())
		}
	}
}
