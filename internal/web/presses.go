package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/slack"
)

const (
	// pressAnswer is when a press is answered at the latest: after three seconds Slack tells the person that it did not work.
	pressAnswer = 2500 * time.Millisecond
	// pressTimeout is how long one press may take; what takes longer than pressAnswer goes on behind the answer.
	pressTimeout = 30 * time.Second
	// mayTimeout is how much of it may go into finding out who it is and who may; chooseTimeout has to fit in, too.
	mayTimeout = 8 * time.Second
	// maxPress is the size in bytes of the largest press: it carries the whole message that was pressed.
	maxPress = 1 << 20
	// tellTimeout is how long the private answer may take after that.
	tellTimeout = 10 * time.Second
	// maxActions is how many actions of one press count. One press is one button, or one box.
	maxActions = 50
)

// Private shows a text to one user of a channel of Slack alone. The text is mrkdwn.
type Private interface {
	Ephemeral(ctx context.Context, channel, user, text string) error
}

// presses does what people press in Slack. The signature has been checked, or it came over our own connection.
type presses struct {
	deciding *deciding
	private  Private
	language func() string // where no customer says it
	log      *slog.Logger
	under    sync.WaitGroup // presses that are being handled
	seen     *prometheus.CounterVec
}

func newPresses(d *deciding, p Private, language func() string, r prometheus.Registerer) *presses {
	return &presses{deciding: d, private: p, language: language, log: d.log,
		seen: promauto.With(r).NewCounterVec(prometheus.CounterOpts{
			Name: "shodo_slack_interactions_total",
			Help: "Presses in Slack's messages by answer: handled, later (it took longer than Slack waits), unsigned, too_large, broken.",
		}, []string{"answer"}),
	}
}

// press handles an interaction, at most until ctx ends; what is not done then goes on behind it. It says whether all is done.
func (p *presses) press(ctx context.Context, payload []byte) (done bool, err error) {
	i, err := slack.ParseInteraction(payload)
	if err != nil {
		return true, err
	}
	finished := make(chan struct{})
	p.under.Go(func() {
		defer close(finished)
		long, cancel := context.WithTimeout(context.WithoutCancel(ctx), pressTimeout)
		defer cancel()
		p.guarded(long, i)
	})
	select {
	case <-finished:
		return true, nil
	case <-ctx.Done():
		return false, nil
	}
}

// guarded keeps a press that breaks the handling down from taking the engine with it: net/http does so for its own goroutines
// only. Whoever pressed is told.
func (p *presses) guarded(ctx context.Context, i slack.Interaction) {
	defer func() {
		if broken := recover(); broken != nil {
			p.log.Error("handling a press broke down", "user", i.UserID, "channel", i.Channel, "err", broken, "stack", string(debug.Stack()))
			p.tell(ctx, i, notTaken().said(p.language()))
		}
	}()
	p.handle(ctx, i)
}

// handle does all that one press asks for, and answers the person alone where the message does not.
func (p *presses) handle(ctx context.Context, i slack.Interaction) {
	if i.Type != "block_actions" {
		p.log.Debug("an interaction of another kind is left alone", "type", i.Type, "user", i.UserID)
		return
	}
	told := map[string]bool{}
	for n, a := range i.Actions {
		if n == maxActions {
			p.log.Warn("a press of too many actions: the rest is left alone", "actions", len(i.Actions), "user", i.UserID)
			return
		}
		for _, said := range p.action(ctx, i, a) {
			if said != "" && !told[said] {
				told[said] = true
				p.tell(ctx, i, said)
			}
		}
	}
}

// action does what one button or box stands for, and gives what to say about it.
func (p *presses) action(ctx context.Context, i slack.Interaction, a slack.Action) (said []string) {
	choices, err := choicesOf(a)
	if err != nil {
		p.log.Warn("a press that is none of the engine's is left alone", "user", i.UserID, "channel", i.Channel, "action", a.ID, "err", err)
		return []string{say("This button is none that the engine knows. It may be of another version: use a newer message.",
			"このボタンをエンジンは認識できません。別の版のものかもしれません。新しいメッセージを使ってください。").in(p.language())}
	}
	for _, c := range choices {
		c.ID = "slack/" + a.Key + c.ID
		c.At = p.deciding.now()
		said = append(said, p.choice(ctx, i, c))
	}
	return said
}

// choicesOf reads what a press stands for; a link is nothing to decide.
func choicesOf(a slack.Action) ([]incident.Choice, error) {
	if a.Type == "checkboxes" {
		ticks, err := handover.ParseTicks(a.Block, a.Shown, a.Selected)
		for i := range ticks { // one press, several choices
			ticks[i].ID = "/" + strconv.Itoa(ticks[i].Item)
		}
		return ticks, err
	}
	if a.Value == "" && !strings.HasPrefix(a.ID, "shodo:") {
		return nil, nil
	}
	c, err := handover.ParseChoice(a.ID, a.Value)
	if err != nil {
		return nil, err
	}
	return []incident.Choice{c}, nil
}

// choice makes one choice for whoever pressed, and gives what to say to them alone.
func (p *presses) choice(ctx context.Context, i slack.Interaction, c incident.Choice) (said string) {
	about, problem := p.deciding.look(ctx, c.Incident)
	if problem != nil {
		return problem.said(p.language())
	}
	lang := about.language()
	if lang == "" {
		lang = p.language()
	}
	asking, cancel := context.WithTimeout(ctx, mayTimeout)
	defer cancel()
	v := p.deciding.People.May(asking, about.ask(c, i.UserID, i.UserName))
	if !v.Allowed {
		p.log.Warn("somebody who may not decide pressed a button", "incident", c.Incident, "customer", about.record.Customer.ID, "choice", c.Kind,
			"user", i.UserID, "channel", i.Channel, "err", v.Unsure)
		p.deciding.count(bySlack, c, "not_allowed")
		return saidNotYou(v, about.record.Customer.Name, lang)
	}
	c.By = v.Person
	p.log.Debug("a press is allowed", "incident", c.Incident, "user", i.UserID, "because", v.Because)
	result, problem := p.deciding.choose(ctx, c, bySlack)
	if problem != nil {
		return problem.said(lang)
	}
	return saidTaken(result, lang)
}

// tell answers the person alone. Slack does not promise that it arrives, and nothing depends on it.
func (p *presses) tell(ctx context.Context, i slack.Interaction, said string) {
	if p.private == nil || i.Channel == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTimeout)
	defer cancel()
	if err := p.private.Ephemeral(ctx, i.Channel, i.UserID, said); err != nil {
		p.log.Warn("somebody who pressed a button could not be answered", "user", i.UserID, "channel", i.Channel, "err", err)
	}
}

// pressRequests answers POST /webhooks/slack/interactions.
type pressRequests struct {
	*presses
	signed signed
}

// ServeHTTP answers within the time that Slack waits.
func (p pressRequests) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), pressAnswer)
	defer cancel()
	answer := func(status int, word string) {
		p.seen.WithLabelValues(word).Inc()
		w.WriteHeader(status)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPress+1))
	switch {
	case err != nil:
		answer(http.StatusBadRequest, "broken")
		return
	case len(body) > maxPress:
		answer(http.StatusRequestEntityTooLarge, "too_large")
		return
	case p.signed.check(r, body) != nil:
		answer(http.StatusUnauthorized, "unsigned")
		return
	}
	done, err := p.press(ctx, body)
	switch {
	case err != nil:
		p.log.Error("a signed interaction cannot be read", "err", err)
		answer(http.StatusBadRequest, "broken")
	case done:
		answer(http.StatusOK, "handled")
	default:
		answer(http.StatusOK, "later")
	}
}
