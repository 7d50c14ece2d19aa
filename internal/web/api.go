package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"shodo/internal/incident"
	"shodo/internal/secret"
	"shodo/internal/yamldoc"
)

// maxRequest is the size in bytes of the largest request of the API and of the slash command.
const maxRequest = 64 << 10

// UserHeader is the header in which the commands on the engine's own machine say who uses them.
const UserHeader = "X-Shodo-User"

// Token lets its holder use the API.
type Token struct {
	Name  string // who it is: it stands in the record of what is done with it
	Value secret.Value
	Local bool // of the commands on this machine: the holder says in UserHeader which user it is
}

// api answers everything below /api/. It asks for the token before anything else, so that without one nobody learns
// which paths, customers or windows there are.
type api struct {
	tokens   []Token
	reports  Reports
	windows  *windows
	pausing  *pausing
	deciding *deciding
	log      *slog.Logger
	requests *prometheus.CounterVec
	figures  *figuring // nil: there are no figures
	routes   *http.ServeMux
}

func newAPI(tokens []Token, rules rules, r prometheus.Registerer, log *slog.Logger) *api {
	a := &api{tokens: tokens, reports: rules.reports, windows: rules.windows, figures: rules.figures, pausing: rules.pausing, deciding: rules.deciding, log: log, routes: http.NewServeMux(),
		requests: promauto.With(r).NewCounterVec(prometheus.CounterOpts{
			Name: "shodo_api_requests_total", Help: "Requests of the HTTP API by route and status; unauthorized ones have the route \"none\".",
		}, []string{"route", "status"}),
	}
	a.handle("GET /api/v1/maintenance", a.listMaintenance)
	a.handle("POST /api/v1/maintenance", a.addMaintenance)
	a.handle("DELETE /api/v1/maintenance/{id}", a.endMaintenance)
	a.allow("/api/v1/maintenance", "GET, POST")
	a.allow("/api/v1/maintenance/{id}", "DELETE")
	if a.figures != nil {
		a.handle("GET /api/v1/stats", a.stats)
		a.allow("/api/v1/stats", "GET")
	}
	if a.pausing.keep != nil {
		a.handle("GET /api/v1/pauses", a.listPauses)
		a.handle("POST /api/v1/pauses", a.addPause)
		a.handle("DELETE /api/v1/pauses/{id}", a.endPause)
		a.allow("/api/v1/pauses", "GET, POST")
		a.allow("/api/v1/pauses/{id}", "DELETE")
	}
	if a.deciding.Chooser != nil {
		a.handle("GET /api/v1/incidents/{id}", a.showIncident)
		a.handle("POST /api/v1/incidents/{id}/choices", a.choose)
		a.allow("/api/v1/incidents/{id}", "GET")
		a.allow("/api/v1/incidents/{id}/choices", "POST")
	}
	if a.reports != nil {
		a.handle("GET /api/v1/reports", a.listReports)
		a.handle("POST /api/v1/reports/{name}/send", a.sendReport)
		a.allow("/api/v1/reports", "GET")
		a.allow("/api/v1/reports/{name}/send", "POST")
	}
	a.routes.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		a.refuse(w, "none", newProblem(http.StatusNotFound, say("there is no %s", "%s はありません", r.URL.Path), say("docs/api.md lists what there is", "docs/api.md に一覧があります")))
	})
	return a
}

// endpoint answers one kind of request; "who" is recorded for what it changes.
type endpoint func(r *http.Request, who caller) (status int, answer any, p *problem)

func (a *api) handle(route string, answer endpoint) {
	a.routes.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
		status, body, p := answer(r, callerOf(r.Context()))
		if p != nil {
			a.refuse(w, route, p)
			return
		}
		a.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
		writeJSON(w, status, body)
	})
}

// allow answers the methods of a path that are not there.
func (a *api) allow(path, methods string) {
	a.routes.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", methods)
		a.refuse(w, "none", newProblem(http.StatusMethodNotAllowed, say("%s is not possible here", "ここで %s は使えません", r.Method), say("use %s", "%s を使ってください", methods)))
	})
}

// ServeHTTP looks at the token, then at the request.
func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	who, ok := a.identify(r)
	if !ok {
		a.log.Warn("a request of the API without a valid token was refused", "remote", r.RemoteAddr, "method", r.Method, "path", r.URL.Path,
			"token_given", r.Header.Get("Authorization") != "")
		w.Header().Set("WWW-Authenticate", `Bearer realm="shodo"`)
		a.refuse(w, "none", newProblem(http.StatusUnauthorized, say("a valid token is needed", "有効なトークンが必要です"),
			say(`send "Authorization: Bearer TOKEN" with a token of the setting api.tokens`, `設定 api.tokens のトークンを "Authorization: Bearer TOKEN" で送ってください`)))
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	a.routes.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), whoKey{}, who)))
}

type whoKey struct{}

// caller is whose token came.
type caller struct {
	name   string          // as it stands in the record of what is done
	person incident.Person // as the record of an incident has it
}

func callerOf(ctx context.Context) caller {
	who, _ := ctx.Value(whoKey{}).(caller)
	return who
}

var userName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)

// identify tells whose token came. It compares with every token, each time for as long, whatever was sent.
func (a *api) identify(r *http.Request) (who caller, ok bool) {
	given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	sum := sha256.Sum256([]byte(given))
	var holder *Token
	for i := range a.tokens {
		want := sha256.Sum256([]byte(a.tokens[i].Value.Reveal()))
		if subtle.ConstantTimeCompare(sum[:], want[:]) == 1 && !a.tokens[i].Value.IsZero() {
			holder = &a.tokens[i]
		}
	}
	if holder == nil || !bearer {
		return caller{}, false
	}
	user := r.Header.Get(UserHeader)
	switch {
	case holder.Local && userName.MatchString(user):
		return caller{holder.Name + ":" + user, incident.Person{ID: "local:" + user, Name: user}}, true
	case holder.Local:
		return caller{holder.Name, incident.Person{ID: "local:" + holder.Name, Name: holder.Name}}, true
	}
	return caller{holder.Name, incident.Person{ID: "api:" + holder.Name, Name: holder.Name}}, true
}

// refuse answers with a problem.
func (a *api) refuse(w http.ResponseWriter, route string, p *problem) {
	a.requests.WithLabelValues(route, strconv.Itoa(p.status)).Inc()
	if p.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	writeJSON(w, p.status, Refusal{Message: p.message.en, Hint: p.hint.en, Kind: p.kind})
}

// Refusal is the body of every answer of the API that is not a success.
type Refusal struct {
	Message string `json:"error"`
	Hint    string `json:"hint,omitempty"` // what to do
	Kind    string `json:"kind,omitempty"` // of a choice that is refused: why, for programs
}

// readJSON reads the one object of a body. What the object may not have is an error.
func readJSON(r *http.Request, into any) *problem {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return nil
		}
		err = errors.New("something follows the object")
	}
	var tooLarge *http.MaxBytesError
	var wrongType *json.UnmarshalTypeError
	field, unknown := strings.CutPrefix(err.Error(), "json: unknown field ")
	switch {
	case errors.As(err, &tooLarge):
		return newProblem(http.StatusRequestEntityTooLarge, say("the body is larger than %d KiB", "本文が %d KiB を超えています", maxRequest>>10), text{})
	case unknown:
		hint := yamldoc.Suggest(strings.Trim(field, `"`), fieldsOf(into))
		if hint == "" {
			hint = "fields: " + strings.Join(fieldsOf(into), ", ")
		}
		return wrong(say("unknown field %s", "%s という項目はありません", field), text{hint, hint})
	case errors.As(err, &wrongType):
		return wrong(say("%s: found %s, expected %s", "%s: %s ではなく %s を指定してください", wrongType.Field, wrongType.Value, wrongType.Type), text{})
	case errors.Is(err, io.EOF):
		return wrong(say("the body is empty", "本文が空です"), say("send a JSON object", "JSON オブジェクトを送ってください"))
	}
	return wrong(say("the body is not one JSON object: %v", "本文が一つの JSON オブジェクトではありません: %v", err), text{})
}

// fieldsOf lists the JSON names of a struct's fields.
func fieldsOf(pointer any) []string {
	var names []string
	for f := range reflect.TypeOf(pointer).Elem().Fields() {
		names = append(names, f.Tag.Get("json"))
	}
	return names
}
