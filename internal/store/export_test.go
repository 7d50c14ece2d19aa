package store

import (
	"context"
	"strings"

	"shodo/internal/incident"
)

// WriterPragma sets something on the connection that writes, to bring about what a healthy disk does not.
func (s *Store) WriterPragma(ctx context.Context, pragma string) error {
	return s.write(ctx, func(t *tx) error {
		_, err := t.exec("PRAGMA " + pragma)
		return err
	})
}

// ListPlan is how the database goes about a list, as SQLite explains it.
func (s *Store) ListPlan(ctx context.Context, f incident.Filter) (string, error) {
	query, args := listQuery(f)
	return s.Plan(ctx, query, args...)
}

// Plan is how the database goes about a query.
func (s *Store) Plan(ctx context.Context, query string, args ...any) (string, error) {
	lines, err := collect(ctx, s.readDB, func(row scanner) (line string, err error) {
		var id, parent, unused int
		return line, row.Scan(&id, &parent, &unused, &line)
	}, "EXPLAIN QUERY PLAN "+query, args...)
	return strings.Join(lines, "\n"), err
}

// FactsPlan is how the database goes about facts.
func (s *Store) FactsPlan(ctx context.Context, f incident.FactFilter) (string, error) {
	query, args := factsQuery(f, columnsOf(f))
	return s.Plan(ctx, query, args...)
}
