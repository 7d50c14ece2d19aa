package history

import (
	"cmp"
	"context"
	"slices"
	"time"

	"shodo/internal/incident"
)

// margin is how long after a window its log is read, too: most incidents that begin at its end are over by then. What comes
// later is read for each incident.
const margin = 2 * time.Hour

// logs is the log of some incidents.
type logs struct {
	pagerDuty PagerDuty
	whole     map[incident.ID][]incident.LogEntry // by incident, of what was read for all; nil: nothing was
}

// logs reads the log of the account for a window, unless reading that of each incident takes fewer requests. Then, and where it is
// not complete, the log of an incident is read when it is asked for.
func (r *run) logs(ctx context.Context, todo []incident.HistoryIncident, since, until time.Time) (*logs, error) {
	l := &logs{pagerDuty: r.PagerDuty}
	if len(todo) < 2 || len(r.Services) > 0 {
		return l, nil
	}
	end := until.Add(margin)
	if now := r.Now(); end.After(now) {
		end = now
		if end.Before(until) { // the clock has been put back
			end = until
		}
	}
	l.whole = map[incident.ID][]incident.LogEntry{}
	for _, one := range todo {
		l.whole[one.ID] = nil
	}
	return l, l.read(ctx, since, end, len(todo))
}

// read reads the log of a time in parts that PagerDuty gives whole. It gives up when it would take more requests than there are
// incidents.
func (l *logs) read(ctx context.Context, since, until time.Time, incidents int) error {
	for offset := 0; ; {
		page, err := l.pagerDuty.Log(ctx, incident.HistoryQuery{Since: since, Until: until, Offset: offset})
		if err != nil {
			return err
		}
		read := len(page.Entries) + page.Unreadable
		switch {
		case offset == 0 && page.Total > 100*incidents:
			return nil
		case page.Total > listLimit, page.More && offset+read >= listLimit:
			half := since.Add(until.Sub(since) / 2).Truncate(time.Second)
			if !half.After(since) {
				return nil // more than 10,000 lines in a second: each incident is asked
			}
			if err := l.read(ctx, since, half, incidents); err != nil {
				return err
			}
			return l.read(ctx, half, until, incidents)
		}
		for _, entry := range page.Entries {
			if _, wanted := l.whole[entry.Incident]; wanted {
				l.whole[entry.Incident] = append(l.whole[entry.Incident], entry)
			}
		}
		offset += read
		if !page.More || read == 0 {
			return nil
		}
	}
}

// of gives an incident's log in the order of time, each line once.
func (l *logs) of(ctx context.Context, one incident.HistoryIncident) ([]incident.LogEntry, error) {
	entries := l.whole[one.ID]
	if !isComplete(one, entries) {
		page, err := l.pagerDuty.LogOf(ctx, one.ID)
		if err != nil {
			return nil, err
		}
		entries = page.Entries
	}
	slices.SortStableFunc(entries, func(a, b incident.LogEntry) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(rank(a.Kind), rank(b.Kind)), cmp.Compare(a.ID, b.ID))
	})
	return slices.CompactFunc(entries, func(a, b incident.LogEntry) bool { return a.ID == b.ID }), nil
}

// isComplete says whether the log has the beginning and the last end of an incident, and so what is between.
func isComplete(one incident.HistoryIncident, entries []incident.LogEntry) bool {
	var begins, ends bool
	for _, e := range entries {
		begins = begins || e.Kind == "trigger"
		ends = ends || e.Kind == "resolve" && !e.At.Before(one.ResolvedAt.Add(-time.Second))
	}
	return begins && ends
}

// rank orders lines of the same second as they must have been.
func rank(kind string) int {
	switch kind {
	case "trigger":
		return 0
	case "assign", "notify":
		return 1
	case "acknowledge":
		return 2
	case "resolve":
		return 4
	}
	return 3
}
