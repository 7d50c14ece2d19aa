package store

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

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

// PastPlan is how the database goes about past incidents.
func (s *Store) PastPlan(ctx context.Context, f incident.PastFilter) (string, error) {
	query, args := pastQuery(f)
	return s.Plan(ctx, query, args...)
}

// OldDatabase makes a database as an earlier version left it, runs the statements on it, and gives its path.
func OldDatabase(t *testing.T, version int64, statements ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	if err := prepareFile(path); err != nil {
		t.Fatal(err)
	}
	db, err := openSQLite(path, writing)
	if err != nil {
		t.Fatal(err)
	}
	bringTo(t, db, sqliteDialect, version, statements)
	return path
}

// OldPostgres is OldDatabase for PostgreSQL.
func OldPostgres(t *testing.T, url string, version int64, statements ...string) {
	t.Helper()
	config, _, err := postgresConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	bringTo(t, openPostgres(config, writing), postgresDialect, version, statements)
}

func bringTo(t *testing.T, db *sql.DB, d dialect, version int64, statements []string) {
	t.Helper()
	defer db.Close()
	provider, err := newProvider(db, d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%v in %s", err, statement)
		}
	}
}

// Versions lists the versions of the tables on SQLite and on PostgreSQL.
func Versions(t *testing.T) (sqlite, postgres []int64) {
	t.Helper()
	for d, list := range map[*dialect]*[]int64{&sqliteDialect: &sqlite, &postgresDialect: &postgres} {
		names, err := migrations.ReadDir(d.migrations)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			version, err := goose.NumericComponent(name.Name())
			if err != nil {
				t.Fatal(err)
			}
			*list = append(*list, version)
		}
	}
	return sqlite, postgres
}

// ExportPlans is how the database goes about each table that is exported.
func (s *Store) ExportPlans(ctx context.Context) (map[string]string, error) {
	plans := map[string]string{}
	for _, e := range exports() {
		query, args := exportQuery(s.dialect, e, time.Unix(1, 0), time.Unix(2, 0))
		plan, err := s.Plan(ctx, query, args...)
		if err != nil {
			return nil, err
		}
		plans[e.name] = plan
	}
	return plans, nil
}

// WindowPlans is how the database goes about each question about windows.
func (s *Store) WindowPlans(ctx context.Context) (map[string]string, error) {
	plans := map[string]string{}
	list, listArgs := listQuery(incident.Filter{Deferred: true})
	over, overArgs := maintenancesQuery("acme", time.Now())
	for _, q := range []struct {
		index, query string
		args         []any
	}{
		{"deferrals_open", openDeferrals, nil},
		{"deferrals_until", deferralsUntil, []any{"acme", 1, "deferred"}},
		{"incidents_deferred", list, listArgs},
		{"maintenances_end", over, overArgs},
	} {
		plan, err := s.Plan(ctx, q.query, q.args...)
		if err != nil {
			return nil, err
		}
		plans[q.index] = plan
	}
	return plans, nil
}

// ReadForever reads until its caller goes away.
func (s *Store) ReadForever(ctx context.Context) error {
	var n int
	return s.readDB.QueryRowContext(ctx, `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n`).Scan(&n)
}

// Explain adds the sentinel to an error of the database.
var Explain = explain

// Readers is how many reads run at once.
const Readers = maxReaders

// OfIncident are the tables that are pruned with incidents.
var OfIncident = ofIncident

// SettledBefore is of deliveries that are pruned.
const SettledBefore = settledBefore

// TablesOfIncidents lists the tables that have a column incident.
func (s *Store) TablesOfIncidents(ctx context.Context) ([]string, error) {
	return collect(ctx, s.readDB, func(row scanner) (name string, err error) { return name, row.Scan(&name) },
		`SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'incident' ORDER BY m.name`)
}

// WriterSetting gives a setting of PostgreSQL as the connection that writes has it.
func (s *Store) WriterSetting(ctx context.Context, name string) (string, error) {
	return writeFor(ctx, s, func(t *tx) (value string, err error) {
		return value, t.row(`SELECT current_setting($1)`, name).Scan(&value)
	})
}
