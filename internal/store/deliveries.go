package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"shodo/internal/incident"
)

// PutDelivery stores one webhook delivery. Fresh: it is the first with its event id; a repetition changes nothing. It
// is durable when PutDelivery returns nil. Seq and Lane are the store's to give: the lane is the service, but
// deliveries of an incident that has pending or parked ones join their lane, so that a lane holds them all in order.
func (s *Store) PutDelivery(ctx context.Context, d incident.Delivery) (lane string, fresh bool, err error) {
	if d.ID == "" {
		return "", false, fmt.Errorf("store event: %w: it has no id", ErrInvalid)
	}
	if d.State == "" {
		d.State = incident.Pending
	}
	if d.State != incident.Pending {
		d.SettledAt = d.ReceivedAt
	}
	if d.Body == nil {
		d.Body = []byte{}
	}
	type placed struct {
		lane  string
		fresh bool
	}
	got, err := writeFor(ctx, s, func(t *tx) (p placed, err error) {
		if p.lane, err = laneOf(t, d); err != nil {
			return p, err
		}
		n, err := t.exec(`
			INSERT INTO deliveries (event, type, incident, service, lane, merged_into, agent, agent_name, agent_type,
				subscription, occurred_at, received_at, state, attempts, detail, settled_at, body)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
			ON CONFLICT (event) DO NOTHING`,
			name(d.ID), text(d.Type), name(d.Incident), text(d.Service), p.lane, text(d.MergedInto),
			text(d.Agent.ID), text(d.Agent.Name), text(d.Agent.Type), text(d.Subscription),
			micros(d.OccurredAt), d.ReceivedAt.UnixMicro(), string(d.State), d.Attempts, text(d.Detail),
			micros(d.SettledAt), d.Body)
		p.fresh = n == 1
		return p, err
	}, arrivals)
	if err != nil {
		return "", false, fmt.Errorf("store event %q: %w", d.ID, err)
	}
	return got.lane, got.fresh, nil
}

// arrivals is what whoever stores a delivery waits for: numbers become visible in their order, because the inbox reads on
// from the last one that it has seen.
const arrivals = "deliveries"

// laneOf is the lane in which the incident has something that waits, or else the service.
func laneOf(t *tx, d incident.Delivery) (string, error) {
	if d.Incident == "" {
		return name(d.Service), nil
	}
	var lane sql.NullString
	err := t.row(`SELECT min(lane) FROM deliveries
		WHERE incident = $1 AND incident <> '' AND state IN ('pending', 'parked')`, name(d.Incident)).Scan(&lane)
	if err != nil || lane.Valid {
		return lane.String, err
	}
	return name(d.Service), nil
}

// SettleDeliveries says how the inbox is done with some deliveries: all of them, or none when it fails.
func (s *Store) SettleDeliveries(ctx context.Context, at time.Time, settled []incident.Settled) error {
	err := s.write(ctx, func(t *tx) error {
		for _, d := range settled {
			if _, err := t.exec(`UPDATE deliveries SET state = $1, attempts = $2, detail = $3, settled_at = $4 WHERE seq = $5`,
				string(d.State), d.Attempts, text(d.Detail), settledAt(d.State, at), d.Seq); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("settle %d events: %w", len(settled), err)
	}
	return nil
}

// settledAt is NULL for what may still be handed over, so that it is never pruned.
func settledAt(state incident.DeliveryState, at time.Time) any {
	if state == incident.Pending || state == incident.Parked {
		return nil
	}
	return micros(at)
}

// RetryParked makes all parked deliveries pending again and says how many there were.
func (s *Store) RetryParked(ctx context.Context) (int, error) {
	n, err := writeFor(ctx, s, func(t *tx) (int64, error) {
		return t.exec(`UPDATE deliveries SET state = 'pending' WHERE state = 'parked'`)
	})
	if err != nil {
		return 0, fmt.Errorf("retry parked events: %w", err)
	}
	return int(n), nil
}

// PendingLanes lists the lanes that have pending deliveries, in no order that matters.
func (s *Store) PendingLanes(ctx context.Context) ([]string, error) {
	// One index probe per lane, where SELECT DISTINCT would read the whole backlog.
	lanes, err := collect(ctx, s.readDB, func(row scanner) (lane string, err error) {
		return lane, row.Scan(&lane)
	}, `
		WITH RECURSIVE lanes (lane) AS (
			SELECT min(lane) FROM deliveries WHERE state = 'pending'
			UNION ALL
			SELECT (SELECT min(lane) FROM deliveries WHERE state = 'pending' AND lane > lanes.lane)
			FROM lanes WHERE lanes.lane IS NOT NULL)
		SELECT lane FROM lanes WHERE lane IS NOT NULL`)
	if err != nil {
		return nil, fmt.Errorf("list lanes: %w", err)
	}
	return lanes, nil
}

const deliveryColumns = `event, type, incident, service, lane, merged_into, agent, agent_name, agent_type, subscription,
	occurred_at, received_at, state, attempts, detail, settled_at, seq`

// PendingDeliveries gives the pending deliveries of a lane after a sequence number, in order of arrival, without
// their bodies.
func (s *Store) PendingDeliveries(ctx context.Context, lane string, after int64, limit int) ([]incident.Delivery, error) {
	list, err := collect(ctx, s.readDB, scanDelivery, `SELECT `+deliveryColumns+` FROM deliveries
		WHERE state = 'pending' AND lane = $1 AND seq > $2 ORDER BY seq LIMIT $3`, lane, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read pending events: %w", err)
	}
	return list, nil
}

// Deliveries gives everything that was received about an incident and is still kept, in order of arrival, without the
// bodies.
func (s *Store) Deliveries(ctx context.Context, id incident.ID) ([]incident.Delivery, error) {
	if id == "" {
		return nil, nil
	}
	list, err := collect(ctx, s.readDB, scanDelivery, `SELECT `+deliveryColumns+` FROM deliveries
		WHERE incident = $1 AND incident <> '' ORDER BY seq`, name(id))
	if err != nil {
		return nil, fmt.Errorf("read events of incident %q: %w", id, err)
	}
	return list, nil
}

// Body gives a delivery's body as it was received.
func (s *Store) Body(ctx context.Context, id incident.EventID) ([]byte, error) {
	var body []byte
	err := s.readDB.QueryRowContext(ctx, `SELECT body FROM deliveries WHERE event = $1`, name(id)).Scan(&body)
	if err != nil {
		return nil, fmt.Errorf("read body of event %q: %w", id, missing(err))
	}
	return body, nil
}

// Backlog counts what waits.
func (s *Store) Backlog(ctx context.Context) (incident.Backlog, error) {
	var b incident.Backlog
	var oldest, ping sql.NullInt64
	// The oldest is the one with the lowest number: numbers are given in the order of arrival.
	err := s.readDB.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM deliveries WHERE state = 'pending'),
		(SELECT received_at FROM deliveries WHERE seq = (SELECT min(seq) FROM deliveries WHERE state = 'pending')),
		(SELECT count(*) FROM deliveries WHERE state = 'parked'),
		(SELECT max(received_at) FROM deliveries WHERE type = 'pagey.ping')`).
		Scan(&b.Pending, &oldest, &b.Parked, &ping)
	if err != nil {
		return incident.Backlog{}, fmt.Errorf("count waiting events: %w", explain(err))
	}
	b.Oldest, b.LastPing = instant(oldest), instant(ping)
	return b, nil
}

// pruneChunk is how many deliveries are deleted in one write, so that others get their turn between.
const pruneChunk = 500

// settledBefore is of deliveries that may go: they wait for nothing, and their incident is not open.
const settledBefore = ` FROM deliveries d WHERE d.settled_at IS NOT NULL AND d.settled_at < $1
	AND NOT EXISTS (SELECT 1 FROM incidents i WHERE i.incident = d.incident AND i.ended_at IS NULL)`

// PruneDeliveries deletes what was settled before a time, and says how many those were. It keeps everything that
// still waits or is of an open incident, however old. What is pruned is no longer known: a repetition after that is taken for new, so keep
// deliveries much longer than the 48 hours for which PagerDuty repeats.
func (s *Store) PruneDeliveries(ctx context.Context, before time.Time) (int, error) {
	total := 0
	for {
		n, err := writeFor(ctx, s, func(t *tx) (int64, error) {
			return t.exec(`DELETE FROM deliveries WHERE seq IN (SELECT d.seq`+settledBefore+` ORDER BY d.settled_at LIMIT $2)`, before.UnixMicro(), pruneChunk)
		})
		total += int(n)
		if err != nil {
			return total, fmt.Errorf("prune events: %w", err)
		}
		if n < pruneChunk {
			return total, nil
		}
	}
}

func scanDelivery(row scanner) (incident.Delivery, error) {
	var d incident.Delivery
	var occurred, received, settled sql.NullInt64
	err := row.Scan(&d.ID, &d.Type, &d.Incident, &d.Service, &d.Lane, &d.MergedInto, &d.Agent.ID, &d.Agent.Name,
		&d.Agent.Type, &d.Subscription, &occurred, &received, &d.State, &d.Attempts, &d.Detail, &settled, &d.Seq)
	d.OccurredAt, d.ReceivedAt, d.SettledAt = instant(occurred), instant(received), instant(settled)
	return d, err
}
