package demo

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"shodo/internal/incident"
	"shodo/internal/sandbox"
	"shodo/internal/sandbox/breakable"
)

// fact is one thing that was looked at, in words that are true when ok and false when not.
type fact struct {
	said string
	ok   bool
}

// evidence collects facts about one incident, from those who know: the record, PagerDuty's REST API, Slack's channels,
// and the thing that broke.
type evidence struct {
	stage *stage
	rec   incident.Record
	facts []fact
}

// proof looks whether an incident ended as its story wants. It asks the outside and not only the record.
func proof(ctx context.Context, s *stage, of story, id incident.ID) (incident.Record, []fact) {
	if id == "" {
		return incident.Record{}, []fact{{"PagerDuty has the incident", false}}
	}
	rec, err := s.app.Store().Record(ctx, id)
	if err != nil {
		return rec, []fact{{fmt.Sprintf("the record can be read (%v)", err), false}}
	}
	return rec, judge(ctx, s, of, rec)
}

// judge is proof for a record that has been read.
func judge(ctx context.Context, s *stage, of story, rec incident.Record) []fact {
	e := &evidence{stage: s, rec: rec}
	if got := (ending{rec.Outcome, rec.Reason}); got != of.want {
		e.fact(false, "it ends as %q (it is %q)", of.want, got)
	}
	of.proof(ctx, e)
	return e.facts
}

func (e *evidence) fact(ok bool, format string, args ...any) {
	e.facts = append(e.facts, fact{fmt.Sprintf(format, args...), ok})
}

// trouble notes that something could not be looked at.
func (e *evidence) trouble(err error) bool {
	if err != nil {
		e.fact(false, "it can be looked at: %v", err)
	}
	return err != nil
}

func proveShop(ctx context.Context, e *evidence) {
	e.resolved()
	pid, running, err := e.stage.lab.Running(shop)
	if e.trouble(err) {
		return
	}
	before := e.stage.pid(shop)
	e.fact(running && pid != before && e.stage.answers(ctx, shop), "the shop answers again (process %d → %d)", before, pid)
	e.fact(e.rec.Changed() && len(e.succeeded()) == 1, "one repair was made")
}

func proveLogs(_ context.Context, e *evidence) {
	e.resolved()
	u, err := e.stage.lab.Usage(logs)
	if e.trouble(err) {
		return
	}
	e.fact(u.Percent() <= 80, "the folder is at %d %%", u.Percent())
	e.fact(exists(e.stage.newestLog()), "today's log is still there")
}

func proveBooks(ctx context.Context, e *evidence) {
	e.resolved()
	e.fact(!e.rec.Changed(), "nothing was changed")
	pid, running, err := e.stage.lab.Running(books)
	if e.trouble(err) {
		return
	}
	e.fact(running && pid == e.stage.pid(books) && e.stage.answers(ctx, books), "the same process still answers (%d)", pid)
}

func proveSearch(_ context.Context, e *evidence) {
	e.fact(attempts(e.rec) == 2, "two attempts were made")
	_, running, err := e.stage.lab.Running(search)
	if e.trouble(err) {
		return
	}
	e.fact(!running, "the service is really down")
	e.told(larkspurChannel, "session database")
	e.status(incident.Triggered)
	e.fact(e.pagedAfter(e.rec.OutcomeAt), "PagerDuty paged its people again")
}

func proveMail(_ context.Context, e *evidence) {
	e.fact(len(e.rec.Steps) == 0, "nothing was touched")
	e.told(larkspurChannel, "")
	e.status(incident.Triggered)
	e.fact(e.pagedAfter(time.Time{}), "PagerDuty paged its people")
}

func proveOrders(_ context.Context, e *evidence) {
	r, err := e.stage.lab.LastRepair(orders)
	if e.trouble(err) {
		return
	}
	e.fact(r.State == breakable.RepairCancelled && r.Runs == 1, "the repair was stopped on the way")
	_, running, err := e.stage.lab.Running(orders)
	if e.trouble(err) {
		return
	}
	e.fact(!running, "nothing was started after that")
	e.fact(!changedAfter(e.rec, r.EndedAt), "no further step was sent")
	e.told(minatoChannel, "")
	e.heldBy(aiko)
	e.fact(e.rec.TakenBy == aiko || strings.Contains(e.rec.Why, aiko), "the record names %s", aiko)
}

func proveNews(ctx context.Context, e *evidence) {
	e.resolved()
	waited, early, listed := false, changedBefore(e.rec, e.stage.quiet), false
	for _, t := range e.rec.Transitions {
		waited = waited || t.Kind == incident.Deferred && t.Until.Equal(e.stage.quiet)
		listed = listed || t.Kind == incident.Listed
	}
	e.fact(waited, "it waited for the end of the quiet hours")
	e.fact(!early && len(e.succeeded()) == 1, "nothing was changed before, and one repair was made then")
	e.fact(e.stage.answers(ctx, letter), "the newsletter answers again")
	people := slices.ContainsFunc(e.stage.pagerDuty().Paged(string(e.rec.Incident.ID)), func(p sandbox.Page) bool { return !p.User.Bot })
	e.fact(!people, "nobody was paged")
	e.fact(listed && e.inSlack(larkspurChannel, ""), "Slack #%s has it in the digest", larkspurChannel)
}

func provePayments(ctx context.Context, e *evidence) {
	e.resolved()
	var asked, granted time.Time
	by := ""
	for _, t := range e.rec.Transitions {
		switch {
		case t.Kind == incident.Asked:
			asked = t.At
		case t.Kind == incident.Chosen && t.Choice == incident.Grant:
			granted, by = t.At, t.By
		}
	}
	e.fact(!asked.IsZero() && !granted.Before(asked), "Slack #%s was asked, and %s approved", minatoChannel, by)
	e.fact(!granted.IsZero() && !changedBefore(e.rec, granted) && len(e.succeeded()) == 1, "nothing was changed before, and one repair was made then")
	e.fact(e.stage.answers(ctx, payments), "payments answer again")
}

// succeeded gives the changing steps that were carried out.
func (e *evidence) succeeded() []incident.Step {
	var list []incident.Step
	for _, s := range e.rec.Steps {
		if s.Phase == incident.Recover && s.Status == incident.Succeeded {
			list = append(list, s)
		}
	}
	return list
}

func attempts(rec incident.Record) int {
	most := 0
	for _, s := range rec.Steps {
		if s.Phase == incident.Recover && s.Status == incident.Succeeded {
			most = max(most, s.Attempt)
		}
	}
	return most
}

func changedBefore(rec incident.Record, at time.Time) bool {
	for _, s := range rec.Steps {
		if s.Phase == incident.Recover && s.StartedAt.Before(at) && s.Status != incident.Skipped && s.ErrorKind != incident.Refused {
			return true
		}
	}
	return false
}

func changedAfter(rec incident.Record, at time.Time) bool {
	for _, s := range rec.Steps {
		if s.Phase == incident.Recover && s.StartedAt.After(at) {
			return true
		}
	}
	return false
}

// resolved looks that the incident is resolved in PagerDuty by the engine, with a note.
func (e *evidence) resolved() {
	i := e.inPagerDuty()
	by := ""
	for _, line := range i.Log {
		if strings.HasPrefix(line.What, "Resolved") {
			by = line.By
		}
	}
	e.fact(i.Status == string(incident.Resolved) && by == botName, "PagerDuty: resolved by %s", by)
	e.noted()
}

func (e *evidence) status(want incident.Status) {
	got := e.inPagerDuty().Status
	e.fact(got == string(want), "PagerDuty: %s", got)
}

// heldBy looks that the incident is acknowledged by a person.
func (e *evidence) heldBy(who string) {
	i := e.inPagerDuty()
	e.fact(i.Status == string(incident.Acknowledged) && slices.Contains(i.AckedBy, who), "PagerDuty: %s has it", who)
}

func (e *evidence) inPagerDuty() sandbox.Incident {
	i, _ := e.stage.pagerDuty().Incident(string(e.rec.Incident.ID))
	return i
}

// told looks for the hand-over in Slack, with the evidence, and for the note in PagerDuty.
func (e *evidence) told(channel, evidence string) {
	e.fact(e.inSlack(channel, evidence), "Slack #%s has it%s", channel, map[bool]string{true: ", with evidence"}[evidence != ""])
	e.noted()
}

// inSlack says whether a message of the channel, with its thread and files, names the incident and holds the evidence.
func (e *evidence) inSlack(channel, evidence string) bool {
	return slices.ContainsFunc(e.stage.sandbox.Slack.Messages(channel), func(m sandbox.Message) bool {
		text := allText(m)
		return strings.Contains(text, e.rec.Incident.Title) && strings.Contains(text, evidence)
	})
}

func allText(m sandbox.Message) string {
	text := m.Plain()
	for _, f := range m.Files {
		text += "\n" + string(f.Content)
	}
	for _, r := range m.Replies {
		text += "\n" + allText(r)
	}
	return text
}

// noted looks that the engine has left a note that says how it ended: the only one where nothing was begun, else the
// second one.
func (e *evidence) noted() {
	want, ours := 2, 0
	if e.rec.Outcome == incident.Unmatched {
		want = 1
	}
	for _, n := range e.inPagerDuty().Notes {
		if n.By == botName {
			ours++
		}
	}
	e.fact(ours >= want, "a note says how it ended")
}

func (e *evidence) pagedAfter(at time.Time) bool {
	for _, page := range e.stage.pagerDuty().Paged(string(e.rec.Incident.ID)) {
		if page.At.After(at) {
			return true
		}
	}
	return false
}

// answers says whether a service answers over HTTP.
func (s *stage) answers(ctx context.Context, name string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr[name]+"/health", nil)
	if err != nil {
		return false
	}
	resp, err := s.http.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
