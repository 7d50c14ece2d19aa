//go:build unix

package breakable

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The states of a slow repair.
const (
	RepairRunning   = "running"   // or it was killed: then nobody wrote its end
	RepairCancelled = "cancelled" // nothing was changed
	RepairCompleted = "completed"
)

// Repair is the record of a slow repair.
type Repair struct {
	State     string    `json:"state"` // empty: there was none
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at"`
	Runs      int       `json:"runs"` // how many there have been, this one included
}

// LastRepair gives the record of the last slow repair of a service; an empty one when there was none.
func (l Lab) LastRepair(name string) (Repair, error) {
	var r Repair
	err := l.read(name, repairFile, &r)
	if errors.Is(err, ErrUnknown) {
		return Repair{}, nil
	}
	return r, err
}

// SlowRepair repairs a service by a check of its data that takes a while, and then a start. When the context ends
// before the check does, nothing is changed, the record says "cancelled", and the error is the context's.
func (l Lab) SlowRepair(ctx context.Context, name string, takes time.Duration) error {
	r, err := l.LastRepair(name)
	if err != nil {
		return fmt.Errorf("repair %q: %w", name, err)
	}
	if _, err := l.Service(name); err != nil {
		return fmt.Errorf("repair %q: %w", name, err)
	}
	r = Repair{State: RepairRunning, StartedAt: time.Now().UTC(), Runs: r.Runs + 1}
	if err := errors.Join(l.write(name, repairFile, r), l.log(name, "repair", "checking the data, this takes %s", takes)); err != nil {
		return fmt.Errorf("repair %q: %w", name, err)
	}
	timer := time.NewTimer(takes)
	defer timer.Stop()
	select {
	case <-timer.C:
		if _, err := l.Start(ctx, name); err != nil {
			return fmt.Errorf("repair %q: %w", name, err)
		}
		r.State = RepairCompleted
	case <-ctx.Done():
		r.State = RepairCancelled
	}
	r.EndedAt = time.Now().UTC()
	err = errors.Join(l.write(name, repairFile, r), l.log(name, "repair", "%s after %s", r.State, r.EndedAt.Sub(r.StartedAt).Round(10*time.Millisecond)))
	if r.State == RepairCancelled {
		err = errors.Join(ctx.Err(), err)
	}
	if err != nil {
		return fmt.Errorf("repair %q: %w", name, err)
	}
	return nil
}
