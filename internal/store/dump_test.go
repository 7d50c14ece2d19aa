package store_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/store"
	"shodo/internal/store/postgrestest"
)

// The password is in no argument, and only what libpq knows is in the url.
func TestDumpOf(t *testing.T) {
	for url, want := range map[string]store.Dump{
		"postgres://u:hunter2@db.example:5432/x?sslmode=require&search_path=shodo&pool_max_conns=3": {
			Args:    []string{"--format=custom", "--no-password", "--schema=shodo", "--dbname=postgres://u@db.example:5432/x?sslmode=require"},
			Environ: []string{"PGPASSWORD=hunter2"}},
		"postgres://u@db.example/x?password=hunter2": {
			Args:    []string{"--format=custom", "--no-password", "--dbname=postgres://u@db.example/x"},
			Environ: []string{"PGPASSWORD=hunter2"}},
	} {
		got, err := store.DumpOf(url)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", url, diff)
		}
	}
	if _, err := store.DumpOf("postgres://u:hunter2@db:port/x"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v", err)
	}
}

// What pg_dump writes is restored by pg_restore, while the engine runs.
func TestDumpAndRestore(t *testing.T) {
	url := postgrestest.NewStore(t)
	s := open(t, url)
	writeIncident(t, s, "Q1")
	d, err := store.DumpOf(url)
	if err != nil {
		t.Fatal(err)
	}
	dump := exec.CommandContext(t.Context(), postgrestest.Tool(t, "pg_dump"), d.Args...)
	archive, err := dump.Output()
	if err != nil {
		t.Fatalf("pg_dump: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	schema := url[strings.Index(url, "search_path=")+len("search_path="):]
	if err := postgrestest.Exec(t.Context(), url, "DROP SCHEMA "+schema+" CASCADE"); err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(d.Args, func(arg string) bool { return strings.HasPrefix(arg, "--dbname=") })
	restore := exec.CommandContext(t.Context(), postgrestest.Tool(t, "pg_restore"), "--exit-on-error", d.Args[i])
	restore.Stdin = strings.NewReader(string(archive))
	if out, err := restore.CombinedOutput(); err != nil {
		t.Fatalf("pg_restore: %v\n%s", err, out)
	}
	restored := open(t, url)
	if r, err := restored.Record(t.Context(), "Q1"); err != nil || len(r.Steps) != 5 {
		t.Errorf("%d steps, error %v", len(r.Steps), err)
	}
	writeIncident(t, restored, "Q2")
}
