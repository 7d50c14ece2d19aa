package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"
)

// Retention is how long things are kept; 0 is for ever. Deliveries count from when they were settled, everything else from
// the end of its incident.
type Retention struct {
	Deliveries  time.Duration
	Alerts      time.Duration // as received; what was read of them stays in the incident's record
	StepOutputs time.Duration
	Incidents   time.Duration // with everything of them but their deliveries
}

// Pruned is how many rows were deleted of each kind, or would be.
type Pruned struct {
	Deliveries  int
	Alerts      int
	StepOutputs int // how many steps lost their output
	Incidents   int
}

// pruneBatch is of how many incidents things are deleted in one write.
const pruneBatch = 50

// Prune deletes what has been kept long enough, a few rows at a time, so that nobody who writes waits long. It never
// deletes a delivery that waits to be handed over, nor anything of an incident that is open, or of which such a delivery
// waits, or something for the end of a window. After an error it tells what was deleted until then.
func (s *Store) Prune(ctx context.Context, keep Retention, now time.Time) (Pruned, error) {
	var p Pruned
	for _, task := range pruneTasks(keep, now, &p) {
		err := s.eachEnded(ctx, task, func(ids []string) error {
			n, err := writeFor(ctx, s, func(t *tx) (int64, error) { return pruneOf(t, task, ids) }, ids...)
			*task.count += int(n)
			return err
		})
		if err != nil {
			return p, fmt.Errorf("prune %s: %w", task.name, err)
		}
	}
	if keep.Deliveries > 0 {
		n, err := s.PruneDeliveries(ctx, now.Add(-keep.Deliveries))
		p.Deliveries = n
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// Prunable counts what Prune would delete.
func (s *Store) Prunable(ctx context.Context, keep Retention, now time.Time) (Pruned, error) {
	var p Pruned
	for _, task := range pruneTasks(keep, now, &p) {
		err := s.readDB.QueryRowContext(ctx, task.counts, task.before.UnixMicro()).Scan(task.count)
		if err != nil {
			return p, fmt.Errorf("count what may be pruned of %s: %w", task.name, explain(err))
		}
	}
	if keep.Deliveries > 0 {
		err := s.readDB.QueryRowContext(ctx, `SELECT count(*)`+settledBefore,
			now.Add(-keep.Deliveries).UnixMicro()).Scan(&p.Deliveries)
		if err != nil {
			return p, fmt.Errorf("count what may be pruned of deliveries: %w", explain(err))
		}
	}
	return p, nil
}

// pruneTask is one kind of thing that goes with incidents.
type pruneTask struct {
	name    string
	keep    time.Duration
	before  time.Time // incidents that ended before
	having  string    // which incidents i have any
	counts  string    // how many there are, of incidents i
	also    []string  // what goes with them, of one incident
	deletes []string  // what is counted, of one incident
	count   *int
}

// nothingWaits is part of every question: an incident with an event that was not handed over goes on, and of one with an open
// deferral somebody is still to be told.
const nothingWaits = ` AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.incident = i.incident AND d.incident <> ''
	AND d.state IN ('pending', 'parked')) AND NOT EXISTS (SELECT 1 FROM deferrals f WHERE f.incident = i.incident AND f.ended = '')`

// hasOutput is of steps s: a short output is in the row, a long one in outputs.
const hasOutput = `(s.output IS NOT NULL OR EXISTS (SELECT 1 FROM outputs o WHERE o.incident = s.incident AND o.run = s.run
	AND o.phase = s.phase AND o.attempt = s.attempt AND o.round = s.round AND o.place = s.place))`

// ofIncident are the tables whose rows belong to one incident and go with it.
var ofIncident = []string{"outputs", "steps", "alerts", "transitions", "attempts", "deferrals", "runs"}

func pruneTasks(keep Retention, now time.Time, p *Pruned) []pruneTask {
	var also []string
	for _, table := range ofIncident {
		also = append(also, `DELETE FROM `+table+` WHERE incident = $1`)
	}
	all := []pruneTask{
		{name: "incidents", keep: keep.Incidents, count: &p.Incidents, also: also,
			counts:  `SELECT count(*) FROM incidents i WHERE i.ended_at < $1`,
			deletes: []string{`DELETE FROM incidents WHERE incident = $1`}},
		{name: "alerts", keep: keep.Alerts, count: &p.Alerts,
			having:  ` AND EXISTS (SELECT 1 FROM alerts a WHERE a.incident = i.incident)`,
			counts:  `SELECT count(*) FROM alerts a JOIN incidents i ON i.incident = a.incident WHERE i.ended_at < $1`,
			deletes: []string{`DELETE FROM alerts WHERE incident = $1`}},
		{name: "step outputs", keep: keep.StepOutputs, count: &p.StepOutputs,
			having: ` AND EXISTS (SELECT 1 FROM steps s WHERE s.incident = i.incident AND ` + hasOutput + `)`,
			counts: `SELECT count(*) FROM steps s JOIN incidents i ON i.incident = s.incident WHERE i.ended_at < $1 AND ` + hasOutput,
			deletes: []string{`UPDATE steps SET output = NULL WHERE incident = $1 AND output IS NOT NULL`,
				`DELETE FROM outputs WHERE incident = $1`}},
	}
	var tasks []pruneTask
	for _, task := range all {
		if task.keep > 0 {
			task.before = now.Add(-task.keep)
			task.counts += nothingWaits
			tasks = append(tasks, task)
		}
	}
	return tasks
}

// eachEnded gives the incidents that have something to prune, a batch at a time. It goes through them once, along the
// index of their end.
func (s *Store) eachEnded(ctx context.Context, task pruneTask, take func([]string) error) error {
	after, last := int64(math.MinInt64), ""
	for {
		type ended struct {
			at int64
			id string
		}
		batch, err := collect(ctx, s.readDB, func(row scanner) (e ended, err error) {
			return e, row.Scan(&e.at, &e.id)
		}, `SELECT i.ended_at, i.incident FROM incidents i WHERE i.ended_at < $1 AND i.ended_at >= $2
			AND (i.ended_at > $2 OR i.incident > $3)`+task.having+nothingWaits+` ORDER BY i.ended_at, i.incident LIMIT $4`,
			task.before.UnixMicro(), after, last, pruneBatch)
		if err != nil || len(batch) == 0 {
			return err
		}
		ids := make([]string, len(batch))
		for i, e := range batch {
			ids[i], after, last = e.id, e.at, e.id
		}
		if err := take(ids); err != nil {
			return err
		}
	}
}

// pruneOf deletes a task's things of some incidents, unless one has gone on since they were found.
func pruneOf(t *tx, task pruneTask, ids []string) (int64, error) {
	total := int64(0)
	for _, id := range ids {
		var one int
		err := t.row(`SELECT 1 FROM incidents i WHERE i.incident = $1 AND i.ended_at < $2`+nothingWaits, id, task.before.UnixMicro()).Scan(&one)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return 0, err
		}
		for _, query := range task.also {
			if _, err := t.exec(query, id); err != nil {
				return 0, err
			}
		}
		for _, query := range task.deletes {
			n, err := t.exec(query, id)
			if err != nil {
				return 0, err
			}
			total += n
		}
	}
	return total, nil
}
