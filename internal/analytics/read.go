package analytics

import (
	"context"
	"time"

	"shodo/internal/incident"
)

// reading brings a record to a question: pages where there are some, facts everywhere else.
type reading struct {
	*asking
	record Source
	with   incident.FactPart
	enough bool
}

// part is so many facts that are worked on together.
const part = 4096

func (r *reading) all(ctx context.Context) error {
	since := r.previous.period.Since
	paged, ok := r.record.(Paged)
	if !ok {
		return r.facts(ctx, since, time.Time{})
	}
	return r.pages(ctx, paged, since)
}

// pages reads days in their order: a page, or facts where there is none or where it cannot be read.
func (r *reading) pages(ctx context.Context, record Paged, since time.Time) error {
	next := dayOf(since)
	var c columns
	for page, err := range record.Pages(ctx, next, time.Time{}, r.with&incident.FactID != 0) {
		if err != nil {
			return err
		}
		if page.Day.Before(next) {
			continue
		}
		if page.Day.After(next) {
			if err := r.facts(ctx, later(next, since), page.Day); err != nil {
				return err
			}
		}
		if r.enough || r.hasEnough(page.Day.UnixMicro()) {
			return nil
		}
		next = page.Day
		if c.decode(page, r.with) != nil || r.with&incident.FactID != 0 && len(c.ids) < c.len() {
			continue // it is read as facts
		}
		r.take(&c)
		next = page.Day.Add(24 * time.Hour)
	}
	if r.enough || r.hasEnough(next.UnixMicro()) {
		return nil
	}
	return r.facts(ctx, later(next, since), time.Time{})
}

// facts reads what was created in [since, until); a zero until is no end.
func (r *reading) facts(ctx context.Context, since, until time.Time) error {
	filter := incident.FactFilter{Since: since, Until: until, Customer: r.q.Filter.Customer, Scenario: r.q.Filter.Scenario, With: r.with}
	var b builder
	over := false
	for f, err := range r.record.Facts(ctx, filter) {
		if err != nil {
			return err
		}
		if !over && !f.CreatedAt.Before(r.q.Period.Until) {
			over = true // from here on nothing new is watched: what has been read says how far to go
			r.flush(&b)
		}
		if over && r.hasEnough(f.CreatedAt.UnixMicro()) {
			r.enough = true
			break
		}
		if b.add(&f, r.with); b.len() == part {
			r.flush(&b)
		}
	}
	r.flush(&b)
	return nil
}

// flush counts what has been collected.
func (r *reading) flush(b *builder) {
	if b.len() > 0 {
		r.take(&b.columns)
		b.reset()
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
