package ticket

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"shodo/internal/secret"
)

// BacklogOptions say which project of Backlog gets the issues. All but Client are required.
type BacklogOptions struct {
	URL       string // of the space, such as https://acme.backlog.com
	Project   string // its key, such as OPS
	IssueType string // the name of an issue type of the project; empty: the project's first
	Priority  string // the name of a priority, as the space writes it; empty: the one with the id 3, Normal
	APIKey    secret.Value
	Client    *http.Client // nil: one of its own
}

// Backlog's limits and ids, by its API reference (developer.nulab.com/docs/backlog).
const (
	backlogSummary     = 255
	backlogDescription = 100_000
	backlogNormal      = 3
)

// Backlog opens issues in one project of Backlog, by its API version 2.
type Backlog struct {
	o    BacklogOptions
	call *caller
}

// NewBacklog makes one. It calls nobody.
func NewBacklog(o BacklogOptions) (*Backlog, error) {
	c, err := newCaller(o.Client, o.URL, o.APIKey, func(r *http.Request) {
		q := r.URL.Query()
		q.Set("apiKey", o.APIKey.Reveal())
		r.URL.RawQuery = q.Encode()
	})
	if err != nil {
		return nil, err
	}
	return &Backlog{o: o, call: c}, nil
}

type backlogNamed struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

type backlogIssue struct {
	Key string `json:"issueKey"`
}

// Open opens an issue.
func (b *Backlog) Open(ctx context.Context, issue Issue, key string) (Opened, error) {
	var project backlogNamed
	if err := b.call.call(ctx, fmt.Sprintf("look up the project %q", b.o.Project), http.MethodGet, "/api/v2/projects/"+url.PathEscape(b.o.Project), content{}, &project); err != nil {
		return Opened{}, err
	}
	var found []backlogIssue
	search := url.Values{"projectId[]": {strconv.Itoa(project.ID)}, "keyword": {mark(key)}, "count": {"1"}}
	if err := b.call.call(ctx, "look for an issue that is there already", http.MethodGet, "/api/v2/issues?"+search.Encode(), content{}, &found); err != nil {
		return Opened{}, err
	}
	if len(found) > 0 {
		return b.opened(found[0]), nil
	}
	kind, err := b.named(ctx, "issue type", "/api/v2/projects/"+url.PathEscape(b.o.Project)+"/issueTypes", b.o.IssueType, 0)
	if err != nil {
		return Opened{}, err
	}
	priority, err := b.named(ctx, "priority", "/api/v2/priorities", b.o.Priority, backlogNormal)
	if err != nil {
		return Opened{}, err
	}
	var made backlogIssue
	err = b.call.call(ctx, "open an issue in Backlog", http.MethodPost, "/api/v2/issues", form(url.Values{
		"projectId": {strconv.Itoa(project.ID)}, "issueTypeId": {strconv.Itoa(kind)}, "priorityId": {strconv.Itoa(priority)},
		"summary":     {cutRunes(issue.Title, backlogSummary)},
		"description": {cutRunes(issue.Text, backlogDescription-100) + "\n\n" + mark(key)},
	}), &made)
	return b.opened(made), err
}

// named finds the id of what has that name; without a name it is the default, or else the first.
func (b *Backlog) named(ctx context.Context, what, path, name string, byDefault int) (int, error) {
	if name == "" && byDefault != 0 {
		return byDefault, nil
	}
	var list []backlogNamed
	if err := b.call.call(ctx, fmt.Sprintf("look up the %s %q", what, name), http.MethodGet, path, content{}, &list); err != nil {
		return 0, err
	}
	var names []string
	for _, one := range list {
		if one.Name == name || name == "" {
			return one.ID, nil
		}
		names = append(names, one.Name)
	}
	return 0, fmt.Errorf("%w: Backlog has no %s %q there (it has: %s)", ErrRefused, what, name, strings.Join(names, ", "))
}

// Comment adds a comment.
func (b *Backlog) Comment(ctx context.Context, to Opened, text, key string) error {
	path := "/api/v2/issues/" + url.PathEscape(to.ID) + "/comments"
	var comments []struct {
		Content string `json:"content"`
	}
	if err := b.call.call(ctx, fmt.Sprintf("read the comments of %s", to.ID), http.MethodGet, path+"?count=100&order=desc", content{}, &comments); err != nil {
		return err
	}
	for _, c := range comments {
		if strings.Contains(c.Content, mark(key)) {
			return nil
		}
	}
	return b.call.call(ctx, fmt.Sprintf("comment on %s", to.ID), http.MethodPost, path, form(url.Values{
		"content": {cutRunes(text, backlogDescription-100) + "\n\n" + mark(key)},
	}), nil)
}

func (b *Backlog) opened(i backlogIssue) Opened {
	if i.Key == "" {
		return Opened{}
	}
	return Opened{ID: i.Key, URL: b.call.base + "/view/" + i.Key}
}
