package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"shodo/internal/incident"
	"shodo/internal/store"
	"shodo/internal/web"
)

// pauseSlack is how much later than a pause an incident may have been received that is told of it all the same: clocks differ,
// and it may just have asked whether anything is paused.
const pauseSlack = time.Minute

// killSwitch is the pauses. That they are in force is the store's to know: everything that changes something asks it. This
// tells those who are in the middle of something, when a pause is to stop them.
type killSwitch struct {
	store *store.Store
	tell  func(context.Context, incident.ID, incident.Pause) error
	log   *slog.Logger
	news  chan struct{} // of size one: there is a pause to tell of
}

func newKillSwitch(s *store.Store, tell func(context.Context, incident.ID, incident.Pause) error, log *slog.Logger) *killSwitch {
	return &killSwitch{store: s, tell: tell, log: log, news: make(chan struct{}, 1)}
}

// AddPause keeps a pause; from then on it is in force.
func (k *killSwitch) AddPause(ctx context.Context, p incident.Pause) error {
	defer k.notice() // also after an error: it may be there all the same
	return k.store.AddPause(ctx, p)
}

// EndPause ends a pause; from then on it is not in force.
func (k *killSwitch) EndPause(ctx context.Context, id, by string, at time.Time) (incident.Pause, error) {
	p, err := k.store.EndPause(ctx, id, by, at)
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w: %w", web.ErrNoPause, err)
	}
	return p, err
}

// PausesInForce lists the pauses that nobody has ended.
func (k *killSwitch) PausesInForce(ctx context.Context) ([]incident.Pause, error) {
	return k.store.PausesInForce(ctx)
}

// Pauses lists pauses.
func (k *killSwitch) Pauses(ctx context.Context, since time.Time) ([]incident.Pause, error) {
	return k.store.Pauses(ctx, since)
}

func (k *killSwitch) notice() {
	select {
	case k.news <- struct{}{}:
	default: // it is to be told already
	}
}

// stopRunning tells each open incident in the scope of a pause that cancels, once for each pause, until ctx ends. It looks
// when a pause was added, and from time to time: after a restart, and for what was on its way at that moment.
func (k *killSwitch) stopRunning(ctx context.Context) {
	told := map[stopped]bool{}
	for {
		wait := lookAgain
		if err := k.tellAll(ctx, told); err != nil && ctx.Err() == nil {
			k.log.Error("stop what runs, because of a pause; it is tried again", "err", err)
			wait = tellAgain
		}
		select {
		case <-ctx.Done():
			return
		case <-k.news:
		case <-time.After(wait):
		}
	}
}

// stopped is an incident that was told of a pause.
type stopped struct {
	pause    string
	incident incident.ID
	run      int
}

func (k *killSwitch) tellAll(ctx context.Context, told map[stopped]bool) error {
	list, err := k.store.PausesInForce(ctx)
	if err != nil {
		return err
	}
	inForce := map[string]bool{}
	var failed []error
	for _, p := range list {
		if p.Cancel {
			inForce[p.ID] = true
			failed = append(failed, k.tellOf(ctx, p, told))
		}
	}
	for s := range told {
		if !inForce[s.pause] {
			delete(told, s)
		}
	}
	return errors.Join(failed...)
}

func (k *killSwitch) tellOf(ctx context.Context, p incident.Pause, told map[stopped]bool) error {
	filter := incident.Filter{Open: true, Limit: incident.MaxLimit}
	switch p.Scope {
	case incident.PauseCustomer:
		filter.Customer = incident.CustomerID(p.Name)
	case incident.PauseScenario:
		filter.Scenario = incident.ScenarioName(p.Name)
	}
	open, err := k.store.List(ctx, filter)
	if err != nil {
		return err
	}
	var failed []error
	for _, r := range open {
		s := stopped{p.ID, r.Incident.ID, r.Run}
		if told[s] || r.ReceivedAt.After(p.At.Add(pauseSlack)) {
			continue
		}
		if err := k.tell(ctx, r.Incident.ID, p); err != nil {
			failed = append(failed, fmt.Errorf("incident %q of customer %q: %w", r.Incident.ID, r.Customer.ID, err))
			continue
		}
		k.log.Info("a pause stops what runs for an incident", "customer", r.Customer.ID, "incident", r.Incident.ID, "pause", p.ID)
		told[s] = true
	}
	return errors.Join(failed...)
}

// pausesReady tells what is paused. The engine is ready all the same: it hands over.
func (a *App) pausesReady(ctx context.Context) web.Check {
	list, err := a.store.PausesInForce(ctx)
	if len(list) == 0 {
		return check("pauses", "nothing is paused", err)
	}
	var paused []string
	for _, p := range list {
		what := string(p.Scope)
		if p.Name != "" {
			what += " " + p.Name
		}
		paused = append(paused, fmt.Sprintf("%s since %s by %s", what, p.At.UTC().Format(time.RFC3339), p.By))
	}
	return check("pauses", "paused: "+strings.Join(paused, "; "), err)
}
