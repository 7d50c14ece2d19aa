package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"shodo/internal/incident"
)

// AddPause keeps a use of the kill switch; from then on it is in force. An id that is there already changes nothing: the
// first one counts, also when it was ended since.
func (s *Store) AddPause(ctx context.Context, p incident.Pause) error {
	if err := validPause(p); err != nil {
		return fmt.Errorf("add pause %q: %w", p.ID, err)
	}
	err := s.write(ctx, func(t *tx) error {
		_, err := t.exec(`
			INSERT INTO pauses (id, scope, name, cancel, reason, by_whom, at, resumed_by, resumed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (id) DO NOTHING`,
			text(p.ID), text(p.Scope), text(p.Name), truth(&p.Cancel), text(p.Reason), text(p.By), micros(p.At),
			text(p.ResumedBy), micros(p.ResumedAt))
		return err
	})
	if err != nil {
		return fmt.Errorf("add pause %q: %w", p.ID, err)
	}
	return nil
}

func validPause(p incident.Pause) error {
	switch {
	case p.ID == "":
		return fmt.Errorf("%w: it needs an id", ErrInvalid)
	case p.At.IsZero():
		return fmt.Errorf("%w: it needs the time when it began", ErrInvalid)
	}
	switch p.Scope {
	case incident.PauseAll:
		if p.Name != "" {
			return fmt.Errorf("%w: a pause of everything has no name, not %q", ErrInvalid, p.Name)
		}
	case incident.PauseCustomer, incident.PauseScenario:
		if p.Name == "" {
			return fmt.Errorf("%w: it needs the name of the %s", ErrInvalid, p.Scope)
		}
	default:
		return fmt.Errorf("%w: %q is no scope", ErrInvalid, p.Scope)
	}
	return nil
}

// EndPause ends a pause and gives it back as it is now. One that was ended before stays as it is: the first end counts.
// ErrNotFound: there is none with that id.
func (s *Store) EndPause(ctx context.Context, id, by string, at time.Time) (incident.Pause, error) {
	p, err := writeFor(ctx, s, func(t *tx) (incident.Pause, error) {
		if at.IsZero() {
			return incident.Pause{}, fmt.Errorf("%w: it needs a time", ErrInvalid)
		}
		if _, err := t.exec(`UPDATE pauses SET resumed_by = $1, resumed_at = $2 WHERE id = $3 AND resumed_at IS NULL`,
			text(by), micros(at), text(id)); err != nil {
			return incident.Pause{}, err
		}
		p, err := scanPause(t.row(selectPauses+` WHERE id = $1`, text(id)))
		return p, missing(err)
	})
	if err != nil {
		return incident.Pause{}, fmt.Errorf("end pause %q: %w", id, err)
	}
	return p, nil
}

// PausesInForce lists the pauses that nobody has ended, oldest first.
func (s *Store) PausesInForce(ctx context.Context) ([]incident.Pause, error) {
	list, err := collect(ctx, s.readDB, scanPause, pausesInForce)
	if err != nil {
		return nil, fmt.Errorf("list the pauses in force: %w", err)
	}
	return list, nil
}

// Pauses lists every use of the kill switch that was in force at a time or after it, oldest first; with the zero time all
// that ever were.
func (s *Store) Pauses(ctx context.Context, since time.Time) ([]incident.Pause, error) {
	query, args := selectPauses, []any(nil)
	if !since.IsZero() {
		query, args = query+` WHERE resumed_at IS NULL OR resumed_at > $1`, []any{micros(since)}
	}
	list, err := collect(ctx, s.readDB, scanPause, query+` ORDER BY at, id`, args...)
	if err != nil {
		return nil, fmt.Errorf("list pauses: %w", err)
	}
	return list, nil
}

const (
	selectPauses  = `SELECT id, scope, name, cancel, reason, by_whom, at, resumed_by, resumed_at FROM pauses`
	pausesInForce = selectPauses + ` WHERE resumed_at IS NULL ORDER BY at, id`
)

func scanPause(row scanner) (incident.Pause, error) {
	var p incident.Pause
	var at, resumed sql.NullInt64
	var cancel int
	err := row.Scan(&p.ID, &p.Scope, &p.Name, &cancel, &p.Reason, &p.By, &at, &p.ResumedBy, &resumed)
	p.Cancel, p.At, p.ResumedAt = cancel != 0, instant(at), instant(resumed)
	return p, err
}
