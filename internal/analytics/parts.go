package analytics

import (
	"context"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// maxParts is how many parts of a record are read at the same time at most: the engine reads it too.
const maxParts = 4

// partDays is how many pages a part has at least.
const partDays = 5

// ask reads the record in so many parts at the same time, each a stretch of days, and puts together what they count. The
// answer is the same for any number of them.
func ask(ctx context.Context, record Source, q Question, parts int) (Answer, error) {
	numbers := &numbers{}
	previous := q.Period.Previous(q.Now)
	if q.Alone {
		previous = Period{Since: q.Period.Since, Until: q.Period.Since}
	}
	newReading := func(current, previous Period, s stretch) *reading {
		return &reading{asking: newAsking(&q, numbers, current, previous), stretch: s, record: record, with: q.needs()}
	}
	stretches, err := divide(ctx, record, stretch{previous.Since, nextDay(q.Period.Until)}, parts)
	if err != nil {
		return Answer{}, err
	}
	var readings []*reading
	group, reads := errgroup.WithContext(ctx)
	for _, s := range stretches {
		r := newReading(q.Period, previous, s)
		readings = append(readings, r)
		group.Go(func() error { return r.read(reads, s) })
	}
	if err := group.Wait(); err != nil {
		return Answer{}, err
	}
	late := newReading(Period{}, Period{}, stretch{})
	if err := late.comeBack(ctx, readings); err != nil {
		return Answer{}, err
	}
	if err := ctx.Err(); err != nil { // what is cut off is not an answer
		return Answer{}, err
	}
	whole := readings[0].asking
	for _, r := range append(readings[1:], late) {
		whole.merge(r.asking)
	}
	if len(stretches) > 1 && whole.isCrowded() {
		return ask(ctx, record, q, 1)
	}
	return whole.answer(), nil
}

// divide makes stretches with about as many pages each. What has no pages is read in one go.
func divide(ctx context.Context, record Source, whole stretch, parts int) ([]stretch, error) {
	paged, ok := record.(Paged)
	if !ok || parts == 1 {
		return []stretch{whole}, nil
	}
	days, err := paged.PageDays(ctx, whole.since, whole.until)
	if err != nil {
		return nil, err
	}
	parts = max(min(parts, len(days)/partDays), 1)
	var list []stretch
	next := whole.since
	for n := 1; n < parts; n++ {
		at := days[n*len(days)/parts]
		list = append(list, stretch{next, at})
		next = at
	}
	return append(list, stretch{next, whole.until}), nil
}

// comeBack looks for what came back after the stretch in which it was closed: it reads the days after it in which that can
// be, mostly one.
func (r *reading) comeBack(ctx context.Context, readings []*reading) error {
	for i, earlier := range readings {
		r.watch.adopt(earlier.watch, earlier.until.UnixMicro())
		after := stretch{since: earlier.until}
		if i+1 < len(readings) {
			after.until = readings[i+1].until
		}
		for _, s := range r.watch.awaits(after) {
			if err := r.read(ctx, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// together does so many things in as many parts as there are cores, when they are many.
func together(count int, do func(from, to int)) {
	parts := min(max(count/1000, 1), runtime.GOMAXPROCS(0), maxParts)
	var group sync.WaitGroup
	for n := range parts {
		group.Go(func() { do(n*count/parts, (n+1)*count/parts) })
	}
	group.Wait()
}

// nextDay is the first beginning of a day in UTC that is not before an instant.
func nextDay(t time.Time) time.Time { return dayOf(t.Add(24*time.Hour - time.Nanosecond)) }
