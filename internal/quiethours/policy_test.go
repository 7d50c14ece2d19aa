package quiethours_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/quiethours"
)

var (
	incidentNone = incident.Incident{}
	customerNone = incident.Customer{}
)

func TestHashNamesWhatIsDecided(t *testing.T) {
	tokyo, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	base := func() quiethours.Window {
		return quiethours.Window{Name: "nights", Kind: quiethours.QuietHours, When: weekly(t, "mon 22:00-07:00"), Contact: deferred, Match: fixedCondition(0)}
	}
	other := quiethours.Window{Name: "batch", When: cronRule(t, "0 2 * * SAT", time.Hour), Recover: forbid}
	hash := func(zone *time.Location, windows ...quiethours.Window) string {
		return quiethours.New(zone, windows).Hash()
	}
	changed := func(change func(*quiethours.Window)) string {
		w := base()
		change(&w)
		return hash(tokyo, w, other)
	}
	want := hash(tokyo, base(), other)
	for name, same := range map[string]string{
		"again":            hash(tokyo, base(), other),
		"another order":    hash(tokyo, other, base()),
		"added later":      quiethours.New(tokyo, []quiethours.Window{base()}).With(other).Hash(),
		"another name":     changed(func(w *quiethours.Window) { w.Name = "night" }),
		"another kind":     changed(func(w *quiethours.Window) { w.Kind = quiethours.Maintenance }),
		"a written allow":  changed(func(w *quiethours.Window) { w.Page = allow }),
		"days in no order": changed(func(w *quiethours.Window) { w.When = weekly(t, "mon,mon 22:00-07:00") }),
	} {
		if same != want {
			t.Errorf("%s: another hash, but the same decisions", name)
		}
	}
	for name, differs := range map[string]string{
		"another zone":      hash(time.UTC, base(), other),
		"a window less":     hash(tokyo, base()),
		"the same twice":    hash(tokyo, base(), base(), other),
		"another time":      changed(func(w *quiethours.Window) { w.When = weekly(t, "mon 22:00-07:01") }),
		"another day":       changed(func(w *quiethours.Window) { w.When = weekly(t, "tue 22:00-07:00") }),
		"another answer":    changed(func(w *quiethours.Window) { w.Contact = suppress }),
		"another question":  changed(func(w *quiethours.Window) { w.Contact, w.Page = "", deferred }),
		"another match":     changed(func(w *quiethours.Window) { w.Match = fixedCondition(1) }),
		"match as unless":   changed(func(w *quiethours.Window) { w.Match, w.Unless = nil, fixedCondition(0) }),
		"no condition":      changed(func(w *quiethours.Window) { w.Match = nil }),
		"calendar":          changed(func(w *quiethours.Window) { w.When = holidays("2026-11-23") }),
		"another calendar":  changed(func(w *quiethours.Window) { w.When = holidays("2026-11-24") }),
		"another cron":      hash(tokyo, base(), quiethours.Window{When: cronRule(t, "0 3 * * SAT", time.Hour), Recover: forbid}),
		"no window":         hash(tokyo),
		"no window and UTC": hash(nil),
	} {
		if differs == want {
			t.Errorf("%s: the same hash", name)
		}
	}
	if hash(nil) != hash(time.UTC) {
		t.Error("no zone is UTC, but has another hash")
	}
}

func TestPolicyDoesNotChange(t *testing.T) {
	windows := []quiethours.Window{{Name: "a", When: quiethours.WholeDays(nil), Contact: deferred}}
	p := quiethours.New(nil, windows)
	before := p.Hash()
	windows[0].Contact = suppress
	p.Windows()[0].Contact = suppress
	p.With(quiethours.Window{Name: "b", When: quiethours.WholeDays(nil), Contact: suppress})
	if p.Hash() != before || len(p.Windows()) != 1 {
		t.Error("the policy was changed from outside")
	}
	if p.Zone() != time.UTC {
		t.Errorf("zone %s, want UTC", p.Zone())
	}
}

func TestNoWindowsAllowEverything(t *testing.T) {
	for _, p := range []quiethours.Policy{{}, quiethours.New(time.UTC, nil)} {
		if !p.IsEmpty() {
			t.Error("a policy without windows is not empty")
		}
		d := p.Decide(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), incidentNone, customerNone)
		for _, q := range quiethours.Questions() {
			r := d.Ruling(q)
			if r.Question != q || r.Answer != allow || !r.Until.IsZero() || r.Window != "" || r.Why == "" {
				t.Errorf("%s: %+v", q, r)
			}
		}
		if d.Ruling("weather") != (quiethours.Ruling{}) {
			t.Error("there is no fourth question")
		}
	}
}

// What people read of a decision.
func TestWhy(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Tokyo")
	if err != nil {
		t.Fatal(err)
	}
	breaks := condition{"alert.details.depth > 3", func(incident.Incident) (bool, error) {
		return false, errors.New("alert.details.depth\nis missing" + strings.Repeat("!", 1000))
	}}
	p := quiethours.New(zone, []quiethours.Window{
		{Name: "夜", Kind: quiethours.QuietHours, When: weekly(t, "mon 22:00-07:00"), Contact: deferred},
		{Name: "mornings", Kind: quiethours.QuietHours, When: weekly(t, "every day 07:00-09:00"), Contact: deferred},
		{Name: "release", Kind: quiethours.Maintenance, When: weekly(t, "every day 23:00-00:00"), Page: suppress, Match: fixedCondition(1)},
		{Name: "unclear", Kind: quiethours.Maintenance, When: weekly(t, "every day 23:00-00:00"), Contact: suppress, Recover: forbid, Match: breaks},
	})
	d := p.Decide(moment(t, "2026-11-16T23:30:00+09:00"), incidentNone, customerNone)
	broken := `match: alert.details.depth > 3: alert.details.depth is missing` + strings.Repeat("!", 138) + "…"
	for got, want := range map[string]string{
		d.Contact.Why: `telling the customer is deferred until Tue 2026-11-17 09:00 JST by quiet hours "夜" (mon 22:00-07:00)` +
			` and, after its own end at Tue 2026-11-17 07:00 JST, by windows that follow it without a break;` +
			` it cannot be told whether maintenance "unclear" is about this incident (` + broken + `), and in doubt people are called`,
		d.Page.Why: `waking a tier is allowed: maintenance "release" is not about this incident`,
		d.Recover.Why: `changing things is forbidden until Tue 2026-11-17 00:00 JST by maintenance "unclear" (every day 23:00-00:00);` +
			` it cannot be told whether the window is about this incident (` + broken + `), and in doubt nothing is changed`,
		p.Decide(moment(t, "2026-11-16T12:00:00+09:00"), incidentNone, customerNone).Page.Why: `waking a tier is allowed: no window says otherwise at Mon 2026-11-16 12:00 JST`,
		quiethours.Policy{}.Decide(time.Time{}, incidentNone, customerNone).Contact.Why:       `telling the customer is allowed: the customer has no quiet hours and no maintenance`,
	} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	if d.Contact.Window != `quiet hours "夜"` {
		t.Errorf("the window is called %s", d.Contact.Window)
	}
}

// A condition is evaluated only when a window that could change the answer is open, and once for a decision.
func TestConditionsAreEvaluatedOnce(t *testing.T) {
	evaluated := 0
	counts := condition{"true", func(incident.Incident) (bool, error) { evaluated++; return true, nil }}
	p := quiethours.New(time.UTC, []quiethours.Window{
		{Name: "nights", When: weekly(t, "every day 22:00-07:00"), Contact: deferred, Page: suppress, Recover: forbid, Match: counts},
	})
	p.Decide(moment(t, "2026-11-16T12:00:00Z"), incidentNone, customerNone)
	if evaluated != 0 {
		t.Errorf("evaluated %d times while the window is closed", evaluated)
	}
	p.Decide(moment(t, "2026-11-16T23:00:00Z"), incidentNone, customerNone)
	if evaluated != 1 {
		t.Errorf("evaluated %d times for one decision", evaluated)
	}
}

// One policy answers for all incidents at once. (The race detector looks on.)
func TestManyAskAtOnce(t *testing.T) {
	p := tokyoPolicy(t,
		quiethours.Window{Name: "nights", When: weekly(t, "every day 22:00-07:00"), Contact: deferred},
		quiethours.Window{Name: "batch", When: cronRule(t, "0 2 * * SAT", 3*time.Hour), Contact: suppress},
		quiethours.Window{Name: "holidays", When: holidays("2026-11-23"), Page: deferred})
	at := moment(t, "2026-11-21T02:30:00+09:00")
	want := p.Decide(at, incidentNone, customerNone)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if got := p.Decide(at, incidentNone, customerNone); got != want {
					t.Errorf("%+v, want %+v", got, want)
				}
				p.Hash()
				p.Spans(at, at.AddDate(0, 0, 7))
			}
		})
	}
	all.Wait()
}
