package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"shodo/internal/incident"
)

// AddMaintenance keeps a one-off window. An id that is there already changes nothing: the first one counts.
func (s *Store) AddMaintenance(ctx context.Context, m incident.Maintenance) error {
	if err := validMaintenance(m); err != nil {
		return fmt.Errorf("add maintenance %q of customer %q: %w", m.ID, m.Customer, err)
	}
	err := s.write(ctx, func(t *tx) error {
		_, err := t.exec(`
			INSERT INTO maintenances (id, customer, begins_at, ends_at, condition, contact, page, recover, reason, added_by,
				added_at, ended_by, ended_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			ON CONFLICT (id) DO NOTHING`,
			text(m.ID), text(m.Customer), micros(m.From), micros(m.To), text(m.Match), text(m.Contact), text(m.Page),
			text(m.Recover), text(m.Reason), text(m.AddedBy), micros(m.AddedAt), text(m.EndedBy), micros(m.EndedAt))
		return err
	})
	if err != nil {
		return fmt.Errorf("add maintenance %q of customer %q: %w", m.ID, m.Customer, err)
	}
	return nil
}

func validMaintenance(m incident.Maintenance) error {
	switch {
	case m.ID == "" || m.Customer == "":
		return fmt.Errorf("%w: it needs an id and a customer", ErrInvalid)
	case m.From.IsZero() || !m.From.Before(m.To):
		return fmt.Errorf("%w: it must begin before it ends", ErrInvalid)
	case m.AddedAt.IsZero():
		return fmt.Errorf("%w: it needs the time when it was added", ErrInvalid)
	}
	return nil
}

// EndMaintenance ends a window before its time and gives it back as it is now. One that was ended before stays as it
// is: the first end counts. ErrNotFound: there is none with that id.
func (s *Store) EndMaintenance(ctx context.Context, id, by string, at time.Time) (incident.Maintenance, error) {
	m, err := writeFor(ctx, s, func(t *tx) (incident.Maintenance, error) {
		if at.IsZero() {
			return incident.Maintenance{}, fmt.Errorf("%w: it needs a time", ErrInvalid)
		}
		if _, err := t.exec(`UPDATE maintenances SET ended_by = $1, ended_at = $2 WHERE id = $3 AND ended_at IS NULL`,
			text(by), micros(at), text(id)); err != nil {
			return incident.Maintenance{}, err
		}
		m, err := scanMaintenance(t.row(selectMaintenances+` WHERE id = $1`, text(id)))
		return m, missing(err)
	})
	if err != nil {
		return incident.Maintenance{}, fmt.Errorf("end maintenance %q: %w", id, err)
	}
	return m, nil
}

// Maintenances lists the windows of a customer, or with "" of all, that are not over at a time; with the zero time all
// that ever were. A window that was ended before its time is over from then on. They come in the order of their
// beginning.
func (s *Store) Maintenances(ctx context.Context, customer incident.CustomerID, endingAfter time.Time) ([]incident.Maintenance, error) {
	query, args := maintenancesQuery(customer, endingAfter)
	list, err := collect(ctx, s.readDB, scanMaintenance, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list maintenance: %w", err)
	}
	return list, nil
}

func maintenancesQuery(customer incident.CustomerID, endingAfter time.Time) (string, []any) {
	const order = ` ORDER BY begins_at, id`
	if endingAfter.IsZero() {
		return selectMaintenances + ` WHERE $1 = '' OR customer = $1` + order, []any{text(customer)}
	}
	return selectMaintenances + ` WHERE ends_at > $2 AND (ended_at IS NULL OR ended_at > $2) AND ($1 = '' OR customer = $1)` + order,
		[]any{text(customer), micros(endingAfter)}
}

const selectMaintenances = `SELECT id, customer, begins_at, ends_at, condition, contact, page, recover, reason, added_by,
	added_at, ended_by, ended_at FROM maintenances`

func scanMaintenance(row scanner) (incident.Maintenance, error) {
	var m incident.Maintenance
	var from, to, added, ended sql.NullInt64
	err := row.Scan(&m.ID, &m.Customer, &from, &to, &m.Match, &m.Contact, &m.Page, &m.Recover, &m.Reason, &m.AddedBy,
		&added, &m.EndedBy, &ended)
	m.From, m.To, m.AddedAt, m.EndedAt = instant(from), instant(to), instant(added), instant(ended)
	return m, err
}
