package app

import (
	"time"

	"shodo/internal/config"
)

// forever is longer than anything is kept.
const forever = 100 * 365 * 24 * time.Hour

// keepDeliveries is how long webhooks are kept.
func keepDeliveries(r config.Retention) time.Duration {
	if d, ok := r.Deliveries.Duration(); ok {
		return d
	}
	return forever
}
