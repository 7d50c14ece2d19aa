package analytics_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/analytics"
	"shodo/internal/incident"
)

// week is 2026-W46 in Tokyo: 9 to 15 November.
var (
	tokyo  = time.FixedZone("Tokyo", 9*60*60)
	monday = time.Date(2026, 11, 9, 0, 0, 0, 0, tokyo)
	later  = monday.AddDate(0, 1, 0) // everything is over
)

// record is a record that a test can read.
type record struct {
	facts []incident.Fact
	read  atomic.Int64 // how many facts were taken
	err   error        // comes after them
}

func (r *record) Facts(_ context.Context, f incident.FactFilter) iter.Seq2[incident.Fact, error] {
	facts := slices.Clone(r.facts)
	slices.SortStableFunc(facts, func(a, b incident.Fact) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return func(yield func(incident.Fact, error) bool) {
		for _, one := range facts {
			if one.CreatedAt.Before(f.Since) || !f.Until.IsZero() && !one.CreatedAt.Before(f.Until) ||
				f.Customer != "" && one.Customer != f.Customer || f.Scenario != "" && one.Scenario != f.Scenario {
				continue
			}
			r.read.Add(1)
			one = only(one, f.With)
			if !yield(one, nil) {
				return
			}
		}
		if r.err != nil {
			yield(incident.Fact{}, r.err)
		}
	}
}

// only leaves out what was not asked for, as the store does.
func only(f incident.Fact, with incident.FactPart) incident.Fact {
	for part, field := range map[incident.FactPart]*string{incident.FactDepartment: &f.Department, incident.FactService: (*string)(&f.Service),
		incident.FactPriority: &f.Priority, incident.FactTitle: &f.Title} {
		if with&part == 0 {
			*field = ""
		}
	}
	if with&incident.FactID == 0 && !f.EndedAt.IsZero() {
		f.ID = ""
	}
	return f
}

// fact reads one line of a test's table. Times are after Monday 0:00; created is the first, the others are after it:
//
//	ID customer/department/scenario/target outcome[:reason] created [start=..] [outcome=..] [taken=..] [end=..]
//
// "-" is nothing.
func fact(t *testing.T, line string) incident.Fact {
	t.Helper()
	words := strings.Fields(line)
	who := strings.Split(strings.ReplaceAll(words[1], "-", ""), "/")
	outcome, reason, _ := strings.Cut(strings.TrimPrefix(words[2], "-"), ":")
	f := incident.Fact{ID: incident.ID(words[0]), Run: 1, Customer: incident.CustomerID(who[0]), Department: who[1],
		Scenario: incident.ScenarioName(who[2]), Target: who[3], Service: "PWEB", Priority: "P1", Alerts: 2,
		Outcome: incident.Outcome(outcome), Reason: incident.Reason(reason)}
	f.CreatedAt = monday.Add(span(t, words[3]))
	f.ReceivedAt = f.CreatedAt.Add(time.Second)
	for _, w := range words[4:] {
		name, value, _ := strings.Cut(w, "=")
		at := f.CreatedAt.Add(span(t, value))
		switch name {
		case "start":
			f.StartedAt = at
		case "outcome":
			f.OutcomeAt = at
		case "taken":
			f.TakenAt = at
		case "end":
			f.EndedAt = at
		default:
			t.Fatalf("what is %q?", w)
		}
	}
	return f
}

func span(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func facts(t *testing.T, table string) []incident.Fact {
	t.Helper()
	var list []incident.Fact
	for line := range strings.Lines(table) {
		if strings.TrimSpace(line) != "" {
			list = append(list, fact(t, line))
		}
	}
	return list
}

func week(t *testing.T, text string) analytics.Period {
	t.Helper()
	p, err := analytics.Week(text, tokyo)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ask(t *testing.T, r *record, q analytics.Question) analytics.Answer {
	t.Helper()
	if q.Period.Since.IsZero() {
		q.Period = week(t, "2026-W46")
	}
	if q.Now.IsZero() {
		q.Now = later
	}
	a, err := analytics.Ask(t.Context(), r, q)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// operation is a week that can be checked by hand, with one incident of the week before and one of the week after.
const operation = `
	OLD   acme/east/disk/web-1   recovered                -1h    start=2s  outcome=90s  end=100s
	R1    acme/east/disk/web-1   recovered                 0s    start=2s  outcome=9s   end=10s
	R2    acme/east/disk/web-1   recovered                 5h    start=4s  outcome=19s  end=20s
	C1    acme/east/http/shop    cleared                   6h    start=6s  outcome=29s  end=30s
	U1    acme/east/http/shop    resolved_upstream         9h              outcome=40s  end=40s
	H1    beta/west/http/api     handed_over:verify_failed 10h   start=8s  outcome=60s  taken=180s  end=600s
	H2    beta/west/http/api     handed_over:storm         11h             outcome=20s              end=300s
	N1    -/-/-/-                unmatched                 12h             outcome=5s   taken=65s   end=1000s
	T1    beta/west/disk/db-1    taken_over                13h   start=1s  outcome=10s  taken=10s   end=110s
	O1    beta/west/http/api     handed_over:timeout       14h   start=1s  outcome=30s  taken=40s
	O2    beta/west/disk/db-1    -                         167h  start=1s
	NEXT  acme/east/http/shop    recovered                 168h  start=1s  outcome=9s   end=9s`

func TestFigures(t *testing.T) {
	got := ask(t, &record{facts: facts(t, operation)}, analytics.Question{}).Figures
	want := analytics.Figures{
		Incidents: 10, Alerts: 20,
		Automatic: analytics.Share{Count: 4, Of: 10}, // R1 R2 C1 U1
		Coverage:  analytics.Share{Count: 9, Of: 10}, // all but N1
		// 10 20 30 40 110 300 600 1000 (R1 R2 C1 U1 T1 H2 H1 N1) is 2110 seconds; ranks 4, 8 and 8 of 8
		FirstResponse: analytics.Times{Count: 8, Sum: 2110 * time.Second, Mean: 263750 * time.Millisecond,
			P50: 40 * time.Second, P95: 1000 * time.Second, P99: 1000 * time.Second},
		// 1 1 1 2 4 6 8 (T1 O1 O2 R1 R2 C1 H1) is 23 seconds; ranks 4, 7 and 7 of 7
		TimeToStart: analytics.Times{Count: 7, Sum: 23 * time.Second, Mean: 23 * time.Second / 7,
			P50: 2 * time.Second, P95: 8 * time.Second, P99: 8 * time.Second},
		// H1 180-60 = 120, N1 65-5 = 60, O1 40-30 = 10: not T1, which was not handed over; not H2, which nobody took
		TimeToPerson: analytics.Times{Count: 3, Sum: 190 * time.Second, Mean: 190 * time.Second / 3,
			P50: 60 * time.Second, P95: 120 * time.Second, P99: 120 * time.Second},
		// R1 10 + R2 20 + C1 30 + U1 40 + H1 60 + H2 20 + N1 5 + T1 10 of the 2110
		MachineShare: analytics.Part{Time: 195 * time.Second, Of: 2110 * time.Second},
		// R1 was followed by R2 on web-1, C1 by U1 at shop. NEXT is 6 days after U1, so U1 did not come back.
		CameBack: analytics.Share{Count: 2, Of: 4},
		// H1 600-180 = 420, N1 1000-65 = 935, T1 110-10 = 100
		PersonTime: analytics.Times{Count: 3, Sum: 1455 * time.Second, Mean: 485 * time.Second,
			P50: 420 * time.Second, P95: 935 * time.Second, P99: 935 * time.Second},
		PersonLoad: analytics.Load{Incidents: 5, Mean: 485 * time.Second, Known: true}, // H1 H2 N1 T1 O1
		Open:       2, Undecided: 1, NotTaken: 1, NoCustomer: 1,
		Outcomes: map[incident.Outcome]int{"recovered": 2, "cleared": 1, "resolved_upstream": 1, "handed_over": 3, "unmatched": 1, "taken_over": 1},
		Reasons:  map[incident.Reason]int{"verify_failed": 1, "storm": 1, "timeout": 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestListsTheIncidentsOfAFigure(t *testing.T) {
	data := &record{facts: facts(t, operation)}
	for figure, want := range map[analytics.Figure]string{
		analytics.Incidents:     "R1 R2 C1 U1 H1 H2 N1 T1 O1 O2",
		analytics.Automatic:     "R1 R2 C1 U1",
		analytics.NotAutomatic:  "H1 H2 N1 T1 O1",
		analytics.NotCovered:    "N1",
		analytics.FirstResponse: "R1 R2 C1 U1 H1 H2 N1 T1",
		analytics.TimeToPerson:  "H1 N1 O1",
		analytics.CameBack:      "R1 C1",
		analytics.PersonTime:    "H1 N1 T1",
		analytics.Open:          "O1 O2",
		analytics.Undecided:     "O2",
		analytics.NotTaken:      "H2",
		analytics.NoCustomer:    "N1",
		"handed_over":           "H1 H2 O1",
		"storm":                 "H2",
		"suppressed":            "",
	} {
		if got := words(ask(t, data, analytics.Question{List: figure}).Incidents); got != want {
			t.Errorf("%s: %s, want %s", figure, got, want)
		}
	}
}

// Each figure that counts incidents lists as many as it counts.
func TestEveryFigureIsItsList(t *testing.T) {
	data := &record{facts: facts(t, operation)}
	f := ask(t, data, analytics.Question{}).Figures
	for figure, want := range map[analytics.Figure]int{
		analytics.Incidents: f.Incidents, analytics.Automatic: f.Automatic.Count, analytics.Coverage: f.Coverage.Count,
		analytics.FirstResponse: f.FirstResponse.Count, analytics.TimeToStart: f.TimeToStart.Count,
		analytics.TimeToPerson: f.TimeToPerson.Count, analytics.CameBack: f.CameBack.Count, analytics.PersonTime: f.PersonTime.Count,
		analytics.PersonLoad: f.PersonLoad.Incidents, analytics.Open: f.Open, analytics.Undecided: f.Undecided,
		analytics.NotTaken: f.NotTaken, analytics.NoCustomer: f.NoCustomer, analytics.Reopened: f.Reopened, analytics.ClockDisorder: f.ClockTrouble,
	} {
		if got := len(ask(t, data, analytics.Question{List: figure}).Incidents); got != want {
			t.Errorf("%s lists %d incidents and counts %d", figure, got, want)
		}
	}
}

func TestFilters(t *testing.T) {
	data := &record{facts: facts(t, operation)}
	data.facts[3].Service, data.facts[4].Priority = "POTHER", "P3" // C1, U1
	for want, filter := range map[string]analytics.Filter{
		"R1 R2 C1 U1":    {Customer: "acme"},
		"H1 H2 T1 O1 O2": {Department: "west"},
		"R1 R2 T1 O2":    {Scenario: "disk"},
		"C1":             {Service: "POTHER"},
		"U1":             {Priority: "P3"},
		"H1 H2 O1":       {Customer: "beta", Scenario: "http"},
		"":               {Customer: "acme", Department: "west"},
	} {
		got := words(ask(t, data, analytics.Question{Filter: filter, List: analytics.Incidents}).Incidents)
		if got != want {
			t.Errorf("%+v: %s, want %s", filter, got, want)
		}
	}
	// What came back is looked for among all incidents, also when only the closed one passes the filter.
	if got := ask(t, data, analytics.Question{Filter: analytics.Filter{Service: "POTHER"}}).Figures.CameBack; got != (analytics.Share{Count: 1, Of: 1}) {
		t.Errorf("came back: %+v", got)
	}
}

func TestGroups(t *testing.T) {
	data := &record{facts: facts(t, operation)}
	for by, want := range map[analytics.Dimension]string{
		analytics.ByCustomer:   "beta 5/0 acme 4/1 () 1/0",
		analytics.ByDepartment: "west 5/0 east 4/1 () 1/0",
		analytics.ByScenario:   "http 5/0 disk 4/1 () 1/0",
		analytics.ByService:    "PWEB 10/1",
		analytics.ByPriority:   "P1 10/1",
		analytics.ByOutcome:    "handed_over 3/0 recovered 2/1 () 1/0 cleared 1/0 resolved_upstream 1/0 taken_over 1/0 unmatched 1/0",
		analytics.ByDay:        "2026-11-09 9/0 2026-11-15 1/0",
	} {
		a := ask(t, data, analytics.Question{By: by})
		var got []string
		sum := 0
		for _, g := range a.Groups {
			name := g.Name
			if name == "" {
				name = "()"
			}
			got = append(got, name, itoa(g.Figures.Incidents)+"/"+itoa(g.Previous.Incidents))
			sum += g.Figures.Incidents
		}
		if words(got) != want {
			t.Errorf("by %s: %s, want %s", by, words(got), want)
		}
		whole := ask(t, data, analytics.Question{})
		if diff := cmp.Diff(whole.Figures, a.Figures); diff != "" || sum != a.Figures.Incidents {
			t.Errorf("grouping by %s changes the whole:\n%s", by, diff)
		}
	}
}

func TestKinds(t *testing.T) {
	data := &record{facts: facts(t, `
		A1 acme/east/disk/a recovered          1h  outcome=5s             end=5s
		A2 acme/east/disk/b recovered          2h  outcome=5s             end=5s
		A3 acme/east/disk/c handed_over:storm  3h  outcome=5s taken=60s   end=360s
		A4 acme/east/disk/d handed_over:storm  4h  outcome=5s taken=60s   end=160s
		A5 acme/east/disk/d handed_over:storm  5h  outcome=5s
		B1 beta/west/http/a cleared            6h  outcome=5s             end=5s`)}
	for i, title := range []string{"Disk /data 95% on web-1", "Disk /data 97% on web-22", "Disk /data 91.5% on web-3",
		"Disk /data 99% on db1.example.com", "Disk /data 98% on web-1", "Disk /data 98% on web-1"} {
		data.facts[i].Title = title
	}
	a := ask(t, data, analytics.Question{By: analytics.ByKind})
	kind := analytics.Group{Name: "Disk #% on #", Customer: "acme", Service: "PWEB"}
	if len(a.Groups) != 2 || a.Groups[0].Group != kind {
		t.Fatalf("kinds: %+v", a.Groups)
	}
	f := a.Groups[0].Figures
	// A3 took 300 s, A4 100 s: the mean is 200. A3 A4 A5 weigh 600 s; A1 and A2 saved 400 s.
	if load, ok := f.PersonLoad.Total(); load != 600*time.Second || !ok {
		t.Errorf("load %s, %t", load, ok)
	}
	if saved, ok := f.TimeSaved.Total(); saved != 400*time.Second || !ok {
		t.Errorf("saved %s, %t", saved, ok)
	}
	// Nothing is known about what B1's kind costs a person: it is not in the sum.
	if saved, ok := a.Figures.TimeSaved.Total(); saved != 400*time.Second || !ok || a.Figures.TimeSaved.Incidents != 2 {
		t.Errorf("all saved %s, %t", saved, ok)
	}
	if _, ok := a.Groups[1].Figures.TimeSaved.Total(); ok {
		t.Error("what a kind saves is known although no person ever had one")
	}
	alone := ask(t, data, analytics.Question{By: analytics.ByKind, Filter: analytics.Filter{Customer: "beta"}})
	if _, ok := alone.Figures.TimeSaved.Total(); ok {
		t.Error("what all kinds save is known although no person ever had one")
	}
}

func TestKindTitle(t *testing.T) {
	for title, want := range map[string]string{
		"":                               "",
		"Disk full":                      "Disk full",
		"  Disk   full ":                 "Disk full",
		"[web-12] CPU > 95%":             "[#] CPU > #%",
		"10.0.0.1 10.0.0.2 is down":      "# is down",
		"Host db.example.com: ping lost": "Host #: ping lost",
		"2026-11-20 03:00:12 backup bad": "# backup bad",
		"ディスク使用率 95% 店":                  "ディスク使用率 #% 店",
		"Dear all.":                      "Dear all.",
		"--- ...":                        "--- ...",
	} {
		if got := analytics.KindTitle(title); got != want {
			t.Errorf("%q: %q, want %q", title, got, want)
		}
	}
}

func TestReadErrorIsToldAndNothingElse(t *testing.T) {
	broken := errors.New("the disk fails")
	_, err := analytics.Ask(t.Context(), &record{err: broken}, analytics.Question{Period: week(t, "2026-W46"), Now: later})
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	for _, q := range []analytics.Question{{By: "color"}, {List: "color"}} {
		q.Period = week(t, "2026-W46")
		if _, err := analytics.Ask(t.Context(), &record{}, q); err == nil || !strings.Contains(err.Error(), "color") {
			t.Errorf("%+v: error %v", q, err)
		}
	}
}

func words[T ~string](list []T) string {
	var out []string
	for _, w := range list {
		out = append(out, string(w))
	}
	return strings.Join(out, " ")
}
