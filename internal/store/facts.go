package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"strings"
	"time"

	"shodo/internal/incident"
)

// Facts streams incidents in the order of their creation, a few columns of each: what figures are made of. It reads as
// of one moment and holds one row at a time, so a year costs no memory; whoever has enough ends the loop. After an
// error nothing more comes.
func (s *Store) Facts(ctx context.Context, f incident.FactFilter) iter.Seq2[incident.Fact, error] {
	return func(yield func(incident.Fact, error) bool) {
		if err := s.eachFact(ctx, f, func(f incident.Fact) bool { return yield(f, nil) }); err != nil {
			yield(incident.Fact{}, fmt.Errorf("read facts: %w", explain(err)))
		}
	}
}

func (s *Store) eachFact(ctx context.Context, f incident.FactFilter, take func(incident.Fact) bool) error {
	query, args := factsQuery(f)
	rows, err := s.readDB.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	row, places := make(cells, len(names)), make([]any, len(names))
	for i := range row {
		places[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		if !take(scanFact(row)) {
			return nil
		}
	}
	return rows.Err()
}

const factColumns = `i.incident, i.run, i.customer, i.department, i.service, i.scenario, i.target, i.priority, i.outcome,
	i.reason, i.alert_count, i.attempted, i.created_at, i.received_at, i.started_at, i.outcome_at, i.taken_at, i.ended_at`

func factsQuery(f incident.FactFilter) (string, []any) {
	where, args := factsWhere(f)
	title := `''`
	if f.Titles {
		title = `i.title`
	}
	return `SELECT ` + factColumns + `, ` + title + ` FROM incidents i` + where + ` ORDER BY i.created_at`, args
}

func factsWhere(f incident.FactFilter) (string, []any) {
	var where []string
	var args []any
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if !f.Since.IsZero() {
		add("i.created_at >= $%d", f.Since.UnixMicro())
	}
	if !f.Until.IsZero() {
		add("i.created_at < $%d", f.Until.UnixMicro())
	}
	if f.Customer != "" {
		add("i.customer = $%d", text(f.Customer))
	}
	if f.Scenario != "" {
		add("i.scenario = $%d", text(f.Scenario))
	}
	if len(where) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(where, " AND "), args
}

// cells is a row as the driver gives it. A million rows are read for a year: Scan into typed places takes twice as
// long, because database/sql converts each value by reflection.
type cells []any

func (c cells) text(i int) string {
	switch v := c[i].(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

func (c cells) int(i int) int {
	n, _ := c[i].(int64)
	return int(n)
}

func (c cells) time(i int) time.Time {
	n, ok := c[i].(int64)
	return instant(sql.NullInt64{Int64: n, Valid: ok})
}

func scanFact(c cells) incident.Fact {
	return incident.Fact{
		ID: incident.ID(c.text(0)), Run: c.int(1), Customer: incident.CustomerID(c.text(2)), Department: c.text(3),
		Service: incident.ServiceID(c.text(4)), Scenario: incident.ScenarioName(c.text(5)), Target: c.text(6),
		Priority: c.text(7), Outcome: incident.Outcome(c.text(8)), Reason: incident.Reason(c.text(9)), Alerts: c.int(10),
		Attempted: incident.Attempts(c.int(11)), CreatedAt: c.time(12), ReceivedAt: c.time(13), StartedAt: c.time(14),
		OutcomeAt: c.time(15), TakenAt: c.time(16), EndedAt: c.time(17), Title: c.text(18),
	}
}
