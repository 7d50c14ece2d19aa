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
	ctx, stop := context.WithCancel(ctx)
	ahead, used := r.decoded(ctx, record, dayOf(since))
	defer func() { // nothing is left behind, however it ends
		stop()
		for range ahead {
		}
	}()
	next := dayOf(since)
	for page := range ahead {
		if page.err != nil {
			return page.err
		}
		if page.day.After(next) {
			if err := r.facts(ctx, later(next, since), page.day); err != nil {
				return err
			}
		}
		if r.enough || r.hasEnough(page.day.UnixMicro()) {
			return nil
		}
		next = page.day
		if page.readable { // else its day is read as facts, with what follows
			r.take(page.columns)
			next = page.day.Add(24 * time.Hour)
		}
		used <- page.columns
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.enough || r.hasEnough(next.UnixMicro()) {
		return nil
	}
	return r.facts(ctx, later(next, since), time.Time{})
}

// decodedPage is a page as columns.
type decodedPage struct {
	day      time.Time
	columns  *columns
	readable bool
	err      error // of the record: nothing comes after it
}

// pagesAhead is how many pages are decoded while one is worked on: it takes two cores.
const pagesAhead = 2

// decoded decodes pages ahead. Columns that have been worked on are given back.
func (r *reading) decoded(ctx context.Context, record Paged, since time.Time) (<-chan decodedPage, chan<- *columns) {
	ahead, used := make(chan decodedPage), make(chan *columns, pagesAhead+1)
	for range cap(used) {
		used <- &columns{}
	}
	cold := r.with&incident.FactID != 0
	go func() {
		defer close(ahead)
		for page, err := range record.Pages(ctx, since, time.Time{}, cold) {
			one := decodedPage{day: page.Day, err: err}
			select {
			case one.columns = <-used:
			case <-ctx.Done():
				return
			}
			if err == nil {
				c := one.columns
				one.readable = c.decode(page, r.with) == nil && (!cold || len(c.ids) == c.len())
			}
			select {
			case ahead <- one:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ahead, used
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
