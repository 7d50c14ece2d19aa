// Package history brings incidents of the time before the engine from PagerDuty into the record, so that figures have a baseline,
// scenarios a backtest, and "shodo suggest" something to rank, on the first day.
//
// It reads the incidents in windows of their creation, oldest first: a list, the log of the account for the same time, and the
// alerts of each incident. PagerDuty gives at most six months and 10,000 elements of a list; a window that holds more is
// halved, and quiet times are read in larger ones. How far it is stands in the record, so that an import that was stopped
// goes on there.
//
// By the same windows [Lost] compares the record with PagerDuty, from the list alone: what PagerDuty has and nobody accounts for.
//
// What it promises:
//
//   - The same import twice changes nothing. What has changed in PagerDuty since is replaced.
//   - An incident that the engine has handled is never touched, and one that is not resolved is left to the engine.
//   - What cannot be read is counted and stops nothing, not even an incident that PagerDuty never gives. While PagerDuty does not answer at
//     all, the import waits. What PagerDuty refuses stops it, and nothing is lost by that.
//   - No outcome is invented: see [recordOf].
//
// What it never does: change anything in PagerDuty, or match incidents to scenarios. That is what a backtest is for.
package history

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"shodo/internal/incident"
)

// PagerDuty is read.
type PagerDuty interface {
	List
	Log(context.Context, incident.HistoryQuery) (incident.LogPage, error)
	LogOf(context.Context, incident.ID) (incident.LogPage, error)
}

// Record is written.
type Record interface {
	BeginImport(context.Context, incident.Import) (incident.Import, error)
	SaveImported(context.Context, incident.Import, []incident.Imported) (incident.ImportCounts, error)
	Fingerprints(context.Context, []incident.ID) (map[incident.ID]string, error)
}

// Options of an import. All but Services, Self, Gone, Away, Pauses, DryRun and Progress are required.
type Options struct {
	PagerDuty PagerDuty
	Record    Record
	ID        string               // of the import, if it does not go on with an earlier one
	Since     time.Time            // created at or after
	Until     time.Time            // created before
	Services  []incident.ServiceID // empty: all
	Self      string               // the engine's own user in PagerDuty, who is no person

	Alerts   func(context.Context, incident.HistoryIncident) ([]incident.Alert, error)
	Customer func(incident.ServiceID) incident.Customer // whose service it is today; empty: nobody's. Asked once for each incident that is met
	Now      func() time.Time
	Log      *slog.Logger // told of what cannot be read, and of waiting

	Gone   func(error) bool // PagerDuty has no such thing, or cannot give it. Nil: no error says so
	Away   func(error) bool // PagerDuty does not answer now. Nil: no error says so
	Pauses []time.Duration  // before each time that PagerDuty is asked again while it is away; empty: it is not

	DryRun   bool           // count, and write nothing
	Progress func(Progress) // told after each page; must be quick
}

// Progress is how far an import is.
type Progress struct {
	Import  incident.Import // its counts include what the present window has brought so far
	At      time.Time       // everything created before was looked at
	Resumed bool            // it goes on with an earlier one
}

// Done is the part of the time that is read, from 0 to 1.
func (p Progress) Done() float64 {
	whole := p.Import.Until.Sub(p.Import.Since)
	if whole <= 0 {
		return 1
	}
	return min(max(float64(p.At.Sub(p.Import.Since))/float64(whole), 0), 1)
}

// atOnce is how many incidents are written at once, and those of the same second.
const atOnce = 50

// Run imports, or goes on with an import of the same beginning and services. When it ends with an error, what was written stays
// and the next Run goes on there; the import that is given says how far it came.
func Run(ctx context.Context, o Options) (incident.Import, error) {
	if !o.Since.Before(o.Until) {
		return incident.Import{}, fmt.Errorf("import the history: the time ends (%s) before it begins (%s)", o.Until.Format(time.RFC3339), o.Since.Format(time.RFC3339))
	}
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	never := func(error) bool { return false }
	if o.Gone == nil {
		o.Gone = never
	}
	if o.Away == nil {
		o.Away = never
	}
	r := &run{Options: o, owners: map[string]incident.Customer{}}
	r.PagerDuty = patient{o.PagerDuty, r}
	r.now = incident.Import{ID: o.ID, Since: o.Since.UTC().Truncate(time.Second), Until: o.Until.UTC().Truncate(time.Second), Services: o.Services, BegunAt: o.Now().UTC()}
	r.now.DoneTo = r.now.Since
	if !o.DryRun {
		begun, err := o.Record.BeginImport(ctx, r.now)
		if err != nil {
			return r.now, fmt.Errorf("import the history: %w", err)
		}
		r.resumed, r.now = begun.ID != o.ID, begun
	}
	if err := r.windows(ctx); err != nil {
		return r.now, fmt.Errorf("import the history from %s on: %w", r.now.DoneTo.Format(time.RFC3339), err)
	}
	return r.now, nil
}

// run is an import under way.
type run struct {
	Options
	now     incident.Import
	resumed bool
	owners  map[string]incident.Customer // by service
	unread  int                          // incidents in a row that PagerDuty did not give although it answered
}

// windows reads from where the import is to its end.
func (r *run) windows(ctx context.Context) error {
	r.tell(r.now.DoneTo)
	err := inWindows(r.now.DoneTo, r.now.Until, func(since, until time.Time) (int, error) { return r.window(ctx, since, until) })
	if err != nil {
		return err
	}
	r.now.EndedAt = r.Now().UTC()
	return r.save(ctx, nil)
}

// window imports the incidents that were created in [since, until), and says how many there are.
func (r *run) window(ctx context.Context, since, until time.Time) (int, error) {
	list, unreadable, err := lister{PagerDuty: r.PagerDuty, services: r.Services, log: r.Log}.list(ctx, since, until)
	if err != nil {
		return 0, err
	}
	todo, met, err := r.choose(ctx, list)
	if err != nil {
		return 0, err
	}
	if !r.DryRun {
		if err := r.bring(ctx, list, todo, met, since, until); err != nil {
			return 0, err
		}
	} else {
		r.now.Imported += len(todo)
		for _, one := range list {
			r.now.Add(met[one.ID])
		}
	}
	r.now.Unreadable += unreadable
	r.now.DoneTo = until
	r.tell(until)
	return len(list), r.save(ctx, nil)
}

// nobodys marks the fingerprint of an incident that was nobody's, so that it is brought again once its service is a customer's. The
// other way round it keeps its customer.
const nobodys = " nobody's"

// choose gives the incidents that have to be brought, and what each of the others counts as.
func (r *run) choose(ctx context.Context, list []incident.HistoryIncident) (todo []incident.HistoryIncident, met map[incident.ID]incident.ImportCounts, err error) {
	ids := make([]incident.ID, len(list))
	for i, one := range list {
		ids[i] = one.ID
	}
	known, err := r.Record.Fingerprints(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	met = map[incident.ID]incident.ImportCounts{}
	for i, one := range list {
		owner := r.Customer(incident.ServiceID(one.Service.ID))
		r.owners[one.Service.ID] = owner
		fingerprint, there := known[one.ID]
		unchanged := there && fingerprint == one.Fingerprint
		if owner.ID == "" {
			list[i].Fingerprint += nobodys
			one = list[i]
		}
		switch {
		case there && fingerprint == "":
			met[one.ID] = incident.ImportCounts{Engine: 1}
		case unchanged, there && fingerprint == one.Fingerprint:
			met[one.ID] = incident.ImportCounts{Unchanged: 1}
		case one.Status != incident.Resolved:
			met[one.ID] = incident.ImportCounts{Open: 1}
		default:
			todo = append(todo, one)
		}
	}
	return todo, met, nil
}

// bring reads what belongs to the incidents that have to be brought, and writes them in the order of the list, a few at once. After
// each write everything that was created before the next one is in the record, and counted.
func (r *run) bring(ctx context.Context, list, todo []incident.HistoryIncident, met map[incident.ID]incident.ImportCounts, since, until time.Time) error {
	logs, err := r.logs(ctx, todo, since, until)
	if err != nil {
		return err
	}
	for len(list) > 0 {
		n := part(list)
		var written []incident.Imported
		before := r.now
		for _, one := range list[:n] {
			if counts, ok := met[one.ID]; ok {
				r.now.Add(counts)
				continue
			}
			record, given, err := r.record(ctx, logs, one)
			switch {
			case err != nil:
				r.now = before
				return err
			case !given:
				r.now.Unreadable++
			default:
				written = append(written, incident.Imported{Fingerprint: one.Fingerprint, Record: record})
			}
		}
		r.now.DoneTo = list[n-1].CreatedAt.Truncate(time.Second).Add(time.Second)
		if err := r.save(ctx, written); err != nil {
			r.now = before
			return err
		}
		r.tell(r.now.DoneTo)
		list = list[n:]
	}
	return nil
}

// part is how many incidents of a list are written at once: all that were created in one second stand together.
func part(list []incident.HistoryIncident) int {
	n := min(len(list), atOnce)
	for n < len(list) && list[n].CreatedAt.Equal(list[n-1].CreatedAt) {
		n++
	}
	return n
}

func (r *run) save(ctx context.Context, list []incident.Imported) error {
	if r.DryRun {
		return nil
	}
	counts, err := r.Record.SaveImported(ctx, r.now, list)
	if err == nil {
		r.now.ImportCounts = counts
	}
	return err
}

func (r *run) tell(at time.Time) { r.Progress(Progress{Import: r.now, At: at, Resumed: r.resumed}) }
