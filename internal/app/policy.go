package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/quiethours"
	"shodo/internal/store"
	"shodo/internal/web"
)

// How long it takes at most until those who wait for the end of a window are compared with the windows again: as a rule,
// and after somebody could not be told.
const (
	lookAgain = time.Minute
	tellAgain = 5 * time.Second
)

// policies gives each customer's windows: those of the catalog and those that were added while the engine runs. And it
// tells who waits for the end of a window when the windows have changed.
//
// The windows of run time are kept in memory where only this process changes them, because every incident asks. Where
// several share the store they are read each time.
type policies struct {
	catalog func() *catalog.Catalog
	store   *store.Store
	now     func() time.Time
	log     *slog.Logger
	news    chan struct{} // of size one: the windows may have changed

	mu    sync.Mutex
	added map[incident.CustomerID][]quiethours.Window // nil: to be read from the store
}

func newPolicies(c func() *catalog.Catalog, s *store.Store, now func() time.Time, log *slog.Logger) *policies {
	return &policies{catalog: c, store: s, now: now, log: log, news: make(chan struct{}, 1)}
}

// Policy gives the windows of a customer that are in force, and the version of the catalog that they are from. Of a
// customer whom the catalog no longer has there are no windows: nothing of that customer is held back any longer.
func (p *policies) Policy(ctx context.Context, id incident.CustomerID) (quiethours.Policy, string, error) {
	current := p.catalog()
	c, ok := current.Customer(id)
	if !ok {
		return quiethours.Policy{}, current.Version(), nil
	}
	added, err := p.addedTo(ctx, id)
	if err != nil {
		return quiethours.Policy{}, "", err
	}
	if len(added) == 0 {
		return c.Policy, current.Version(), nil
	}
	return c.Policy.With(added...), current.Version(), nil
}

func (p *policies) addedTo(ctx context.Context, id incident.CustomerID) ([]quiethours.Window, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.added == nil || p.store.IsShared() {
		list, err := p.store.Maintenances(ctx, "", p.now())
		if err != nil {
			return nil, fmt.Errorf("read the maintenance windows of customer %q: %w", id, err)
		}
		p.added = map[incident.CustomerID][]quiethours.Window{}
		for _, m := range list {
			w, err := catalog.MaintenanceWindow(m)
			if err != nil {
				p.log.Error("a maintenance window is not understood by this version of the engine: it keeps nobody from being told, and where "+
					"only its condition is wrong, it keeps anything from being changed; end it and add another one",
					"customer", m.Customer, "maintenance", m.ID, "err", err)
			}
			if w.When != nil {
				p.added[m.Customer] = append(p.added[m.Customer], w)
			}
		}
	}
	return p.added[id], nil
}

// AddMaintenance keeps a window; from then on it is in force.
func (p *policies) AddMaintenance(ctx context.Context, m incident.Maintenance) error {
	defer p.renew() // also after an error: the window may be there all the same
	return p.store.AddMaintenance(ctx, m)
}

// EndMaintenance ends a window; from then on it is not in force.
func (p *policies) EndMaintenance(ctx context.Context, id, by string, at time.Time) (incident.Maintenance, error) {
	defer p.renew()
	m, err := p.store.EndMaintenance(ctx, id, by, at)
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w: %w", web.ErrNoMaintenance, err)
	}
	return m, err
}

// Maintenances lists windows.
func (p *policies) Maintenances(ctx context.Context, customer incident.CustomerID, endingAfter time.Time) ([]incident.Maintenance, error) {
	return p.store.Maintenances(ctx, customer, endingAfter)
}

// renew forgets what was read, and lets those be told who wait.
func (p *policies) renew() {
	p.mu.Lock()
	p.added = nil
	p.mu.Unlock()
	p.notice()
}

// notice lets those be told who wait for the end of a window that may have changed.
func (p *policies) notice() {
	select {
	case p.news <- struct{}{}:
	default: // it is to be told already
	}
}

// tellChanges tells each workflow that waits for the end of a window when the customer's windows are no longer those by
// which it was deferred; it then decides again. A window that begins or ends by itself is no change. It looks when something
// has changed, and from time to time: a decision may have been on its way while the windows changed.
func (p *policies) tellChanges(ctx context.Context, tell func(context.Context, incident.Deferral) error) {
	told := map[changed]time.Time{}
	for {
		wait := lookAgain
		if err := p.tellAll(ctx, told, tell); err != nil && ctx.Err() == nil {
			p.log.Error("tell what waits for the end of a window that its customer's windows have changed; it is tried again", "err", err)
			wait = tellAgain
		}
		select {
		case <-ctx.Done():
			return
		case <-p.news:
		case <-time.After(wait):
		}
	}
}

// changed is a deferral with the hash of the windows that it was told of. Whoever decides again records it, by the new hash;
// until then it is told the same again, but not more often than every lookAgain.
type changed struct {
	incident incident.ID
	run      int
	key      string
	policy   string
}

func (p *policies) tellAll(ctx context.Context, told map[changed]time.Time, tell func(context.Context, incident.Deferral) error) error {
	waiting, err := p.store.OpenDeferrals(ctx)
	if err != nil {
		return err
	}
	var failed []error
	before := maps.Clone(told)
	clear(told) // of those that no longer wait
	hashes := map[incident.CustomerID]string{}
	for _, d := range waiting {
		if hashes[d.Customer] == "" {
			policy, _, err := p.Policy(ctx, d.Customer)
			if err != nil {
				return err
			}
			hashes[d.Customer] = policy.Hash()
		}
		c := changed{d.Incident, d.Run, d.Key, hashes[d.Customer]}
		if d.Policy == c.policy {
			continue
		}
		if at, known := before[c]; known && p.now().Sub(at) < lookAgain {
			told[c] = at
			continue
		}
		if err := tell(ctx, d); err != nil {
			failed = append(failed, fmt.Errorf("incident %q of customer %q, deferred by %s: %w", d.Incident, d.Customer, d.Window, err))
			continue
		}
		p.log.Info("windows have changed: a deferred incident decides again", "customer", d.Customer, "incident", d.Incident, "window", d.Window)
		told[c] = p.now()
	}
	return errors.Join(failed...)
}
