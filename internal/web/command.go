package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/internal/secret"
	"shodo/internal/slack"
)

// commandTimeout leaves Slack's 3 seconds enough for the way back.
const commandTimeout = 2 * time.Second

// whoTimeout is how much of it may go into finding out who somebody is: PagerDuty or Slack may be slow, and just then somebody
// may need the kill switch.
const whoTimeout = time.Second

// Slack is what it takes to do what people type and press in Slack.
type Slack struct {
	On            bool         // there are commands and buttons, by request or by Socket Mode
	SigningSecret secret.Value // empty: no request of Slack is taken
	Operators     []string     // ids of the users who may change everything
	Policies      Policies
	Private       Private
}

// Policies gives the windows of a customer that are in force, those of run time included.
type Policies interface {
	Policy(context.Context, incident.CustomerID) (p quiethours.Policy, catalogVersion string, err error)
}

// commands does what people type behind /shodo. Every answer is seen by the person who asked alone.
type commands struct {
	Slack
	rules
	log     *slog.Logger
	answers *prometheus.CounterVec
}

func newCommands(s Slack, all rules, r prometheus.Registerer, log *slog.Logger) *commands {
	return &commands{Slack: s, rules: all, log: log,
		answers: promauto.With(r).NewCounterVec(prometheus.CounterOpts{
			Name: "shodo_slack_commands_total",
			Help: "Slash commands of Slack by answer: done, wrong, refused (who asked may not), unsigned, too_large, broken.",
		}, []string{"answer"}),
	}
}

// commandRequests answers POST /webhooks/slack/commands.
type commandRequests struct {
	*commands
	signed signed
}

// ServeHTTP answers within the time that Slack waits.
func (c commandRequests) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), commandTimeout)
	defer cancel()
	refuse := func(status int, result string) {
		c.answers.WithLabelValues(result).Inc()
		w.WriteHeader(status)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	switch {
	case err != nil:
		refuse(http.StatusBadRequest, "broken")
		return
	case len(body) > maxRequest:
		refuse(http.StatusRequestEntityTooLarge, "too_large")
		return
	case c.signed.check(r, body) != nil:
		refuse(http.StatusUnauthorized, "unsigned")
		return
	}
	switch answer, err := c.typed(ctx, body); {
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
	case answer != nil:
		writeJSON(w, http.StatusOK, answer)
	}
}

// typed does what a command says, and gives the answer to it; nil: there is nothing to say. Who calls it knows that it is
// Slack's. The error says that it cannot be read.
func (c *commands) typed(ctx context.Context, body []byte) (any, error) {
	cmd, err := slack.ParseCommand(body)
	if err != nil {
		c.log.Error("a slash command of Slack cannot be read", "err", err)
		c.answers.WithLabelValues("broken").Inc()
		return nil, err
	}
	if cmd.SSLCheck { // Slack looks at the certificate from time to time
		c.answers.WithLabelValues("done").Inc()
		return nil, nil
	}
	t := typed{user: cmd.UserID, handle: cmd.UserName, trigger: cmd.TriggerID, command: commandName(cmd.Name)}
	result, said := c.carryOut(ctx, t, cmd.Text)
	c.log.Info("slash command", "user", t.user, "text", cmd.Text, "answer", result)
	c.answers.WithLabelValues(result).Inc()
	return said, nil
}

// answer is what the person alone sees.
type answer struct {
	Type   string           `json:"response_type"`
	Text   string           `json:"text"`
	Blocks []handover.Block `json:"blocks,omitempty"`
}

func private(text string) answer { return answer{Type: "ephemeral", Text: text} }

// typed is who typed a command, and how the command is called there.
type typed struct {
	user    string // Slack's id
	handle  string // Slack's name of the user
	trigger string // Slack's id of this one command: the same when the same request comes again
	command string
}

var slashName = regexp.MustCompile(`^/[a-z0-9_-]{1,31}$`)

func commandName(given string) string {
	if !slashName.MatchString(given) {
		return "/shodo"
	}
	return given
}

// carryOut does what was typed, and gives what to say about it.
func (c *commands) carryOut(ctx context.Context, t typed, words string) (result string, _ answer) {
	cmd, p := parseCommand(words)
	if p != nil {
		return "wrong", private(p.said(c.language(cmd)))
	}
	lang := c.language(cmd)
	if (cmd.verb == verbAdd || cmd.verb == verbEnd) && !slices.Contains(c.Operators, t.user) {
		return "refused", private(notAnOperator(t.user).in(lang))
	}
	var said string
	switch cmd.verb {
	case verbQuiet:
		said, p = c.quiet(ctx, cmd, lang)
	case verbList:
		said, p = c.list(ctx, t, cmd, lang)
	case verbAdd:
		said, p = c.add(ctx, t, cmd, lang)
	case verbEnd:
		said, p = c.end(ctx, t, cmd)
	case verbStatus:
		said, p = c.status(ctx, lang)
	case verbShow:
		return c.show(ctx, cmd, lang)
	case verbPause, verbResume:
		return c.stop(ctx, t, cmd)
	default:
		said = help(t.command).in(lang)
	}
	if p != nil {
		return "wrong", private(p.said(lang))
	}
	return "done", private(said)
}

// language is the customer's. Where none is named it is the one that all customers have, or else English.
func (c *commands) language(cmd command) string {
	for _, id := range []string{cmd.customer, cmd.window.Customer} {
		if named, ok := c.windows.customers().Customer(incident.CustomerID(id)); ok {
			return named.Language
		}
	}
	return c.anyLanguage()
}

// anyLanguage is that of all customers, or else English.
func (c *commands) anyLanguage() string {
	language := ""
	for _, one := range c.windows.customers().Customers() {
		if language != "" && language != one.Language {
			return "en"
		}
		language = one.Language
	}
	return language
}

// quiet tells what may be done at this moment.
func (c *commands) quiet(ctx context.Context, cmd command, lang string) (string, *problem) {
	named, p := c.windows.customer(cmd.customer)
	if p != nil {
		return "", p
	}
	policy, version, err := c.Policies.Policy(ctx, named.ID)
	if err != nil {
		c.log.Error("read the windows of a customer", "customer", named.ID, "err", err)
		return "", unavailable()
	}
	if policy.IsEmpty() {
		return noWindows(named.Name, version).in(lang), nil
	}
	now := c.windows.now()
	asked := incident.Incident{CreatedAt: now, Alerts: []incident.Alert{{Severity: cmd.severity, CreatedAt: now}}, AlertCount: 1}
	return saidQuiet(policy.Decide(now, asked, named.Facts()), named, cmd.severity, version, now, lang), nil
}

// add takes Slack's own id of the command as the key, so that a request that is sent again adds nothing.
func (c *commands) add(ctx context.Context, t typed, cmd command, lang string) (string, *problem) {
	m, _, p := c.windows.add(ctx, cmd.window, by(t), t.trigger)
	if p != nil {
		return "", p
	}
	named, _ := c.windows.customer(string(m.Customer))
	return saidAdded(m, named.Name, t.command).in(lang), nil
}

func (c *commands) end(ctx context.Context, t typed, cmd command) (string, *problem) {
	m, p := c.windows.end(ctx, cmd.id, by(t))
	if p != nil {
		return "", p
	}
	return saidEnded(m).in(c.language(command{customer: string(m.Customer)})), nil
}

func (c *commands) list(ctx context.Context, t typed, cmd command, lang string) (string, *problem) {
	list, p := c.windows.list(ctx, cmd.customer, c.windows.now())
	if p != nil {
		return "", p
	}
	return saidList(list, c.windows.now(), t.command, lang), nil
}

// by is how the record names a person of Slack.
func by(t typed) string { return "slack:" + t.user }
