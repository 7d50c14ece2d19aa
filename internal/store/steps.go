package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"shodo/internal/incident"
)

// StartStep makes the intent to run a changing step durable, before the action is sent. New: send it. Otherwise it was
// begun before, and what is known of it is returned: its result, or, with status Started, that it was sent and its end
// is unknown. One that was refused was not sent, and is begun anew. In the recover phase it also counts the attempt for the budgets. Status, output and end of the given
// step are not looked at. ErrNotFound: no such incident has begun.
func (s *Store) StartStep(ctx context.Context, step incident.Step) (incident.StepState, error) {
	if step.StartedAt.IsZero() {
		return incident.StepState{}, fmt.Errorf("start %s: %w: it needs a time", stepName(step), ErrInvalid)
	}
	step.Status, step.Healthy, step.Output = incident.Started, nil, nil
	step.Error, step.ErrorKind, step.EndedAt = "", "", time.Time{}
	state, err := writeFor(ctx, s, func(t *tx) (incident.StepState, error) { return startStep(t, step) }, name(step.Incident))
	if err != nil {
		return incident.StepState{}, fmt.Errorf("start %s: %w", stepName(step), err)
	}
	return state, nil
}

func startStep(t *tx, step incident.Step) (incident.StepState, error) {
	if err := mustExist(t, step.Incident); err != nil {
		return incident.StepState{}, err
	}
	k := step.StepKey
	added, err := t.exec(`
		INSERT INTO steps (incident, run, phase, attempt, round, place, id, name, action, status, params, error, error_kind,
			started_at, note)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', '', $12, $13)
		ON CONFLICT (incident, run, phase, attempt, round, place) DO UPDATE SET id = excluded.id, name = excluded.name,
			action = excluded.action, status = excluded.status, healthy = NULL, params = excluded.params, output = NULL,
			error = '', error_kind = '', started_at = excluded.started_at, ended_at = NULL, note = excluded.note
			WHERE steps.error_kind = $14`,
		append(stepKey(k), text(step.ID), text(step.Name), text(step.Action), string(step.Status), document(step.Params),
			micros(step.StartedAt), text(step.Note), text(incident.Refused))...)
	if err != nil {
		return incident.StepState{}, err
	}
	if added == 0 {
		known, err := scanStep(t.row(selectStep, stepKey(k)...))
		return incident.StepState{Step: known}, err
	}
	if err := countAttempt(t, step); err != nil {
		return incident.StepState{}, err
	}
	if err := noteStart(t, step); err != nil {
		return incident.StepState{}, err
	}
	t.publish(incident.Change{Step: &step})
	return incident.StepState{New: true, Step: step}, nil
}

// FinishStep records a step with its result: a changing one that StartStep announced, or any other as a whole. The
// output is kept in full. A repetition replaces what was recorded, because the engine goes on with the result that it
// got last; the first start stays. ErrNotFound: no such incident has begun.
func (s *Store) FinishStep(ctx context.Context, step incident.Step) error {
	if step.Status == "" || step.Status == incident.Started {
		return fmt.Errorf("finish %s: %w: status %q is not an end", stepName(step), ErrInvalid, step.Status)
	}
	inline, packed, err := pack(document(step.Output))
	if err != nil {
		return fmt.Errorf("finish %s: pack output: %w", stepName(step), err)
	}
	err = s.write(ctx, func(t *tx) error { return finishStep(t, step, inline, packed) }, name(step.Incident))
	if err != nil {
		return fmt.Errorf("finish %s: %w", stepName(step), err)
	}
	return nil
}

func finishStep(t *tx, step incident.Step, inline, packed []byte) error {
	if err := mustExist(t, step.Incident); err != nil {
		return err
	}
	k := step.StepKey
	_, err := t.exec(`
		INSERT INTO steps (incident, run, phase, attempt, round, place, id, name, action, status, healthy, params, output,
			error, error_kind, started_at, ended_at, note)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
		ON CONFLICT (incident, run, phase, attempt, round, place) DO UPDATE SET id = excluded.id, name = excluded.name,
			action = excluded.action, status = excluded.status, healthy = excluded.healthy,
			params = coalesce(excluded.params, steps.params), output = excluded.output, error = excluded.error,
			error_kind = excluded.error_kind, started_at = coalesce(steps.started_at, excluded.started_at),
			ended_at = excluded.ended_at, note = excluded.note`,
		append(stepKey(k), text(step.ID), text(step.Name), text(step.Action), text(step.Status), truth(step.Healthy),
			document(step.Params), inline, text(step.Error), text(step.ErrorKind), micros(step.StartedAt),
			micros(step.EndedAt), text(step.Note))...)
	if err != nil {
		return err
	}
	if err := putOutput(t, k, packed); err != nil {
		return err
	}
	if ran := step.Status == incident.Succeeded || step.Status == incident.Failed; ran {
		if err := noteStart(t, step); err != nil {
			return err
		}
	}
	t.publish(incident.Change{Step: &step})
	return nil
}

// putOutput makes the table of outputs hold exactly this output for the step; nil means none.
func putOutput(t *tx, k incident.StepKey, packed []byte) error {
	if packed == nil {
		_, err := t.exec(`DELETE FROM outputs WHERE incident = $1 AND run = $2 AND phase = $3 AND attempt = $4
			AND round = $5 AND place = $6`, stepKey(k)...)
		return err
	}
	_, err := t.exec(`INSERT INTO outputs (incident, run, phase, attempt, round, place, gzip)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (incident, run, phase, attempt, round, place) DO UPDATE SET gzip = excluded.gzip`,
		append(stepKey(k), packed)...)
	return err
}

// noteStart keeps the earliest step's start in the incident's row: steps run in parallel and end in any order.
func noteStart(t *tx, step incident.Step) error {
	if step.StartedAt.IsZero() {
		return nil
	}
	_, err := t.exec(`UPDATE incidents SET started_at = $1
		WHERE incident = $2 AND run = $3 AND (started_at IS NULL OR started_at > $1)`,
		micros(step.StartedAt), name(step.Incident), step.Run)
	return err
}

// madeAgain is added to the number of an attempt for each time that people have asked for it: it counts again then.
const madeAgain = 1000

// countAttempt counts a recovery attempt once, at its first changing step, and keeps it in the incident's row.
func countAttempt(t *tx, step incident.Step) error {
	if step.Phase != incident.Recover {
		return nil
	}
	_, err := t.exec(`
		INSERT INTO attempts (incident, run, attempt, customer, scenario, target, started_at)
		SELECT incident, $2, $3, customer, scenario, target, $4 FROM incidents WHERE incident = $1
		ON CONFLICT (incident, run, attempt) DO NOTHING`,
		name(step.Incident), step.Run, step.Attempt+step.Round*madeAgain, micros(step.StartedAt))
	if err != nil || step.Attempt < 1 || step.Attempt > incident.MaxAttempts {
		return err
	}
	_, err = t.exec(`UPDATE incidents SET attempted = attempted | $1 WHERE incident = $2 AND run = $3`,
		int64(1)<<(step.Attempt-1), name(step.Incident), step.Run)
	return err
}

// Attempts counts the recovery attempts on a customer's target since a time, whichever scenario made them: those
// whose first changing step was about to be sent.
func (s *Store) Attempts(ctx context.Context, customer incident.CustomerID, target string, since time.Time) (int, error) {
	var n int
	err := s.readDB.QueryRowContext(ctx, `SELECT count(*) FROM attempts
		WHERE customer = $1 AND target = $2 AND started_at >= $3`,
		text(customer), name(target), since.UnixMicro()).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count attempts on %q of customer %q: %w", target, customer, explain(err))
	}
	return n, nil
}

// Targets counts the different targets of a customer on which a scenario made attempts since a time.
func (s *Store) Targets(ctx context.Context, customer incident.CustomerID, scenario incident.ScenarioName, since time.Time) (int, error) {
	var n int
	err := s.readDB.QueryRowContext(ctx, `SELECT count(DISTINCT target) FROM attempts
		WHERE customer = $1 AND scenario = $2 AND started_at >= $3`,
		text(customer), text(scenario), since.UnixMicro()).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count targets of scenario %q at customer %q: %w", scenario, customer, explain(err))
	}
	return n, nil
}

// selectSteps reads steps with their outputs, wherever these are.
const selectSteps = `SELECT s.incident, s.run, s.phase, s.attempt, s.round, s.place, s.id, s.name, s.action, s.status,
	s.healthy, s.params, s.output, o.gzip, s.error, s.error_kind, s.started_at, s.ended_at, s.note
	FROM steps s LEFT JOIN outputs o ON o.incident = s.incident AND o.run = s.run AND o.phase = s.phase
		AND o.attempt = s.attempt AND o.round = s.round AND o.place = s.place`

const selectStep = selectSteps + ` WHERE s.incident = $1 AND s.run = $2 AND s.phase = $3 AND s.attempt = $4
	AND s.round = $5 AND s.place = $6`

// stepKey is a key as the first six arguments of a query.
func stepKey(k incident.StepKey) []any {
	return []any{name(k.Incident), k.Run, text(k.Phase), k.Attempt, k.Round, k.Index}
}

func scanStep(row scanner) (incident.Step, error) {
	var s incident.Step
	var healthy, started, ended sql.NullInt64
	var params, output, packed []byte
	err := row.Scan(&s.Incident, &s.Run, &s.Phase, &s.Attempt, &s.Round, &s.Index, &s.ID, &s.Name, &s.Action, &s.Status,
		&healthy, &params, &output, &packed, &s.Error, &s.ErrorKind, &started, &ended, &s.Note)
	if err != nil {
		return incident.Step{}, err
	}
	if packed != nil {
		if output, err = unpack(packed); err != nil {
			return incident.Step{}, err
		}
	}
	s.Healthy, s.Params, s.Output = truthOf(healthy), params, output
	s.StartedAt, s.EndedAt = instant(started), instant(ended)
	return s, nil
}

func stepName(s incident.Step) string {
	return fmt.Sprintf("step %q of incident %q (run %d, %s, attempt %d, round %d, index %d)",
		s.Name, s.Incident, s.Run, s.Phase, s.Attempt, s.Round, s.Index)
}
