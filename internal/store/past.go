package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strings"

	"shodo/internal/incident"
)

// Past streams incidents, the newest first, with the record as it was when the present run began. It reads as of one
// moment and holds one row, so a year costs no memory; whoever has enough ends the loop. After an error nothing more
// comes. The documents are given as they are stored, readable or not, and belong to the caller.
func (s *Store) Past(ctx context.Context, f incident.PastFilter) iter.Seq2[incident.Past, error] {
	return func(yield func(incident.Past, error) bool) {
		if err := s.eachPast(ctx, f, func(p incident.Past) bool { return yield(p, nil) }); err != nil {
			yield(incident.Past{}, fmt.Errorf("read past incidents: %w", explain(err)))
		}
	}
}

func (s *Store) eachPast(ctx context.Context, f incident.PastFilter, take func(incident.Past) bool) error {
	query, args := pastQuery(f)
	rows, err := s.readDB.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p incident.Past
		var created int64
		if err := rows.Scan(&p.ID, &created, &p.Doc); err != nil {
			return err
		}
		p.CreatedAt = instant(sql.NullInt64{Int64: created, Valid: true})
		if !take(p) {
			return nil
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return ctx.Err() // what is cut off is not an answer
}

func pastQuery(f incident.PastFilter) (string, []any) {
	var where []string
	var args []any
	arg := func(value any) string {
		args = append(args, value)
		return fmt.Sprintf("$%d", len(args))
	}
	if !f.Since.IsZero() {
		where = append(where, "i.created_at >= "+arg(f.Since.UnixMicro()))
	}
	if !f.Until.IsZero() {
		where = append(where, "i.created_at < "+arg(f.Until.UnixMicro()))
	}
	if f.Customer != "" {
		whose := "i.customer = " + arg(text(f.Customer))
		var places []string
		for _, service := range f.Services {
			places = append(places, arg(text(service)))
		}
		if len(places) > 0 {
			whose = "(" + whose + " OR i.service IN (" + strings.Join(places, ", ") + "))"
		}
		where = append(where, whose)
	}
	query := `SELECT i.incident, i.created_at, r.doc FROM incidents i JOIN runs r ON r.incident = i.incident AND r.run = i.run`
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	return query + " ORDER BY i.created_at DESC", args
}
