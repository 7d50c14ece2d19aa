package pagerduty

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"shodo/internal/incident"
	"shodo/internal/secret"
)

// The REST API's base URLs.
const (
	APIURL   = "https://api.pagerduty.com"
	APIURLEU = "https://api.eu.pagerduty.com"
)

// Options of a client. APIURL, Token and From are required to reach PagerDuty; all others have defaults.
type Options struct {
	APIURL string       // base URL; default [APIURL]
	Token  secret.Value // a REST API key
	From   string       // e-mail address of the user in whose name incidents are changed

	HTTPClient *http.Client     // its Transport and Jar are used; default: a plain one. Redirects are never followed.
	Clock      func() time.Time // default time.Now
	Log        *slog.Logger     // default: none
	Observe    func(Call)       // told of every try, for metrics; must be quick

	Timeout  time.Duration // of one try of a request, with its answer; default 10 s
	Patience time.Duration // longest time to go on trying one request; default 90 s: a rate limit lasts up to 60
}

// Call is one try of a request, for metrics.
type Call struct {
	Method   string
	Route    string // the path with ids taken out: "/incidents/{id}/notes"
	Status   int    // HTTP's; 0 without an answer
	Duration time.Duration
	Err      error
}

// Client reads and changes incidents. It is safe for concurrent use; its requests go out one after the other.
type Client struct {
	library *library
	from    string
	now     func() time.Time
	log     *slog.Logger

	mu       sync.Mutex
	services map[incident.ServiceID]ackTimeout
}

type ackTimeout struct {
	exists bool
	until  time.Time
}

const serviceLifetime = 5 * time.Minute // how long a service's settings are believed

// NewClient makes a client. It sends nothing.
func NewClient(o Options) *Client {
	if o.APIURL == "" {
		o.APIURL = APIURL
	}
	if o.HTTPClient == nil {
		o.HTTPClient = &http.Client{Transport: http.DefaultTransport.(*http.Transport).Clone()}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Observe == nil {
		o.Observe = func(Call) {}
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Patience == 0 {
		o.Patience = 90 * time.Second
	}
	t := &transport{
		client: &http.Client{
			Transport:     o.HTTPClient.Transport,
			Jar:           o.HTTPClient.Jar,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		gate:     semaphore.NewWeighted(1),
		timeout:  o.Timeout,
		patience: o.Patience,
		now:      o.Clock,
		log:      o.Log,
		observe:  o.Observe,
		secret:   o.Token.Reveal(),
	}
	return &Client{
		library:  newLibrary(strings.TrimRight(o.APIURL, "/"), o.Token, o.From, t),
		from:     o.From,
		now:      o.Clock,
		log:      o.Log,
		services: map[incident.ServiceID]ackTimeout{},
	}
}

// Status reads the incident without its alerts: one request, and one more now and then for the service's settings.
func (c *Client) Status(ctx context.Context, id incident.ID) (incident.Incident, error) {
	wire, _, err := c.fetch(ctx, id)
	if err != nil {
		return incident.Incident{}, fmt.Errorf("read incident %q: %w", id, err)
	}
	inc := wire.incident()
	if inc.AckTimeout, err = c.ackTimeout(ctx, wire); err != nil {
		return incident.Incident{}, fmt.Errorf("read incident %q: %w", id, err)
	}
	return inc, nil
}

// Read reads the incident with its alerts, oldest first, at most [incident.MaxAlerts], each in the form that
// [Normalise] gives.
//
// An incident that is only seconds old may have alerts that do not show yet; then Read looks again a few times within a
// few seconds. Where the alerts hold no details (mail, services that create no alerts), the incident's log is read too.
func (c *Client) Read(ctx context.Context, id incident.ID) (incident.Incident, error) {
	inc, err := c.read(ctx, id)
	if err != nil {
		return incident.Incident{}, fmt.Errorf("read incident %q with its alerts: %w", id, err)
	}
	return inc, nil
}

func (c *Client) read(ctx context.Context, id incident.ID) (incident.Incident, error) {
	wire, header, err := c.fetch(ctx, id)
	if err != nil {
		return incident.Incident{}, err
	}
	inc := wire.incident()
	if inc.AckTimeout, err = c.ackTimeout(ctx, wire); err != nil {
		return incident.Incident{}, err
	}
	age := serverNow(header, c.now()).Sub(inc.CreatedAt)
	raw, err := c.awaitAlerts(ctx, id, age < youngIncident || inc.AlertCount > 0)
	if err != nil {
		return incident.Incident{}, err
	}
	if raw, err = c.addLog(ctx, inc, raw); err != nil {
		return incident.Incident{}, err
	}
	for _, received := range raw {
		alert := Normalise(received)
		fill(&alert.Summary, inc.Title)
		inc.Alerts = append(inc.Alerts, alert)
	}
	return inc, nil
}

// fetch reads one incident.
func (c *Client) fetch(ctx context.Context, id incident.ID) (wireIncident, http.Header, error) {
	path, err := incidentPath(id)
	if err != nil {
		return wireIncident{}, nil, err
	}
	var answer struct {
		Incident wireIncident `json:"incident"`
	}
	header, err := c.library.request(ctx, http.MethodGet, path, nil, nil, &answer)
	if err != nil {
		return wireIncident{}, nil, err
	}
	if answer.Incident.ID == "" || answer.Incident.Status == "" {
		return wireIncident{}, nil, &Error{Method: http.MethodGet, Path: path, kind: ErrUnavailable,
			Message: "the answer holds no incident"}
	}
	return answer.Incident, header, nil
}

// ackTimeout says whether an acknowledgement of the incident runs out by itself. When it cannot be known because the
// service cannot be seen, the answer is no, which is the careful one.
func (c *Client) ackTimeout(ctx context.Context, wire wireIncident) (bool, error) {
	if wire.willUnacknowledge() {
		return true, nil
	}
	id := incident.ServiceID(wire.Service.ID)
	c.mu.Lock()
	known, ok := c.services[id]
	c.mu.Unlock()
	if ok && c.now().Before(known.until) {
		return known.exists, nil
	}
	if !isID(string(id)) {
		return false, nil
	}
	var answer struct {
		Service wireService `json:"service"`
	}
	_, err := c.library.request(ctx, http.MethodGet, "/services/"+string(id), nil, nil, &answer)
	switch {
	case errors.Is(err, ErrNotFound) || errors.Is(err, ErrForbidden):
		c.log.WarnContext(ctx, "the service's acknowledgement timeout cannot be read; its incidents are not acknowledged",
			"service", string(id), "incident", string(wire.ID), "err", err)
	case err != nil:
		return false, fmt.Errorf("read service %q: %w", id, err)
	}
	known = ackTimeout{exists: answer.Service.AcknowledgementTimeout > 0, until: c.now().Add(serviceLifetime)}
	c.mu.Lock()
	c.services[id] = known
	c.mu.Unlock()
	return known.exists, nil
}

// Self gives the user of Options.From, so that the engine's own changes can be told when they come back as webhooks.
// The error wraps [ErrNotFound] when no user has this e-mail address.
func (c *Client) Self(ctx context.Context) (incident.Ref, error) {
	user, err := c.library.userByEmail(ctx, c.from)
	if err != nil {
		return incident.Ref{}, fmt.Errorf("find the user %q: %w", c.from, err)
	}
	return incident.Ref{ID: user.ID, Name: user.Name}, nil
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func isID(s string) bool { return idForm.MatchString(s) }

// incidentPath is where an incident is in the API. What is not an id never gets into a URL.
func incidentPath(id incident.ID) (string, error) {
	if !isID(string(id)) {
		return "", fmt.Errorf("%w: %q is no id of an incident", ErrNotFound, id)
	}
	return "/incidents/" + string(id), nil
}

func query(pairs ...string) url.Values {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return values
}
