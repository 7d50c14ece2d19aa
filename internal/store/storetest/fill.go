package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"shodo/internal/store"
)

// Fill writes incidents into a store that is there, evenly over a year: 500 customers of 20 departments, 25 scenarios,
// 13,000 kinds of alerts, 40 % repaired, a third handed over. The same count gives the same incidents. It writes what figures read of an incident,
// and nothing else of it: a million would take long otherwise. The engine must not run.
func Fill(ctx context.Context, url string, year time.Time, count int) error {
	driver, dsn := "sqlite", "file:"+url+"?_pragma=busy_timeout(5000)&_pragma=synchronous(off)&_pragma=cache_size(-200000)"
	// What the two databases write differently.
	words := strings.NewReplacer(
		"NUMBERS", `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < $1)`,
		"INCIDENT", `printf('Q%013d', i)`, "SERVICE", `printf('P%06d', c * 2 + i % 2)`, "LETTER", `char(97 + (i / 500) % 26)`, "ATTEMPTED", `k < 50`)
	if store.IsPostgres(url) {
		driver, dsn = "pgx", url
		words = strings.NewReplacer(
			"NUMBERS", `WITH n(i) AS (SELECT generate_series(0, $1::bigint - 1))`,
			"INCIDENT", `'Q' || lpad(i::text, 13, '0')`, "SERVICE", `'P' || lpad((c * 2 + i % 2)::text, 6, '0')`,
			"LETTER", `chr((97 + (i / 500) % 26)::int)`, "ATTEMPTED", `CASE WHEN k < 50 THEN 1 ELSE 0 END`)
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		return fmt.Errorf("fill the store: %w", err)
	}
	defer db.Close()
	every := (365 * 24 * time.Hour).Microseconds() / int64(count)
	if _, err = db.ExecContext(ctx, words.Replace(fill), count, year.UnixMicro(), every); err == nil && driver == "pgx" {
		_, err = db.ExecContext(ctx, `VACUUM ANALYZE incidents`) // as PostgreSQL does by itself, some time later
	}
	if err != nil {
		return fmt.Errorf("fill the store: %w", err)
	}
	return nil
}

const fill = `
	INSERT INTO incidents (incident, run, workflow_run, customer, department, service, scenario, target, urgency, priority,
		phase, outcome, reason, why, created_at, received_at, started_at, outcome_at, taken_at, taken_by, ended_at, title, alert_count, attempted)
	NUMBERS,
		m AS (SELECT i, (i * 7919) % 500 AS c, (i * 104729) % 100 AS k, CAST($2 AS BIGINT) + i * CAST($3 AS BIGINT) AS at FROM n)
	SELECT INCIDENT, 1, 'run-of-' || i, 'customer-' || c, 'department-' || (c % 20), SERVICE,
		CASE WHEN k < 90 THEN 'scenario-' || (k % 25) ELSE '' END, CASE WHEN k < 90 THEN 'host-' || (i % 37) ELSE '' END, 'high',
		'P' || (1 + k % 4), 'end', CASE WHEN k < 40 THEN 'recovered' WHEN k < 57 THEN 'cleared' WHEN k < 90 THEN 'handed_over' ELSE 'unmatched' END,
		CASE WHEN k BETWEEN 57 AND 89 THEN 'verify_failed' ELSE '' END, 'why it ended is told in one sentence like this one',
		at, at + 2000000, CASE WHEN k < 90 THEN at + 2500000 END, at + 30000000 + (i * 31) % 60000000,
		CASE WHEN k >= 57 THEN at + 200000000 END, CASE WHEN k >= 57 THEN 'Aiko Tanaka' ELSE '' END,
		at + CASE WHEN k < 57 THEN 31000000 + (i * 31) % 60000000 ELSE 900000000 + (i * 17) % 600000000 END,
		'[web-' || (i % 97) || '] alert of kind ' || LETTER || ' at ' || i || '%', 1 + k % 3, ATTEMPTED FROM m`
