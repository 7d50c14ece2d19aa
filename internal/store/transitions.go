package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"shodo/internal/incident"
)

// Append adds lines to incidents' histories, all of them or none. A line whose incident, run and key are there already
// changes nothing. In the same write the incident's row follows: PhaseBegan sets the phase; the first Ended of a run
// sets outcome, reason, why, outcome_at and, if it has one, the phase; the first PersonTook who took it and when; the
// first ResponseEnd ends it; a deferral of Page sets until when it waits, and Resumed that it waits no more. Lines of an
// earlier run leave the row alone. ErrNotFound: no such incident has begun.
func (s *Store) Append(ctx context.Context, transitions []incident.Transition) error {
	if len(transitions) == 0 {
		return nil
	}
	about := make([]string, 0, len(transitions))
	for _, n := range transitions {
		about = append(about, name(n.Incident))
		if n.Key == "" || n.At.IsZero() {
			return fmt.Errorf("record transition of incident %q: %w: it needs a key and a time", n.Incident, ErrInvalid)
		}
		if n.Kind == incident.Deferred && (n.Question == "" || n.Until.IsZero()) {
			return fmt.Errorf("record transition %q of incident %q: %w: a deferral needs a question and its end", n.Key, n.Incident, ErrInvalid)
		}
	}
	err := s.write(ctx, func(t *tx) error {
		for _, n := range transitions {
			if err := appendOne(t, n); err != nil {
				return fmt.Errorf("incident %q, key %q: %w", n.Incident, n.Key, err)
			}
		}
		return nil
	}, about...)
	if err != nil {
		return fmt.Errorf("record transitions: %w", err)
	}
	return nil
}

func appendOne(t *tx, n incident.Transition) error {
	if err := mustExist(t, n.Incident); err != nil {
		return err
	}
	added, err := t.exec(`
		INSERT INTO transitions (incident, run, key, at, kind, phase, attempt, outcome, reason, by_whom, why, question,
			window_name, until, policy, choice, item)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
		ON CONFLICT (incident, run, key) DO NOTHING`,
		name(n.Incident), n.Run, name(n.Key), micros(n.At), text(n.Kind), text(n.Phase), n.Attempt, text(n.Outcome),
		text(n.Reason), text(n.By), text(n.Why), text(n.Question), text(n.Window), micros(n.Until), text(n.Policy), text(n.Choice), n.Item)
	if err != nil || added == 0 {
		return err
	}
	n.At, n.Until = n.At.UTC(), n.Until.UTC()
	t.publish(incident.Change{Transition: &n})
	return follow(t, n)
}

// follow carries a new transition into the incident's row, and into what waits.
func follow(t *tx, n incident.Transition) error {
	id := name(n.Incident)
	switch n.Kind {
	case incident.PhaseBegan:
		_, err := t.exec(`UPDATE incidents SET phase = $1 WHERE incident = $2 AND run = $3 AND ended_at IS NULL`,
			text(n.Phase), id, n.Run)
		return err
	case incident.Ended:
		first, err := t.exec(`UPDATE incidents SET outcome = $1, reason = $2, why = $3, outcome_at = $4,
			phase = CASE WHEN $5 = '' OR ended_at IS NOT NULL THEN phase ELSE $5 END
			WHERE incident = $6 AND run = $7 AND outcome_at IS NULL`,
			text(n.Outcome), text(n.Reason), text(n.Why), micros(n.At), text(n.Phase), id, n.Run)
		if err != nil || first == 0 || n.Outcome != incident.Suppressed {
			return err
		}
		return followWindows(t, n)
	case incident.PersonTook:
		if _, err := t.exec(`UPDATE incidents SET taken_at = $1, taken_by = $2
			WHERE incident = $3 AND run = $4 AND taken_at IS NULL`, micros(n.At), text(n.By), id, n.Run); err != nil {
			return err
		}
		return followWindows(t, n)
	case incident.ToldTier:
		return followWindows(t, n)
	case incident.ResponseEnd:
		_, err := t.exec(`UPDATE incidents SET ended_at = $1, phase = $2
			WHERE incident = $3 AND run = $4 AND ended_at IS NULL`, micros(n.At), string(incident.End), id, n.Run)
		return err
	case incident.Deferred, incident.Resumed, incident.Listed, incident.ToldContact:
		if err := followDeferral(t, n); err != nil {
			return err
		}
		return followWindows(t, n)
	}
	return nil
}

func mustExist(t *tx, id incident.ID) error {
	var one int
	err := t.row(`SELECT 1 FROM incidents WHERE incident = $1`, name(id)).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}
