package ticket_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"shodo/internal/secret"
	"shodo/internal/ticket"
)

const hidden = "s3cr3t-of-the-tracker"

// issue is what a tracker has.
type issue struct {
	id, title, text string
	labels          []string
	comments        []string
}

// tracker is a double of one product: it takes what the product documents, and refuses everything else.
type tracker struct {
	mu     sync.Mutex
	issues []*issue
	fail   int    // the next request gets this status
	lose   bool   // the next write is done, and its answer is lost
	answer string // the next request gets this as its whole answer
	desk   ticket.Desk
	url    string
}

// serve starts the double and a desk on it.
func serve(t *testing.T, routes func(*tracker) http.Handler, desk func(url string, client *http.Client) (ticket.Desk, error)) *tracker {
	t.Helper()
	tr := &tracker{}
	inner := routes(tr)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		if status := tr.fail; status != 0 {
			tr.fail = 0
			w.Header().Set("Location", "https://elsewhere.example/")
			http.Error(w, "no: "+r.URL.RawQuery, status)
			return
		}
		if answer := tr.answer; answer != "" {
			tr.answer = ""
			fmt.Fprint(w, answer)
			return
		}
		if tr.lose && r.Method == http.MethodPost {
			tr.lose = false
			inner.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	tr.url = server.URL
	var err error
	if tr.desk, err = desk(server.URL, server.Client()); err != nil {
		t.Fatal(err)
	}
	return tr
}

func backlog(t *testing.T) *tracker {
	return serve(t, func(tr *tracker) http.Handler {
		mux := http.NewServeMux()
		handle := func(route string, do func(w http.ResponseWriter, r *http.Request)) {
			mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Query().Get("apiKey") != hidden {
					http.Error(w, `{"errors":[{"message":"Authentication failure","code":11}]}`, http.StatusUnauthorized)
					return
				}
				do(w, r)
			})
		}
		handle("GET /api/v2/projects/OPS", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"id":7,"projectKey":"OPS","name":"Operations"}`)
		})
		handle("GET /api/v2/projects/OPS/issueTypes", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `[{"id":21,"name":"タスク"},{"id":22,"name":"障害"}]`)
		})
		handle("GET /api/v2/priorities", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `[{"id":2,"name":"高"},{"id":3,"name":"中"}]`)
		})
		handle("GET /api/v2/issues", func(w http.ResponseWriter, r *http.Request) {
			found := []map[string]string{}
			for _, i := range tr.issues {
				if r.URL.Query().Get("projectId[]") == "7" && strings.Contains(i.text, r.URL.Query().Get("keyword")) {
					found = append(found, map[string]string{"issueKey": i.id})
				}
			}
			_ = json.NewEncoder(w).Encode(found)
		})
		handle("POST /api/v2/issues", func(w http.ResponseWriter, r *http.Request) {
			for name, want := range map[string]string{"projectId": "7", "issueTypeId": "22", "priorityId": "2"} {
				if r.PostFormValue(name) != want {
					http.Error(w, `{"errors":[{"message":"wrong `+name+`","code":7}]}`, http.StatusBadRequest)
					return
				}
			}
			if s := r.PostFormValue("summary"); s == "" || len([]rune(s)) > 255 {
				http.Error(w, `{"errors":[{"message":"summary is wrong"}]}`, http.StatusBadRequest)
				return
			}
			one := &issue{id: fmt.Sprintf("OPS-%d", len(tr.issues)+1), title: r.PostFormValue("summary"), text: r.PostFormValue("description")}
			tr.issues = append(tr.issues, one)
			w.WriteHeader(http.StatusCreated)
			_ = json.NewEncoder(w).Encode(map[string]any{"id": 1, "issueKey": one.id})
		})
		handle("GET /api/v2/issues/{id}/comments", func(w http.ResponseWriter, r *http.Request) {
			list := []map[string]string{}
			for _, c := range tr.find(r.PathValue("id")).comments {
				list = append(list, map[string]string{"content": c})
			}
			_ = json.NewEncoder(w).Encode(list)
		})
		handle("POST /api/v2/issues/{id}/comments", func(_ http.ResponseWriter, r *http.Request) {
			i := tr.find(r.PathValue("id"))
			i.comments = append(i.comments, r.PostFormValue("content"))
		})
		return mux
	}, func(url string, client *http.Client) (ticket.Desk, error) {
		return ticket.NewBacklog(ticket.BacklogOptions{URL: url, Project: "OPS", IssueType: "障害", Priority: "高", APIKey: secret.New(hidden), Client: client})
	})
}

func jira(t *testing.T) *tracker {
	return serve(t, func(tr *tracker) http.Handler {
		mux := http.NewServeMux()
		handle := func(route string, do func(w http.ResponseWriter, r *http.Request)) {
			mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
				if user, token, _ := r.BasicAuth(); user != "bot@acme.example" || token != hidden {
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				do(w, r)
			})
		}
		handle("GET /rest/api/2/search", func(w http.ResponseWriter, r *http.Request) {
			found := []map[string]string{}
			for _, i := range tr.issues {
				if r.URL.Query().Get("jql") == fmt.Sprintf("project = \"OPS\" AND labels = %q", i.labels[1]) {
					found = append(found, map[string]string{"key": i.id})
				}
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"issues": found})
		})
		handle("POST /rest/api/2/issue", func(w http.ResponseWriter, r *http.Request) {
			var in struct {
				Fields struct {
					Project     struct{ Key string }
					IssueType   struct{ Name string }
					Summary     string
					Description string
					Labels      []string
				}
			}
			d := json.NewDecoder(r.Body)
			if d.DisallowUnknownFields(); d.Decode(&in) != nil || in.Fields.Project.Key != "OPS" || in.Fields.IssueType.Name != "Incident" ||
				len([]rune(in.Fields.Summary)) >= 255 || strings.ContainsAny(in.Fields.Summary, "\r\n") || len([]rune(in.Fields.Description)) > 32_767 ||
				slices.ContainsFunc(in.Fields.Labels, func(l string) bool { return strings.Contains(l, " ") }) {
				http.Error(w, `{"errorMessages":[],"errors":{"summary":"wrong"}}`, http.StatusBadRequest)
				return
			}
			one := &issue{id: fmt.Sprintf("OPS-%d", len(tr.issues)+1), title: in.Fields.Summary, text: in.Fields.Description, labels: in.Fields.Labels}
			tr.issues = append(tr.issues, one)
			w.WriteHeader(http.StatusCreated)
			_ = json.NewEncoder(w).Encode(map[string]string{"id": "1", "key": one.id})
		})
		handle("GET /rest/api/2/issue/{id}/comment", func(w http.ResponseWriter, r *http.Request) {
			list := []map[string]string{}
			for _, c := range tr.find(r.PathValue("id")).comments {
				list = append(list, map[string]string{"body": c})
			}
			_ = json.NewEncoder(w).Encode(map[string]any{"comments": list})
		})
		handle("POST /rest/api/2/issue/{id}/comment", func(w http.ResponseWriter, r *http.Request) {
			var in struct{ Body string }
			_ = json.NewDecoder(r.Body).Decode(&in)
			i := tr.find(r.PathValue("id"))
			i.comments = append(i.comments, in.Body)
			w.WriteHeader(http.StatusCreated)
		})
		return mux
	}, func(url string, client *http.Client) (ticket.Desk, error) {
		return ticket.NewJira(ticket.JiraOptions{URL: url + "/", Project: "OPS", IssueType: "Incident", User: "bot@acme.example", Token: secret.New(hidden), Client: client})
	})
}

var webhookTime = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)

// webhook is a receiver as the documentation tells to write one: it checks the signature and knows what it has seen.
func webhook(t *testing.T) *tracker {
	return serve(t, func(tr *tracker) http.Handler {
		seen := map[string]bool{}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.Method != http.MethodPost || r.Header.Get(ticket.SignatureHeader) != ticket.Sign(secret.New(hidden), r.Header.Get(ticket.TimestampHeader), body) ||
				r.Header.Get(ticket.TimestampHeader) != fmt.Sprint(webhookTime.Unix()) {
				w.WriteHeader(http.StatusForbidden)
				return
			}
			var in struct{ Event, Key, ID, Title, Text string }
			if json.Unmarshal(body, &in) != nil || in.Key != r.Header.Get(ticket.KeyHeader) {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			again := seen[in.Event+in.Key]
			seen[in.Event+in.Key] = true
			switch {
			case in.Event == "open" && !again:
				tr.issues = append(tr.issues, &issue{id: "T-" + in.Key, title: in.Title, text: in.Text})
			case in.Event == "comment" && !again:
				i := tr.find(in.ID)
				i.comments = append(i.comments, in.Text)
			}
			if in.Event == "open" {
				_ = json.NewEncoder(w).Encode(map[string]string{"id": "T-" + in.Key, "url": tr.url + "/T-" + in.Key})
			}
		})
	}, func(url string, client *http.Client) (ticket.Desk, error) {
		return ticket.NewWebhook(ticket.WebhookOptions{URL: url, Secret: secret.New(hidden), Client: client, Now: func() time.Time { return webhookTime }})
	})
}

func (tr *tracker) find(id string) *issue {
	for _, i := range tr.issues {
		if i.id == id {
			return i
		}
	}
	return &issue{}
}

var trackers = map[string]func(*testing.T) *tracker{"backlog": backlog, "jira": jira, "webhook": webhook}

var incident = ticket.Issue{Title: "www does not answer", Text: "Since 03:00.\n{code} @all <b>{noformat}</b>\nhttps://www.acme.example"}

// TestDesk is the contract: what every tracker does.
func TestDesk(t *testing.T) {
	for name, start := range trackers {
		t.Run(name, func(t *testing.T) {
			tr, ctx := start(t), t.Context()
			opened, err := tr.desk.Open(ctx, incident, "Q1/1")
			if err != nil || opened.ID == "" || !strings.HasPrefix(opened.URL, tr.url+"/") {
				t.Fatalf("opened %+v, %v", opened, err)
			}
			again, err := tr.desk.Open(ctx, incident, "Q1/1")
			if err != nil || again != opened || len(tr.issues) != 1 {
				t.Errorf("the same key again: %+v, %v, and there are %d issues", again, err, len(tr.issues))
			}
			other, err := tr.desk.Open(ctx, incident, "Q2/1")
			if err != nil || other.ID == opened.ID {
				t.Errorf("another key: %+v, %v", other, err)
			}
			for range 2 {
				if err := tr.desk.Comment(ctx, opened, "Repaired at 03:04.", "Q1/1/end"); err != nil {
					t.Fatal(err)
				}
			}
			got := tr.find(opened.ID)
			if len(got.comments) != 1 || !strings.Contains(got.comments[0], "Repaired at 03:04.") {
				t.Errorf("comments %q", got.comments)
			}
			if got.title != incident.Title || !strings.Contains(got.text, "https://www.acme.example") {
				t.Errorf("the issue says %q: %q", got.title, got.text)
			}
		})
	}
}

func TestAnAnswerThatIsLost(t *testing.T) {
	for name, start := range trackers {
		t.Run(name, func(t *testing.T) {
			tr := start(t)
			tr.lose = true
			if _, err := tr.desk.Open(t.Context(), incident, "Q1/1"); !errors.Is(err, ticket.ErrTemporary) {
				t.Fatalf("error %v", err)
			}
			opened, err := tr.desk.Open(t.Context(), incident, "Q1/1")
			if err != nil || len(tr.issues) != 1 {
				t.Fatalf("%v, and there are %d issues", err, len(tr.issues))
			}
			tr.lose = true
			_ = tr.desk.Comment(t.Context(), opened, "text", "end")
			if err := tr.desk.Comment(t.Context(), opened, "text", "end"); err != nil || len(tr.issues[0].comments) != 1 {
				t.Errorf("%v, comments %q", err, tr.issues[0].comments)
			}
		})
	}
}

func TestTroubleHasAKindAndNoSecret(t *testing.T) {
	for name, start := range trackers {
		for status, kind := range map[int]error{302: ticket.ErrRefused, 400: ticket.ErrRefused, 401: ticket.ErrRefused, 404: ticket.ErrRefused,
			408: ticket.ErrTemporary, 429: ticket.ErrTemporary, 500: ticket.ErrTemporary, 503: ticket.ErrTemporary} {
			t.Run(fmt.Sprint(name, " ", status), func(t *testing.T) {
				tr := start(t)
				tr.fail = status
				_, err := tr.desk.Open(t.Context(), incident, "Q1/1")
				if !errors.Is(err, kind) || len(tr.issues) != 0 || strings.Contains(err.Error(), hidden) {
					t.Errorf("error %v", err)
				}
			})
		}
		t.Run(name+" away", func(t *testing.T) {
			tr := start(t)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := tr.desk.Open(ctx, incident, "Q1/1")
			if !errors.Is(err, ticket.ErrTemporary) || strings.Contains(err.Error(), hidden) || strings.Contains(err.Error(), url.QueryEscape(hidden)) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestAWrongSecretIsNotRepeated(t *testing.T) {
	tr := backlog(t)
	desk, err := ticket.NewBacklog(ticket.BacklogOptions{URL: tr.url, Project: "OPS", APIKey: secret.New("wrong-" + hidden)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := desk.Open(t.Context(), incident, "Q1"); !errors.Is(err, ticket.ErrRefused) || strings.Contains(err.Error(), hidden) {
		t.Errorf("error %v", err)
	}
}

func TestBacklogSaysWhatThereIs(t *testing.T) {
	tr := backlog(t)
	desk, err := ticket.NewBacklog(ticket.BacklogOptions{URL: tr.url, Project: "OPS", IssueType: "Störung", APIKey: secret.New(hidden)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := desk.Open(t.Context(), incident, "Q1"); !errors.Is(err, ticket.ErrRefused) || !strings.Contains(err.Error(), "障害") {
		t.Errorf("error %v", err)
	}
}

func TestLongTextsAreCut(t *testing.T) {
	for name, start := range trackers {
		t.Run(name, func(t *testing.T) {
			tr := start(t)
			long := ticket.Issue{Title: strings.Repeat("題", 1000), Text: strings.Repeat("本文\n", 100_000)}
			if _, err := tr.desk.Open(t.Context(), long, "Q1"); err != nil {
				t.Fatal(err)
			}
			if _, err := tr.desk.Open(t.Context(), long, "Q1"); err != nil || len(tr.issues) != 1 {
				t.Errorf("%v, and there are %d issues", err, len(tr.issues))
			}
		})
	}
}

func TestAnAnswerThatIsNoJSON(t *testing.T) {
	tr := webhook(t)
	tr.answer = "OK"
	if opened, err := tr.desk.Open(t.Context(), incident, "Q1"); err != nil || opened.ID != "Q1" {
		t.Errorf("a receiver that answers OK: %+v, %v", opened, err)
	}
	tr = jira(t)
	tr.answer = "<html>log in</html>"
	if _, err := tr.desk.Open(t.Context(), incident, "Q1"); !errors.Is(err, ticket.ErrRefused) {
		t.Errorf("a log-in page: %v", err)
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	for _, wrong := range []string{"", "acme.backlog.com", "ftp://acme.example", "https://user:pass@acme.example", "https://"} {
		if _, err := ticket.NewWebhook(ticket.WebhookOptions{URL: wrong}); !errors.Is(err, ticket.ErrRefused) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
