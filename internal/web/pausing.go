package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"shodo/internal/incident"
)

// ErrNoPause says that there is no pause with that id.
var ErrNoPause = errors.New("no such pause")

// Pauses is the kill switch. What it has answered without an error is durable and in force.
type Pauses interface {
	// AddPause keeps a pause. An id that is there already changes nothing. With Cancel, the steps that run are stopped.
	AddPause(context.Context, incident.Pause) error
	// EndPause ends a pause; the first end counts. ErrNoPause: there is none with that id.
	EndPause(ctx context.Context, id, by string, at time.Time) (incident.Pause, error)
	// PausesInForce lists those that nobody has ended.
	PausesInForce(context.Context) ([]incident.Pause, error)
	// Pauses lists those that were in force at that time or after it (zero: all that ever were).
	Pauses(ctx context.Context, since time.Time) ([]incident.Pause, error)
}

// pausing says what people may do with the kill switch, by whichever way they come.
type pausing struct {
	keep    Pauses
	catalog func() Customers
	now     func() time.Time
	log     *slog.Logger
}

// pauseRequest is a pause as a person asks for it.
type pauseRequest struct {
	Scope  string `json:"scope"`
	Name   string `json:"name"`
	Cancel bool   `json:"cancel"`
	Reason string `json:"reason"`
}

// add pauses what is asked for. What is paused already stays as it is, and is given back; unless the steps that run are to
// be stopped, too, and were not.
func (p *pausing) add(ctx context.Context, r pauseRequest, by, key string) (_ incident.Pause, again bool, _ *problem) {
	one := incident.Pause{Scope: incident.PauseScope(r.Scope), Name: r.Name, Cancel: r.Cancel, Reason: strings.TrimSpace(r.Reason), By: by,
		At: p.now().UTC().Truncate(time.Microsecond)}
	if problem := p.check(one); problem != nil {
		return one, false, problem
	}
	known, problem := p.inForce(ctx)
	if problem != nil {
		return one, false, problem
	}
	for _, k := range known {
		if sameScope(k, one) && (k.Cancel || !one.Cancel) {
			return k, true, nil
		}
	}
	one.ID = newID("P", by, key)
	if err := p.keep.AddPause(ctx, one); err != nil {
		p.log.Error("pause", "scope", one.Scope, "name", one.Name, "by", by, "err", err)
		return one, false, unavailable()
	}
	p.log.Warn("paused: nothing is changed from now on", "pause", one.ID, "scope", one.Scope, "name", one.Name, "cancel", one.Cancel, "by", by, "reason", one.Reason)
	if key == "" {
		return one, false, nil
	}
	return p.kept(ctx, one)
}

// kept gives a pause as the store has it: of a key that was used before it has the first.
func (p *pausing) kept(ctx context.Context, one incident.Pause) (_ incident.Pause, again bool, _ *problem) {
	all, problem := p.since(ctx, time.Time{})
	if problem != nil {
		return one, false, problem
	}
	i := slices.IndexFunc(all, func(k incident.Pause) bool { return k.ID == one.ID })
	switch {
	case i < 0:
		return one, false, nil
	case !sameScope(all[i], one) || all[i].Cancel != one.Cancel || !all[i].ResumedAt.IsZero():
		return one, false, newProblem(http.StatusConflict,
			say("the Idempotency-Key was used for another pause, %s", "この Idempotency-Key は別の停止 %s に使われています", one.ID),
			say("take a new key for each pause", "停止ごとに新しいキーを使ってください"))
	}
	return all[i], !all[i].At.Equal(one.At), nil
}

func sameScope(a, b incident.Pause) bool { return a.Scope == b.Scope && a.Name == b.Name }

func (p *pausing) check(one incident.Pause) *problem {
	switch one.Scope {
	case incident.PauseAll:
		if one.Name != "" {
			return wrong(say("a pause of everything has no name, not %q", "すべての停止に名前 %q は付けられません", one.Name), text{})
		}
	case incident.PauseCustomer:
		if problem := p.known(one.Name, p.customerNames(), say("customer", "顧客")); problem != nil {
			return problem
		}
	case incident.PauseScenario:
		if problem := p.known(one.Name, p.scenarioNames(), say("scenario", "シナリオ")); problem != nil {
			return problem
		}
	default:
		return wrong(say("scope: %q is none", "scope: %q は指定できません", string(one.Scope)), say("one of all, customer, scenario", "all、customer、scenario のいずれか"))
	}
	return checkPauseReason(one.Reason)
}

func (p *pausing) known(name string, names []string, what text) *problem {
	if slices.Contains(names, name) {
		return nil
	}
	return wrong(text{fmt.Sprintf("there is no %s %q", what.en, name), fmt.Sprintf("%s %q はありません", what.ja, name)}, meant(name, names))
}

func (p *pausing) customerNames() []string {
	var names []string
	for _, c := range p.catalog().Customers() {
		names = append(names, string(c.ID))
	}
	return names
}

func (p *pausing) scenarioNames() []string {
	var names []string
	for _, s := range p.catalog().Scenarios() {
		names = append(names, string(s.Name))
	}
	return names
}

// checkPauseReason lets a reason be left out: whoever stops everything at night has no time for it.
func checkPauseReason(reason string) *problem {
	switch {
	case !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl):
		return wrong(say("the reason is not one line of text", "理由が一行の文になっていません"), text{})
	case utf8.RuneCountInString(reason) > maxReason:
		return wrong(say("the reason is longer than %d characters", "理由が %d 文字を超えています", maxReason), text{})
	}
	return nil
}

// end ends one pause. One that has ended stays as it is.
func (p *pausing) end(ctx context.Context, id, by string) (incident.Pause, *problem) {
	id = strings.ToUpper(id)
	one, err := p.keep.EndPause(ctx, id, by, p.now())
	switch {
	case errors.Is(err, ErrNoPause):
		return one, newProblem(http.StatusNotFound, say("there is no pause %q", "停止 %q はありません", id),
			say("the list of them shows the ids", "一覧に ID があります"))
	case err != nil:
		p.log.Error("end a pause", "pause", id, "by", by, "err", err)
		return one, unavailable()
	}
	p.log.Warn("resumed", "pause", id, "scope", one.Scope, "name", one.Name, "by", one.ResumedBy)
	return one, nil
}

// endScope ends every pause of a scope that is in force, and gives them.
func (p *pausing) endScope(ctx context.Context, scope incident.PauseScope, name, by string) (ended []incident.Pause, _ *problem) {
	known, problem := p.inForce(ctx)
	if problem != nil {
		return nil, problem
	}
	for _, k := range known {
		if !sameScope(k, incident.Pause{Scope: scope, Name: name}) {
			continue
		}
		one, problem := p.end(ctx, k.ID, by)
		if problem != nil {
			return ended, problem
		}
		ended = append(ended, one)
	}
	return ended, nil
}

func (p *pausing) inForce(ctx context.Context) ([]incident.Pause, *problem) {
	list, err := p.keep.PausesInForce(ctx)
	if err != nil {
		p.log.Error("list the pauses in force", "err", err)
		return nil, unavailable()
	}
	return list, nil
}

func (p *pausing) since(ctx context.Context, since time.Time) ([]incident.Pause, *problem) {
	list, err := p.keep.Pauses(ctx, since)
	if err != nil {
		p.log.Error("list pauses", "err", err)
		return nil, unavailable()
	}
	return list, nil
}
