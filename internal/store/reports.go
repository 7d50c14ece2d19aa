package store

import (
	"context"
	"database/sql"
	"fmt"

	"shodo/internal/incident"
)

// BeginReportDelivery makes the intent to send a report durable, before it is sent. It is new the first time, and when it was put
// off; otherwise it gives what is known of the one that was begun before.
func (s *Store) BeginReportDelivery(ctx context.Context, d incident.ReportDelivery) (known incident.ReportDelivery, isNew bool, err error) {
	if d.Report == "" || d.Place == "" || d.At.IsZero() || d.Begun.IsZero() {
		return known, false, fmt.Errorf("begin to send the report %q to %q: %w: it needs a report, a place and times", d.Report, d.Place, ErrInvalid)
	}
	type answer struct {
		known incident.ReportDelivery
		isNew bool
	}
	a, err := writeFor(ctx, s, func(t *tx) (a answer, err error) {
		added, err := t.exec(`INSERT INTO report_deliveries (report, turn, again, place, begun_at, ended_at, result)
			VALUES ($1, $2, $3, $4, $5, NULL, '') ON CONFLICT (report, turn, again, place) DO UPDATE SET begun_at = $5, result = ''
			WHERE report_deliveries.ended_at IS NULL AND report_deliveries.result <> ''`,
			text(d.Report), micros(d.At), text(d.Again), text(d.Place), micros(d.Begun))
		if err != nil {
			return a, err
		}
		a.isNew = added > 0
		a.known, err = scanReportDelivery(t.row(selectReportDeliveries+thatDelivery, thatArgs(d)...))
		return a, err
	}, d.Report)
	if err != nil {
		return known, false, fmt.Errorf("begin to send the report %q to %q: %w", d.Report, d.Place, err)
	}
	return a.known, a.isNew, nil
}

// EndReportDelivery records what became of a report that was begun to be sent. The first end counts.
func (s *Store) EndReportDelivery(ctx context.Context, d incident.ReportDelivery) error {
	err := s.write(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE report_deliveries SET ended_at = $5, result = $6`+thatDelivery+` AND ended_at IS NULL`,
			append(thatArgs(d), micros(d.Ended), text(d.Result))...)
		return err
	})
	if err != nil {
		return fmt.Errorf("record that the report %q was sent to %q: %w", d.Report, d.Place, err)
	}
	return nil
}

// PutOffReportDelivery says why a report that was begun to be sent at this time was certainly not: it may be begun again.
func (s *Store) PutOffReportDelivery(ctx context.Context, d incident.ReportDelivery) error {
	if d.Result == "" {
		return fmt.Errorf("put off sending the report %q to %q: %w: it needs a reason", d.Report, d.Place, ErrInvalid)
	}
	err := s.write(ctx, func(t *tx) error {
		_, err := t.exec(`UPDATE report_deliveries SET result = $5`+thatDelivery+` AND ended_at IS NULL AND begun_at = $6`,
			append(thatArgs(d), text(d.Result), micros(d.Begun))...)
		return err
	})
	if err != nil {
		return fmt.Errorf("put off sending the report %q to %q: %w", d.Report, d.Place, err)
	}
	return nil
}

// ReportDeliveries lists what was sent of a report, or with "" of all, the latest first, at most so many.
func (s *Store) ReportDeliveries(ctx context.Context, report string, limit int) ([]incident.ReportDelivery, error) {
	list, err := collect(ctx, s.readDB, scanReportDelivery, selectReportDeliveries+
		` WHERE $1 = '' OR report = $1 ORDER BY begun_at DESC, report, place LIMIT $2`, text(report), limit)
	if err != nil {
		return nil, fmt.Errorf("list the deliveries of reports: %w", err)
	}
	return list, nil
}

const (
	selectReportDeliveries = `SELECT report, turn, again, place, begun_at, ended_at, result FROM report_deliveries`
	thatDelivery           = ` WHERE report = $1 AND turn = $2 AND again = $3 AND place = $4`
)

func thatArgs(d incident.ReportDelivery) []any {
	return []any{text(d.Report), micros(d.At), text(d.Again), text(d.Place)}
}

func scanReportDelivery(row scanner) (incident.ReportDelivery, error) {
	var d incident.ReportDelivery
	var at, begun, ended sql.NullInt64
	err := row.Scan(&d.Report, &at, &d.Again, &d.Place, &begun, &ended, &d.Result)
	d.At, d.Begun, d.Ended = instant(at), instant(begun), instant(ended)
	return d, err
}
