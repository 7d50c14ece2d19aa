package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5/pgconn"

	"shodo/internal/incident"
	"shodo/internal/store"
	"shodo/internal/store/postgrestest"
	"shodo/internal/store/storetest"
)

func TestContractOnPostgres(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store { return open(t, postgrestest.NewStore(t)) })
}

// Engines that share a database keep the same contract.
func TestContractOnSharedPostgres(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store { return openShared(t, postgrestest.NewStore(t)) })
}

func openShared(t *testing.T, url string) *store.Store {
	t.Helper()
	return open(t, url, store.Shared)
}

// No error tells a password, whatever is wrong with the url.
func TestPostgresURLs(t *testing.T) {
	for name, tc := range map[string]struct {
		url  string
		want error
	}{
		"nobody answers": {"postgres://u:hunter2@127.0.0.1:1/x?connect_timeout=1", store.ErrAway},
		"no port":        {"postgres://u:hunter2@db:port/x", store.ErrUnsupported},
		"no such mode":   {"postgres://u:hunter2@db/x?sslmode=hunter", store.ErrUnsupported},
		"no such file":   {"postgres://u:hunter2@db/x?sslmode=verify-full&sslrootcert=/no/such/file", store.ErrUnsupported},
		"in the query":   {"postgres://u@127.0.0.1:1/x?connect_timeout=1&password=hunter2", store.ErrAway},
		"broken":         {"postgres://u:hunter2@[::1/x", store.ErrUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := store.Open(t.Context(), tc.url, quiet())
			wantError(t, err, tc.want)
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a password in %v", err)
			}
			_, err = store.OpenReader(t.Context(), tc.url, quiet())
			wantError(t, err, tc.want)
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a password in %v", err)
			}
		})
	}
}

func TestSecondEngineOnPostgres(t *testing.T) {
	url := postgrestest.NewStore(t)
	_, err := store.OpenReader(t.Context(), url, quiet())
	wantError(t, err, store.ErrNotReady)
	first := open(t, url)
	for _, choices := range [][]store.Option{nil, {store.Shared}} {
		_, err := store.Open(t.Context(), url, quiet(), choices...)
		wantError(t, err, store.ErrInUse)
		if !strings.Contains(err.Error(), "(PostgreSQL's process ") {
			t.Errorf("the error does not say who: %v", err)
		}
	}
	reader, err := store.OpenReader(t.Context(), url, quiet())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	writeIncident(t, first, "Q1")
	if r, err := reader.Record(t.Context(), "Q1"); err != nil || len(r.Steps) != 5 {
		t.Errorf("%d steps, error %v", len(r.Steps), err)
	}
	_, _, err = reader.PutDelivery(t.Context(), event(1))
	wantError(t, err, store.ErrReadOnly)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	openShared(t, url)
	openShared(t, url)
	_, err = store.Open(t.Context(), url, quiet())
	wantError(t, err, store.ErrInUse)
}

func TestNewerPostgresIsRefused(t *testing.T) {
	url := postgrestest.NewStore(t)
	if err := open(t, url).Close(); err != nil {
		t.Fatal(err)
	}
	run := func(statement string) {
		t.Helper()
		if err := postgrestest.Exec(t.Context(), url, statement); err != nil {
			t.Fatal(err)
		}
	}
	run(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
	_, err := store.Open(t.Context(), url, quiet())
	wantError(t, err, store.ErrNewer)
	_, err = store.OpenReader(t.Context(), url, quiet())
	wantError(t, err, store.ErrNewer)
	run(`DELETE FROM goose_db_version WHERE version_id = 9999`)
	open(t, url)
}

// A server that is set to answer before a commit is on the disk is told to wait: what an engine forgets it does again.
func TestCommitsAreDurable(t *testing.T) {
	s := open(t, postgrestest.Start(t, "synchronous_commit=off").NewStore(t))
	if value, err := s.WriterSetting(t.Context(), "synchronous_commit"); err != nil || value != "on" {
		t.Errorf("synchronous_commit is %q, error %v", value, err)
	}
}

// Processes that start at once on an empty database bring it up to date once.
func TestMigratingAtOnce(t *testing.T) {
	url := postgrestest.NewStore(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			s, err := store.Open(context.Background(), url, quiet(), store.Shared)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Ping(context.Background()); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// A delivery is handed over by one engine at a time, and the deliveries of an incident in their order.
func TestClaims(t *testing.T) {
	url := postgrestest.NewStore(t)
	a, b := openShared(t, url), openShared(t, url)
	ctx := t.Context()
	for n := range 3 {
		if _, _, err := a.PutDelivery(ctx, event(n)); err != nil {
			t.Fatal(err)
		}
	}
	list, err := b.PendingDeliveries(ctx, "P1", 0, 10)
	if err != nil || len(list) != 3 {
		t.Fatalf("%d are pending, error %v", len(list), err)
	}
	claim := func(s *store.Store, n int, atMost time.Duration, want incident.Claim) {
		t.Helper()
		if got, err := s.ClaimDelivery(ctx, list[n].Seq, atMost); got != want || err != nil {
			t.Fatalf("%q, error %v; want %q", got, err, want)
		}
	}
	settle := func(s *store.Store, n int) {
		t.Helper()
		if err := s.SettleDeliveries(ctx, time.Now(), []incident.Settled{{Seq: list[n].Seq, State: incident.Handed}}); err != nil {
			t.Fatal(err)
		}
	}
	claim(b, 1, time.Hour, incident.ClaimedElsewhere) // the first of the incident comes first
	claim(a, 0, time.Hour, incident.Claimed)
	claim(a, 0, time.Hour, incident.Claimed) // again, for longer
	claim(b, 0, time.Hour, incident.ClaimedElsewhere)
	claim(b, 1, time.Hour, incident.ClaimedElsewhere)
	claim(a, 1, 0, incident.Claimed) // the one before is its own; this one's time is up at once
	settle(a, 0)
	claim(b, 0, time.Hour, incident.ClaimSettled)
	claim(b, 1, time.Hour, incident.Claimed) // whoever had it is gone
	claim(a, 1, time.Hour, incident.ClaimedElsewhere)
	settle(b, 1)
	claim(a, 2, time.Hour, incident.Claimed)
	if got, err := b.ClaimDelivery(ctx, 1<<40, time.Hour); got != incident.ClaimSettled || err != nil { // pruned
		t.Errorf("%q, error %v", got, err)
	}
}

// One engine hears what another one writes.
func TestWatchAcrossEngines(t *testing.T) {
	url := postgrestest.NewStore(t)
	a, b := openShared(t, url), openShared(t, url)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	here, there := a.Watch(ctx), b.Watch(ctx)
	writeIncident(t, a, "Q1")
	r, err := a.Record(ctx, "Q1")
	if err != nil {
		t.Fatal(err)
	}
	var own, others []incident.Change
	for range len(r.Transitions) + len(r.Steps) + 1 { // one step is told of twice
		own, others = append(own, <-here), append(others, <-there)
	}
	for i, c := range others {
		if !c.Elsewhere || own[i].Elsewhere {
			t.Errorf("change %d: written elsewhere %t, and its own %t", i, c.Elsewhere, own[i].Elsewhere)
		}
		if c.Transition != nil {
			if diff := cmp.Diff(own[i].Transition, c.Transition, cmpopts.EquateApproxTime(time.Microsecond)); diff != "" {
				t.Errorf("change %d (-own +heard):\n%s", i, diff)
			}
		} else if c.Step == nil || own[i].Step == nil || c.Step.StepKey != own[i].Step.StepKey {
			t.Errorf("change %d is %+v, want %+v", i, c, own[i])
		}
	}
}

// PostgreSQL goes away in the middle of writes and comes back: what was acknowledged is there, what failed says why and
// may be repeated, and nobody has to start again.
func TestPostgresGoesAwayAndComesBack(t *testing.T) {
	server := postgrestest.Start(t)
	s := open(t, server.NewStore(t))
	const writers = 8
	failed := make(chan error, 10_000)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	counts := make([]int, writers)
	for w := range writers {
		wg.Go(func() {
			for n := 0; ; {
				d := event(w*1_000_000 + n)
				if _, _, err := s.PutDelivery(context.Background(), d); err == nil {
					counts[w]++
					n++
				} else {
					select {
					case failed <- err:
					default:
					}
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	server.Stop(t)
	err := <-failed
	for !errors.Is(err, store.ErrAway) { // the first one may be of its last breath
		select {
		case err = <-failed:
		case <-time.After(time.Minute):
			t.Fatalf("the last error is %v", err)
		}
	}
	if err := s.Ping(t.Context()); !errors.Is(err, store.ErrAway) {
		t.Errorf("ping says %v", err)
	}
	server.Restart(t)
	await(t, func() error { return s.Ping(t.Context()) })
	await(t, func() error { _, err := s.Backlog(t.Context()); return err })
	close(stop)
	wg.Wait()
	want := 0
	for _, n := range counts {
		want += n
	}
	stored, err := s.Deliveries(t.Context(), "Q1")
	if err != nil || len(stored) < want {
		t.Errorf("%d are stored, %d were acknowledged, error %v", len(stored), want, err)
	}
	writeIncident(t, s, "Q2")
}

// PostgreSQL stays away for longer than it takes to ask again a few times: the engine is there still, and goes on.
func TestPostgresStaysAway(t *testing.T) {
	server := postgrestest.Start(t)
	tries := make(tally, 100)
	s, err := store.Open(t.Context(), server.NewStore(t), slog.New(tries))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	server.Stop(t)
	for range 3 {
		select {
		case <-tries:
		case <-time.After(time.Minute):
			t.Fatal("it is not tried again")
		}
	}
	wantError(t, s.Ping(t.Context()), store.ErrAway)
	server.Restart(t)
	await(t, func() error { return s.Ping(t.Context()) })
	writeIncident(t, s, "Q1")
}

// tally is a log that tells of each time that the connection could not be made.
type tally chan struct{}

func (tally) Enabled(context.Context, slog.Level) bool { return true }
func (c tally) WithAttrs([]slog.Attr) slog.Handler     { return c }
func (c tally) WithGroup(string) slog.Handler          { return c }
func (c tally) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "cannot be made yet") {
		c <- struct{}{}
	}
	return nil
}

// await waits until something works.
func await(t *testing.T, works func() error) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		err := works()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatal(err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// An engine that lost its connection, and its database to another engine meanwhile, writes no more.
func TestOustedEngine(t *testing.T) {
	url := postgrestest.NewStore(t)
	first := open(t, url)
	await(t, func() error {
		if err := postgrestest.Exec(t.Context(), url, `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'
			AND (classid::bigint << 32) | objid::bigint = hashtextextended('shodo ' || current_schema() || ' engine', 0)`); err != nil {
			return err
		}
		second, err := store.Open(t.Context(), url, quiet())
		if err == nil {
			t.Cleanup(func() { second.Close() })
		}
		return err
	})
	await(t, func() error {
		if err := first.Ping(t.Context()); !errors.Is(err, store.ErrInUse) {
			return fmt.Errorf("the first engine still writes, or says %v", err)
		}
		return nil
	})
}

// What a PostgreSQL says that cannot be written is told apart, with what to do.
func TestPostgresThatCannotBeWritten(t *testing.T) {
	server := postgrestest.Start(t)
	url := server.NewStore(t)
	if err := open(t, url).Close(); err != nil {
		t.Fatal(err)
	}
	if err := server.Exec(t.Context(), `ALTER DATABASE postgres SET default_transaction_read_only = on`); err != nil {
		t.Fatal(err)
	}
	s := open(t, url) // there is nothing to bring up to date
	_, _, err := s.PutDelivery(t.Context(), event(1))
	wantError(t, err, store.ErrReadOnly)
	for code, want := range map[string]error{"53100": store.ErrFull, "53300": store.ErrAway, "08006": store.ErrAway, "57P03": store.ErrAway} {
		wantError(t, store.Explain(&pgconn.PgError{Code: code}), want)
	}
}
