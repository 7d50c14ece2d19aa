package history

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"shodo/internal/incident"
)

// List is PagerDuty's list of incidents.
type List interface {
	History(context.Context, incident.HistoryQuery) (incident.HistoryPage, error)
}

// The sizes of windows. A month has room for everything that may be asked at once.
const (
	firstWindow   = 24 * time.Hour
	longestWindow = 28 * 24 * time.Hour
	leastWindow   = time.Second // PagerDuty's times are whole seconds
	enough        = 2000        // incidents of a window that need not grow
	listLimit     = 10_000      // elements of a list that PagerDuty gives
)

// errTooMany: the window holds more than PagerDuty gives.
var errTooMany = errors.New("more than 10,000 in one window")

// inWindows has a time read window by window. read says how many incidents it met, or errTooMany to get a smaller window.
func inWindows(since, until time.Time, read func(since, until time.Time) (seen int, err error)) error {
	for length := firstWindow; since.Before(until); {
		end := since.Add(length)
		if end.After(until) {
			end = until
		}
		seen, err := read(since, end)
		switch {
		case errors.Is(err, errTooMany):
			length = max(end.Sub(since)/2, leastWindow).Truncate(leastWindow)
			continue
		case err != nil:
			return err
		case seen < enough:
			length = min(2*length, longestWindow)
		}
		since = end
	}
	return nil
}

// lister reads windows of the list.
type lister struct {
	PagerDuty List
	services  []incident.ServiceID // empty: all
	bare      bool                 // without the log entries that triggered them
	log       *slog.Logger
}

// list reads the incidents that were created in [since, until), each once.
func (l lister) list(ctx context.Context, since, until time.Time) (list []incident.HistoryIncident, unreadable int, err error) {
	seen := map[incident.ID]bool{}
	for offset := 0; ; {
		page, err := l.PagerDuty.History(ctx, incident.HistoryQuery{Since: since, Until: until, Services: l.services, Offset: offset, Bare: l.bare})
		if err != nil {
			return nil, 0, err
		}
		for _, one := range page.Incidents {
			if !seen[one.ID] && !one.CreatedAt.Before(since) && one.CreatedAt.Before(until) {
				seen[one.ID] = true
				list = append(list, one)
			}
		}
		unreadable += page.Unreadable
		read := len(page.Incidents) + page.Unreadable
		offset += read
		least := until.Sub(since) <= leastWindow
		switch {
		case page.Total > listLimit && !least, page.More && offset >= listLimit && !least:
			return nil, 0, errTooMany
		case page.More && offset >= listLimit:
			l.log.WarnContext(ctx, "PagerDuty does not give all incidents of one second", "created_at", since, "given", offset)
			return inOrder(list), unreadable + 1, nil
		case !page.More || read == 0:
			return inOrder(list), unreadable, nil
		}
	}
}

// inOrder is the order that was asked for. How far an import is depends on it.
func inOrder(list []incident.HistoryIncident) []incident.HistoryIncident {
	slices.SortStableFunc(list, func(a, b incident.HistoryIncident) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return list
}
