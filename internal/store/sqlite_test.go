package store_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/store"
	"shodo/internal/store/storetest"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func open(t *testing.T, url string, choices ...store.Option) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), url, quiet(), choices...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func event(n int) incident.Delivery {
	return incident.Delivery{Event: incident.Event{ID: incident.EventID(fmt.Sprint("E", n)), Type: incident.EventTriggered,
		Incident: "Q1", Service: "P1", ReceivedAt: time.UnixMicro(int64(n + 1))}, Body: []byte("{}")}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

func TestContractOnSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store { return open(t, filepath.Join(t.TempDir(), "store.db")) })
}

func TestURLs(t *testing.T) {
	dir := t.TempDir()
	for name, url := range map[string]string{
		"path":        filepath.Join(dir, "a", "b", "store.db"),
		"hostile":     filepath.Join(dir, "100% of #1? &x=1;", "ストア.db"),
		"url":         "sqlite://" + filepath.Join(dir, "c.db"),
		"escaped url": "sqlite://" + dir + "/with%20space.db",
		"short url":   "sqlite:" + filepath.Join(dir, "d.db"),
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, url)
			if _, _, err := s.PutDelivery(t.Context(), event(1)); err != nil {
				t.Fatal(err)
			}
		})
	}
	for _, name := range []string{"a/b/store.db", "100% of #1? &x=1;/ストア.db", "c.db", "with space.db", "d.db"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s may be read by others: %v", name, info.Mode())
		}
	}
	for _, url := range []string{"", "mysql://u:hunter2@db/x", "mysql:x", "sqlite:", "sqlite://", "sqlite://%zz"} {
		_, err := store.Open(t.Context(), url, quiet())
		wantError(t, err, store.ErrUnsupported)
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a password in %v", err)
		}
	}
}

func TestSecondEngineIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	first := open(t, path)
	_, err := store.Open(t.Context(), path, quiet())
	wantError(t, err, store.ErrInUse)
	if !strings.Contains(err.Error(), fmt.Sprintf("(process %d)", os.Getpid())) {
		t.Errorf("the error does not say who: %v", err)
	}
	if _, _, err := first.PutDelivery(t.Context(), event(1)); err != nil {
		t.Fatalf("the first engine was disturbed: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

func TestNewerDatabaseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	if err := open(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	execSQL(t, path, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	_, err := store.Open(t.Context(), path, quiet())
	wantError(t, err, store.ErrNewer)
	_, err = store.OpenReader(t.Context(), path, quiet())
	wantError(t, err, store.ErrNewer)
	execSQL(t, path, `DELETE FROM goose_db_version WHERE version_id = 9999`)
	open(t, path)
}

// execSQL changes a database behind the store's back.
func execSQL(t *testing.T, path, query string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(query); err != nil {
		t.Fatal(err)
	}
}

func TestReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	_, err := store.OpenReader(t.Context(), path, quiet())
	wantError(t, err, store.ErrNotReady)
	if _, err := os.Stat(path); err == nil {
		t.Fatal("the reader made a database")
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = store.OpenReader(t.Context(), path, quiet())
	wantError(t, err, store.ErrNotReady)

	engine := open(t, path)
	reader, err := store.OpenReader(t.Context(), path, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	writeIncident(t, engine, "Q1")
	got, err := reader.Record(t.Context(), "Q1")
	if err != nil || len(got.Steps) != 5 {
		t.Fatalf("%d steps, error %v", len(got.Steps), err)
	}
	if err := reader.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, _, err = reader.PutDelivery(t.Context(), event(1))
	wantError(t, err, store.ErrReadOnly)
}

func TestDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("this is no database. "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(t.Context(), path, quiet())
	if err == nil || !strings.Contains(err.Error(), "damaged or is not a database") {
		t.Fatalf("error %v", err)
	}
}

// TestFullDatabase fills the space that the database may take: what was acknowledged stays, what was not is not there,
// one caller too many does not fail small ones, and it goes on by itself when there is space again.
func TestFullDatabase(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	if err := s.WriterPragma(t.Context(), "max_page_count = 200"); err != nil { // of 4 KiB
		t.Fatal(err)
	}
	fillUntilFull(t, s, 10<<10)
	if err := s.WriterPragma(t.Context(), "max_page_count = 100000"); err != nil {
		t.Fatal(err)
	}
	goesOn(t, s)
}

// fillUntilFull stores events until the disk is full, and compares what is there with what was acknowledged.
func fillUntilFull(t *testing.T, s *store.Store, size int) {
	t.Helper()
	acknowledged := map[incident.EventID]bool{}
	refused := 0
	for n := 0; refused < 20; n++ {
		d := event(n)
		d.Body = bytes.Repeat([]byte{'x'}, size)
		_, fresh, err := s.PutDelivery(t.Context(), d)
		switch {
		case err == nil && fresh:
			acknowledged[d.ID] = true
		case errors.Is(err, store.ErrFull):
			refused++
		default:
			t.Fatalf("event %d: fresh %v, error %v", n, fresh, err)
		}
		if n > 100_000 {
			t.Fatal("it never filled up")
		}
	}
	if len(acknowledged) == 0 {
		t.Fatal("nothing was stored at all")
	}
	stored, err := s.Deliveries(t.Context(), "Q1")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range stored {
		if !acknowledged[d.ID] {
			t.Errorf("%s is there and was refused", d.ID)
		}
		if body, err := s.Body(t.Context(), d.ID); err != nil || len(body) != size {
			t.Errorf("%s: body of %d bytes, error %v", d.ID, len(body), err)
		}
	}
	if len(stored) != len(acknowledged) {
		t.Errorf("%d stored, %d acknowledged", len(stored), len(acknowledged))
	}
}

func goesOn(t *testing.T, s *store.Store) {
	t.Helper()
	if _, fresh, err := s.PutDelivery(t.Context(), event(1_000_000)); err != nil || !fresh {
		t.Fatalf("with space again: fresh %v, error %v", fresh, err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestReadOnlyDatabase(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	if err := s.WriterPragma(t.Context(), "query_only = 1"); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.PutDelivery(t.Context(), event(1))
	wantError(t, err, store.ErrReadOnly)
	wantError(t, s.Ping(t.Context()), store.ErrReadOnly)
}

// TestPlans: no list and no question of the inbox reads a whole table.
func TestPlans(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	now := time.Now()
	for index, f := range map[string]incident.Filter{
		"incidents_created":  {Since: now, Until: now},
		"incidents_customer": {Customer: "acme", Since: now},
		"incidents_scenario": {Scenario: "disk-full", Since: now},
		"incidents_outcome":  {Outcome: incident.Recovered, Since: now},
		"incidents_open":     {Open: true},
	} {
		plan, err := s.ListPlan(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, "USING INDEX "+index) || strings.Contains(plan, "TEMP B-TREE FOR ORDER BY") {
			t.Errorf("%s is not used:\n%s", index, plan)
		}
	}
	for index, query := range map[string]string{
		"deliveries_lane":     `SELECT seq FROM deliveries WHERE state = 'pending' AND lane = $1 AND seq > $2 ORDER BY seq LIMIT 10`,
		"deliveries_incident": `SELECT min(lane) FROM deliveries WHERE incident = $1 AND incident <> '' AND state IN ('pending', 'parked')`,
		"deliveries_settled":  `SELECT d.seq` + store.SettledBefore + ` ORDER BY d.settled_at LIMIT 500`,
		"deliveries_pings":    `SELECT max(received_at) FROM deliveries WHERE type = 'pagey.ping'`,
		"attempts_target":     `SELECT count(*) FROM attempts WHERE customer = $1 AND target = $2 AND started_at >= $3`,
	} {
		plan, err := s.Plan(t.Context(), query, "x", 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan, index) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s is not used:\n%s", index, plan)
		}
	}
}

// No export sorts a table before its first row comes: SQLite does that in memory, all of it.
func TestExportPlans(t *testing.T) {
	plans, err := open(t, filepath.Join(t.TempDir(), "store.db")).ExportPlans(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for table, plan := range plans {
		if strings.Contains(plan, "USE TEMP B-TREE FOR ORDER BY") {
			t.Errorf("%s:\n%s", table, plan)
		}
		if table != "deliveries" && !strings.Contains(plan, "USING INDEX incidents_created") {
			t.Errorf("%s is not read in the order of creation:\n%s", table, plan)
		}
	}
}
