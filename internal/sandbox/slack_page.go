package sandbox

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"
)

//go:embed slackpage
var slackPageFiles embed.FS

// settle is how long a page waits after a change for the next one, so that a burst of messages is fetched once.
const settle = 100 * time.Millisecond

// slackPage is where people see the channels, press buttons, tick boxes and type slash commands. Everything that is shown
// was written by somebody else: it is escaped, and a policy in the header allows no script but the page's own.
type slackPage struct {
	slack    *Slack
	home     string // PagerDuty's page; may be empty
	template *template.Template
	handler  http.Handler
}

func newSlackPage(s *Slack, home string) *slackPage {
	p := &slackPage{slack: s, home: home, template: template.Must(template.ParseFS(slackPageFiles, "slackpage/page.html"))}
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", p.channel)
	m.HandleFunc("GET /ui/channels/{channel}", p.channel)
	m.HandleFunc("GET /ui/events", p.events)
	m.HandleFunc("GET /ui/files/{file}", p.file)
	m.HandleFunc("GET /ui/page.css", p.asset)
	m.HandleFunc("GET /ui/page.js", p.asset)
	m.HandleFunc("POST /ui/press", p.press)
	m.HandleFunc("POST /ui/command", p.command)
	p.handler = http.NewCrossOriginProtection().Handler(m) // other sites cannot press the buttons
	return p
}

func (p *slackPage) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

func (p *slackPage) asset(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeFileFS(w, r, slackPageFiles, "slackpage/"+strings.TrimPrefix(r.URL.Path, "/ui/"))
}

// channel shows one channel as one person sees it.
func (p *slackPage) channel(w http.ResponseWriter, r *http.Request) {
	v, ok := p.view(r.PathValue("channel"), r.URL.Query().Get("as"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "+
		"form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	w.Header().Set("Cache-Control", "no-store")
	if err := p.template.ExecuteTemplate(w, "page.html", v); err != nil {
		p.slack.opts.Log.Debug("the sandbox's Slack page was not shown whole", "err", err)
	}
}

// events tells the page of every change, as server-sent events.
func (p *slackPage) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	controller := http.NewResponseController(w)
	for {
		changed := p.slack.Changed()
		if _, err := fmt.Fprint(w, "data: changed\n\n"); err != nil {
			return
		}
		if controller.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
		if !sleep(r, settle) {
			return
		}
	}
}

// file gives what was uploaded. Nothing of it is ever run: images are shown, everything else is text.
func (p *slackPage) file(w http.ResponseWriter, r *http.Request) {
	f, ok := p.slack.file(r.PathValue("file"))
	if !ok {
		http.NotFound(w, r)
		return
	}
	kind := imageType(f.Content)
	if kind == "" {
		kind = "text/plain; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
	_, _ = w.Write(f.Content)
}

// file gives a file that was shared.
func (s *Slack) file(id string) (File, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.files[id]
	if f == nil || !s.uploaded[id] {
		return File{}, false
	}
	return *f, true
}

// press does what a button or a box says, as the person of the form field "as".
func (p *slackPage) press(w http.ResponseWriter, r *http.Request) {
	if r.Body = http.MaxBytesReader(w, r.Body, maxRequest); r.ParseForm() != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	err := p.slack.Press(r.Context(), Press{User: r.Form.Get("as"), Channel: r.Form.Get("channel"), TS: r.Form.Get("ts"),
		ActionID: r.Form.Get("action_id"), Ticked: r.Form["ticked"]})
	p.done(w, r, err)
}

// command types a slash command.
func (p *slackPage) command(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	_, err := p.slack.Command(r.Context(), r.FormValue("as"), r.FormValue("channel"), r.FormValue("text"))
	p.done(w, r, err)
}

// done answers: browsers go back to the channel, where a failure is shown as Slack shows it; programs that accept JSON get
// the error.
func (p *slackPage) done(w http.ResponseWriter, r *http.Request, err error) {
	if strings.Contains(r.Header.Get("Accept"), "application/json") {
		status, body := http.StatusOK, object{"ok": true}
		if err != nil {
			status, body = http.StatusBadGateway, object{"ok": false, "error": err.Error()}
			if errors.Is(err, ErrNoSuchElement) {
				status = http.StatusNotFound
			}
		}
		writeJSON(w, status, body)
		return
	}
	http.Redirect(w, r, channelLink(r.FormValue("channel"), r.FormValue("as")), http.StatusSeeOther)
}

func channelLink(channel, as string) string {
	return "/ui/channels/" + url.PathEscape(channel) + "?as=" + url.QueryEscape(as)
}
