package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"shodo/internal/incident"
)

// BeginImport gives the import that was begun with the same beginning and services, and not finished; or else it records this
// one.
func (s *Store) BeginImport(ctx context.Context, i incident.Import) (incident.Import, error) {
	if i.ID == "" || i.BegunAt.IsZero() || !i.Since.Before(i.Until) {
		return incident.Import{}, fmt.Errorf("begin import %q: %w: it needs an id, a beginning, and a time that it is of", i.ID, ErrInvalid)
	}
	i.DoneTo = i.Since
	begun, err := writeFor(ctx, s, func(t *tx) (incident.Import, error) {
		known, err := scanImport(t.row(selectImports+` WHERE since = $1 AND services = $2 AND ended_at IS NULL ORDER BY begun_at DESC, id LIMIT 1`,
			micros(i.Since), servicesText(i.Services)))
		if err == nil || !errors.Is(err, sql.ErrNoRows) {
			return known, err
		}
		_, err = t.exec(`INSERT INTO imports (id, since, until, services, done_to, begun_at, imported, unchanged, engine, left_open, unreadable)
			VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0, 0)`,
			text(i.ID), micros(i.Since), micros(i.Until), servicesText(i.Services), micros(i.DoneTo), micros(i.BegunAt))
		return i, err
	}, "imports")
	if err != nil {
		return incident.Import{}, fmt.Errorf("begin import %q: %w", i.ID, err)
	}
	return begun, nil
}

// SaveImported writes incidents of the history, all of them or none, and how far the import is: DoneTo, EndedAt, and its
// counts so far, to which those of these incidents are added; it gives the sum. An incident that the engine has handled stays as it
// is. One that an import wrote is replaced. Nothing that is the same is written twice.
func (s *Store) SaveImported(ctx context.Context, i incident.Import, list []incident.Imported) (incident.ImportCounts, error) {
	names, docs := []string{"imports"}, make([][]byte, len(list))
	for n, one := range list {
		r := one.Record
		if r.Incident.ID == "" || r.WorkflowRun != incident.ImportedRun || r.Incident.CreatedAt.IsZero() {
			return i.ImportCounts, fmt.Errorf("write imported incident %q: %w: it needs an id, a time of creation, and to be marked as imported", r.Incident.ID, ErrInvalid)
		}
		r.Steps, r.Transitions = nil, nil
		var err error
		if docs[n], err = json.Marshal(r); err != nil {
			return i.ImportCounts, fmt.Errorf("write imported incident %q: %w", r.Incident.ID, err)
		}
		names = append(names, name(r.Incident.ID))
	}
	counts, err := writeFor(ctx, s, func(t *tx) (incident.ImportCounts, error) {
		sum := i.ImportCounts
		for n, one := range list {
			written, err := importing{one, docs[n]}.write(t)
			if err != nil {
				return sum, fmt.Errorf("incident %q: %w", one.Record.Incident.ID, err)
			}
			sum.Add(written)
		}
		return sum, updateImport(t, i, sum)
	}, names...)
	if err != nil {
		return i.ImportCounts, fmt.Errorf("write imported incidents: %w", err)
	}
	return counts, nil
}

func updateImport(t *tx, i incident.Import, c incident.ImportCounts) error {
	n, err := t.exec(`UPDATE imports SET done_to = $1, ended_at = $2, imported = $3, unchanged = $4, engine = $5, left_open = $6, unreadable = $7
		WHERE id = $8`, micros(i.DoneTo), micros(i.EndedAt), c.Imported, c.Unchanged, c.Engine, c.Open, c.Unreadable, text(i.ID))
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// importing is an incident of the history on its way into the tables.
type importing struct {
	incident.Imported
	doc []byte
}

func (m importing) write(t *tx) (incident.ImportCounts, error) {
	id := name(m.Record.Incident.ID)
	var run int
	var by string
	err := t.row(`SELECT run, workflow_run FROM incidents WHERE incident = $1`, id).Scan(&run, &by)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return incident.ImportCounts{}, err
	case by != incident.ImportedRun:
		return incident.ImportCounts{Engine: 1}, nil
	default:
		var known string
		if err := t.row(`SELECT fingerprint FROM imported WHERE incident = $1`, id).Scan(&known); err == nil && known == text(m.Fingerprint) {
			return incident.ImportCounts{Unchanged: 1}, nil
		}
		for _, table := range []string{`DELETE FROM transitions WHERE incident = $1`, `DELETE FROM alerts WHERE incident = $1`, `DELETE FROM runs WHERE incident = $1`} {
			if _, err := t.exec(table, id); err != nil {
				return incident.ImportCounts{}, err
			}
		}
	}
	if err := (beginning{Record: m.Record, doc: m.doc}).start(t, 1); err != nil {
		return incident.ImportCounts{}, err
	}
	for _, n := range m.Record.Transitions {
		if err := appendOne(t, n); err != nil {
			return incident.ImportCounts{}, err
		}
	}
	_, err = t.exec(`INSERT INTO imported (incident, fingerprint) VALUES ($1, $2)
		ON CONFLICT (incident) DO UPDATE SET fingerprint = excluded.fingerprint`, id, text(m.Fingerprint))
	return incident.ImportCounts{Imported: 1}, err
}

// Fingerprints gives, of these incidents, those that need not be brought: what an import saw of each, also when it was deleted
// since because its retention was over; and those of the engine's own, for which it is empty.
func (s *Store) Fingerprints(ctx context.Context, ids []incident.ID) (map[incident.ID]string, error) {
	known := map[incident.ID]string{}
	const atOnce = 100
	for len(ids) > 0 {
		part := ids[:min(len(ids), atOnce)]
		ids = ids[len(part):]
		var places []string
		var args []any
		for i, id := range part {
			places = append(places, fmt.Sprintf("$%d", i+1))
			args = append(args, name(id))
		}
		in := ` IN (` + strings.Join(places, ", ") + `)`
		for _, query := range []string{ // the engine's come last: they count
			`SELECT incident, fingerprint FROM imported WHERE incident` + in,
			`SELECT incident, '' FROM incidents WHERE workflow_run <> '` + incident.ImportedRun + `' AND incident` + in,
		} {
			type one struct{ id, fingerprint string }
			list, err := collect(ctx, s.readDB, func(row scanner) (o one, err error) { return o, row.Scan(&o.id, &o.fingerprint) }, query, args...)
			if err != nil {
				return nil, fmt.Errorf("look which incidents are in the record: %w", err)
			}
			for _, o := range list {
				known[incident.ID(o.id)] = o.fingerprint
			}
		}
	}
	return known, nil
}

// Imports lists the readings of PagerDuty's history, the latest first.
func (s *Store) Imports(ctx context.Context) ([]incident.Import, error) {
	list, err := collect(ctx, s.readDB, scanImport, selectImports+` ORDER BY begun_at DESC, id`)
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	return list, nil
}

const selectImports = `SELECT id, since, until, services, done_to, begun_at, ended_at, imported, unchanged, engine, left_open, unreadable FROM imports`

func scanImport(row scanner) (i incident.Import, err error) {
	var since, until, done, begun, ended sql.NullInt64
	var services string
	err = row.Scan(&i.ID, &since, &until, &services, &done, &begun, &ended, &i.Imported, &i.Unchanged, &i.Engine, &i.Open, &i.Unreadable)
	i.Since, i.Until, i.DoneTo, i.BegunAt, i.EndedAt = instant(since), instant(until), instant(done), instant(begun), instant(ended)
	for _, service := range strings.Fields(services) {
		i.Services = append(i.Services, incident.ServiceID(service))
	}
	return i, err
}

func servicesText(list []incident.ServiceID) string {
	var ids []string
	for _, s := range list {
		ids = append(ids, text(s))
	}
	return strings.Join(ids, " ")
}
