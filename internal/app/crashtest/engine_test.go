package crashtest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"shodo/internal/app/apptest"
)

// patience bounds every wait of these tests. Nothing needs as long, and nothing is measured by it.
const patience = 2 * time.Minute

// engine is one life of the real process.
type engine struct {
	cmd  *exec.Cmd
	dead chan struct{} // closed when it has ended and been waited for

	mu      sync.Mutex
	lines   []string // of its log
	changed chan struct{}
	address string
}

// start runs the binary with a configuration. It does not wait for it.
func start(t testing.TB, config string) *engine {
	t.Helper()
	e := &engine{dead: make(chan struct{}), changed: make(chan struct{})}
	e.cmd = exec.Command(apptest.Binary(t), "serve", "-c", config)
	e.cmd.Env = append(os.Environ(), "PD_TOKEN=pd-token", "PD_SECRET="+apptest.Secret, "SLACK_TOKEN=xoxb-token")
	// A group of its own, so that a kill takes everything that belongs to it; and no orphan should the test die.
	e.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	out, err := e.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		e.read(out)
		_ = e.cmd.Wait() // ProcessState tells
		close(e.dead)
	}()
	t.Cleanup(e.kill)
	return e
}

// read keeps the log, and finds the address in it.
func (e *engine) read(log io.Reader) {
	for in := bufio.NewReader(log); ; {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		var said struct{ Msg, Address string }
		_ = json.Unmarshal([]byte(line), &said) // what is not JSON is kept as it is
		e.mu.Lock()
		e.lines = append(e.lines, strings.TrimSpace(line))
		if said.Msg == "listening" {
			e.address = said.Address
		}
		close(e.changed)
		e.changed = make(chan struct{})
		e.mu.Unlock()
	}
}

// url is where it listens; empty before it does.
func (e *engine) url() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.address == "" {
		return ""
	}
	return "http://" + e.address
}

// log gives what it has written.
func (e *engine) log() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.Join(e.lines, "\n")
}

// awaitLog waits until a text is in the log.
func (e *engine) awaitLog(text string) error {
	for late := time.After(patience); ; {
		e.mu.Lock()
		changed := e.changed
		e.mu.Unlock()
		if strings.Contains(e.log(), text) {
			return nil
		}
		select {
		case <-changed:
		case <-e.dead:
			if strings.Contains(e.log(), text) {
				return nil
			}
			return fmt.Errorf("the process ended and never said %q:\n%s", text, e.log())
		case <-late:
			return fmt.Errorf("the process never said %q:\n%s", text, e.log())
		}
	}
}

// awaitReady waits until the process says that it is ready.
func (e *engine) awaitReady() error {
	if err := e.awaitLog(`"msg":"listening"`); err != nil {
		return err
	}
	last := "no answer"
	err := poll(func() bool {
		status, body, err := e.get("/readyz")
		last = fmt.Sprint(body, err)
		return status == http.StatusOK || e.isDead()
	})
	if err != nil || e.isDead() {
		return fmt.Errorf("the process is not ready: %s\n%s", last, e.log())
	}
	return nil
}

func (e *engine) get(path string) (status int, body string, err error) {
	response, err := http.Get(e.url() + path)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

func (e *engine) isDead() bool {
	select {
	case <-e.dead:
		return true
	default:
		return false
	}
}

// kill is kill -9 of the process and its group, and returns when it has ended.
func (e *engine) kill() {
	if e.isDead() {
		return
	}
	_ = syscall.Kill(-e.cmd.Process.Pid, syscall.SIGKILL)
	<-e.dead
}

// term asks it to stop.
func (e *engine) term() { _ = e.cmd.Process.Signal(syscall.SIGTERM) }

// exit waits until it has ended, and gives the exit code.
func (e *engine) exit() (int, error) {
	select {
	case <-e.dead:
		return e.cmd.ProcessState.ExitCode(), nil
	case <-time.After(patience):
		return 0, fmt.Errorf("the process does not end:\n%s", e.log())
	}
}

// poll asks again and again.
func poll(done func() bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	again := time.NewTicker(25 * time.Millisecond)
	defer again.Stop()
	for !done() {
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
