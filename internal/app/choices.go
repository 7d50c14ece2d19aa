package app

import (
	"context"
	"errors"
	"fmt"

	"shodo/internal/incident"
	"shodo/internal/store"
	"shodo/internal/web"
	"shodo/workflows"
)

// chooser says the workflows' refusals in the words of package web.
type chooser struct{ *workflows.Chooser }

func (c chooser) Choose(ctx context.Context, choice incident.Choice) (incident.ChoiceResult, error) {
	result, err := c.Chooser.Choose(ctx, choice)
	var refused *workflows.Refusal
	if errors.As(err, &refused) {
		err = &web.Refused{Kind: refused.Kind, Why: refused.Why}
	}
	return result, err
}

// records says the store's errors in the words of package web.
type records struct{ *store.Store }

func (r records) Record(ctx context.Context, id incident.ID) (incident.Record, error) {
	rec, err := r.Store.Record(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		err = fmt.Errorf("%w: %w", web.ErrNoIncident, err)
	}
	return rec, err
}
