package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"shodo/internal/incident"
)

// Begin records that the first response to an incident begins, with what came in and what matched, and the alerts as
// received.
//
// There is one row per incident. A WorkflowRun that the incident has not had starts its first run or, when there is
// one already, the next; the row then shows the new run, and the earlier one stays readable in its transitions and
// steps. The same WorkflowRun again (Known) replaces what was recorded, because the engine goes on with what it read
// this time, and keeps what has happened since. Closed: see incident.Begun.
func (s *Store) Begin(ctx context.Context, r incident.Record) (incident.Begun, error) {
	if r.Incident.ID == "" || r.WorkflowRun == "" {
		return incident.Begun{}, fmt.Errorf("begin incident %q: %w: it needs an id and a workflow run", r.Incident.ID, ErrInvalid)
	}
	b := beginning{Record: r}
	b.Steps, b.Transitions = nil, nil
	var err error
	if b.doc, err = json.Marshal(b.Record); err != nil {
		return incident.Begun{}, fmt.Errorf("begin incident %q: write record: %w", r.Incident.ID, err)
	}
	begun, err := writeFor(ctx, s, b.write, name(r.Incident.ID))
	if err != nil {
		return incident.Begun{}, fmt.Errorf("begin incident %q: %w", r.Incident.ID, err)
	}
	return begun, nil
}

// beginning is a record on its way into the tables.
type beginning struct {
	incident.Record
	doc []byte
}

func (b beginning) write(t *tx) (incident.Begun, error) {
	id := name(b.Incident.ID)
	var last int
	var outcome incident.Outcome
	err := t.row(`SELECT run, outcome FROM incidents WHERE incident = $1`, id).Scan(&last, &outcome)
	if errors.Is(err, sql.ErrNoRows) {
		return incident.Begun{Run: 1}, b.start(t, 1)
	}
	if err != nil {
		return incident.Begun{}, err
	}
	var run int
	err = t.row(`SELECT run FROM runs WHERE incident = $1 AND workflow_run = $2`, id, text(b.WorkflowRun)).Scan(&run)
	switch {
	case err == nil:
		return incident.Begun{Run: run, Known: true}, b.repeat(t, run)
	case !errors.Is(err, sql.ErrNoRows):
		return incident.Begun{}, err
	case outcome != "" && b.Incident.Status == incident.Resolved:
		return incident.Begun{Run: last, Closed: true}, nil
	}
	return incident.Begun{Run: last + 1}, b.start(t, last+1)
}

// start writes a new run. The incident's row starts afresh.
func (b beginning) start(t *tx, run int) error {
	id := name(b.Incident.ID)
	phase := b.Phase
	if phase == "" {
		phase = incident.Intake
	}
	_, err := t.exec(`
		INSERT INTO incidents (incident, run, workflow_run, customer, department, service, scenario, target, urgency,
			priority, created_at, received_at, phase, title, alert_count, outcome, reason, why, taken_by)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, '', '', '', '')
		ON CONFLICT (incident) DO UPDATE SET run = excluded.run, workflow_run = excluded.workflow_run,
			customer = excluded.customer, department = excluded.department, service = excluded.service,
			scenario = excluded.scenario, target = excluded.target, urgency = excluded.urgency,
			priority = excluded.priority, created_at = excluded.created_at, received_at = excluded.received_at,
			phase = excluded.phase, title = excluded.title, alert_count = excluded.alert_count, attempted = 0,
			outcome = '', reason = '', why = '', started_at = NULL, outcome_at = NULL, taken_at = NULL, taken_by = '', ended_at = NULL,
			deferred_until = NULL, windows = ''`,
		id, run, text(b.WorkflowRun), text(b.Customer.ID), text(b.Customer.Department), text(b.Incident.Service.ID),
		text(b.Match.Scenario), name(b.Match.Target), text(b.Incident.Urgency), text(b.Incident.Priority),
		b.createdAt(), micros(b.ReceivedAt), text(phase), text(b.Incident.Title), b.Incident.AlertCount)
	if err != nil {
		return err
	}
	if _, err := t.exec(`INSERT INTO runs (incident, run, workflow_run, doc) VALUES ($1, $2, $3, $4)`,
		id, run, text(b.WorkflowRun), b.doc); err != nil {
		return err
	}
	return b.alerts(t, run)
}

// repeat replaces what a run was told when it began.
func (b beginning) repeat(t *tx, run int) error {
	id := name(b.Incident.ID)
	if _, err := t.exec(`
		UPDATE incidents SET customer = $1, department = $2, service = $3, scenario = $4, target = $5, urgency = $6,
			priority = $7, created_at = $8, title = $9, alert_count = $10
		WHERE incident = $11 AND run = $12`,
		text(b.Customer.ID), text(b.Customer.Department), text(b.Incident.Service.ID), text(b.Match.Scenario),
		name(b.Match.Target), text(b.Incident.Urgency), text(b.Incident.Priority), b.createdAt(),
		text(b.Incident.Title), b.Incident.AlertCount, id, run); err != nil {
		return err
	}
	if _, err := t.exec(`UPDATE runs SET doc = $1 WHERE incident = $2 AND run = $3`, b.doc, id, run); err != nil {
		return err
	}
	return b.alerts(t, run)
}

func (b beginning) alerts(t *tx, run int) error {
	for i, a := range b.Incident.Alerts {
		if len(a.Raw) == 0 {
			continue
		}
		if _, err := t.exec(`INSERT INTO alerts (incident, run, position, raw) VALUES ($1, $2, $3, $4)
			ON CONFLICT (incident, run, position) DO UPDATE SET raw = excluded.raw`,
			name(b.Incident.ID), run, i, []byte(a.Raw)); err != nil {
			return err
		}
	}
	return nil
}

// createdAt is PagerDuty's time of creation. An incident that could not be read has none: then it counts from when
// its first event was received.
func (b beginning) createdAt() int64 {
	if b.Incident.CreatedAt.IsZero() && !b.ReceivedAt.IsZero() {
		return b.ReceivedAt.UnixMicro()
	}
	return b.Incident.CreatedAt.UnixMicro()
}
