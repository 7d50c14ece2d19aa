package analytics_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/analytics"
	"shodo/internal/incident"
)

const (
	nights   = `quiet hours "nights"`
	holidays = `quiet hours "holidays"`
	release  = `maintenance "release 42"`
)

// quietWeek is a week in which windows held things back, with two incidents of the week before.
func quietWeek(t *testing.T) *record {
	t.Helper()
	data := &record{facts: facts(t, `
		OLD1 acme/east/disk/a handed_over:storm -20h outcome=4h   end=5h
		OLD2 acme/east/disk/b suppressed        -10h outcome=5s   end=1m
		A    acme/east/disk/a handed_over:storm  1h  outcome=9h   taken=9h5m end=9h10m
		B    acme/east/disk/b cleared            2h  outcome=7h   end=7h
		C    acme/east/http/c taken_over         3h  outcome=24h  taken=24h  end=24h30m
		D    beta/west/http/d -                  4h
		E    acme/east/disk/e resolved_upstream  5h  outcome=2h   end=2h
		S1   acme/east/disk/s suppressed         6h  outcome=5s   end=1m
		S2   acme/east/disk/s suppressed         7h  outcome=5s   end=1m
		S3   beta/west/disk/s suppressed         8h  outcome=5s   end=1m
		N    beta/west/disk/n cleared            9h  outcome=5s   end=1m`)}
	page := func(window string, hours int, became incident.TransitionKind) incident.Wait {
		return incident.Wait{Question: incident.Page, Window: window, Waited: time.Duration(hours) * time.Hour, Became: became}
	}
	waiting := incident.Wait{Question: incident.Page, Window: holidays, Since: data.facts[5].CreatedAt}
	contact := incident.Wait{Question: incident.Contact, Window: nights, Waited: 7 * time.Hour, Became: incident.ToldContact}
	for i, w := range []incident.Windows{
		{Waits: []incident.Wait{page(nights, 4, incident.Listed)}}, {SuppressedBy: release},
		{Waits: []incident.Wait{page(nights, 9, incident.ToldTier)}},
		{Waits: []incident.Wait{page(nights, 7, incident.Listed), contact}},
		{Waits: []incident.Wait{page(nights, 1, incident.PersonTook), page(holidays, 23, incident.PersonTook)}},
		{Waits: []incident.Wait{waiting}},
		{Waits: []incident.Wait{page(nights, 2, "")}},
		{SuppressedBy: release}, {SuppressedBy: nights}, {}, {},
	} {
		data.facts[i].Windows = w
	}
	return data
}

func TestDeferrals(t *testing.T) {
	a := ask(t, quietWeek(t), analytics.Question{By: analytics.ByCustomer})
	want := analytics.Deferrals{Count: 5, Told: 1, Listed: 1, Taken: 1, Waiting: 1, Other: 1, // A, B, C, D, E
		// 2 7 9 24 (E B A C) is 42 hours; ranks 2, 4 and 4 of 4. D waits still.
		Wait: analytics.Times{Count: 4, Sum: 42 * time.Hour, Mean: 630 * time.Minute, P50: 7 * time.Hour, P95: 24 * time.Hour, P99: 24 * time.Hour}}
	if diff := cmp.Diff(want, a.Figures.Deferred); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := a.Previous.Deferred; got.Count != 1 || got.Listed != 1 || got.Wait.P50 != 4*time.Hour {
		t.Errorf("before: %+v", got)
	}
	// The wait is in the first response: 9h10m + 7h + 24h30m + 2h, and four minutes of S1 S2 S3 N.
	if got := a.Figures.FirstResponse; got.Count != 8 || got.Sum != 42*time.Hour+44*time.Minute {
		t.Errorf("first response: %+v", got)
	}
	if a.Figures.Outcomes[incident.Suppressed] != 3 || a.Figures.Automatic.Count != 6 {
		t.Errorf("%d are suppressed, %d automatic", a.Figures.Outcomes[incident.Suppressed], a.Figures.Automatic.Count)
	}
	for _, g := range a.Groups {
		if want := map[string]int{"acme": 4, "beta": 1}[g.Name]; g.Figures.Deferred.Count != want {
			t.Errorf("%s: %d deferred, want %d", g.Name, g.Figures.Deferred.Count, want)
		}
	}
}

func TestWindows(t *testing.T) {
	got := ""
	for _, w := range ask(t, quietWeek(t), analytics.Question{}).Windows {
		d, p := w.Deferred, w.Previous
		got += fmt.Sprintf("%s %s: %d suppressed, %d deferred: %d told %d listed %d taken %d waiting %d other, %s; before %d, %d, %s\n", w.Window, w.Question,
			w.Suppressed, d.Count, d.Told, d.Listed, d.Taken, d.Waiting, d.Other, d.Wait.P50, p.Suppressed, p.Deferred.Count, p.Deferred.Wait.P50)
	}
	// Nights deferred A B C E, for 9 7 1 2 hours; C went on to the holidays, for 23 more.
	want := `quiet hours "nights" page: 1 suppressed, 4 deferred: 1 told 1 listed 1 taken 0 waiting 1 other, 2h0m0s; before 0, 1, 4h0m0s
quiet hours "holidays" page: 0 suppressed, 2 deferred: 0 told 0 listed 1 taken 1 waiting 0 other, 23h0m0s; before 0, 0, 0s
 page: 1 suppressed, 0 deferred: 0 told 0 listed 0 taken 0 waiting 0 other, 0s; before 0, 0, 0s
maintenance "release 42" page: 1 suppressed, 0 deferred: 0 told 0 listed 0 taken 0 waiting 0 other, 0s; before 1, 0, 0s
quiet hours "nights" contact: 0 suppressed, 1 deferred: 1 told 0 listed 0 taken 0 waiting 0 other, 7h0m0s; before 0, 0, 0s
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestListsTheIncidentsOfWindows(t *testing.T) {
	data := quietWeek(t)
	for figure, want := range map[analytics.Figure]string{
		analytics.Deferred: "A B C D E", analytics.DeferredTold: "A", analytics.DeferredListed: "B", analytics.DeferredTaken: "C",
		analytics.DeferredWaiting: "D", analytics.DeferredOther: "E", analytics.DeferralWait: "A B C E", "suppressed": "S1 S2 S3",
	} {
		if got := words(ask(t, data, analytics.Question{List: figure}).Incidents); got != want {
			t.Errorf("%s: %s, want %s", figure, got, want)
		}
	}
}

// A person who took it while it waited is what became of it, also before the wait was recorded as over.
func TestTakenWhileItWaits(t *testing.T) {
	data := &record{facts: facts(t, "A acme/east/disk/a taken_over 1h outcome=2h taken=2h")}
	data.facts[0].Windows.Waits = []incident.Wait{{Question: incident.Page, Window: nights, Since: monday, Became: incident.PersonTook}}
	want := analytics.Deferrals{Count: 1, Taken: 1}
	if diff := cmp.Diff(want, ask(t, data, analytics.Question{}).Figures.Deferred); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestManyWindowsAreBounded(t *testing.T) {
	data := &record{}
	for i := range 10_050 {
		f := fact(t, "Q acme/east/disk/a suppressed 1h end=1s")
		f.Windows.SuppressedBy = fmt.Sprint("maintenance ", i)
		data.facts = append(data.facts, f)
	}
	list := ask(t, data, analytics.Question{}).Windows
	if len(list) != 10_001 || list[0].Window != analytics.OtherGroups || list[0].Suppressed != 50 {
		t.Errorf("%d windows, the first is %+v", len(list), list[0])
	}
}

func TestWindowsAsJSON(t *testing.T) {
	text, err := json.Marshal(ask(t, quietWeek(t), analytics.Question{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"deferred":{"count":5,"told":1,"listed":1,"taken":1,"waiting":1,"other":1,"wait":{"count":4,"mean_seconds":37800,"p50_seconds":25200,`,
		`"windows":[{"window":"quiet hours \"nights\"","question":"page","suppressed":1,"deferred":{"count":4,`,
		`"previous":{"suppressed":1,"deferred":{"count":0,"told":0,"listed":0,"taken":0,"waiting":0,"other":0,"wait":{"count":0,"mean_seconds":null,`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if text, _ := json.Marshal(ask(t, &record{}, analytics.Question{})); !strings.Contains(string(text), `"windows":[]`) {
		t.Errorf("no windows are %s", text)
	}
}
