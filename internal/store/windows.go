package store

import (
	"cmp"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"shodo/internal/incident"
)

// followWindows carries a new transition into what figures are told of the run's windows. Only the present run has
// figures.
func followWindows(t *tx, n incident.Transition) error {
	if n.Question == incident.Silence {
		return nil // it is suppressed, and figures know that
	}
	var before string
	err := t.row(`SELECT windows FROM incidents WHERE incident = $1 AND run = $2`, name(n.Incident), n.Run).Scan(&before)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if before == "" && n.Kind != incident.Deferred && n.Kind != incident.Ended {
		return nil // no window had to do with it: nearly all incidents
	}
	w := windowsOf(before)
	if n.Kind == incident.Ended {
		if w.SuppressedBy, err = suppressor(t, n); err != nil {
			return err
		}
	} else {
		w.Waits = nextWaits(w.Waits, n)
	}
	after, err := json.Marshal(w)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE incidents SET windows = $1 WHERE incident = $2 AND run = $3`, string(after), name(n.Incident), n.Run)
	return err
}

// windowsOf reads what followWindows wrote.
func windowsOf(doc string) incident.Windows {
	if doc == "" {
		return incident.Windows{}
	}
	// Not before the return above: it escapes, and would be one for each of a million rows.
	var w incident.Windows
	_ = json.Unmarshal([]byte(doc), &w) // nobody else writes it
	return w
}

// suppressor is the window that the outcome names, or else the one that was last decided to forbid waking anybody.
func suppressor(t *tx, n incident.Transition) (string, error) {
	if n.Window != "" {
		return text(n.Window), nil
	}
	var window string
	err := t.row(`SELECT window_name FROM transitions WHERE incident = $1 AND run = $2 AND kind = $3 AND question = $4
		AND window_name <> '' ORDER BY seq DESC LIMIT 1`,
		name(n.Incident), n.Run, string(incident.Decided), string(incident.Page)).Scan(&window)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return window, err
}

// nextWaits is what a transition makes of the waits.
func nextWaits(waits []incident.Wait, n incident.Transition) []incident.Wait {
	if ends(n) {
		endWaits(waits, n.Question, n.At)
	}
	switch n.Kind {
	case incident.Deferred:
		return beginWait(waits, n)
	case incident.ToldTier, incident.PersonTook:
		becameOf(waits, incident.Page, n.Kind)
	case incident.Listed, incident.ToldContact:
		becameOf(waits, n.Question, n.Kind)
	}
	return waits
}

// beginWait begins a wait in place of what waits for the same question. A window that defers again goes on with its
// own wait.
func beginWait(waits []incident.Wait, n incident.Transition) []incident.Wait {
	endWaits(waits, n.Question, n.At)
	i := slices.IndexFunc(waits, func(w incident.Wait) bool { return w.Question == n.Question && w.Window == text(n.Window) })
	if i < 0 {
		return append(waits, incident.Wait{Question: n.Question, Window: text(n.Window), Since: n.At})
	}
	waits[i].Since = n.At
	return waits
}

func endWaits(waits []incident.Wait, q incident.Question, at time.Time) {
	for i := range waits {
		if w := &waits[i]; w.Question == q && !w.Since.IsZero() {
			w.Waited += max(at.Sub(w.Since), 0)
			w.Since = time.Time{}
		}
	}
}

func becameOf(waits []incident.Wait, q incident.Question, kind incident.TransitionKind) {
	for i := range waits {
		if w := &waits[i]; w.Question == q {
			w.Became = cmp.Or(w.Became, kind)
		}
	}
}
