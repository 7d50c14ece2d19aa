package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/incident"
)

const oneDay = 24 * time.Hour

var _ analytics.Paged = (*Store)(nil) // else it would be asked for facts only

// MakePages makes the pages of all UTC days that are over and have none, and says how many it made. Figures are right
// without them; with them a year is answered in a fraction of the time. On PostgreSQL it begins a page when it is called
// and makes it when it is called again, so call it every few minutes.
func (s *Store) MakePages(ctx context.Context, now time.Time) (made int, err error) {
	known, err := s.knownPages(ctx)
	if err != nil {
		return 0, fmt.Errorf("make pages: %w", err)
	}
	today := dayNumber(now)
	for day := int64(0); ; day++ {
		if day, err = s.nextDay(ctx, day, today); err != nil || day < 0 {
			break
		}
		var done bool
		if done, err = s.advancePage(ctx, day, known[day], now); err != nil {
			break
		}
		if done {
			made++
		}
	}
	if err != nil {
		return made, fmt.Errorf("make pages: %w", explain(err))
	}
	return made, nil
}

// advancePage begins a page, and makes it when nobody who saw the day before that can be writing any more.
func (s *Store) advancePage(ctx context.Context, day int64, page pageState, now time.Time) (made bool, err error) {
	if page.ready {
		return false, nil
	}
	if page.begunAt == 0 || page.begunAt > now.UnixMicro() {
		page.begunAt = now.UnixMicro()
		if err := s.beginPage(ctx, day, page.begunAt); err != nil {
			return false, err
		}
	}
	if now.UnixMicro()-page.begunAt < s.dialect.settle.Microseconds() {
		return false, nil
	}
	return s.makePage(ctx, day, page.begunAt)
}

// pageState is of a page of this version; zero: there is none.
type pageState struct {
	begunAt int64
	ready   bool
}

func (s *Store) knownPages(ctx context.Context) (map[int64]pageState, error) {
	type one struct {
		day int64
		pageState
	}
	list, err := collect(ctx, s.readDB, func(row scanner) (p one, err error) {
		return p, row.Scan(&p.day, &p.begunAt, &p.ready)
	}, `SELECT day, begun_at, CASE WHEN hot IS NULL THEN 0 ELSE 1 END FROM pages WHERE version = $1`, analytics.PageVersion)
	pages := map[int64]pageState{}
	for _, p := range list {
		pages[p.day] = p.pageState
	}
	return pages, err
}

// nextDay gives the first day from the given one on that has incidents and is before the end; -1: there is none. It is
// one look into the index.
func (s *Store) nextDay(ctx context.Context, from, end int64) (int64, error) {
	var first sql.NullInt64
	err := s.readDB.QueryRowContext(ctx, `SELECT min(created_at) FROM incidents WHERE created_at >= $1 AND created_at < $2`,
		from*oneDay.Microseconds(), end*oneDay.Microseconds()).Scan(&first)
	if err != nil || !first.Valid {
		return -1, err
	}
	return first.Int64 / oneDay.Microseconds(), nil
}

// beginPage makes changes of the day's incidents remove the row from now on.
func (s *Store) beginPage(ctx context.Context, day, at int64) error {
	return s.write(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT INTO pages (day, version, begun_at) VALUES ($1, $2, $3)
			ON CONFLICT (day) DO UPDATE SET version = excluded.version, begun_at = excluded.begun_at, hot = NULL, cold = NULL`,
			day, analytics.PageVersion, at)
		return err
	})
}

// makePage fills a page that was begun. It is not done when an incident of the day has changed meanwhile.
func (s *Store) makePage(ctx context.Context, day, begunAt int64) (done bool, err error) {
	begin := dayTime(day)
	var facts []incident.Fact
	filter := incident.FactFilter{Since: begin, Until: begin.Add(oneDay), With: incident.FactEverything}
	for f, err := range s.Facts(ctx, filter) {
		if err != nil {
			return false, err
		}
		facts = append(facts, f)
	}
	page, err := analytics.MakePage(begin, facts)
	if err != nil {
		return false, err
	}
	n, err := writeFor(ctx, s, func(t *tx) (int64, error) {
		return t.exec(`UPDATE pages SET hot = $1, cold = $2 WHERE day = $3 AND version = $4 AND begun_at = $5 AND hot IS NULL`,
			page.Hot, page.Cold, day, analytics.PageVersion, begunAt)
	})
	return n > 0, err
}

// pagesAtOnce is how many pages one query reads. No connection is kept while they are worked on: whoever works on them
// reads facts between them.
const pagesAtOnce = 8

// Pages streams, oldest first, the valid pages of the UTC days that begin in [since, until); a zero until is no end. Cold
// is left out unless it is asked for. After an error nothing more comes. See package analytics, Paged.
func (s *Store) Pages(ctx context.Context, since, until time.Time, cold bool) iter.Seq2[analytics.Page, error] {
	return func(yield func(analytics.Page, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		ahead := make(chan pageBatch)
		go s.readPages(ctx, since, until, cold, ahead)
		for batch := range ahead {
			for _, page := range batch.pages {
				if !yield(page, nil) {
					return
				}
			}
			if batch.err != nil {
				yield(analytics.Page{}, fmt.Errorf("read pages: %w", batch.err))
				return
			}
		}
		if err := ctx.Err(); err != nil { // what is cut off is not an answer
			yield(analytics.Page{}, fmt.Errorf("read pages: %w", err))
		}
	}
}

// PageDays lists the days of these pages, oldest first. See package analytics, Paged.
func (s *Store) PageDays(ctx context.Context, since, until time.Time) ([]time.Time, error) {
	first, end := pageRange(since, until)
	days, err := collect(ctx, s.readDB, func(row scanner) (time.Time, error) {
		var day int64
		err := row.Scan(&day)
		return dayTime(day), err
	}, `SELECT day FROM pages WHERE day >= $1 AND day < $2 AND version = $3 AND hot IS NOT NULL ORDER BY day`, first, end, analytics.PageVersion)
	if err != nil {
		return nil, fmt.Errorf("list pages: %w", err)
	}
	return days, nil
}

// pageRange gives the numbers of the days that begin in [since, until).
func pageRange(since, until time.Time) (first, end int64) {
	first, end = dayNumber(since.Add(oneDay-time.Nanosecond)), int64(1)<<40
	if since.IsZero() {
		first = 0
	}
	if !until.IsZero() {
		end = dayNumber(until.Add(oneDay - time.Nanosecond))
	}
	return first, end
}

type pageBatch struct {
	pages []analytics.Page
	err   error
}

// readPages reads one batch ahead of whoever works on them.
func (s *Store) readPages(ctx context.Context, since, until time.Time, cold bool, ahead chan<- pageBatch) {
	defer close(ahead)
	columns := "day, hot, NULL"
	if cold {
		columns = "day, hot, cold"
	}
	next, end := pageRange(since, until)
	for {
		var b pageBatch
		b.pages, b.err = collect(ctx, s.readDB, func(row scanner) (p analytics.Page, err error) {
			var day int64
			err = row.Scan(&day, &p.Hot, &p.Cold)
			p.Day = dayTime(day)
			return p, err
		}, `SELECT `+columns+` FROM pages WHERE day >= $1 AND day < $2 AND version = $3 AND hot IS NOT NULL ORDER BY day LIMIT $4`,
			next, end, analytics.PageVersion, pagesAtOnce)
		select {
		case ahead <- b:
		case <-ctx.Done():
			return
		}
		if b.err != nil || len(b.pages) < pagesAtOnce {
			return
		}
		next = dayNumber(b.pages[len(b.pages)-1].Day) + 1
	}
}

func dayNumber(t time.Time) int64 { return t.Unix() / int64(oneDay/time.Second) }

func dayTime(day int64) time.Time { return time.Unix(day*int64(oneDay/time.Second), 0).UTC() }
