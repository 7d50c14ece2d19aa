package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"shodo/internal/handover"
	"shodo/internal/incident"
	"shodo/internal/web"
)

// maxBacklogAge is how long an event may wait in the inbox before the process no longer counts as ready.
const maxBacklogAge = time.Minute

// askEvery is how often Slack and the mail server are asked at most whether they are there.
const askEvery = time.Minute

// askAloneEvery is how often PagerDuty is asked at most, when nobody is told but by it.
const askAloneEvery = 10 * time.Second

// troubleTimeout is how long Slack has to take news that belong to no incident.
const troubleTimeout = 2 * time.Minute

// ready looks at everything that the first response needs.
func (a *App) ready(ctx context.Context) []web.Check {
	return []web.Check{
		check("store", "durable", a.store.Ping(ctx)),
		a.temporalReady(ctx),
		a.inboxReady(ctx),
		a.pagerDutyReady(),
		a.catalogReady(),
		a.windowsReady(ctx),
		a.pausesReady(ctx),
		a.slackReady(ctx),
		a.mailReady(ctx),
	}
}

func check(name, detail string, err error) web.Check {
	if err != nil {
		return web.Check{Name: name, Detail: err.Error()}
	}
	return web.Check{Name: name, OK: true, Detail: detail}
}

func (a *App) temporalReady(ctx context.Context) web.Check {
	detail, err := a.temporalDetail(ctx)
	return check("temporal", detail, err)
}

func (a *App) inboxReady(ctx context.Context) web.Check {
	s, err := a.inbox.Stats(ctx)
	if err != nil {
		return check("inbox", "", err)
	}
	detail := fmt.Sprintf("%d waiting, %d set aside; last test ping: %s", s.Pending, s.Parked, lastPing(s.LastPing))
	c := web.Check{Name: "inbox", OK: s.OldestAge < maxBacklogAge, Detail: detail}
	if !c.OK {
		c.Detail += fmt.Sprintf("; the oldest event has waited %s", s.OldestAge.Round(time.Second))
	}
	return c
}

func lastPing(at time.Time) string {
	if at.IsZero() {
		return "none"
	}
	return at.UTC().Format(time.RFC3339)
}

func (a *App) pagerDutyReady() web.Check {
	user, err := a.self.state()
	switch {
	case err != nil:
		return check("pagerduty", "", err)
	case user.ID == "":
		return web.Check{Name: "pagerduty", Detail: "looking up the engine's own user"}
	}
	return web.Check{Name: "pagerduty", OK: true, Detail: fmt.Sprintf("acts as %s (%s)", user.Name, user.ID)}
}

// windowsReady tells what waits for the end of a window.
func (a *App) windowsReady(ctx context.Context) web.Check {
	waiting, added, err := countWindows(ctx, a.store, time.Now())
	return check("windows", fmt.Sprintf("%d deferred, %d of maintenance added at run time", waiting, added), err)
}

// slackReady asks whether people can be told in Slack. PagerDuty alone carries hand-overs while it is away: that is worth
// knowing, and no reason to take no webhooks. While PagerDuty is away, too, nobody can be told, and the engine is not ready.
func (a *App) slackReady(ctx context.Context) web.Check {
	said, takes := "not configured: people are told in PagerDuty only", false
	if a.slack != nil {
		said, takes = a.slackState.ask(askEvery, func() (string, bool) {
			who, err := a.slack.Test(ctx)
			if err != nil {
				return "away: people are told in PagerDuty only: " + err.Error(), false
			}
			return fmt.Sprintf("posts as %s in %s", who.User, who.Team), true
		})
		said += "; " + a.hears()
	}
	if takes {
		return web.Check{Name: "slack", OK: true, Detail: said}
	}
	why, takes := a.pagerState.ask(askAloneEvery, func() (string, bool) {
		if _, err := a.pagerduty.Self(ctx); err != nil {
			return err.Error(), false
		}
		return "", true
	})
	if !takes {
		said = "nobody can be told: PagerDuty is away, too (" + why + "); Slack is " + said
	}
	return web.Check{Name: "slack", OK: takes, Detail: said}
}

// hears tells how what people do in Slack comes here.
func (a *App) hears() string {
	switch {
	case a.socket != nil:
		s := a.socket.State()
		if s.Err != nil {
			return "no Socket Mode connection: " + s.Err.Error()
		}
		if !s.Connected {
			return "Socket Mode is connecting"
		}
		return "buttons by Socket Mode"
	case a.cfg.Slack.HearsPeople():
		return "buttons by requests to /webhooks/slack"
	}
	return "no buttons: neither slack.signing_secret nor slack.app_token is set"
}

// mailReady asks whether customers can be told by mail. It is nothing that an incident waits for.
func (a *App) mailReady(ctx context.Context) web.Check {
	if a.mail == nil {
		return web.Check{Name: "mail", OK: true, Detail: "not configured: customers get no mail"}
	}
	said, _ := a.mailState.ask(askEvery, func() (string, bool) {
		if err := a.mail.Test(ctx); err != nil {
			return "away: customers are told later: " + err.Error(), false
		}
		return "sends by " + a.cfg.Mail.Address, true
	})
	return web.Check{Name: "mail", OK: true, Detail: said}
}

// remembered keeps for a time what somebody outside has said: readiness is asked often, and anybody may ask.
type remembered struct {
	mu   sync.Mutex
	at   time.Time
	text string
	well bool
}

func (r *remembered) ask(every time.Duration, question func() (text string, well bool)) (text string, well bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.at) >= every {
		r.text, r.well = question()
		r.at = time.Now()
	}
	return r.text, r.well
}

// trouble tells of a webhook that no incident's workflow will ever see: nobody else would look at it.
func (a *App) trouble(d incident.Delivery) {
	a.log.Error("a signed webhook could not be given to an incident and is kept: a person has to look at it",
		"event", d.ID, "type", d.Type, "incident", d.Incident, "subscription", d.Subscription, "err", d.Detail)
	if a.slack == nil || a.cfg.Slack.Channel == "" {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), troubleTimeout)
		defer cancel()
		m := handover.Plain(fmt.Sprintf("A webhook of PagerDuty could not be handed to an incident: event %s (%s): %s", d.ID, d.Type, d.Detail))
		if _, err := a.slack.Post(ctx, a.cfg.Slack.Channel, m, "trouble/"+string(d.ID)); err != nil {
			a.log.Error("tell Slack about a webhook", "event", d.ID, "err", err)
		}
	}()
}
