package store_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/store"
)

// crashVar makes the test binary a child that writes until it is killed.
const crashVar = "SHODO_TEST_CRASH_DB"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashVar); path != "" {
		writeUntilKilled(path)
		return
	}
	os.Exit(m.Run())
}

// writeUntilKilled prints what the store has acknowledged, one line each, after it has.
func writeUntilKilled(path string) {
	s, err := store.Open(context.Background(), path, quiet())
	if err != nil {
		fmt.Println("error", err)
		return
	}
	var mu sync.Mutex
	say := func(err error, words ...any) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			fmt.Println("error", err)
			return
		}
		fmt.Println(words...)
	}
	ctx := context.Background()
	for g := range 8 {
		go func() {
			for n := g; ; n += 8 {
				_, _, err := s.PutDelivery(ctx, event(n))
				say(err, "event", n)
				id := incident.ID(fmt.Sprint("Q", n))
				_, err = s.Begin(ctx, incident.Record{Incident: incident.Incident{ID: id}, WorkflowRun: "w", ReceivedAt: time.UnixMicro(1)})
				say(err, "begin", n)
				step := incident.Step{StepKey: incident.StepKey{Incident: id, Run: 1, Phase: incident.Recover}, StartedAt: time.UnixMicro(1)}
				_, err = s.StartStep(ctx, step)
				say(err, "start", n)
				step.Status, step.Output = incident.Succeeded, []byte(strconv.Quote(strings.Repeat("x", 10_000)))
				say(s.FinishStep(ctx, step), "finish", n)
			}
		}()
	}
	select {}
}

// TestKilledWhileWriting kills a process with SIGKILL in the middle of its writes: everything it was told is stored is
// there, nothing is there by half, and the database opens at once.
func TestKilledWhileWriting(t *testing.T) {
	for _, lines := range []int{50, 333, 2000} {
		path := filepath.Join(t.TempDir(), "store.db")
		told := killAfter(t, path, lines)
		s := open(t, path)
		stored, err := s.Deliveries(t.Context(), "Q1")
		if err != nil {
			t.Fatal(err)
		}
		if len(stored) < told["event"] {
			t.Errorf("%d events are there, %d were acknowledged", len(stored), told["event"])
		}
		records, err := s.List(t.Context(), incident.Filter{Limit: incident.MaxLimit})
		if err != nil {
			t.Fatal(err)
		}
		started, finished := 0, 0
		for _, r := range records {
			whole, err := s.Record(t.Context(), r.Incident.ID)
			if err != nil {
				t.Fatal(err)
			}
			for _, step := range whole.Steps {
				started++
				if step.Status == incident.Succeeded {
					finished++
					if len(step.Output) != 10_002 {
						t.Errorf("an output of %d bytes", len(step.Output))
					}
				}
			}
		}
		if len(records) < told["begin"] || started < told["start"] || finished < told["finish"] {
			t.Errorf("%d begun, %d started, %d finished; acknowledged were %v", len(records), started, finished, told)
		}
	}
}

// killAfter starts a child, kills it after it has printed so many lines, and counts the lines by their first word.
func killAfter(t *testing.T, path string, lines int) map[string]int {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), crashVar+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	told := map[string]int{}
	for in := bufio.NewScanner(out); in.Scan(); {
		word, rest, _ := strings.Cut(in.Text(), " ")
		if word == "error" {
			t.Error(rest)
			break
		}
		told[word]++
		if lines--; lines == 0 {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Process.Kill() // when it ended by an error
	if err := child.Wait(); err == nil {
		t.Error("the child ended by itself")
	}
	return told
}
