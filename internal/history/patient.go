package history

import (
	"context"
	"errors"
	"time"

	"shodo/internal/incident"
)

// This file is what an import does when PagerDuty does not give what it is asked for.

// patient is PagerDuty, asked again while it is away.
type patient struct {
	PagerDuty
	run *run
}

func (p patient) History(ctx context.Context, q incident.HistoryQuery) (incident.HistoryPage, error) {
	return again(ctx, p.run, func() (incident.HistoryPage, error) { return p.PagerDuty.History(ctx, q) })
}

func (p patient) Log(ctx context.Context, q incident.HistoryQuery) (incident.LogPage, error) {
	return again(ctx, p.run, func() (incident.LogPage, error) { return p.PagerDuty.Log(ctx, q) })
}

// again asks until there is an answer, a refusal, or no pause left.
func again[T any](ctx context.Context, r *run, ask func() (T, error)) (T, error) {
	answer, err := ask()
	for _, pause := range r.Pauses {
		if err == nil || !r.Away(err) {
			break
		}
		r.Log.WarnContext(ctx, "PagerDuty does not answer; the import waits, and asks again", "in", pause, "err", err)
		if stopped := sleep(ctx, pause); stopped != nil {
			return answer, errors.Join(stopped, err)
		}
		answer, err = ask()
	}
	return answer, err
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// maxUnread is how many incidents in a row PagerDuty may fail to give while it answers otherwise. With more it is no matter of single
// incidents.
const maxUnread = 3

// record makes the record of an incident out of its log and alerts. Of one that PagerDuty does not give there is none.
func (r *run) record(ctx context.Context, logs *logs, one incident.HistoryIncident) (record incident.Record, given bool, err error) {
	record, err = r.read(ctx, logs, one)
	if err != nil && r.Away(err) { // is it PagerDuty, or this incident?
		q := incident.HistoryQuery{Since: one.CreatedAt, Until: one.CreatedAt.Add(time.Second), Services: r.Services, Bare: true}
		if _, err := r.PagerDuty.History(ctx, q); err != nil {
			return record, false, err
		}
		record, err = r.read(ctx, logs, one)
	}
	switch {
	case err == nil:
		r.unread = 0
		return record, true, nil
	case r.Gone(err):
	case r.Away(err) && r.unread < maxUnread:
		r.unread++
	default:
		return record, false, err
	}
	r.Log.WarnContext(ctx, "an incident cannot be read; it is left out, until the next import", "incident", one.ID, "err", err)
	return record, false, nil
}

func (r *run) read(ctx context.Context, logs *logs, one incident.HistoryIncident) (incident.Record, error) {
	log, err := logs.of(ctx, one)
	if err != nil {
		return incident.Record{}, err
	}
	if one.Alerts, err = r.Alerts(ctx, one); err != nil {
		return incident.Record{}, err
	}
	return recordOf(one, log, r.owners[one.Service.ID], r.Self), nil
}
