package analytics

import (
	"math"
	"slices"
	"time"

	"shodo/internal/incident"
)

// columns holds facts as columns: texts as numbers into lists of the texts, times as microseconds. Working on numbers is
// what makes a year of incidents an answer of a fraction of a second.
type columns struct {
	created, received, started, decided, taken, ended []int64 // microseconds since 1970; never is none

	run, alerts []uint32
	attempted   []uint64

	customer, department, service, scenario, target, priority, outcome, reason, title texts

	windows []held1             // in the order of at; most incidents have none
	ids     []incident.ID       // empty when they were not asked for
	scratch []uint64            // of decode
	openIDs map[int]incident.ID // when there are no ids: of those that are open
}

// never is the time that has not come.
const never = math.MinInt64

// texts is a column of texts.
type texts struct {
	names []string
	codes []uint32
}

func (t *texts) at(i int) string { return t.names[t.codes[i]] }

// code gives the number of a text; false: no fact of the column has it.
func (t *texts) code(name string) (uint32, bool) {
	i := slices.Index(t.names, name)
	return uint32(max(i, 0)), i >= 0
}

// none gives the code of the empty text, or noCode.
func (t *texts) none() uint32 {
	if code, found := t.code(""); found {
		return code
	}
	return noCode
}

// numbers gives the numbers of the texts, in the memory of a list.
func (t *texts) numbers(into []uint32, n *numbered) []uint32 {
	return n.look(into, t.names)
}

// held1 is what windows did to one incident.
type held1 struct {
	at      int
	windows incident.Windows
}

func (c *columns) len() int { return len(c.created) }

// columnsOfText lists the columns of texts in the order in which a page has them.
func (c *columns) columnsOfText() []*texts {
	return []*texts{&c.customer, &c.department, &c.service, &c.scenario, &c.target, &c.priority, &c.outcome, &c.reason, &c.title}
}

// columnsOfTime lists the columns of times, beside created, in the order in which a page has them.
func (c *columns) columnsOfTime() []*[]int64 {
	return []*[]int64{&c.received, &c.started, &c.decided, &c.taken, &c.ended}
}

// windowsAt gives what windows did to incident i.
func (c *columns) windowsAt(i int) incident.Windows {
	at, found := slices.BinarySearchFunc(c.windows, i, func(h held1, i int) int { return h.at - i })
	if !found {
		return incident.Windows{}
	}
	return c.windows[at].windows
}

// id gives the id of incident i; empty when it was not asked for and the incident is over.
func (c *columns) id(i int) incident.ID {
	if len(c.ids) > 0 {
		return c.ids[i]
	}
	return c.openIDs[i]
}

// fact gives incident i as a fact.
func (c *columns) fact(i int) incident.Fact {
	return incident.Fact{ID: c.id(i), Run: int(c.run[i]), Customer: incident.CustomerID(c.customer.at(i)), Department: c.department.at(i),
		Service: incident.ServiceID(c.service.at(i)), Scenario: incident.ScenarioName(c.scenario.at(i)), Target: c.target.at(i),
		Priority: c.priority.at(i), Alerts: int(c.alerts[i]), Attempted: incident.Attempts(c.attempted[i]),
		Outcome: incident.Outcome(c.outcome.at(i)), Reason: incident.Reason(c.reason.at(i)), CreatedAt: timeOf(c.created[i]),
		ReceivedAt: timeOf(c.received[i]), StartedAt: timeOf(c.started[i]), OutcomeAt: timeOf(c.decided[i]),
		TakenAt: timeOf(c.taken[i]), EndedAt: timeOf(c.ended[i]), Windows: c.windowsAt(i),
		Title: c.title.at(i)}
}

func timeOf(us int64) time.Time {
	if us == never {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func microsOf(t time.Time) int64 {
	if t.IsZero() {
		return never
	}
	return t.UnixMicro()
}

// builder makes columns of facts.
type builder struct {
	columns
	codes  [9]map[string]uint32
	masked map[string]string // titles that KindTitle has worked on
}

// maxMasked bounds how many titles are remembered.
const maxMasked = 50_000

// add takes the next fact, of which the given parts are there.
func (b *builder) add(f *incident.Fact, with incident.FactPart) {
	i := b.len()
	b.created = append(b.created, f.CreatedAt.UnixMicro())
	for k, t := range [...]time.Time{f.ReceivedAt, f.StartedAt, f.OutcomeAt, f.TakenAt, f.EndedAt} {
		column := b.columnsOfTime()[k]
		*column = append(*column, microsOf(t))
	}
	b.run = append(b.run, uint32(max(f.Run, 0)))
	b.alerts = append(b.alerts, uint32(max(f.Alerts, 0)))
	b.attempted = append(b.attempted, uint64(f.Attempted))
	for k, name := range [...]string{string(f.Customer), f.Department, string(f.Service), string(f.Scenario), f.Target, f.Priority,
		string(f.Outcome), string(f.Reason), b.kind(f.Title)} {
		b.text(k, name)
	}
	if f.Windows.SuppressedBy != "" || len(f.Windows.Waits) > 0 {
		b.windows = append(b.windows, held1{i, f.Windows})
	}
	switch {
	case with&incident.FactID != 0:
		b.ids = append(b.ids, f.ID)
	case f.EndedAt.IsZero():
		if b.openIDs == nil {
			b.openIDs = map[int]incident.ID{}
		}
		b.openIDs[i] = f.ID
	}
}

func (b *builder) text(k int, name string) {
	t := b.columnsOfText()[k]
	code, known := b.codes[k][name]
	if !known {
		if b.codes[k] == nil {
			b.codes[k] = map[string]uint32{}
		}
		code = uint32(len(t.names))
		b.codes[k][name] = code
		t.names = append(t.names, name)
	}
	t.codes = append(t.codes, code)
}

// kind is a title without what differs each time.
func (b *builder) kind(title string) string {
	masked, known := b.masked[title]
	if !known {
		if masked = KindTitle(title); b.masked == nil || len(b.masked) >= maxMasked {
			b.masked = map[string]string{}
		}
		b.masked[title] = masked
	}
	return masked
}

// reset forgets the facts and keeps the memory, and what titles are without what differs.
func (b *builder) reset() {
	c := &b.columns
	c.created = c.created[:0]
	for _, column := range c.columnsOfTime() {
		*column = (*column)[:0]
	}
	c.run, c.alerts, c.attempted = c.run[:0], c.alerts[:0], c.attempted[:0]
	for k, t := range c.columnsOfText() {
		t.names, t.codes = t.names[:0], t.codes[:0]
		clear(b.codes[k])
	}
	c.windows, c.ids = c.windows[:0], c.ids[:0]
	clear(c.openIDs)
}
