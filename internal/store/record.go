package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"shodo/internal/incident"
)

// Record gives everything that is known about an incident: its present run, the alerts as received, and the steps and
// transitions of all runs, as of one moment. ErrNotFound: it has not begun.
func (s *Store) Record(ctx context.Context, id incident.ID) (incident.Record, error) {
	r, err := s.record(ctx, id)
	if err != nil {
		return incident.Record{}, fmt.Errorf("read incident %q: %w", id, missing(err))
	}
	return r, nil
}

func (s *Store) record(ctx context.Context, id incident.ID) (incident.Record, error) {
	var none incident.Record
	snapshot, err := s.readDB.BeginTx(ctx, s.dialect.snapshot)
	if err != nil {
		return none, err
	}
	defer snapshot.Rollback()

	r, err := scanRecord(snapshot.QueryRowContext(ctx, selectRecords+` WHERE i.incident = $1`, name(id)))
	if err != nil {
		return none, err
	}
	if err := readAlerts(ctx, snapshot, &r); err != nil {
		return none, err
	}
	r.Steps, err = collect(ctx, snapshot, scanStep, selectSteps+` WHERE s.incident = $1
		ORDER BY s.started_at IS NULL, s.started_at, s.run, s.attempt, s.round, s.place`, name(id))
	if err != nil {
		return none, err
	}
	r.Transitions, err = collect(ctx, snapshot, scanTransition, selectTransitions+` WHERE incident = $1 ORDER BY at, seq`, name(id))
	if err != nil {
		return none, err
	}
	return r, nil
}

func readAlerts(ctx context.Context, q querier, r *incident.Record) error {
	type received struct {
		position int
		raw      []byte
	}
	alerts, err := collect(ctx, q, func(row scanner) (a received, err error) {
		return a, row.Scan(&a.position, &a.raw)
	}, `SELECT position, raw FROM alerts WHERE incident = $1 AND run = $2`, name(r.Incident.ID), r.Run)
	if err != nil {
		return err
	}
	for _, a := range alerts {
		if a.position < len(r.Incident.Alerts) {
			r.Incident.Alerts[a.position].Raw = a.raw
		}
	}
	return nil
}

// List gives incidents, newest first by PagerDuty's creation, without steps, transitions and raw alerts.
func (s *Store) List(ctx context.Context, f incident.Filter) ([]incident.Record, error) {
	query, args := listQuery(f)
	list, err := collect(ctx, s.readDB, scanRecord, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	return list, nil
}

func listQuery(f incident.Filter) (string, []any) {
	c := &conditions{}
	c.created(f.Since, f.Until)
	c.equal("i.customer", text(f.Customer))
	c.equal("i.scenario", text(f.Scenario))
	c.equal("i.outcome", text(f.Outcome))
	c.equal("i.phase", text(f.Phase))
	if f.Open {
		c.texts = append(c.texts, "i.ended_at IS NULL")
	}
	if f.Deferred {
		c.texts = append(c.texts, "i.deferred_until IS NOT NULL")
	}
	limit := f.Limit
	if limit <= 0 {
		limit = incident.DefaultLimit
	}
	args := append(c.args, min(limit, incident.MaxLimit))
	return selectRecords + c.where() + fmt.Sprintf(" ORDER BY i.created_at DESC, i.incident LIMIT $%d", len(args)), args
}

const selectRecords = `SELECT r.doc, i.run, i.workflow_run, i.phase, i.outcome, i.reason, i.why, i.received_at,
	i.started_at, i.outcome_at, i.taken_at, i.taken_by, i.ended_at, i.deferred_until
	FROM incidents i JOIN runs r ON r.incident = i.incident AND r.run = i.run`

func scanRecord(row scanner) (incident.Record, error) {
	var r incident.Record
	var doc []byte
	var run int
	var workflowRun, takenBy, why string
	var phase incident.Phase
	var outcome incident.Outcome
	var reason incident.Reason
	var received, started, outcomeAt, taken, ended, deferred sql.NullInt64
	err := row.Scan(&doc, &run, &workflowRun, &phase, &outcome, &reason, &why, &received, &started, &outcomeAt, &taken,
		&takenBy, &ended, &deferred)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(doc, &r); err != nil {
		return r, fmt.Errorf("decode stored record: %w", err)
	}
	r.Run, r.WorkflowRun, r.Phase, r.Outcome, r.Reason, r.Why, r.TakenBy = run, workflowRun, phase, outcome, reason, why, takenBy
	r.ReceivedAt, r.StartedAt, r.OutcomeAt = instant(received), instant(started), instant(outcomeAt)
	r.TakenAt, r.EndedAt, r.DeferredUntil = instant(taken), instant(ended), instant(deferred)
	return r, nil
}

const selectTransitions = `SELECT incident, run, key, at, kind, phase, attempt, outcome, reason, by_whom, why, question,
	window_name, until, policy, choice, item FROM transitions`

func scanTransition(row scanner) (incident.Transition, error) {
	var t incident.Transition
	var at, until sql.NullInt64
	err := row.Scan(&t.Incident, &t.Run, &t.Key, &at, &t.Kind, &t.Phase, &t.Attempt, &t.Outcome, &t.Reason, &t.By, &t.Why,
		&t.Question, &t.Window, &until, &t.Policy, &t.Choice, &t.Item)
	t.At, t.Until = instant(at), instant(until)
	return t, err
}
