// Package backtest compares what a catalog decides about past incidents with what another one decides, or with what
// was decided then: which incidents are newly matched, which no longer, which get another scenario, and so on.
//
// It reads a stream of incidents as intake saw them, decides each one by the catalogs, and counts. What it promises:
//
//   - The same incidents, catalogs and limits give the same [Report], however many goroutines work on it.
//   - Each incident is counted once, under at most one [Kind]: against itself a catalog has no differences.
//   - Memory does not grow with the number of incidents: it keeps counts, and so many incidents of each kind as asked.
//   - A record that cannot be read is counted, and stops nothing.
//
// What it never does: run a step, ask the outside world, or look at quiet hours, budgets and what people did. It says
// what would have matched, not how it would have ended.
package backtest

import (
	"context"
	"fmt"
	"iter"
	"runtime"
	"sync"
	"time"

	"shodo/internal/catalog"
	"shodo/internal/incident"
)

// Question is what is compared.
type Question struct {
	After    *catalog.Catalog    // what is tried
	Before   *catalog.Catalog    // what it is compared with; nil: what was decided then, as the record says it
	Customer incident.CustomerID // only incidents that are this customer's before or after; empty: all
	Limit    int                 // how many incidents of each kind are listed, the first ones of the stream

	// Progress is told now and then how many incidents were read and when the last of them was created. It may be nil.
	Progress func(read int, created time.Time)
}

// A page of incidents is handed to a goroutine at once. It is full with so many incidents, or so many bytes of records: most
// take 2 KiB, and one of a storm of alerts megabytes.
const (
	pageIncidents = 64
	pageBytes     = 256 << 10
)

// pageOf is a part of the stream.
type pageOf struct {
	first int // the place of the first one in the stream, from 0
	list  []incident.Past
}

// Run compares. It works on as many goroutines as there are CPUs, and ends with the first error of the stream. The stream is
// read on the caller's goroutine.
func Run(ctx context.Context, past iter.Seq2[incident.Past, error], q Question) (Report, error) {
	var tallies []*tally
	read, err := spread(ctx, past, q.Progress, func() func(int, incident.Past) {
		t := newTally(q)
		tallies = append(tallies, t)
		return t.take
	})
	if err != nil {
		return Report{}, fmt.Errorf("compare with past incidents, after %d of them: %w", read, err)
	}
	return report(tallies, q.Limit), nil
}

// spread has each incident of the stream taken by one of as many goroutines as there are CPUs, and says how many were read.
// The function taker gives what one goroutine does with an incident and its place in the stream.
func spread(ctx context.Context, past iter.Seq2[incident.Past, error], progress func(int, time.Time), taker func() func(int, incident.Past)) (int, error) {
	pages := make(chan pageOf, 2*runtime.GOMAXPROCS(0))
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		take := taker()
		workers.Go(func() {
			for p := range pages {
				for k, one := range p.list {
					take(p.first+k, one)
				}
			}
		})
	}
	read, err := hand(ctx, past, pages, progress)
	close(pages)
	workers.Wait()
	return read, err
}

// hand gives out the stream in pages, and says how many incidents there were.
func hand(ctx context.Context, past iter.Seq2[incident.Past, error], pages chan<- pageOf, progress func(int, time.Time)) (int, error) {
	read, size := 0, 0
	list := make([]incident.Past, 0, pageIncidents)
	flush := func() {
		if len(list) > 0 {
			pages <- pageOf{first: read - len(list), list: list}
			list, size = make([]incident.Past, 0, pageIncidents), 0
		}
	}
	for one, err := range past {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return read, err
		}
		list = append(list, one)
		read++
		size += len(one.Doc)
		if len(list) == pageIncidents || size >= pageBytes {
			flush()
			if progress != nil {
				progress(read, one.CreatedAt)
			}
		}
	}
	flush()
	return read, nil
}
