package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"shodo/internal/incident"
)

// A deferral begins with a transition of kind Deferred and is open until one of the same incident, run and question
// ends it: Resumed ends one of Page or Silence; Listed and ToldContact end one of Contact; a new Deferred replaces either. "Until"
// is the order in which they were stored, whatever times they bear.

// OpenDeferrals lists everything that waits for the end of a window, the soonest end first.
func (s *Store) OpenDeferrals(ctx context.Context) ([]incident.Deferral, error) {
	list, err := collect(ctx, s.readDB, scanDeferral, openDeferrals)
	if err != nil {
		return nil, fmt.Errorf("list open deferrals: %w", err)
	}
	return list, nil
}

// DeferralsUntil lists what of a customer was deferred until a time: what still waits, and what has ended. Those that
// were replaced are in neither list: they wait for another end. Each list is in the order of At.
func (s *Store) DeferralsUntil(ctx context.Context, customer incident.CustomerID, until time.Time) (open, ended []incident.Deferral, err error) {
	type one struct {
		incident.Deferral
		open bool
	}
	list, err := collect(ctx, s.readDB, func(row scanner) (d one, err error) {
		d.Deferral, err = scanDeferral(scanFirst{row, &d.open})
		return d, err
	}, deferralsUntil, text(customer), micros(until), string(incident.Deferred))
	if err != nil {
		return nil, nil, fmt.Errorf("list what of customer %q was deferred until %s: %w", customer, until.Format(time.RFC3339), err)
	}
	for _, d := range list {
		if d.open {
			open = append(open, d.Deferral)
		} else {
			ended = append(ended, d.Deferral)
		}
	}
	return open, ended, nil
}

const (
	deferralColumns = `incident, run, key, customer, question, at, until, window_name, policy`

	openDeferrals = `SELECT ` + deferralColumns + ` FROM deferrals WHERE ended = '' ORDER BY until, at, incident, run, key`

	deferralsUntil = `SELECT CASE WHEN ended = '' THEN 1 ELSE 0 END, ` + deferralColumns + ` FROM deferrals
		WHERE customer = $1 AND until = $2 AND ended <> $3 ORDER BY at, incident, run, key`
)

func scanDeferral(row scanner) (incident.Deferral, error) {
	var d incident.Deferral
	var at, until sql.NullInt64
	err := row.Scan(&d.Incident, &d.Run, &d.Key, &d.Customer, &d.Question, &at, &until, &d.Window, &d.Policy)
	d.At, d.Until = instant(at), instant(until)
	return d, err
}

// scanFirst scans a row whose first column goes into a place of its own.
type scanFirst struct {
	row   scanner
	first any
}

func (s scanFirst) Scan(dest ...any) error { return s.row.Scan(append([]any{s.first}, dest...)...) }

// followDeferral carries a new transition into what waits.
func followDeferral(t *tx, n incident.Transition) error {
	if n.Kind == incident.Deferred || ends(n) {
		_, err := t.exec(`UPDATE deferrals SET ended = $1 WHERE incident = $2 AND run = $3 AND question = $4 AND ended = ''`,
			string(n.Kind), name(n.Incident), n.Run, text(n.Question))
		if err != nil {
			return err
		}
	}
	if n.Kind == incident.Deferred {
		_, err := t.exec(`
			INSERT INTO deferrals (incident, run, key, customer, question, at, until, window_name, policy, ended)
			SELECT incident, $2, $3, customer, $4, $5, $6, $7, $8, '' FROM incidents WHERE incident = $1`,
			name(n.Incident), n.Run, name(n.Key), text(n.Question), micros(n.At), micros(n.Until), text(n.Window), text(n.Policy))
		if err != nil {
			return err
		}
	}
	var until any
	switch {
	case n.Question != incident.Page:
		return nil
	case n.Kind == incident.Deferred:
		until = micros(n.Until)
	case !ends(n):
		return nil
	}
	_, err := t.exec(`UPDATE incidents SET deferred_until = $1 WHERE incident = $2 AND run = $3`, until, name(n.Incident), n.Run)
	return err
}

// ends says whether a transition ends what waits for its question.
func ends(n incident.Transition) bool {
	switch n.Question {
	case incident.Page, incident.Silence:
		return n.Kind == incident.Resumed
	case incident.Contact:
		return n.Kind == incident.Listed || n.Kind == incident.ToldContact
	}
	return false
}
