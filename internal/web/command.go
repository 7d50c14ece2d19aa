package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/internal/secret"
	"shodo/internal/slack"
)

// commandTimeout leaves Slack's 3 seconds enough for the way back.
const commandTimeout = 2 * time.Second

// Commands is what Slack's slash command needs.
type Commands struct {
	SigningSecret secret.Value // empty: there is no slash command
	Operators     []string     // ids of the users who may change something
	Policies      Policies
}

// Policies gives the windows of a customer that are in force, those of run time included.
type Policies interface {
	Policy(context.Context, incident.CustomerID) (p quiethours.Policy, catalogVersion string, err error)
}

// commands answers POST /webhooks/slack/commands. Every answer is seen by the person who asked alone.
type commands struct {
	Commands
	windows *windows
	log     *slog.Logger
	answers *prometheus.CounterVec
}

func newCommands(c Commands, w *windows, r prometheus.Registerer, log *slog.Logger) *commands {
	return &commands{Commands: c, windows: w, log: log,
		answers: promauto.With(r).NewCounterVec(prometheus.CounterOpts{
			Name: "shodo_slack_commands_total",
			Help: "Slash commands of Slack by answer: done, wrong, refused (not an operator), unsigned, too_large, broken.",
		}, []string{"answer"}),
	}
}

// ServeHTTP answers within the time that Slack waits.
func (c *commands) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), commandTimeout)
	defer cancel()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	switch {
	case err != nil:
		c.answer(w, http.StatusBadRequest, "broken", "")
		return
	case len(body) > maxRequest:
		c.answer(w, http.StatusRequestEntityTooLarge, "too_large", "")
		return
	}
	if err := slack.VerifyRequest(c.SigningSecret, r.Header, body, c.windows.now()); err != nil {
		c.log.Warn("a slash command without a valid signature was refused; should it be Slack's, compare slack.signing_secret with "+
			"the app's signing secret, and this machine's clock with the time", "remote", r.RemoteAddr, "err", err)
		c.answer(w, http.StatusUnauthorized, "unsigned", "")
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		c.log.Error("a signed slash command cannot be read", "err", err)
		c.answer(w, http.StatusBadRequest, "broken", "")
		return
	}
	if form.Get("ssl_check") == "1" { // Slack looks at the certificate from time to time
		c.answer(w, http.StatusOK, "done", "")
		return
	}
	t := typed{user: form.Get("user_id"), trigger: form.Get("trigger_id"), command: commandName(form.Get("command"))}
	result, said := c.carryOut(ctx, t, form.Get("text"))
	c.log.Info("slash command", "user", t.user, "text", form.Get("text"), "answer", result)
	c.answer(w, http.StatusOK, result, said)
}

// answer says something to the person alone.
func (c *commands) answer(w http.ResponseWriter, status int, result, said string) {
	c.answers.WithLabelValues(result).Inc()
	if said == "" {
		w.WriteHeader(status)
		return
	}
	writeJSON(w, status, map[string]string{"response_type": "ephemeral", "text": said})
}

// typed is who typed a command, and how the command is called there.
type typed struct {
	user    string // Slack's id
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
func (c *commands) carryOut(ctx context.Context, t typed, words string) (result, said string) {
	cmd, p := parseCommand(words)
	if p != nil {
		return "wrong", p.said(c.language(cmd))
	}
	lang := c.language(cmd)
	if (cmd.verb == verbAdd || cmd.verb == verbEnd) && !slices.Contains(c.Operators, t.user) {
		return "refused", notAnOperator(t.user).in(lang)
	}
	switch cmd.verb {
	case verbQuiet:
		said, p = c.quiet(ctx, cmd, lang)
	case verbList:
		said, p = c.list(ctx, t, cmd, lang)
	case verbAdd:
		said, p = c.add(ctx, t, cmd, lang)
	case verbEnd:
		said, p = c.end(ctx, t, cmd)
	default:
		said = help(t.command).in(lang)
	}
	if p != nil {
		return "wrong", p.said(lang)
	}
	return "done", said
}

// language is the customer's. Where none is named it is the one that all customers have, or else English.
func (c *commands) language(cmd command) string {
	all := c.windows.customers()
	for _, id := range []string{cmd.customer, cmd.window.Customer} {
		if named, ok := all.Customer(incident.CustomerID(id)); ok {
			return named.Language
		}
	}
	language := ""
	for _, one := range all.Customers() {
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
