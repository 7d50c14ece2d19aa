package sandbox

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

//go:embed page.html
var pageHTML string

// pages is what people see of the sandbox, and where they press buttons. Everything that is shown was written by
// somebody else, and html/template escapes it; a policy in the header forbids scripts besides.
type pages struct {
	server   *Server
	template *template.Template
	handler  http.Handler
}

func newPages(s *Server) *pages {
	p := &pages{server: s, template: template.Must(template.New("page").Funcs(template.FuncMap{
		"clock": func(t time.Time) string { return t.Local().Format("15:04:05") },
		"join":  func(list []string) string { return strings.Join(list, ", ") },
		"json": func(v any) (string, error) {
			data, err := json.MarshalIndent(v, "", "  ")
			return string(data), err
		},
		"text":     func(b []byte) string { return string(b) },
		"rendered": rendered,
	}).Parse(pageHTML))}
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", p.overview)
	m.HandleFunc("GET /ui/incidents/{id}", p.incident)
	m.HandleFunc("POST /ui/incidents/{id}/{move}", p.move)
	m.HandleFunc("POST /ui/send", p.send)
	m.Handle("/ui/", http.RedirectHandler("/", http.StatusFound))
	p.handler = http.NewCrossOriginProtection().Handler(m) // other sites cannot press the buttons
	return p
}

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// view is what the template shows.
type view struct {
	Refresh   bool
	As        User
	People    []User
	Incidents []shownIncident
	Channels  []shownChannel
	Slack     string         // address of its page
	One       *shownIncident // the page of one incident
	Problem   string
}

type shownIncident struct {
	Incident
	Pages []Page
}

type shownChannel struct {
	Name     string
	Link     string // of its page, where buttons can be pressed
	Messages []Message
}

// view collects what is there, newest first.
func (p *pages) view(r *http.Request) view {
	pagerduty := p.server.PagerDuty
	v := view{Problem: r.URL.Query().Get("problem"), Slack: p.server.SlackPageURL()}
	for _, u := range pagerduty.Users() {
		if !u.Bot {
			v.People = append(v.People, u)
		}
	}
	for _, u := range v.People {
		if v.As.ID == "" || u.ID == r.URL.Query().Get("as") {
			v.As = u
		}
	}
	for _, i := range slices.Backward(pagerduty.Incidents()) {
		v.Incidents = append(v.Incidents, shownIncident{i, pagerduty.Paged(i.ID)})
	}
	for _, c := range p.server.Slack.Channels() {
		messages := p.server.Slack.Messages(c.ID)
		slices.Reverse(messages)
		v.Channels = append(v.Channels, shownChannel{c.Name, strings.TrimSuffix(p.server.SlackPageURL(), "/") + "/ui/channels/" + c.ID, messages})
	}
	return v
}

func (p *pages) overview(w http.ResponseWriter, r *http.Request) {
	v := p.view(r)
	v.Refresh = v.Problem == ""
	p.show(w, v)
}

func (p *pages) incident(w http.ResponseWriter, r *http.Request) {
	v := p.view(r)
	for _, i := range v.Incidents {
		if i.ID == r.PathValue("id") {
			v.One = &i
		}
	}
	if v.One == nil {
		http.NotFound(w, r)
		return
	}
	p.show(w, v)
}

func (p *pages) show(w http.ResponseWriter, v view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	w.Header().Set("Cache-Control", "no-store")
	if err := p.template.Execute(w, v); err != nil {
		p.server.PagerDuty.opts.Log.Debug("the sandbox's page was not shown whole", "err", err)
	}
}

// move does what a button says, as the person of the form field "as". Programs that accept JSON get the incident's
// state, browsers go back to where they came from.
func (p *pages) move(w http.ResponseWriter, r *http.Request) {
	pagerduty, id, as, text := p.server.PagerDuty, r.PathValue("id"), r.FormValue("as"), r.FormValue("text")
	var err error
	switch move := r.PathValue("move"); move {
	case "acknowledge":
		err = pagerduty.AcknowledgeAs(as, id)
	case "resolve":
		err = pagerduty.ResolveAs(as, id, text)
	case "reopen":
		err = pagerduty.Reopen(as, id)
	case "reassign":
		err = pagerduty.ReassignAs(as, id, r.FormValue("to"))
	case "note":
		err = pagerduty.Note(as, id, text)
	case "recover":
		err = pagerduty.ResolveByMonitor(id)
	default:
		err = fmt.Errorf("there is no move %q", move)
	}
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		i, _ := pagerduty.Incident(id)
		status, body := http.StatusOK, object{"incident": id, "status": i.Status}
		if err != nil {
			status, body = http.StatusBadRequest, object{"error": err.Error()}
			if errors.Is(err, errNotFound) {
				status = http.StatusNotFound
			}
		}
		writeJSON(w, status, body)
		return
	}
	back := "/?"
	if r.FormValue("from") == "incident" {
		back = "/ui/incidents/" + template.URLQueryEscaper(id) + "?"
	}
	back += "as=" + template.URLQueryEscaper(as)
	if err != nil {
		back += "&problem=" + template.URLQueryEscaper(err.Error())
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
}

// send is Send over HTTP, for "shodo sandbox send".
func (p *pages) send(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		http.Error(w, "the incident cannot be read, or is larger than 1 MiB", http.StatusBadRequest)
		return
	}
	id, err := p.server.Send(data)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	i, _ := p.server.PagerDuty.Incident(id)
	writeJSON(w, http.StatusCreated, Sent{Incident: id, URL: i.URL})
}
