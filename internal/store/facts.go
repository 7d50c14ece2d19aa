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
	query, args := factsQuery(f)
	return stream(ctx, s, "read facts", scanFact, query, args...)
}

// Repairs streams the recovery attempts of incidents, of all their runs, in the order of the incidents' creation, of
// runs and of attempts.
func (s *Store) Repairs(ctx context.Context, f incident.FactFilter) iter.Seq2[incident.Repair, error] {
	query, args := repairsQuery(f)
	return stream(ctx, s, "read repairs", scanRepair, query, args...)
}

const factColumns = `i.incident, i.run, i.customer, i.department, i.service, i.scenario, i.target, i.priority, i.outcome,
	i.reason, i.alert_count, i.created_at, i.received_at, i.started_at, i.outcome_at, i.taken_at, i.ended_at`

func factsQuery(f incident.FactFilter) (string, []any) {
	where, args := factsWhere(f)
	return `SELECT ` + factColumns + titleColumn(f) + ` FROM incidents i` + where + ` ORDER BY i.created_at, i.incident`, args
}

func repairsQuery(f incident.FactFilter) (string, []any) {
	where, args := factsWhere(f)
	return `SELECT ` + factColumns + titleColumn(f) + `, a.run, a.attempt, CASE WHEN a.run = i.run THEN i.outcome ELSE
		coalesce((SELECT t.outcome FROM transitions t WHERE t.incident = a.incident AND t.run = a.run AND t.kind = 'outcome'
			ORDER BY t.seq LIMIT 1), '') END
		FROM incidents i JOIN attempts a ON a.incident = i.incident` + where + `
		ORDER BY i.created_at, i.incident, a.run, a.attempt`, args
}

func titleColumn(f incident.FactFilter) string {
	if f.Titles {
		return `, i.title`
	}
	return `, ''`
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

// stream gives the rows of a query one by one.
func stream[T any](ctx context.Context, s *Store, doing string, convert func(cells) T, query string, args ...any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		rows, err := s.readDB.QueryContext(ctx, query, args...)
		if err != nil {
			yield(none, fmt.Errorf("%s: %w", doing, explain(err)))
			return
		}
		defer rows.Close()
		names, err := rows.Columns()
		row := make(cells, len(names))
		places := make([]any, len(names))
		for i := range row {
			places[i] = &row[i]
		}
		for err == nil && rows.Next() {
			if err = rows.Scan(places...); err == nil && !yield(convert(row), nil) {
				return
			}
		}
		if err == nil {
			err = rows.Err()
		}
		if err != nil {
			yield(none, fmt.Errorf("%s: %w", doing, explain(err)))
		}
	}
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

const factWidth = 18 // factColumns and the title

func scanFact(c cells) incident.Fact {
	return incident.Fact{
		ID: incident.ID(c.text(0)), Run: c.int(1), Customer: incident.CustomerID(c.text(2)), Department: c.text(3),
		Service: incident.ServiceID(c.text(4)), Scenario: incident.ScenarioName(c.text(5)), Target: c.text(6),
		Priority: c.text(7), Outcome: incident.Outcome(c.text(8)), Reason: incident.Reason(c.text(9)), Alerts: c.int(10),
		CreatedAt: c.time(11), ReceivedAt: c.time(12), StartedAt: c.time(13), OutcomeAt: c.time(14), TakenAt: c.time(15),
		EndedAt: c.time(16), Title: c.text(17),
	}
}

func scanRepair(c cells) incident.Repair {
	return incident.Repair{Fact: scanFact(c), Run: c.int(factWidth), Attempt: c.int(factWidth + 1),
		RunOutcome: incident.Outcome(c.text(factWidth + 2))}
}
