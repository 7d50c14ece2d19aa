package analytics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"shodo/internal/incident"
)

// This file compares the record with what PagerDuty has.

// Received is an incident that PagerDuty has.
type Received struct {
	ID        incident.ID        `json:"id"` // empty: PagerDuty shows something that cannot be read, or does not show it
	Service   incident.ServiceID `json:"service"`
	CreatedAt time.Time          `json:"created_at"`
}

// Missing is an incident that is not accounted for.
type Missing struct {
	Received
	HeardAt time.Time `json:"first_webhook_at,omitzero"` // when its first webhook was received; zero: the inbox has none, or none any more
}

// Accounts is the record and the inbox; package store is both.
type Accounts interface {
	Source
	// Fingerprints has an element for each of these incidents that is in the record, or was imported into it.
	Fingerprints(context.Context, []incident.ID) (map[incident.ID]string, error)
	// Deliveries gives what the inbox has received about an incident and still keeps, in the order of arrival.
	Deliveries(context.Context, incident.ID) ([]incident.Delivery, error)
}

// Comparison is what is compared.
type Comparison struct {
	Period   Period               // as far as it has passed
	Services []incident.ServiceID // whose incidents have to be accounted for: those of the catalog
	Keep     time.Duration        // the record deletes incidents that ended as long ago; 0: it keeps all
	Now      time.Time
}

// The reasons for which nothing can be said.
var (
	ErrNoServices  = errors.New("no customer of the catalog has a service there")
	ErrNotKept     = errors.New("the record no longer has all incidents of that time: their retention is over")
	ErrSeesNothing = errors.New("PagerDuty shows none, and the record has some: the token may not be allowed to see them, or it is of another account")
)

// Lost says what became of the incidents that PagerDuty has. Each of Received is in one of InRecord, InInbox, Young, Missing
// and Unreadable; all but the last two are accounted for.
type Lost struct {
	Period     Period
	Now        time.Time
	Received   int       // incidents that PagerDuty created in the period, of the services that are compared
	InRecord   int       // with those that were imported
	InInbox    int       // waiting to be handed to the engine, or parked
	Young      int       // created, or first heard of, less than Grace ago: on their way
	Unreadable int       // PagerDuty shows something else in their place, or too many in one second to show them all
	Others     int       // beside Received: of services that are not compared
	Missing    []Missing // in PagerDuty's order; at most MaxMissing
	missing    int
}

// Grace is how long an incident may be on its way into the record.
const Grace = 2 * time.Minute

// MaxMissing is how many incidents are listed.
const MaxMissing = 1000

// Count is the figure.
func (l Lost) Count() int { return l.missing + l.Unreadable }

// AccountedFor is how many are somewhere.
func (l Lost) AccountedFor() int { return l.InRecord + l.InInbox + l.Young }

// NotListed is how many are missing and not in the list.
func (l Lost) NotListed() int { return l.missing - len(l.Missing) }

// atOnce is how many incidents are looked up together.
const atOnce = 500

// Compare looks for each incident that PagerDuty has: in the record, then in the inbox. They may come in any order and
// number; only those of the period count, and each must come once. When it cannot be known it gives an error, never 0.
func Compare(ctx context.Context, record Accounts, received iter.Seq2[Received, error], c Comparison) (Lost, error) {
	out := Lost{Period: c.Period, Now: c.Now}
	switch {
	case len(c.Services) == 0:
		return out, ErrNoServices
	case c.Keep > 0 && c.Period.Since.Before(c.Now.Add(-c.Keep)):
		return out, ErrNotKept
	}
	compared := map[incident.ServiceID]bool{}
	for _, id := range c.Services {
		compared[id] = true
	}
	l := looking{Lost: &out, record: record}
	for one, err := range received {
		switch {
		case err != nil:
			return out, err
		case one.ID == "":
			out.Received++
			out.Unreadable++
			continue
		case one.CreatedAt.Before(c.Period.Since) || !one.CreatedAt.Before(c.Period.Until):
			continue
		case !compared[one.Service]:
			out.Others++
			continue
		}
		out.Received++
		if l.batch = append(l.batch, one); len(l.batch) == atOnce {
			if err := l.look(ctx); err != nil {
				return out, err
			}
		}
	}
	if err := l.look(ctx); err != nil {
		return out, err
	}
	if out.Received > 0 {
		return out, nil
	}
	return out, seesNothing(ctx, record, compared, c.Period)
}

// seesNothing is an error when the record has what PagerDuty must have.
func seesNothing(ctx context.Context, record Source, compared map[incident.ServiceID]bool, p Period) error {
	for f, err := range record.Facts(ctx, incident.FactFilter{Since: p.Since, Until: p.Until, With: incident.FactService}) {
		switch {
		case err != nil:
			return err
		case compared[f.Service]:
			return ErrSeesNothing
		}
	}
	return nil
}

// looking is a comparison under way.
type looking struct {
	*Lost
	record Accounts
	batch  []Received
}

// look finds out where the incidents of the batch are.
func (l *looking) look(ctx context.Context) error {
	ids := make([]incident.ID, len(l.batch))
	for i, one := range l.batch {
		ids[i] = one.ID
	}
	known, err := l.record.Fingerprints(ctx, ids)
	if err != nil {
		return err
	}
	for _, one := range l.batch {
		if _, ok := known[one.ID]; ok {
			l.InRecord++
			continue
		}
		if err := l.elsewhere(ctx, one); err != nil {
			return err
		}
	}
	l.batch = l.batch[:0]
	return nil
}

// elsewhere counts one that is not in the record.
func (l *looking) elsewhere(ctx context.Context, one Received) error {
	deliveries, err := l.record.Deliveries(ctx, one.ID)
	if err != nil {
		return fmt.Errorf("look for incident %q in the inbox: %w", one.ID, err)
	}
	lately := l.Now.Add(-Grace)
	switch {
	case slices.ContainsFunc(deliveries, func(d incident.Delivery) bool { return d.State == incident.Pending || d.State == incident.Parked }):
		l.InInbox++
	case one.CreatedAt.After(lately), slices.ContainsFunc(deliveries, func(d incident.Delivery) bool { return d.State == incident.Handed && d.SettledAt.After(lately) }):
		l.Young++ // the engine has it, and may not have written it yet
	default:
		if l.missing++; len(l.Missing) < MaxMissing {
			m := Missing{Received: one}
			if len(deliveries) > 0 {
				m.HeardAt = deliveries[0].ReceivedAt
			}
			l.Missing = append(l.Missing, m)
		}
	}
	return nil
}

// MarshalJSON writes it for other programs: with the version of the definitions, and times in the reader's zone.
func (l Lost) MarshalJSON() ([]byte, error) {
	zone, over := l.Period.Since.Location(), l.Period.IsOver(l.Now)
	out := struct {
		Definitions  string     `json:"definitions"`
		Period       periodJSON `json:"period"`
		Lost         int        `json:"lost"`
		Received     int        `json:"received"`
		AccountedFor int        `json:"accounted_for"`
		InRecord     int        `json:"in_record"`
		InInbox      int        `json:"in_inbox"`
		Young        int        `json:"young"`
		Unreadable   int        `json:"unreadable"`
		Others       int        `json:"of_other_services"`
		Missing      []Missing  `json:"missing"`
		NotListed    int        `json:"missing_not_listed"`
	}{Version, asJSON(l.Period), l.Count(), l.Received, l.AccountedFor(), l.InRecord, l.InInbox, l.Young, l.Unreadable, l.Others, []Missing{}, l.NotListed()}
	out.Period.Over = &over
	for _, one := range l.Missing {
		if one.CreatedAt = one.CreatedAt.In(zone); !one.HeardAt.IsZero() {
			one.HeardAt = one.HeardAt.In(zone)
		}
		out.Missing = append(out.Missing, one)
	}
	return json.Marshal(out)
}
