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
	heldLimit     = 64 << 20    // bytes of log entries that are held at once; one may have half a megabyte
)

// errTooMany: the window holds more than PagerDuty gives, or than can be held.
var errTooMany = errors.New("too many incidents in one window")

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

// list reads the incidents that were created in [since, until), each once. What PagerDuty counts and does not give is unreadable, too.
func (l lister) list(ctx context.Context, since, until time.Time) (list []incident.HistoryIncident, unreadable int, err error) {
	seen := map[incident.ID]bool{}
	least := until.Sub(since) <= leastWindow
	total, held := 0, 0
	for offset := 0; ; {
		page, err := l.PagerDuty.History(ctx, incident.HistoryQuery{Since: since, Until: until, Services: l.services, Offset: offset, Bare: l.bare})
		if err != nil {
			return nil, 0, err
		}
		for _, one := range page.Incidents {
			if !seen[one.ID] && !one.CreatedAt.Before(since) && one.CreatedAt.Before(until) {
				list = append(list, one)
				held += len(one.Trigger)
			}
			seen[one.ID] = true
		}
		unreadable += page.Unreadable
		total = max(total, page.Total)
		read := len(page.Incidents) + page.Unreadable
		offset += read
		full := page.More && offset >= listLimit
		switch {
		case !least && (full || total > listLimit || held > heldLimit):
			return nil, 0, errTooMany
		case page.More && !full && read > 0:
			continue
		}
		if missing := total - len(seen) - unreadable; missing > 0 || full {
			unreadable += max(missing, 1)
			l.log.WarnContext(ctx, "PagerDuty does not give all incidents that it counts", "since", since, "until", until, "given", len(seen), "counted", total)
		}
		return inOrder(list), unreadable, nil
	}
}

// inOrder is the order that was asked for. How far an import is depends on it.
func inOrder(list []incident.HistoryIncident) []incident.HistoryIncident {
	slices.SortStableFunc(list, func(a, b incident.HistoryIncident) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return list
}
