package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/incident"
)

// sections are the chapters after the headline, in the order of the definition of the report.
func (r *Report) sections(w *words) []section {
	s := w.section
	chapter := func(id string, h heading, parts ...part) section {
		parts = slices.DeleteFunc(parts, func(p part) bool {
			return p.text == "" && len(p.drafts) == 0 && (p.table == nil || len(p.table.rows) == 0)
		})
		if len(parts) == 0 {
			return section{id: id, title: h.title, lead: h.empty}
		}
		return section{id, h.title, h.lead, parts}
	}
	adoption := s.adoption
	if len(r.Adopted) == 0 {
		adoption.lead = adoption.empty
	}
	list := []section{chapter("adoption", adoption, r.adoption(w))}
	if r.Edition.Customer == "" {
		list = append(list, chapter("customers", s.customers, r.customers(w)))
	}
	return append(list,
		chapter("heaviest", s.heaviest, r.kinds(w, r.Heaviest)),
		chapter("priorities", s.priorities, r.priorities(w)),
		chapter("automate", s.automate, r.automate(w)),
		chapter("repairs", s.repairs, r.attempts(w), r.returning(w)),
		chapter("noisy", s.noisy, r.noisy(w)),
		chapter("windows", s.windows, r.windows(w)),
		chapter("slow", s.slow, r.slow(w)),
		chapter("held", s.held, r.storms(w), r.ids(w.column.deferred, r.Deferred, w), r.ids(w.column.storm, r.Storms, w)),
		chapter("topics", s.topics, r.topics(w), r.open(w)),
		chapter("years", s.years, r.years(w)),
	)
}

func (r *Report) adoption(w *words) part {
	c := w.column
	if len(r.Departments) == 0 {
		t := &table{head: []string{c.customer, c.scenarios}, left: 2}
		for _, a := range r.Adopted {
			names := cell{text: w.none, tone: badTone}
			if len(a.Scenarios) > 0 {
				names = text(number(len(a.Scenarios)) + " (" + joined(a.Scenarios, 12) + ")")
			}
			t.add(text(r.Name(a.ID)), names)
		}
		return part{table: t}
	}
	known := len(r.Adopted) > 0 // else there is a row of nothing for each department
	t := &table{head: []string{c.department, c.incidents, c.automatic, c.change, c.mean}, left: 1}
	if known {
		t.head = append(slices.Insert(t.head, 1, c.customers, c.rate), c.notAdopting)
	}
	for _, d := range r.Departments {
		var not []string
		for _, id := range d.Not {
			not = append(not, r.Name(id))
		}
		adopted := "–"
		if d.Adoption.Customers.Of > 0 {
			adopted = number(d.Adoption.Customers.Count) + " / " + number(d.Adoption.Customers.Of)
		}
		row := []cell{text(cmp.Or(clean(d.Department), w.none)), text(number(d.Figures.Incidents)), text(w.rate(d.Figures.Automatic.Rate())),
			changed(w.points(d.Figures.Automatic, d.Previous.Automatic, 1)), text(w.mean(d.Figures.FirstResponse))}
		if known {
			row = append(slices.Insert(row, 1, text(adopted), text(w.rate(d.Adoption.Customers.Rate()))),
				cell{text: cmp.Or(joined(not, 5), "–"), tone: softTone, wraps: true})
		}
		t.add(row...)
	}
	return part{table: t}
}

func (r *Report) customers(w *words) part {
	c := w.column
	t := &table{head: []string{c.customer, c.incidents, c.before, c.automatic, c.change, c.mean, c.load, c.open}, left: 1}
	for _, g := range r.Customers {
		f, p := g.Figures, g.Previous
		t.add(text(cmp.Or(r.Name(incident.CustomerID(g.Name)), w.noCustomer)), text(number(f.Incidents)), soft(number(p.Incidents)),
			text(w.rate(f.Automatic.Rate())), changed(w.points(f.Automatic, p.Automatic, 1)), text(w.mean(f.FirstResponse)),
			text(w.work(f.PersonLoad)), text(number(f.Open)))
	}
	if r.OtherCustomers > 0 {
		t.more = w.more(r.OtherCustomers)
	}
	return part{table: t}
}

// kindName names a kind of alert: in a customer's edition without the customer.
func (r *Report) kindName(g analytics.Group, w *words) string {
	title := cut(cmp.Or(clean(g.Name), w.none), 80)
	if r.Edition.Customer != "" {
		return title
	}
	return title + " · " + cmp.Or(r.Name(g.Customer), w.noCustomer)
}

func (r *Report) kinds(w *words, groups []analytics.Grouped) part {
	c := w.column
	t := &table{head: []string{c.kind, c.load, c.persons, c.each, c.incidents, c.before}, left: 1}
	for _, g := range groups {
		f, top := g.Figures, time.Duration(0)
		if all, ok := groups[0].Figures.PersonLoad.Total(); ok {
			top = all
		}
		load, _ := f.PersonLoad.Total()
		bar := 0.0
		if top > 0 {
			bar = float64(load) / float64(top)
		}
		t.add(text(r.kindName(g.Group, w)), barred(w.work(f.PersonLoad), bar), text(number(f.PersonLoad.Incidents)), text(w.mean(f.PersonTime)),
			text(number(f.Incidents)), soft(number(g.Previous.Incidents)))
	}
	return part{table: t}
}

func (r *Report) noisy(w *words) part {
	c := w.column
	t := &table{head: []string{c.kind, c.incidents, c.before, c.change, c.automatic, c.cameBack, c.closes}, left: 1}
	for _, g := range r.Noisiest {
		f := g.Figures
		t.add(text(r.kindName(g.Group, w)), barred(number(f.Incidents), float64(f.Incidents)/float64(r.Noisiest[0].Figures.Incidents)), soft(number(g.Previous.Incidents)),
			changed(relative(float64(f.Incidents), float64(g.Previous.Incidents), g.Previous.Incidents > 0, -1)), text(w.rate(f.Automatic.Rate())),
			text(number(f.CameBack.Count)), soft(number(f.CameBack.Of)))
	}
	return part{table: t}
}

func (r *Report) priorities(w *words) part {
	c := w.column
	t := &table{head: []string{c.priority, c.incidents, c.before, c.automatic, c.change, c.mean, c.p95, c.person, c.handedOver, c.open}, left: 1}
	for _, g := range r.Priorities {
		f, p := g.Figures, g.Previous
		t.add(text(cmp.Or(clean(g.Name), w.none)), text(number(f.Incidents)), soft(number(p.Incidents)), text(w.rate(f.Automatic.Rate())),
			changed(w.points(f.Automatic, p.Automatic, 1)), text(w.mean(f.FirstResponse)),
			text(w.length(f.FirstResponse.P95, f.FirstResponse.Count > 0)), text(w.mean(f.TimeToPerson)), text(number(f.PersonLoad.Incidents)), text(number(f.Open)))
	}
	return part{table: t}
}

func (r *Report) automate(w *words) part {
	var list []draft
	for _, k := range r.Suggestions {
		title := r.kindName(analytics.Group{Name: k.Title, Customer: k.Customer, Service: k.Service}, w)
		facts := w.draftFacts(k.Count, w.draftWork(k), k.Assumed, clean(string(k.Service)))
		if len(k.Examples) > 0 {
			facts += " " + w.examples(joined(k.Examples[:min(len(k.Examples), 3)], 3))
		}
		list = append(list, draft{title, facts, w.draftFile(clean(k.Name)), k.Skeleton})
	}
	return part{drafts: list}
}

func (r *Report) attempts(w *words) part {
	c := w.column
	t := &table{head: []string{c.scenario, c.attempt, c.held, c.tried, c.rate, c.before}, left: 1}
	for _, a := range r.Attempts {
		held := text(w.rate(a.Repairs.Rate()))
		if rate, _ := a.Repairs.Rate(); rate < weakRepair && a.Repairs.Of >= enoughTries {
			held.tone = badTone
		}
		t.add(text(clean(string(a.Scenario))), text(strconv.Itoa(a.Attempt)), text(number(a.Repairs.Count)), text(number(a.Repairs.Of)), held, soft(w.rate(a.Previous.Rate())))
	}
	return part{table: t}
}

// returning is what was closed automatically and came back.
func (r *Report) returning(w *words) part {
	c := w.column
	t := &table{head: []string{c.scenario, c.cameBack, c.closes, c.rate, c.before}, left: 1}
	for _, g := range r.Scenarios {
		t.add(text(cmp.Or(clean(g.Name), w.none)), text(number(g.Figures.CameBack.Count)), text(number(g.Figures.CameBack.Of)),
			text(w.rate(g.Figures.CameBack.Rate())), soft(w.rate(g.Previous.CameBack.Rate())))
	}
	return part{table: t}
}

func (r *Report) windows(w *words) part {
	c := w.column
	t := &table{head: []string{c.window, c.question, c.suppressed, c.deferred, c.told, c.listed, c.taken, c.waiting, c.other, c.wait, c.before}, left: 2}
	for _, one := range r.Windows[:min(len(r.Windows), maxCustomers)] {
		d, before := one.Deferred, one.Previous
		suppressed, question := number(one.Suppressed), c.page
		if one.Question == incident.Contact {
			suppressed, question = "–", c.contact
		}
		t.add(text(cmp.Or(clean(one.Window), w.none)), text(question), text(suppressed), text(number(d.Count)), text(number(d.Told)), text(number(d.Listed)),
			text(number(d.Taken)), text(number(d.Waiting)), text(number(d.Other)), text(w.length(d.Wait.P50, d.Wait.Count > 0)),
			soft(number(before.Suppressed+before.Deferred.Count)))
	}
	if more := len(r.Windows) - maxCustomers; more > 0 {
		t.more = w.more(more)
	}
	return part{table: t}
}

func (r *Report) slow(w *words) part {
	c := w.column
	t := &table{head: []string{c.incident, c.customer, c.scenario, c.waited, c.byWhom}, left: 3}
	if r.Edition.Customer != "" {
		t = &table{head: []string{c.incident, c.scenario, c.waited, c.byWhom}, left: 2}
	}
	for _, s := range r.Slow {
		taken := soft(c.tookIt)
		if !s.Taken {
			taken = cell{text: c.nobody, tone: badTone}
		}
		row := []cell{text(clean(string(s.Incident.ID)))}
		if r.Edition.Customer == "" {
			row = append(row, text(cmp.Or(r.Name(s.Incident.Customer), w.noCustomer)))
		}
		t.add(append(row, text(cmp.Or(clean(string(s.Incident.Scenario)), c.unmatched)), text(w.length(s.Waited, true)), taken)...)
	}
	return part{table: t}
}

func (r *Report) storms(w *words) part {
	if r.Edition.Customer != "" {
		return part{}
	}
	t := &table{head: []string{w.column.customer, w.column.storm, w.column.before}, left: 1}
	for _, g := range r.StormsOf {
		t.add(text(cmp.Or(r.Name(incident.CustomerID(g.Name)), w.noCustomer)), text(number(g.Figures.Reasons[incident.Storm])), soft(number(g.Previous.Reasons[incident.Storm])))
	}
	return part{table: t}
}

// maxIDs is how many ids stand in a text; JSON and CSV have all.
const maxIDs = 60

func (r *Report) ids(label string, ids []incident.ID, w *words) part {
	if len(ids) == 0 {
		return part{}
	}
	line := label + " (" + number(len(ids)) + "): " + joined(ids, maxIDs)
	if more := len(ids) - maxIDs; more > 0 {
		line += " " + w.more(more)
	}
	return part{text: line}
}

func (r *Report) topics(w *words) part {
	f, t := r.Figures(Now), w.topics
	var lines []string
	for _, c := range []struct {
		n    int
		text func(string) string
	}{{f.Open, t.open}, {f.Undecided, t.undecided}, {f.NotTaken, t.notTaken}, {f.NoCustomer, t.noCustomer}, {f.Deferred.Other, t.deferredOther},
		{f.Reopened, t.reopened}, {f.MayComeBack, t.mayComeBack}, {f.ClockTrouble, t.clocks}} {
		if c.n > 0 {
			lines = append(lines, c.text(number(c.n)))
		}
	}
	switch {
	case r.Lost == nil:
		lines = append(lines, t.notCompared)
	case *r.Lost > 0:
		lines = append([]string{w.lost(*r.Lost)}, lines...)
	default:
		lines = append(lines, t.allFound)
	}
	return part{text: strings.Join(lines, "\n")}
}

func (r *Report) open(w *words) part {
	c := w.column
	t := &table{head: []string{w.topics.oldestOpen, c.created, c.customer, c.outcome}, left: 4}
	for _, f := range r.Open[:min(len(r.Open), maxKinds)] {
		outcome := cmp.Or(string(f.Outcome), w.undecided)
		if f.Reason != "" {
			outcome += ": " + string(f.Reason)
		}
		t.add(text(clean(string(f.ID))), text(f.CreatedAt.In(r.Period.Since.Location()).Format("2006-01-02 15:04")),
			text(cmp.Or(r.Name(f.Customer), w.noCustomer)), text(outcome))
	}
	return part{table: t}
}

// years is the table in the form in which AMS publishes its own.
func (r *Report) years(w *words) part {
	c := w.column
	t := &table{head: []string{c.year, c.alerts, c.mean, c.automatic}, left: 1}
	for _, y := range r.Years {
		name := strconv.Itoa(y.Year)
		if !y.Whole {
			name += " (" + strings.TrimPrefix(y.Until.Add(-time.Second).Format("– 01-02"), " ") + ")"
		}
		mean := w.noData
		if y.Figures.FirstResponse.Count > 0 {
			mean = strconv.FormatFloat(y.Figures.FirstResponse.Mean.Seconds(), 'f', 1, 64) + " s"
		}
		automatic := w.noData
		if rate, ok := y.Figures.Automatic.Rate(); ok {
			automatic = strconv.FormatFloat(100*rate, 'f', 2, 64) + "%"
		}
		t.add(text(name), text(number(y.Figures.Incidents)), text(mean), text(automatic))
	}
	return part{table: t}
}

// joined lists at most so many names.
func joined[T ~string](names []T, most int) string {
	var out []string
	for _, n := range names[:min(len(names), most)] {
		out = append(out, clean(string(n)))
	}
	s := strings.Join(out, ", ")
	if len(names) > most {
		s += ", …"
	}
	return s
}
