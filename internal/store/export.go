package store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrNoTable: there is nothing of that name to export.
var ErrNoTable = errors.New("no such table")

// ColumnType is what the values of a column of an export are: nil, or the Go type that is told here.
type ColumnType int

// The types.
const (
	TextColumn ColumnType = iota // string
	IntColumn                    // int64
	BoolColumn                   // bool
	TimeColumn                   // time.Time, in UTC, to the microsecond
)

// Column is one column of an export.
type Column struct {
	Name string
	Type ColumnType
}

// exported is one table, called x, as it is exported.
type exported struct {
	name       string
	ofIncident bool   // its rows belong to incidents, called i
	also       string // what is joined to it
	when       string // the time by which it is chosen
	order      string // along an index: nothing is sorted before the first row comes
	parts      []exportPart
}

// exportPart makes some columns of an export of some columns of SQL.
type exportPart struct {
	sql     []string
	columns []Column
	values  func(row []any, cells []any) ([]any, error) // appends to row
}

// ExportTables lists what can be exported.
func ExportTables() []string {
	var names []string
	for _, e := range exports() {
		names = append(names, e.name)
	}
	return names
}

func exports() []exported {
	const outputs = ` LEFT JOIN outputs o ON o.incident = x.incident AND o.run = x.run AND o.phase = x.phase
		AND o.attempt = x.attempt AND o.round = x.round AND o.place = x.place`
	return []exported{
		{name: "incidents", when: `x.created_at`, order: `x.created_at, x.incident`, parts: slices.Concat(
			texts("incident"), ints("run"),
			texts("workflow_run", "customer", "department", "service", "scenario", "target", "urgency", "priority", "title"),
			ints("alert_count"), texts("phase", "outcome", "reason", "why"),
			times("created_at", "received_at", "started_at", "outcome_at", "taken_at"), texts("taken_by"),
			times("ended_at", "deferred_until"), texts("windows"))},
		{name: "steps", ofIncident: true, also: outputs, when: `i.created_at`,
			order: `i.created_at, x.incident, x.run, x.phase, x.attempt, x.round, x.place`, parts: slices.Concat(
				texts("incident"), ints("run"), texts("phase"), ints("attempt", "round", "place"),
				texts("id", "name", "action", "status"), truths("healthy"), blob("params"), output(),
				texts("error", "error_kind"), times("started_at", "ended_at"), texts("note"))},
		{name: "transitions", ofIncident: true, when: `i.created_at`, order: `i.created_at, x.incident, x.seq`, parts: slices.Concat(
			texts("incident"), ints("run"), texts("key"), times("at"), texts("kind", "phase"), ints("attempt"),
			texts("outcome", "reason", "by_whom", "why", "question", "window_name"), times("until"), texts("policy", "choice"), ints("item"))},
		{name: "alerts", ofIncident: true, when: `i.created_at`, order: `i.created_at, x.incident, x.run, x.position`, parts: slices.Concat(
			texts("incident"), ints("run", "position"), blob("raw"))},
		{name: "deliveries", when: `x.received_at`, order: `x.seq`, parts: slices.Concat(
			ints("seq"), texts("event", "type", "incident", "service", "lane", "merged_into", "agent", "agent_name", "agent_type", "subscription"),
			times("occurred_at", "received_at"), texts("state"), ints("attempts"), texts("detail"), times("settled_at"), blob("body"))},
	}
}

// Export streams a table, oldest first: incidents, and what belongs to incidents, by PagerDuty's time of creation in
// [since, until), deliveries by when they were received, in the order in which they were stored. A zero time is no limit. It
// reads as of one moment and holds one row. After an error nothing more comes. Bytes are text, or, where they are no text, in the column that follows, in
// base64. ErrNoTable: there is no such table.
func (s *Store) Export(ctx context.Context, table string, since, until time.Time) ([]Column, iter.Seq2[[]any, error], error) {
	all := exports()
	i := slices.IndexFunc(all, func(e exported) bool { return e.name == table })
	if i < 0 {
		return nil, nil, fmt.Errorf("export %q: %w; there are: %s", table, ErrNoTable, strings.Join(ExportTables(), ", "))
	}
	var columns []Column
	for _, part := range all[i].parts {
		columns = append(columns, part.columns...)
	}
	return columns, func(yield func([]any, error) bool) {
		if err := s.eachExported(ctx, all[i], since, until, func(row []any) bool { return yield(row, nil) }); err != nil {
			yield(nil, fmt.Errorf("export %s: %w", table, explain(err)))
		}
	}, nil
}

func (s *Store) eachExported(ctx context.Context, e exported, since, until time.Time, take func([]any) bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop() // before the rows are closed: what nobody wants is not read
	query, args := exportQuery(s.dialect, e, since, until)
	rows, err := s.readDB.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	cells, places := make([]any, len(names)), make([]any, len(names))
	for i := range cells {
		places[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(places...); err != nil {
			return err
		}
		var row []any
		rest := cells
		for _, part := range e.parts {
			if row, err = part.values(row, rest[:len(part.sql)]); err != nil {
				return err
			}
			rest = rest[len(part.sql):]
		}
		if !take(row) {
			stop()
			return nil
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return ctx.Err() // what is cut off is not an answer
}

func exportQuery(d dialect, e exported, since, until time.Time) (string, []any) {
	var names []string
	for _, part := range e.parts {
		names = append(names, part.sql...)
	}
	from := e.name + ` x`
	if e.ofIncident {
		from = `incidents i ` + d.inOrder + ` ` + e.name + ` x ON x.incident = i.incident` + e.also
	}
	var c conditions
	if !since.IsZero() {
		c.add(e.when+" >= $%d", since.UnixMicro())
	}
	if !until.IsZero() {
		c.add(e.when+" < $%d", until.UnixMicro())
	}
	return `SELECT ` + strings.Join(names, ", ") + ` FROM ` + from + c.where() + ` ORDER BY ` + e.order, c.args
}

// columnsOfType makes parts of one column of table x each.
func columnsOfType(typ ColumnType, value func(any) any, names []string) []exportPart {
	var parts []exportPart
	for _, name := range names {
		parts = append(parts, exportPart{sql: []string{"x." + name}, columns: []Column{{name, typ}},
			values: func(row []any, cells []any) ([]any, error) { return append(row, value(cells[0])), nil }})
	}
	return parts
}

func texts(names ...string) []exportPart {
	return columnsOfType(TextColumn, func(v any) any { return cell{v}.text() }, names)
}

func ints(names ...string) []exportPart {
	return columnsOfType(IntColumn, func(v any) any { return int64(cell{v}.int()) }, names)
}

func truths(names ...string) []exportPart {
	return columnsOfType(BoolColumn, func(v any) any {
		if v == nil {
			return nil
		}
		return cell{v}.int() != 0
	}, names)
}

func times(names ...string) []exportPart {
	return columnsOfType(TimeColumn, func(v any) any {
		if v == nil {
			return nil
		}
		return cell{v}.time()
	}, names)
}

// blob makes a column of text and one of base64 of bytes.
func blob(name string) []exportPart {
	return []exportPart{{sql: []string{"x." + name}, columns: bytesColumns(name), values: func(row []any, cells []any) ([]any, error) {
		b, _ := cells[0].([]byte)
		return appendBytes(row, b), nil
	}}}
}

// output is a step's output, wherever it is.
func output() []exportPart {
	return []exportPart{{sql: []string{"x.output", "o.gzip"}, columns: bytesColumns("output"), values: func(row []any, cells []any) ([]any, error) {
		b, _ := cells[0].([]byte)
		if packed, _ := cells[1].([]byte); packed != nil {
			var err error
			if b, err = unpack(packed); err != nil {
				return nil, err
			}
		}
		return appendBytes(row, b), nil
	}}}
}

func bytesColumns(name string) []Column {
	return []Column{{name, TextColumn}, {name + "_base64", TextColumn}}
}

func appendBytes(row []any, b []byte) []any {
	switch {
	case b == nil:
		return append(row, nil, nil)
	case utf8.Valid(b):
		return append(row, string(b), nil)
	}
	return append(row, nil, base64.StdEncoding.EncodeToString(b))
}
