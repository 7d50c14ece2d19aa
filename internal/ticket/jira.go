package ticket

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"shodo/internal/secret"
)

// JiraOptions say which project of Jira gets the issues. All but User, IssueType and Client are required.
type JiraOptions struct {
	URL       string // of the site, such as https://acme.atlassian.net
	Project   string // its key, such as OPS
	IssueType string // its name; empty: Task
	User      string // Jira Cloud: the address of the account that the API token belongs to; empty: a personal access token of Jira Data Center
	Token     secret.Value
	Client    *http.Client // nil: one of its own
}

// Jira's limits, by its REST API reference: a summary is one line of fewer than 255 characters, a text field has 32,767.
const (
	jiraSummary = 254
	jiraText    = 32_000
)

// Jira opens issues in one project of Jira Cloud or Jira Data Center, by the parts of REST API version 2 that both have:
// version 3 of the cloud takes no plain text.
type Jira struct {
	o    JiraOptions
	call *caller
}

// NewJira makes one. It calls nobody.
func NewJira(o JiraOptions) (*Jira, error) {
	c, err := newCaller(o.Client, o.URL, o.Token, func(r *http.Request) {
		if o.User != "" {
			r.SetBasicAuth(o.User, o.Token.Reveal())
			return
		}
		r.Header.Set("Authorization", "Bearer "+o.Token.Reveal())
	})
	if err != nil {
		return nil, err
	}
	return &Jira{o: o, call: c}, nil
}

type jiraIssue struct {
	Key string `json:"key"`
}

// Open opens an issue. Its label is what it is found by.
func (j *Jira) Open(ctx context.Context, issue Issue, key string) (Opened, error) {
	var found struct {
		Issues []jiraIssue `json:"issues"`
	}
	search := url.Values{"jql": {fmt.Sprintf("project = %q AND labels = %q", j.o.Project, mark(key))}, "maxResults": {"1"}, "fields": {"key"}}
	if err := j.call.call(ctx, "look for an issue that is there already", http.MethodGet, j.searchPath()+"?"+search.Encode(), content{}, &found); err != nil {
		return Opened{}, err
	}
	if len(found.Issues) > 0 {
		return j.opened(found.Issues[0]), nil
	}
	kind := j.o.IssueType
	if kind == "" {
		kind = "Task"
	}
	body, err := object(map[string]any{"fields": map[string]any{
		"project": map[string]string{"key": j.o.Project}, "issuetype": map[string]string{"name": kind},
		"summary":     cutRunes(strings.Join(strings.Fields(issue.Title), " "), jiraSummary),
		"description": noFormat(issue.Text), "labels": []string{"shodo", mark(key)},
	}})
	if err != nil {
		return Opened{}, err
	}
	var made jiraIssue
	err = j.call.call(ctx, "open an issue in Jira", http.MethodPost, "/rest/api/2/issue", body, &made)
	return j.opened(made), err
}

// searchPath is where issues are looked for: the cloud has taken the old place away, Data Center does not have the new one.
func (j *Jira) searchPath() string {
	if strings.Contains(j.call.base, ".atlassian.net") {
		return "/rest/api/3/search/jql"
	}
	return "/rest/api/2/search"
}

// Comment adds a comment.
func (j *Jira) Comment(ctx context.Context, to Opened, text, key string) error {
	path := "/rest/api/2/issue/" + url.PathEscape(to.ID) + "/comment"
	var there struct {
		Comments []struct {
			Body string `json:"body"`
		} `json:"comments"`
	}
	if err := j.call.call(ctx, fmt.Sprintf("read the comments of %s", to.ID), http.MethodGet, path+"?orderBy=-created&maxResults=100", content{}, &there); err != nil {
		return err
	}
	for _, c := range there.Comments {
		if strings.Contains(c.Body, mark(key)) {
			return nil
		}
	}
	body, err := object(map[string]string{"body": noFormat(text) + "\n" + mark(key)})
	if err != nil {
		return err
	}
	return j.call.call(ctx, fmt.Sprintf("comment on %s", to.ID), http.MethodPost, path, body, nil)
}

func (j *Jira) opened(i jiraIssue) Opened {
	if i.Key == "" {
		return Opened{}
	}
	return Opened{ID: i.Key, URL: j.call.base + "/browse/" + i.Key}
}

// noFormat keeps Jira from reading markup, mentions and images into the text.
func noFormat(text string) string {
	return "{noformat}\n" + strings.ReplaceAll(cutRunes(text, jiraText), "{noformat", "{ noformat") + "\n{noformat}"
}
