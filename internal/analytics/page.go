package analytics

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"shodo/internal/incident"
)

// PageVersion is the version of a page's form and of what is in it: whoever changes the encoding, or KindTitle, raises
// it, and pages of another version are made anew. A page of another version is never read.
const PageVersion = 2

// Page is the facts of one day, in columns. It says what the facts say, to the microsecond, so an answer that is made
// of pages is exactly the answer that is made of facts. Of titles it has what KindTitle leaves.
type Page struct {
	Day  time.Time // 00:00 UTC: incidents created from then on, to before the next day
	Hot  []byte    // everything but the ids, about 40 bytes of each incident
	Cold []byte    // the ids; nil when they are not asked for
}

// Paged is a record that keeps pages of the days that are over.
type Paged interface {
	Source
	// Pages streams, oldest first, the valid pages of the UTC days that begin in [since, until); a zero until is no end. A
	// page is valid when no incident of its day has changed since it was made. Days without one are left out. What a page
	// holds may be used again after the next one is asked for.
	Pages(ctx context.Context, since, until time.Time, cold bool) iter.Seq2[Page, error]
	// PageDays lists the days of these pages, oldest first, without reading them.
	PageDays(ctx context.Context, since, until time.Time) ([]time.Time, error)
}

// ErrPage says that bytes are not a page of this version.
var ErrPage = errors.New("not a page of facts of version 2")

// dayOf is the UTC day in which an instant is.
func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// MakePage puts the facts of one UTC day into a page. They are read with incident.FactEverything and stand in the order
// of their creation.
func MakePage(day time.Time, facts []incident.Fact) (Page, error) {
	if !day.Equal(dayOf(day)) {
		return Page{}, fmt.Errorf("make page of facts: %s is not the beginning of a day in UTC", day.Format(time.RFC3339))
	}
	var b builder
	last := day
	for i := range facts {
		f := &facts[i]
		if !dayOf(f.CreatedAt).Equal(day) {
			return Page{}, fmt.Errorf("make page of facts of %s: incident %q was created at %s", day.Format(time.DateOnly), f.ID, f.CreatedAt.Format(time.RFC3339))
		}
		if f.CreatedAt.Before(last) {
			return Page{}, fmt.Errorf("make page of facts of %s: incident %q is not in the order of creation", day.Format(time.DateOnly), f.ID)
		}
		last = f.CreatedAt
		b.add(f, incident.FactEverything)
	}
	hot, cold := encode(&b.columns)
	return Page{Day: day.UTC(), Hot: hot, Cold: cold}, nil
}

// ReadPage gives the facts of a page, in their order, with their kinds for titles; ids are those of open incidents only,
// unless Cold is there. The error is ErrPage.
func ReadPage(p Page) ([]incident.Fact, error) {
	var c columns
	if err := c.decode(p, incident.FactEverything); err != nil {
		return nil, err
	}
	facts := make([]incident.Fact, c.len())
	for i := range facts {
		facts[i] = c.fact(i)
	}
	return facts, nil
}
