package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"shodo/internal/incident"
)

// ClaimDelivery makes this engine the only one that hands a delivery over, for a time. Claimed: hand it over before the
// time is up, or claim it again. Elsewhere: another engine has claimed it or an earlier one of its incident, or an earlier
// one of its incident waits for somebody to claim it; ask again later. Settled: it need not be handed over any more. An
// engine that has the database to itself claims everything at no cost.
func (s *Store) ClaimDelivery(ctx context.Context, seq int64, atMost time.Duration) (incident.Claim, error) {
	if !s.IsShared() {
		return incident.Claimed, nil
	}
	claim, err := writeFor(ctx, s, func(t *tx) (incident.Claim, error) { return claim(t, seq, s.presence.id, atMost) })
	if err != nil {
		return "", fmt.Errorf("claim event number %d: %w", seq, err)
	}
	return claim, nil
}

func claim(t *tx, seq, engine int64, atMost time.Duration) (incident.Claim, error) {
	// PostgreSQL's clock measures the time for all engines. What of the incident came earlier must be this engine's too: it
	// hands them over in their order. A row that another engine is claiming now is passed over and not waited for.
	n, err := t.exec(`
		UPDATE deliveries SET claimed_by = $2, claimed_until = clock_timestamp() + $3 * interval '1 microsecond'
		WHERE seq = (SELECT d.seq FROM deliveries d WHERE d.seq = $1 AND d.state = 'pending'
				AND (d.claimed_by IS NULL OR d.claimed_by = $2 OR d.claimed_until < clock_timestamp())
			FOR UPDATE SKIP LOCKED)
		AND NOT EXISTS (SELECT 1 FROM deliveries e WHERE e.incident = deliveries.incident AND e.incident <> ''
			AND e.state = 'pending' AND e.seq < deliveries.seq AND e.claimed_by IS DISTINCT FROM $2)`,
		seq, engine, atMost.Microseconds())
	if err != nil {
		return "", err
	}
	if n == 1 {
		return incident.Claimed, nil
	}
	var state incident.DeliveryState
	err = t.row(`SELECT state FROM deliveries WHERE seq = $1`, seq).Scan(&state)
	switch {
	case errors.Is(err, sql.ErrNoRows), err == nil && state != incident.Pending:
		return incident.ClaimSettled, nil
	case err != nil:
		return "", err
	}
	return incident.ClaimedElsewhere, nil
}
