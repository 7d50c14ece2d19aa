package analytics

import (
	"context"
	"time"

	"shodo/internal/incident"
)

// stretch is a time of the record: since is the beginning of a day in UTC, but for the first of a question, and so is until.
type stretch struct{ since, until time.Time }

// reading brings a stretch of the record to a question: pages where there are some, facts everywhere else.
type reading struct {
	*asking
	stretch
	record  Source
	with    incident.FactPart
	columns columns
	builder builder
}

// part is so many facts that are worked on together.
const part = 4096

// read counts a stretch in the order of creation: of each day the page, or the facts when there is none or when it cannot
// be read.
func (r *reading) read(ctx context.Context, s stretch) error {
	next := s.since
	if paged, ok := r.record.(Paged); ok {
		cold := r.with&incident.FactID != 0
		for page, err := range paged.Pages(ctx, dayOf(s.since), s.until, cold) {
			if err != nil {
				return err
			}
			if r.columns.decode(page, r.with) != nil || cold && len(r.columns.ids) != r.columns.len() {
				continue // its day is read as facts, with what follows
			}
			if err := r.facts(ctx, stretch{next, page.Day}); err != nil {
				return err
			}
			r.take(&r.columns)
			next = page.Day.Add(24 * time.Hour)
		}
	}
	return r.facts(ctx, stretch{next, s.until})
}

func (r *reading) facts(ctx context.Context, s stretch) error {
	if !s.since.Before(s.until) {
		return nil
	}
	filter := incident.FactFilter{Since: s.since, Until: s.until, Customer: r.q.Filter.Customer, Scenario: r.q.Filter.Scenario, With: r.with}
	for f, err := range r.record.Facts(ctx, filter) {
		if err != nil {
			return err
		}
		if r.builder.add(&f, r.with); r.builder.len() == part {
			r.flush()
		}
	}
	r.flush()
	return nil
}

// flush counts what has been collected.
func (r *reading) flush() {
	if r.builder.len() > 0 {
		r.take(&r.builder.columns)
		r.builder.reset()
	}
}
