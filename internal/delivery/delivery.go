// Package delivery sends the reports of the configuration: it makes a report, and brings it to a Slack channel, a mail
// address or a folder.
//
// What it promises:
//
//   - A report goes to each place once for each turn of its schedule, however often it is asked for, and by whichever
//     process: it is made first, then the intent is durable, then it is sent. When a crash comes between the last two, or no
//     answer, nobody knows whether it arrived; then it is not sent again, and the list of deliveries says so. A folder is
//     written again, because that changes nothing.
//   - What is sent late is the report of its own turn: of the last whole week or month before it.
//   - A place that takes nothing holds no other up, and the list of deliveries says why it took nothing so far.
//   - All places of a turn get the same report: it is made once, and kept for a while.
//   - PagerDuty, with which the record is compared, holds nothing up: what could not be compared in time is reported as not compared.
//
// What it never does: decide when (Temporal's schedules do), or what stands in a report (package report does).
package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/calendar"
	"shodo/internal/catalog"
	"shodo/internal/config"
	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/mail"
	"shodo/internal/quiethours"
	"shodo/internal/report"
	"shodo/internal/slack"
	"shodo/internal/suggest"
	"shodo/workflows"
)

// Ledger remembers what was sent where; package store is it.
type Ledger interface {
	BeginReportDelivery(context.Context, incident.ReportDelivery) (known incident.ReportDelivery, isNew bool, err error)
	EndReportDelivery(context.Context, incident.ReportDelivery) error
	PutOffReportDelivery(context.Context, incident.ReportDelivery) error
}

// Channel posts to Slack; a client of package slack is it.
type Channel interface {
	Post(ctx context.Context, channel string, m handover.Message, key string) (slack.Posted, error)
}

// Post sends mails; a client of package mail is it.
type Post interface {
	Send(ctx context.Context, m mail.Message) error
}

// PagerDuty tells what it has and the record has not.
type PagerDuty interface {
	Lost(context.Context, analytics.Period, report.Edition) (analytics.Lost, error)
}

// Options say what a Sender works with. Slack, Mail and PagerDuty may be nil; without PagerDuty nothing is compared.
type Options struct {
	Reports func() []config.Report // of the configuration
	Record  analytics.Source
	Read    func(context.Context, incident.ID) (incident.Incident, error) // for the drafts of what to automate next
	Imports func(context.Context) ([]incident.Import, error)              // of history
	Catalog func() *catalog.Catalog
	Ledger  Ledger
	Slack   Channel
	Mail    Post
	Now     func() time.Time
	Log     *slog.Logger

	PagerDuty PagerDuty
}

// comparing is how long a report waits for the comparison with PagerDuty.
const comparing = time.Minute

// Sender makes and sends reports.
type Sender struct {
	Options
	kept shelf
}

// New makes one.
func New(o Options) *Sender { return &Sender{Options: o} }

// Due tells where a report is sent, and not before when.
func (s *Sender) Due(_ context.Context, in workflows.ReportInput) (workflows.ReportDue, error) {
	r, ok := s.report(in.Name)
	if !ok {
		return workflows.ReportDue{}, nil
	}
	var due workflows.ReportDue
	for _, to := range r.To {
		due.Places = append(due.Places, to.String())
	}
	if r.SkipHolidays != "" && in.Again == "" {
		due.NotBefore = workingDay(in.At.In(r.Zone()), r.SkipHolidays)
	}
	return due, nil
}

func (s *Sender) report(name string) (config.Report, bool) {
	all := s.Reports()
	if i := slices.IndexFunc(all, func(r config.Report) bool { return r.Name == name }); i >= 0 {
		return all[i], true
	}
	return config.Report{}, false
}

// workingDay gives the time itself, or the same time of day on the next day that is neither a weekend nor a holiday.
func workingDay(at time.Time, holidays string) time.Time {
	days, _ := calendar.Named(holidays)
	for range 30 { // no row of holidays is as long
		off := days != nil && slices.ContainsFunc(days.Spans(at, at.Add(time.Second), at.Location()), func(one quiethours.Span) bool {
			return !at.Before(one.Start) && at.Before(one.End)
		})
		if at.Weekday() != time.Saturday && at.Weekday() != time.Sunday && !off {
			return at
		}
		at = at.AddDate(0, 0, 1)
	}
	return at
}

// Deliver makes a report and sends it to one place.
func (s *Sender) Deliver(ctx context.Context, in workflows.DeliverInput) error {
	r, ok := s.report(in.Name)
	i := slices.IndexFunc(r.To, func(d config.Destination) bool { return d.String() == in.Place })
	if !ok || i < 0 {
		return fmt.Errorf("%w: the configuration sends no report %q to %s any more", workflows.ErrNotTaken, in.Name, in.Place)
	}
	again := r.To[i].Folder != "" // to write it again changes nothing
	send, err := s.made(ctx, r, r.To[i], in)
	if err != nil {
		return fmt.Errorf("send the report %q to %s: %w", in.Name, in.Place, err)
	}
	d := incident.ReportDelivery{Report: in.Name, At: in.At, Again: in.Again, Place: in.Place, Begun: s.Now()}
	if ctx.Err() != nil {
		return fmt.Errorf("send the report %q to %s: %w", in.Name, in.Place, ctx.Err())
	}
	known, isNew, err := s.Ledger.BeginReportDelivery(context.WithoutCancel(ctx), d) // whoever is cancelled must know whether it was begun
	switch {
	case err != nil:
		return s.putOff(ctx, d, err)
	case !isNew && !known.Ended.IsZero():
		return nil
	case !isNew && !again && s.Now().Sub(known.Begun) < sending:
		return fmt.Errorf("send the report %q to %s: another attempt does it since %s", in.Name, in.Place, known.Begun.Format(time.RFC3339))
	case !isNew && !again:
		s.Log.ErrorContext(ctx, "the engine was interrupted while it sent a report; it is not sent again", "report", d.Report, "place", d.Place)
		return s.end(ctx, known, "the engine was interrupted while it was sending: "+nobodyKnows)
	}
	result, err := send(ctx)
	return s.settle(ctx, d, result, err)
}

// made makes the report of a turn, and renders it for a place.
func (s *Sender) made(ctx context.Context, r config.Report, to config.Destination, in workflows.DeliverInput) (delivering, error) {
	made, err := s.kept.take(ctx, in.ReportInput, s.Now(), func() (*report.Report, error) { return s.Make(ctx, r, in.At) })
	switch {
	case errors.Is(err, errNobody):
		return func(context.Context) (string, error) { return "", err }, nil
	case err != nil:
		return nil, err
	}
	return s.ready(made, to, fmt.Sprintf("report/%s/%d/%s", in.Name, in.At.Unix(), in.Again))
}

// sending is how long an attempt may take, as workflows.Report has it. Nothing is said of it before: it may still end by itself.
const sending = 5 * time.Minute

const nobodyKnows = "it is not known whether it arrived, and it is not sent again"

// settle remembers what became of a delivery. What the place did not take this time is an error, and may be sent again.
func (s *Sender) settle(ctx context.Context, d incident.ReportDelivery, result string, err error) error {
	switch {
	case err == nil:
		return s.end(ctx, d, result)
	case mayHaveArrived(err):
		s.Log.ErrorContext(ctx, "nobody knows whether a report arrived; it is not sent again", "report", d.Report, "place", d.Place, "err", err)
		return s.end(ctx, d, nobodyKnows+": "+err.Error())
	case neverTaken(err):
		if ended := s.end(ctx, d, "not sent: "+err.Error()); ended != nil {
			return ended
		}
		return fmt.Errorf("%w: %w", workflows.ErrNotTaken, err)
	}
	return s.putOff(ctx, d, err)
}

// putOff remembers why nothing was sent, and gives that as an error: it may be sent again.
func (s *Sender) putOff(ctx context.Context, d incident.ReportDelivery, err error) error {
	d.Result = "not taken so far: " + err.Error()
	return errors.Join(err, s.Ledger.PutOffReportDelivery(context.WithoutCancel(ctx), d))
}

func (s *Sender) end(ctx context.Context, d incident.ReportDelivery, result string) error {
	d.Ended, d.Result = s.Now(), result
	return s.Ledger.EndReportDelivery(context.WithoutCancel(ctx), d)
}

// Make makes the report of a turn.
func (s *Sender) Make(ctx context.Context, r config.Report, turn time.Time) (*report.Report, error) {
	period, err := PeriodBefore(r.Kind, turn.In(r.Zone()))
	if err != nil {
		return nil, fmt.Errorf("make the report %q: %w", r.Name, err)
	}
	c := s.Catalog()
	in := report.Input{Record: s.Record, Period: period, Edition: report.Edition{Customer: incident.CustomerID(r.Customer), Department: r.Department},
		Language: r.Language, Now: s.Now(), Customers: report.Customers(c), Manual: c.Manual()}
	if of, ok := c.Customer(in.Edition.Customer); ok && in.Language == "" {
		in.Language = of.Language
	}
	if in.Kinds, err = suggest.Rank(ctx, s.Record, suggest.Options{Since: period.Since, Until: period.Until, Customer: in.Edition.Customer,
		Department: r.Department, Limit: 5, Read: s.Read, Taken: report.ScenarioNames(c)}); err != nil {
		return nil, fmt.Errorf("make the report %q: %w", r.Name, err)
	}
	if in.Imports, err = s.Imports(ctx); err != nil {
		return nil, fmt.Errorf("make the report %q: %w", r.Name, err)
	}
	in.Lost = s.lost(ctx, r.Name, period, in.Edition)
	made, err := report.Build(ctx, in)
	if err == nil && made.OfNobody() {
		err = errNobody
	}
	if err != nil {
		return nil, fmt.Errorf("make the report %q: %w", r.Name, err)
	}
	return made, nil
}

// errNobody is of an edition whose name is a mistake, as a rule: whoever gets the report must not read that all is quiet.
var errNobody = errors.New("neither the catalog nor the record of the last year knows its customer or department")

// lost compares the record with PagerDuty; nil: it could not be compared, and the report says so.
func (s *Sender) lost(ctx context.Context, name string, p analytics.Period, e report.Edition) *int {
	if s.PagerDuty == nil {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, comparing)
	defer stop()
	lost, err := s.PagerDuty.Lost(ctx, p, e)
	if err != nil {
		s.Log.WarnContext(ctx, "a report is not compared with PagerDuty", "report", name, "customer", e.Customer, "err", err)
		return nil
	}
	n := lost.Count()
	if n > 0 {
		s.Log.ErrorContext(ctx, "PagerDuty has incidents that the record has not; \"shodo stats --lost\" names them",
			"report", name, "customer", e.Customer, "lost", n)
	}
	return &n
}

// PeriodBefore is the last whole week or month that is over at a time, in its zone.
func PeriodBefore(kind string, at time.Time) (analytics.Period, error) {
	if kind == "monthly" {
		return analytics.Month(at.AddDate(0, 0, -at.Day()).Format("2006-01"), at.Location())
	}
	year, week := at.AddDate(0, 0, -7).ISOWeek()
	return analytics.Week(fmt.Sprintf("%d-W%02d", year, week), at.Location())
}
