package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"shodo/internal/incident"
)

// FindStep gives the step of that key, and whether there is one. It sees every write that was acknowledged before.
func (s *Store) FindStep(ctx context.Context, k incident.StepKey) (incident.Step, bool, error) {
	step, err := scanStep(s.readDB.QueryRowContext(ctx, selectSteps+` WHERE s.incident = $1 AND s.run = $2 AND s.phase = $3
		AND s.attempt = $4 AND s.round = $5 AND s.place = $6`,
		name(k.Incident), k.Run, text(k.Phase), k.Attempt, k.Round, k.Index))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return incident.Step{}, false, nil
	case err != nil:
		return incident.Step{}, false, fmt.Errorf("look for a step of incident %q: %w", k.Incident, explain(err))
	}
	return step, true, nil
}
