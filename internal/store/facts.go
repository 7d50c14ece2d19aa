package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"shodo/internal/incident"
)

// Facts streams incidents in the order of their creation, a few columns of each: what figures are made of. It reads as
// of one moment and holds a few pages of rows, so a year costs no memory; whoever has enough ends the loop. After an
// error nothing more comes.
func (s *Store) Facts(ctx context.Context, f incident.FactFilter) iter.Seq2[incident.Fact, error] {
	return func(yield func(incident.Fact, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		r := factReader{full: make(chan []incident.Fact, 2), used: make(chan []incident.Fact, 4)}
		var err error
		go func() {
			defer close(r.full)
			err = s.eachFact(ctx, f, func(f incident.Fact) bool { return r.add(ctx, f) })
			if r.flush(ctx); err == nil {
				err = ctx.Err() // what is cut off is not an answer
			}
		}()
		defer func() { // nothing is left behind, however the loop ends
			stop()
			for range r.full {
			}
		}()
		for page := range r.full {
			for _, one := range page {
				if !yield(one, nil) {
					return
				}
			}
			select {
			case r.used <- page:
			default:
			}
		}
		if err != nil {
			yield(incident.Fact{}, fmt.Errorf("read facts: %w", explain(err)))
		}
	}
}

// factReader hands facts over in pages, so that reading them and working on them take two cores.
type factReader struct {
	page       []incident.Fact
	full, used chan []incident.Fact
}

const factPage = 256

func (r *factReader) add(ctx context.Context, f incident.Fact) bool {
	r.page = append(r.page, f)
	return len(r.page) < factPage || r.flush(ctx)
}

func (r *factReader) flush(ctx context.Context) bool {
	if len(r.page) == 0 {
		return true
	}
	select {
	case r.full <- r.page:
	case <-ctx.Done():
		return false
	}
	select {
	case r.page = <-r.used:
		r.page = r.page[:0]
	default:
		r.page = make([]incident.Fact, 0, factPage)
	}
	return true
}

func (s *Store) eachFact(ctx context.Context, filter incident.FactFilter, take func(incident.Fact) bool) error {
	columns := columnsOf(filter)
	query, args := factsQuery(filter, columns)
	rows, err := s.readDB.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	row, places := make([]cell, len(columns)), make([]any, len(columns))
	for i := range row {
		places[i] = &row[i].value
	}
	var f incident.Fact // outside the loop: it escapes, and would be a million of them
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		f = incident.Fact{}
		for i, c := range columns {
			c.put(&f, row[i])
		}
		if !take(f) {
			return nil
		}
	}
	return rows.Err()
}

// factColumn is where one field of a fact comes from.
type factColumn struct {
	name string // in SQL
	part incident.FactPart
	put  func(*incident.Fact, cell)
}

// columnsOf gives the columns that a question needs. Each one costs a tenth of a second in a million rows.
func columnsOf(f incident.FactFilter) []factColumn {
	all := []factColumn{
		{"i.run", 0, func(f *incident.Fact, c cell) { f.Run = c.int() }},
		{"i.customer", 0, func(f *incident.Fact, c cell) { f.Customer = incident.CustomerID(c.text()) }},
		{"i.scenario", 0, func(f *incident.Fact, c cell) { f.Scenario = incident.ScenarioName(c.text()) }},
		{"i.target", 0, func(f *incident.Fact, c cell) { f.Target = c.text() }},
		{"i.outcome", 0, func(f *incident.Fact, c cell) { f.Outcome = incident.Outcome(c.text()) }},
		{"nullif(i.reason, '')", 0, func(f *incident.Fact, c cell) { f.Reason = incident.Reason(c.text()) }},
		{"i.alert_count", 0, func(f *incident.Fact, c cell) { f.Alerts = c.int() }},
		{"i.attempted", 0, func(f *incident.Fact, c cell) { f.Attempted = incident.Attempts(c.int()) }},
		{"i.created_at", 0, func(f *incident.Fact, c cell) { f.CreatedAt = c.time() }},
		{"i.received_at", 0, func(f *incident.Fact, c cell) { f.ReceivedAt = c.time() }},
		{"i.started_at", 0, func(f *incident.Fact, c cell) { f.StartedAt = c.time() }},
		{"i.outcome_at", 0, func(f *incident.Fact, c cell) { f.OutcomeAt = c.time() }},
		{"i.taken_at", 0, func(f *incident.Fact, c cell) { f.TakenAt = c.time() }},
		{"i.ended_at", 0, func(f *incident.Fact, c cell) { f.EndedAt = c.time() }},
		{"nullif(i.windows, '')", 0, func(f *incident.Fact, c cell) { f.Windows = windowsOf(c.text()) }},
		{"i.incident", incident.FactID, func(f *incident.Fact, c cell) { f.ID = incident.ID(c.text()) }},
		{"i.department", incident.FactDepartment, func(f *incident.Fact, c cell) { f.Department = c.text() }},
		{"i.service", incident.FactService, func(f *incident.Fact, c cell) { f.Service = incident.ServiceID(c.text()) }},
		{"i.priority", incident.FactPriority, func(f *incident.Fact, c cell) { f.Priority = c.text() }},
		{"i.title", incident.FactTitle, func(f *incident.Fact, c cell) { f.Title = c.text() }},
	}
	columns := slices.DeleteFunc(all, func(c factColumn) bool { return c.part&^f.With != 0 })
	if f.With&incident.FactID == 0 { // open ones are told by name, always
		columns = append(columns, factColumn{"CASE WHEN i.ended_at IS NULL THEN i.incident END", 0,
			func(f *incident.Fact, c cell) { f.ID = incident.ID(c.text()) }})
	}
	return columns
}

func factsQuery(f incident.FactFilter, columns []factColumn) (string, []any) {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	where, args := factsWhere(f)
	return `SELECT ` + strings.Join(names, ", ") + ` FROM incidents i` + where + ` ORDER BY i.created_at`, args
}

func factsWhere(f incident.FactFilter) (string, []any) {
	c := &conditions{}
	c.created(f.Since, f.Until)
	c.equal("i.customer", text(f.Customer))
	c.equal("i.scenario", text(f.Scenario))
	return c.where(), c.args
}

// cell is a value as the driver gives it: Scan into typed places takes twice as long, because database/sql converts
// each value by reflection.
type cell struct{ value any }

func (c cell) text() string {
	switch v := c.value.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

func (c cell) int() int {
	n, _ := c.value.(int64)
	return int(n)
}

func (c cell) time() time.Time {
	n, ok := c.value.(int64)
	return instant(sql.NullInt64{Int64: n, Valid: ok})
}
