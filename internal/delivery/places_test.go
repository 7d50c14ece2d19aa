package delivery_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/config"
	"shodo/internal/delivery"
	"shodo/internal/incident"
	"shodo/internal/mail"
	"shodo/internal/report"
	"shodo/internal/secret"
	"shodo/internal/slack"
	"shodo/workflows"
)

// mailServer takes mails as the answers say, and counts those that it was given whole. An empty answer ends the connection.
func mailServer(t *testing.T, answers map[string]string, taken *atomic.Int32) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	serve := func(conn net.Conn) {
		defer conn.Close()
		in := bufio.NewReader(conn)
		say := func(stage, otherwise string) bool {
			answer, known := answers[stage]
			if !known {
				answer = otherwise
			}
			if answer == "" {
				return false
			}
			_, err := fmt.Fprintf(conn, "%s\r\n", answer)
			return err == nil
		}
		for ok := say("HELLO", "220 mail.test"); ok; {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			switch word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word {
			case "DATA":
				if ok = say("DATA", "354 go on"); ok && strings.HasPrefix(answers["DATA"]+"354", "354") {
					for err == nil && line != ".\r\n" {
						line, err = in.ReadString('\n')
					}
					if err != nil {
						return
					}
					taken.Add(1)
					ok = say("TEXT", "250 taken")
				}
			default:
				ok = say(word, "250 well")
			}
		}
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return listener.Addr().String()
}

// Where a report may have arrived it is not sent again; where it has certainly not, it is.
func TestPlacesInTrouble(t *testing.T) {
	taken := new(atomic.Int32)
	smtp := func(answers map[string]string) func(*testing.T, *office) {
		return func(t *testing.T, o *office) {
			client, err := mail.New(mail.Options{Address: mailServer(t, answers, taken), TLS: mail.None, From: "shodo@msp.example"})
			if err != nil {
				t.Fatal(err)
			}
			o.Mail = client
		}
	}
	channel := func(answer http.HandlerFunc) func(*testing.T, *office) {
		return func(t *testing.T, o *office) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				if strings.HasSuffix(r.URL.Path, "chat.postMessage") {
					taken.Add(1)
				}
				answer(w, r)
			}))
			t.Cleanup(server.Close)
			o.Slack = slack.New(slack.Options{APIURL: server.URL, Token: secret.New("xoxb-of-a-test")})
		}
	}
	again, never, done := errors.New("again"), workflows.ErrNotTaken, error(nil)
	for name, c := range map[string]struct {
		place string
		spoil func(*testing.T, *office)
		want  error
		sent  int32 // in two attempts
		says  string
	}{
		"all is well":          {"mail boss@msp.example", smtp(nil), done, 1, "sent"},
		"busy":                 {"mail boss@msp.example", smtp(map[string]string{"HELLO": "421 too many"}), again, 0, "not taken so far: "},
		"greylisted":           {"mail boss@msp.example", smtp(map[string]string{"RCPT": "450 later"}), again, 0, "not taken so far: "},
		"disk full":            {"mail boss@msp.example", smtp(map[string]string{"TEXT": "452 no room"}), again, 2, "not taken so far: "},
		"no such address":      {"mail boss@msp.example", smtp(map[string]string{"RCPT": "550 nobody"}), never, 0, "not sent: "},
		"too large":            {"mail boss@msp.example", smtp(map[string]string{"TEXT": "552 too large"}), never, 1, "not sent: "},
		"ends before the text": {"mail boss@msp.example", smtp(map[string]string{"DATA": ""}), again, 0, "not taken so far: "},
		"ends after the text":  {"mail boss@msp.example", smtp(map[string]string{"TEXT": ""}), done, 1, "it is not known whether it arrived"},
		"Slack is down": {"slack #ops", channel(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }),
			again, 2, "not taken so far: "},
		"no such channel": {"slack #ops", channel(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"ok":false,"error":"channel_not_found"}`)
		}),
			never, 1, "not sent: "},
		"Slack's answer is lost": {"slack #ops", channel(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
			done, 1, "it is not known whether it arrived"},
	} {
		t.Run(name, func(t *testing.T) {
			o := open(t, nil)
			c.spoil(t, o)
			taken.Store(0)
			err := o.Deliver(t.Context(), to(c.place))
			switch {
			case c.want == nil && err != nil, c.want == again && (err == nil || errors.Is(err, never)), c.want == never && !errors.Is(err, never):
				t.Errorf("the first attempt: %v", err)
			}
			if err := o.Deliver(t.Context(), to(c.place)); (err == nil) != (c.want != again) {
				t.Errorf("the second attempt: %v", err)
			}
			if taken.Load() != c.sent {
				t.Errorf("it was sent %d times, want %d", taken.Load(), c.sent)
			}
			if got := o.ledger(t); len(got) != 1 || !strings.HasPrefix(got[0], c.place+": "+c.says) {
				t.Errorf("the list says %q", got)
			}
		})
	}
}

// A server that says nothing more is waited for, and no longer than the attempt lasts.
func TestMailServerThatHangs(t *testing.T) {
	o := open(t, nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := mail.New(mail.Options{Address: listener.Addr().String(), TLS: mail.None, From: "shodo@msp.example", Timeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	o.Mail = client
	if err := o.Deliver(t.Context(), to("mail boss@msp.example")); err == nil || errors.Is(err, workflows.ErrNotTaken) {
		t.Errorf("%v", err)
	}
	o.Mail = o
	if err := o.Deliver(t.Context(), to("mail boss@msp.example")); err != nil || len(o.mails) != 1 {
		t.Errorf("when it is back: %d mails, %v", len(o.mails), err)
	}
}

// A folder that takes nothing now gets the report later, and no file is there in part.
func TestFolderThatTakesNothing(t *testing.T) {
	o := open(t, nil)
	if err := os.WriteFile(o.folder, []byte("this is no folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := o.Deliver(t.Context(), to("folder "+o.folder)); err == nil || errors.Is(err, workflows.ErrNotTaken) {
		t.Errorf("%v", err)
	}
	if got := o.ledger(t); len(got) != 1 || !strings.Contains(got[0], "not taken so far") {
		t.Errorf("the list says %q", got)
	}
	if err := os.Remove(o.folder); err != nil {
		t.Fatal(err)
	}
	if err := o.Deliver(t.Context(), to("folder "+o.folder)); err != nil {
		t.Error(err)
	}
	if files, _ := filepath.Glob(filepath.Join(o.folder, "*")); len(files) != 4 {
		t.Errorf("written: %q", files)
	}
}

// compared is a comparison that tells of itself, and waits until it may go on.
func (o *office) compared(t *testing.T) (began chan struct{}, goOn chan struct{}, count *atomic.Int32) {
	t.Helper()
	began, goOn, count = make(chan struct{}, 10), make(chan struct{}), new(atomic.Int32)
	o.PagerDuty = o
	o.lost = func(ctx context.Context, _ analytics.Period, _ report.Edition) (analytics.Lost, error) {
		count.Add(1)
		began <- struct{}{}
		select {
		case <-goOn:
			return analytics.Lost{}, nil
		case <-ctx.Done():
			return analytics.Lost{}, ctx.Err()
		}
	}
	return began, goOn, count
}

// However many places a turn has, its report is made once, and is the same everywhere. An operator's wish gets a new one.
func TestMadeOnceForAllPlaces(t *testing.T) {
	second := filepath.Join(t.TempDir(), "second")
	o := open(t, func(r *config.Report) { r.To = append(r.To, config.Destination{Folder: second}) })
	began, goOn, count := o.compared(t)
	places := []string{"mail boss@msp.example", "slack #ops", "folder " + o.folder, "folder " + second}
	errs := make(chan error)
	for _, place := range places {
		go func() { errs <- o.Deliver(t.Context(), to(place)) }()
	}
	<-began
	close(goOn)
	for range places {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if count.Load() != 1 {
		t.Errorf("it was made %d times", count.Load())
	}
	wish := to("slack #ops")
	wish.Again = "wish"
	if err := o.Deliver(t.Context(), wish); err != nil || count.Load() != 2 {
		t.Errorf("a wish: made %d times, %v", count.Load(), err)
	}
	o.now = o.now.Add(time.Hour) // a place that was down
	late := to("slack #ops")
	late.Again = "late"
	if err := o.Deliver(t.Context(), late); err != nil || count.Load() != 3 {
		t.Errorf("made %d times, %v", count.Load(), err)
	}
}

// What dies while the report is being made has sent nothing, and the next process knows that.
func TestKilledWhileItIsMade(t *testing.T) {
	o := open(t, nil)
	began, goOn, _ := o.compared(t)
	ctx, kill := context.WithCancel(t.Context())
	died := make(chan error)
	go func() { died <- o.Deliver(ctx, to("slack #ops")) }()
	<-began
	if got := o.ledger(t); len(got) > 0 {
		t.Errorf("while it is made the list says %q", got)
	}
	kill()
	if err := <-died; err == nil || len(o.posts) > 0 {
		t.Errorf("%d posts, %v", len(o.posts), err)
	}
	close(goOn)
	if err := o.Deliver(t.Context(), to("slack #ops")); err != nil || len(o.posts) != 1 {
		t.Errorf("the next process: %d posts, %v", len(o.posts), err)
	}
}

// interrupted is a ledger while whose first entry is written the attempt is cancelled.
type interrupted struct {
	delivery.Ledger
	cancel context.CancelFunc
}

func (l *interrupted) BeginReportDelivery(ctx context.Context, d incident.ReportDelivery) (incident.ReportDelivery, bool, error) {
	l.cancel()
	return l.Ledger.BeginReportDelivery(ctx, d)
}

// An attempt that is cancelled while it writes down what it is about to do has sent nothing, and the next one sends it.
func TestCancelledWhileItBegins(t *testing.T) {
	o := open(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	o.Ledger = &interrupted{o.store, cancel}
	if err := o.Deliver(ctx, to("mail boss@msp.example")); !errors.Is(err, context.Canceled) || len(o.mails) > 0 {
		t.Errorf("%d mails, %v", len(o.mails), err)
	}
	if err := o.Deliver(t.Context(), to("mail boss@msp.example")); err != nil || len(o.mails) != 1 {
		t.Errorf("the next attempt: %d mails, %v, %q", len(o.mails), err, o.ledger(t))
	}
}

// Two engines that are asked for the same send it once.
func TestTwoEngines(t *testing.T) {
	o := open(t, nil)
	other := delivery.New(o.Options)
	errs := make(chan error)
	for _, one := range []*delivery.Sender{o.Sender, other} {
		go func() { errs <- one.Deliver(t.Context(), to("slack #ops")) }()
	}
	failed := errors.Join(<-errs, <-errs)
	if failed != nil && !strings.Contains(failed.Error(), "another attempt does it since") {
		t.Error(failed)
	}
	if err := errors.Join(o.Deliver(t.Context(), to("slack #ops")), other.Deliver(t.Context(), to("slack #ops"))); err != nil {
		t.Error(err)
	}
	if n := len(o.posts); n != 1 || !slices.Contains(o.keys, fmt.Sprintf("#ops report/weekly/%d/", monday.Unix())) {
		t.Errorf("%d posts, %q", n, o.keys)
	}
}
