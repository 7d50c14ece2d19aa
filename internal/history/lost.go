package history

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/catalog"
	"shodo/internal/incident"
)

// LostOptions say what is compared with what. Customer, Department and Service choose among the services of the catalog.
type LostOptions struct {
	PagerDuty List
	Record    analytics.Accounts
	Catalog   *catalog.Catalog
	Period    analytics.Period
	Keep      time.Duration // how long the record keeps incidents; 0: for ever
	Now       time.Time
	Log       *slog.Logger

	Customer   incident.CustomerID
	Department string
	Service    incident.ServiceID
}

// Lost compares the record with PagerDuty. It takes one request for a hundred incidents, and a few more. Incidents of services
// that no customer has are counted only where nothing was chosen.
func Lost(ctx context.Context, o LostOptions) (analytics.Lost, error) {
	c := analytics.Comparison{Period: o.Period, Services: o.services(), Keep: o.Keep, Now: o.Now}
	l := lister{PagerDuty: o.PagerDuty, bare: true, log: o.Log}
	if o.Customer != "" || o.Department != "" || o.Service != "" {
		l.services = c.Services
	}
	until := o.Period.Until
	if until.After(o.Now) {
		until = o.Now
	}
	return analytics.Compare(ctx, o.Record, l.received(ctx, o.Period.Since, until), c)
}

// services are those whose incidents must be accounted for.
func (o LostOptions) services() []incident.ServiceID {
	var list []incident.ServiceID
	for _, c := range o.Catalog.Customers() {
		if o.Customer != "" && c.ID != o.Customer || o.Department != "" && c.Department != o.Department {
			continue
		}
		for _, s := range c.Services {
			if o.Service == "" || s.ID == o.Service {
				list = append(list, s.ID)
			}
		}
	}
	return list
}

// maxAsked is how many services are asked for by their ids: the address of a request must not grow for ever.
const maxAsked = 100

// errEnough ends a reading of which nobody wants more.
var errEnough = errors.New("enough")

// received streams what was created in a time, oldest first. In place of each incident that PagerDuty does not give there is
// an empty one.
func (l lister) received(ctx context.Context, since, until time.Time) iter.Seq2[analytics.Received, error] {
	chosen := map[incident.ServiceID]bool{}
	if len(l.services) > maxAsked { // all are read, and the others left out here
		for _, id := range l.services {
			chosen[id] = true
		}
		l.services = nil
	}
	return func(yield func(analytics.Received, error) bool) {
		err := inWindows(since.UTC().Truncate(time.Second), until.UTC().Truncate(time.Second), func(since, until time.Time) (int, error) {
			list, unreadable, err := l.list(ctx, since, until)
			if err != nil {
				return 0, err
			}
			for _, one := range list {
				r := analytics.Received{ID: one.ID, Service: incident.ServiceID(one.Service.ID), CreatedAt: one.CreatedAt}
				if (len(chosen) == 0 || chosen[r.Service]) && !yield(r, nil) {
					return 0, errEnough
				}
			}
			for range unreadable {
				if !yield(analytics.Received{}, nil) {
					return 0, errEnough
				}
			}
			return len(list), nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(analytics.Received{}, err)
		}
	}
}
