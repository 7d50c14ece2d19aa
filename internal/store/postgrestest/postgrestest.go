// Package postgrestest gives tests a real PostgreSQL.
//
// NewStore is what nearly every test wants: the url of a fresh, empty store on a server that all tests of the test binary
// share. Start gives a server of one's own, which can be stopped and started again.
//
// The binaries are looked for on the path and where distributions put them (/usr/lib/postgresql/*/bin). The server listens
// on a Unix socket in a folder of its own, keeps nothing safe (fsync is off), and is gone when the test process has ended,
// however it ended. As root it runs as the user postgres or nobody, because PostgreSQL refuses to run as root.
//
// With SHODO_TEST_POSTGRES_URL the shared server is that one; its user must be allowed to create schemas in it. Without any
// PostgreSQL a test is skipped, or fails where CI=true or SHODO_REQUIRE_POSTGRES=1 says that it must run.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// EnvURL names a database that tests may create schemas in.
const EnvURL = "SHODO_TEST_POSTGRES_URL"

// ErrNone: there is no PostgreSQL on this machine.
var ErrNone = errors.New("PostgreSQL is not installed: there is no initdb on the path or under /usr/lib/postgresql")

// shared is the server of the test binary.
var shared = sync.OnceValues(func() (*Server, error) {
	if url := os.Getenv(EnvURL); url != "" {
		return &Server{admin: url}, nil
	}
	return New("", fast...)
})

// NewStore makes a place for a store and gives its url. It is dropped when the test ends.
func NewStore(t testing.TB) string {
	t.Helper()
	s, err := shared()
	need(t, err)
	return s.NewStore(t)
}

// Start gives a server of the test's own, with further settings such as "max_connections=20".
func Start(t testing.TB, settings ...string) *Server {
	t.Helper()
	s, err := New("", append(fast, settings...)...)
	need(t, err)
	t.Cleanup(s.Close)
	return s
}

// need ends a test that has no server.
func need(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, ErrNone) && os.Getenv("CI") != "true" && os.Getenv("SHODO_REQUIRE_POSTGRES") != "1":
		t.Skipf("%v; install it (make needs), or set %s", err, EnvURL)
	default:
		t.Fatalf("a PostgreSQL for this test: %v", err)
	}
}

// Server is a running PostgreSQL.
type Server struct {
	admin    string // url of a database that is always there
	dir      string // empty: it is not ours
	bin      string
	settings []string
	as       *syscall.SysProcAttr
	cmd      *exec.Cmd
	reaper   io.Closer

	count atomic.Int64
}

// fast is for data that nobody needs afterwards.
var fast = []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB"}

// New gives a server for something that is no test, with PostgreSQL's own settings and the given ones. Its folder is made
// in dir; empty: in the folder for temporary files. ErrNone: PostgreSQL is not installed.
func New(dir string, settings ...string) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, settings: settings}
	if s.dir, err = os.MkdirTemp(dir, "shodo-postgres-"); err != nil {
		return nil, err
	}
	if err := s.init(); err != nil {
		os.RemoveAll(s.dir)
		return nil, err
	}
	if err := s.reap(); err != nil {
		os.RemoveAll(s.dir)
		return nil, err
	}
	if err := s.run(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// binaries finds the folder with initdb and postgres; of several versions the newest.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", ErrNone
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// init makes the folder of data.
func (s *Server) init() error {
	if os.Geteuid() == 0 {
		who, err := user.Lookup("postgres")
		if err != nil {
			who, err = user.Lookup("nobody")
		}
		if err != nil {
			return fmt.Errorf("find a user for PostgreSQL, which refuses to run as root: %w", err)
		}
		uid, _ := strconv.Atoi(who.Uid) // on this system they are numbers
		gid, _ := strconv.Atoi(who.Gid)
		if err := os.Chown(s.dir, uid, gid); err != nil {
			return err
		}
		s.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	cmd := s.command("initdb", "-D", s.data(), "-U", "shodo", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir, cmd.SysProcAttr = s.dir, s.as
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + s.dir, "TZ=UTC"}
	return cmd
}

// reap makes sure that nothing is left behind: a process waits for the end of this one, then ends the server and removes
// the folder.
func (s *Server) reap() error {
	cmd := exec.Command("sh", "-c", `cat > /dev/null
		pid=$(head -n 1 "$1/data/postmaster.pid" 2> /dev/null) && kill -QUIT "$pid" 2> /dev/null &&
			for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2> /dev/null || break; sleep 0.1; done
		rm -rf "$1"`, "sh", s.dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	// A process group of its own: the terminal's ctrl-c is not for it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.reaper = closer(func() error {
		stdin.Close()
		return cmd.Wait()
	})
	return nil
}

type closer func() error

func (c closer) Close() error { return c() }

func (s *Server) run() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	args := []string{"-D", s.data(), "-k", s.dir, "-c", "listen_addresses="}
	for _, setting := range append([]string{"max_connections=200"}, s.settings...) {
		args = append(args, "-c", setting)
	}
	s.cmd = s.command("postgres", args...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	s.admin = fmt.Sprintf("postgres://shodo@/postgres?host=%s", s.dir)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return s.await(ctx)
}

// await waits until the server takes connections.
func (s *Server) await(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.admin)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("postgres does not answer: %w\n%s", err, log)
		}
	}
}

// Stop ends the server at once, as a power cut does, and every connection with it.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatalf("stop PostgreSQL: %v", err)
	}
	_ = s.cmd.Wait() // its exit code after such a stop means nothing
}

// Restart starts a server that was stopped, with the same data and the same url.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.run(); err != nil {
		t.Fatalf("start PostgreSQL again: %v", err)
	}
}

// Close ends the server and removes its data.
func (s *Server) Close() {
	_ = s.cmd.Process.Signal(syscall.SIGQUIT) // it may have ended
	_ = s.cmd.Wait()
	_ = s.reaper.Close()
}

// NewStore makes a place for a store and gives its url: a schema of its own in a database that the tests share, because
// PostgreSQL takes half a second to make a database. It is dropped when the test ends, if it is still there.
func (s *Server) NewStore(t testing.TB) string {
	t.Helper()
	name, url, err := s.NewSchema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// A server that a test has stopped has nothing to drop.
		_ = s.Exec(context.Background(), "DROP SCHEMA IF EXISTS "+name+" CASCADE")
	})
	return url
}

// NewSchema makes a place for a store.
func (s *Server) NewSchema(ctx context.Context) (name, url string, err error) {
	name = fmt.Sprintf("shodo_test_%d_%d", os.Getpid(), s.count.Add(1))
	if err := s.Exec(ctx, "CREATE SCHEMA "+name); err != nil {
		return "", "", fmt.Errorf("create schema %s: %w", name, err)
	}
	separator := "?"
	if strings.Contains(s.admin, "?") {
		separator = "&"
	}
	return name, s.admin + separator + "search_path=" + name, nil
}

// Exec runs a statement as the server's owner, in the database that the tests share.
func (s *Server) Exec(ctx context.Context, statement string) error {
	return Exec(ctx, s.admin, statement)
}

// Exec runs a statement in a database.
func Exec(ctx context.Context, url, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// Tool finds a program of PostgreSQL, such as pg_dump; without it the test is skipped, or fails as for the server.
func Tool(t testing.TB, name string) string {
	t.Helper()
	bin, err := binaries()
	need(t, err)
	path := filepath.Join(bin, name)
	if _, err := os.Stat(path); err != nil {
		need(t, fmt.Errorf("%w, with %s", ErrNone, name))
	}
	return path
}
