package analytics_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/incident"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestNoDataIsNotZero(t *testing.T) {
	a := ask(t, &record{}, analytics.Question{By: analytics.ByKind})
	f := a.Figures
	for name, ok := range map[string]bool{
		"automatic": second(f.Automatic.Rate()), "coverage": second(f.Coverage.Rate()), "repairs": second(f.Repairs.Rate()),
		"came back": second(f.CameBack.Rate()), "machine share": second(f.MachineShare.Rate()),
		"first response": f.FirstResponse.Count > 0, "person time": f.PersonTime.Count > 0,
	} {
		if ok {
			t.Errorf("%s of nothing has data", name)
		}
	}
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"automatic":{"count":0,"of":0,"rate":null}`, `"mean_seconds":null`, `"definitions":"v1"`,
		`"since":"2026-11-09T00:00:00+09:00"`, `"attempts":[]`, `"oldest_open":[]`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
}

func second[T any](_ T, ok bool) bool { return ok }

// A period has its first instant and not its end.
func TestPeriodEnds(t *testing.T) {
	data := &record{facts: facts(t, `
		BEFORE acme/east/disk/a cleared -1us   end=1s
		FIRST  acme/east/disk/b cleared 0s     end=1s
		LAST   acme/east/disk/c cleared 167h59m59s end=100h
		AFTER  acme/east/disk/d cleared 168h   end=1s`)}
	a := ask(t, data, analytics.Question{List: analytics.FirstResponse})
	if got := words(a.Incidents); got != "FIRST LAST" {
		t.Errorf("%s", got)
	}
	if a.Figures.FirstResponse.Mean != (100*time.Hour+time.Second)/2 {
		t.Errorf("what ends after the period counts in full; mean %s", a.Figures.FirstResponse.Mean)
	}
	if a.Previous.Incidents != 1 {
		t.Errorf("%d incidents in the week before", a.Previous.Incidents)
	}
}

func TestClockDisorder(t *testing.T) {
	data := &record{facts: facts(t, `
		SKEW  acme/east/disk/a cleared           1h start=-2s  outcome=-1s end=-1s
		FAR   acme/east/disk/b cleared           2h start=-2h  outcome=10s end=10s
		BAD   acme/east/disk/c handed_over:storm 3h            outcome=10s taken=-61s end=20s`)}
	a := ask(t, data, analytics.Question{List: analytics.ClockDisorder})
	f := a.Figures
	if words(a.Incidents) != "FAR BAD" || f.ClockTrouble != 2 {
		t.Errorf("in disorder: %s", words(a.Incidents))
	}
	if f.FirstResponse.Count != 3 || f.FirstResponse.Mean != 10*time.Second { // 0, 10, 20
		t.Errorf("first response: %+v", f.FirstResponse)
	}
	if f.TimeToStart.Count != 1 || f.TimeToStart.Mean != 0 { // SKEW's
		t.Errorf("time to start: %+v", f.TimeToStart)
	}
	if f.TimeToPerson.Count != 0 { // BAD was taken before it was created
		t.Errorf("time to person: %+v", f.TimeToPerson)
	}
	if f.PersonTime.Mean != 81*time.Second { // which says nothing against how long the person had it
		t.Errorf("person time: %+v", f.PersonTime)
	}
}

// Resolved while the engine was deciding: it did not work longer than the first response took.
func TestMachineShareIsAtMostAll(t *testing.T) {
	data := &record{facts: facts(t, "A acme/east/disk/a handed_over:storm 1h outcome=30s end=20s")}
	if got := ask(t, data, analytics.Question{}).Figures.MachineShare; got != (analytics.Part{Time: 20 * time.Second, Of: 20 * time.Second}) {
		t.Errorf("%+v", got)
	}
}

func TestReopened(t *testing.T) {
	data := &record{facts: facts(t, `R acme/east/disk/a handed_over:storm 1h start=30h10s outcome=30h1m taken=30h2m end=30h5m`)}
	data.facts[0].Run, data.facts[0].ReceivedAt = 2, data.facts[0].CreatedAt.Add(30*time.Hour)
	a := ask(t, data, analytics.Question{List: analytics.Reopened})
	f := a.Figures
	if f.Incidents != 1 || f.Reopened != 1 || words(a.Incidents) != "R" {
		t.Errorf("%+v", f)
	}
	if f.FirstResponse.Mean != 5*time.Minute || f.TimeToStart.Mean != 10*time.Second || f.TimeToPerson.Mean != time.Minute {
		t.Errorf("its second run took 5m, 10s to start, 1m to a person: %s, %s, %s", f.FirstResponse.Mean, f.TimeToStart.Mean, f.TimeToPerson.Mean)
	}
	if rate, _ := f.MachineShare.Rate(); rate != 0.2 {
		t.Errorf("machine share %v: one minute of five", rate)
	}
}

func TestRepairs(t *testing.T) {
	data := &record{facts: facts(t, `
		HELD   acme/east/disk/a recovered                 1h end=1m
		SECOND acme/east/disk/b recovered                 2h end=1m
		BROKE  acme/east/disk/c handed_over:verify_failed 3h
		AGAIN  acme/east/http/d handed_over:storm         4h
		OLD    acme/east/disk/e recovered                 -1h end=1m`)}
	for i, attempts := range []incident.Attempts{0b1, 0b11, 0b1, 0b10, 0b1} { // AGAIN's first attempt was left out
		data.facts[i].Attempted = attempts
	}
	a := ask(t, data, analytics.Question{By: analytics.ByScenario})
	if a.Figures.Repairs != (analytics.Share{Count: 2, Of: 5}) || a.Previous.Repairs != (analytics.Share{Count: 1, Of: 1}) {
		t.Errorf("%+v, before %+v", a.Figures.Repairs, a.Previous.Repairs)
	}
	want := "disk 1: 1/3 before 1/1, disk 2: 1/1 before 0/0, http 2: 0/1 before 0/0, "
	got := ""
	for _, at := range a.Attempts {
		got += fmt.Sprintf("%s %d: %d/%d before %d/%d, ", at.Scenario, at.Attempt, at.Repairs.Count, at.Repairs.Of, at.Previous.Count, at.Previous.Of)
	}
	if got != want {
		t.Errorf("attempts: %s\nwant      %s", got, want)
	}
	if g := a.Groups[0]; g.Name != "disk" || g.Figures.Repairs != (analytics.Share{Count: 2, Of: 4}) {
		t.Errorf("%s: %+v", g.Name, g.Figures.Repairs)
	}
	for figure, want := range map[analytics.Figure]string{analytics.Repairs: "HELD SECOND BROKE AGAIN",
		analytics.Verified: "HELD SECOND", analytics.NotVerified: "SECOND BROKE AGAIN"} {
		if got := words(ask(t, data, analytics.Question{List: figure}).Incidents); got != want {
			t.Errorf("%s: %s, want %s", figure, got, want)
		}
	}
}

func TestCameBack(t *testing.T) {
	const close = "CLOSED acme/east/disk/web-1 recovered 1h end=1h\n" // at 2h
	for name, c := range map[string]struct {
		later string
		want  analytics.Share
	}{
		"after 24 hours":            {"B acme/east/disk/web-1 handed_over:storm 26h", analytics.Share{Count: 1, Of: 1}},
		"after more than 24 hours":  {"B acme/east/disk/web-1 handed_over:storm 26h1us", analytics.Share{Of: 1}},
		"at once":                   {"B acme/east/disk/web-1 handed_over:storm 2h", analytics.Share{Count: 1, Of: 1}},
		"while it was open":         {"B acme/east/disk/web-1 handed_over:storm 1h59m", analytics.Share{Of: 1}},
		"twice is once":             {"B acme/east/disk/web-1 handed_over:storm 3h\nC acme/east/disk/web-1 handed_over:storm 4h", analytics.Share{Count: 1, Of: 1}},
		"each close by itself":      {"B acme/east/disk/web-1 recovered 3h end=1m\nC acme/east/disk/web-1 recovered 4h end=1m", analytics.Share{Count: 2, Of: 3}},
		"beside it, then after it":  {"B acme/east/disk/web-1 handed_over:storm 1h30m\nC acme/east/disk/web-1 handed_over:storm 3h", analytics.Share{Count: 1, Of: 1}},
		"another target":            {"B acme/east/disk/web-2 handed_over:storm 3h", analytics.Share{Of: 1}},
		"another scenario":          {"B acme/east/http/web-1 handed_over:storm 3h", analytics.Share{Of: 1}},
		"another customer":          {"B beta/east/disk/web-1 handed_over:storm 3h", analytics.Share{Of: 1}},
		"a person's close does not": {"B acme/east/disk/web-9 handed_over:storm 3h end=1m\nC acme/east/disk/web-9 handed_over:storm 4h", analytics.Share{Of: 1}},
		"no target, nothing to":     {"B acme/east/disk/- reported 3h end=1m\nC acme/east/disk/- reported 4h end=1m", analytics.Share{Of: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ask(t, &record{facts: facts(t, close+c.later)}, analytics.Question{}).Figures.CameBack; got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// A close at the period's end is watched beyond it, and no further than needed.
func TestCameBackAfterThePeriod(t *testing.T) {
	data := &record{facts: facts(t, `
		CLOSED acme/east/disk/web-1 recovered 167h end=1m
		OTHER  beta/east/disk/web-1 recovered 169h end=1m
		BACK   acme/east/disk/web-1 recovered 190h end=1m
		FAR    acme/east/disk/web-1 recovered 192h end=1m
		NEXT   acme/east/disk/web-1 recovered 202h end=1m`)}
	a := ask(t, data, analytics.Question{List: analytics.CameBack})
	if words(a.Incidents) != "CLOSED" || a.Figures.Incidents != 1 || a.Figures.CameBack.Of != 1 {
		t.Errorf("%s came back, of %d incidents", words(a.Incidents), a.Figures.Incidents)
	}
	if n := data.read.Load(); n != 4 {
		t.Errorf("%d incidents were read: those of days in which nothing can come back are not needed", n)
	}
}

func TestMayComeBack(t *testing.T) {
	data := &record{facts: facts(t, `
		DONE  acme/east/disk/a recovered 1h  end=1m
		YOUNG acme/east/disk/b recovered 30h end=1m
		BACK  acme/east/disk/c recovered 31h end=1m
		BACK2 acme/east/disk/c handed_over:storm 32h`)}
	f := ask(t, data, analytics.Question{Now: monday.Add(48 * time.Hour)}).Figures
	if f.CameBack != (analytics.Share{Count: 1, Of: 2}) || f.MayComeBack != 1 {
		t.Errorf("%+v, and %d may still come back", f.CameBack, f.MayComeBack)
	}
}

func TestManyGroupsAreBounded(t *testing.T) {
	data := &record{}
	for i := range 10_050 {
		f := fact(t, "Q acme/east/disk/a cleared 1h end=1s")
		f.Title = "alert " + strings.Repeat("x", i%100+1) + strings.Repeat("y", i/100+1)
		data.facts = append(data.facts, f)
	}
	a := ask(t, data, analytics.Question{By: analytics.ByKind})
	others := 0
	for _, g := range a.Groups {
		if g.Name == analytics.OtherGroups {
			others = g.Figures.Incidents
		}
	}
	if len(a.Groups) != 10_001 || others != 50 || a.Figures.Incidents != 10_050 {
		t.Errorf("%d groups, %d incidents in the last of them, %d in all", len(a.Groups), others, a.Figures.Incidents)
	}
}

// What comes last is not what gets no place: the lightest groups do.
func TestTheLightestGroupsArePutTogether(t *testing.T) {
	data := &record{}
	for i := range 10_100 {
		f := fact(t, "Q acme/east/disk/a cleared 1h end=1s")
		f.Service = incident.ServiceID(fmt.Sprint("P", min(i, 10_090)))
		data.facts = append(data.facts, f)
	}
	a := ask(t, data, analytics.Question{By: analytics.ByService})
	if len(a.Groups) != 10_001 || a.Groups[0].Name != analytics.OtherGroups || a.Groups[0].Figures.Incidents != 91 || a.Groups[1].Name != "P10090" || a.Groups[1].Figures.Incidents != 10 {
		t.Errorf("%d groups, the first are %+v and %+v", len(a.Groups), a.Groups[0], a.Groups[1])
	}
}

// More groups than are counted: which ones share a place depends on the order, so it is that of creation in any number of parts.
func TestVeryManyGroupsOfPages(t *testing.T) {
	data := &record{}
	for i := range 60_000 {
		f := fact(t, "Q acme/east/disk/a cleared 1h end=1s")
		f.CreatedAt = monday.Add(time.Duration(i) * 9 * time.Second)
		f.EndedAt = f.CreatedAt
		f.Service = incident.ServiceID(fmt.Sprint("P", i))
		data.facts = append(data.facts, f)
	}
	pages := withPages(t, data.facts, func(time.Time) bool { return true })
	q := analytics.Question{Period: week(t, "2026-W46"), Now: later, By: analytics.ByService}
	want, err := analytics.AskInParts(t.Context(), data, q, 1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := analytics.AskInParts(t.Context(), pages, q, 2)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the answer depends on in how many parts the record is read (%v)", err)
	}
	if want.Groups[0].Name != analytics.OtherGroups || want.Groups[0].Figures.Incidents != 50_000 {
		t.Errorf("the first group is %+v", want.Groups[0])
	}
}

func TestOpenOnesAreListedOldestFirst(t *testing.T) {
	data := &record{}
	for i := range 30 {
		data.facts = append(data.facts, fact(t, fmt.Sprintf("Q%d acme/east/disk/a - %dm", i, 60-i)))
	}
	a := ask(t, data, analytics.Question{})
	if len(a.Open) != analytics.MaxOpen || a.Open[0].ID != "Q29" || a.Figures.Open != 30 || a.Figures.FirstResponse.Count != 0 {
		t.Errorf("%d listed, the first is %s; %d in all", len(a.Open), a.Open[0].ID, a.Figures.Open)
	}
}

func TestEveryFigureHasAName(t *testing.T) {
	seen := map[analytics.Figure]bool{}
	for _, name := range analytics.Names() {
		if seen[name] {
			t.Errorf("%q is the name of two figures", name)
		}
		seen[name] = true
	}
	for _, d := range analytics.Definitions() {
		if d.Means == "" {
			t.Errorf("%s means nothing", d.Figure)
		}
	}
}
