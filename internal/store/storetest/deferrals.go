package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/store"
)

// The end of a window, and of a later one.
var morning, noon = after(10_000), after(20_000)

// line is a transition of the first run about a question.
func line(id incident.ID, key string, seconds int, kind incident.TransitionKind, q incident.Question) incident.Transition {
	n := transition(id, key, seconds, kind)
	n.Question = q
	return n
}

func deferred(id incident.ID, key string, seconds int, q incident.Question, window string, until time.Time) incident.Transition {
	n := line(id, key, seconds, incident.Deferred, q)
	n.Window, n.Until, n.Policy = window, until, "hash-1"
	return n
}

// deferral is what the store makes of a transition that deferred something of the record's customer.
func deferral(n incident.Transition) incident.Deferral {
	return incident.Deferral{Incident: n.Incident, Run: n.Run, Customer: "acme", Question: n.Question, Key: n.Key, At: n.At,
		Until: n.Until, Window: n.Window, Policy: n.Policy}
}

func wantOpen(t *testing.T, s *store.Store, id incident.ID, until time.Time, want ...incident.Transition) {
	t.Helper()
	list := []incident.Deferral{}
	for _, n := range want {
		list = append(list, deferral(n))
	}
	got, err := s.OpenDeferrals(t.Context())
	must(t, err)
	wantSame(t, got, list)
	if r := read(t, s, id); !r.DeferredUntil.Equal(until) {
		t.Fatalf("the record waits until %v, want %v", r.DeferredUntil, until)
	}
	listed, err := s.List(t.Context(), incident.Filter{})
	must(t, err)
	if !listed[0].DeferredUntil.Equal(until) {
		t.Fatalf("in the list it waits until %v, want %v", listed[0].DeferredUntil, until)
	}
	waiting, err := s.List(t.Context(), incident.Filter{Deferred: true})
	must(t, err)
	if len(waiting) == 1 != !until.IsZero() {
		t.Fatalf("%d incidents wait, and this one until %v", len(waiting), until)
	}
}

// openDeferrals: what ends which deferral. Times say nothing: the order of storing does.
func openDeferrals(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	none := time.Time{}
	wantOpen(t, s, "Q1", none)

	page := deferred("Q1", "deferred/1", 50, incident.Page, `quiet hours "夜間"`, morning)
	contact := deferred("Q1", "deferred/contact", 50, incident.Contact, `quiet hours "夜間"`, noon)
	appendAll(t, s, line("Q1", "resumed/0", 60, incident.Resumed, incident.Page)) // of nothing
	appendAll(t, s, contact, page)
	wantOpen(t, s, "Q1", morning, page, contact)
	appendAll(t, s, page, contact) // said again
	wantOpen(t, s, "Q1", morning, page, contact)
	wantSame(t, read(t, s, "Q1").Transitions, []incident.Transition{contact, page, line("Q1", "resumed/0", 60, incident.Resumed, incident.Page)})

	// None of these ends either of the two.
	otherRun := line("Q1", "resumed/2", 70, incident.Resumed, incident.Page)
	otherRun.Run = 2
	begin(t, s, withRun(record("Q2"), "run-1-Q2", 60))
	appendAll(t, s, otherRun, line("Q2", "resumed/1", 70, incident.Resumed, incident.Page),
		line("Q1", "listed/page", 70, incident.Listed, incident.Page), line("Q1", "contacted/page", 70, incident.ToldContact, incident.Page),
		line("Q1", "resumed/contact", 70, incident.Resumed, incident.Contact), transition("Q1", "told", 70, incident.ToldTier),
		transition("Q1", "taken", 70, incident.PersonTook), transition("Q1", "outcome", 70, incident.Ended))
	got, err := s.OpenDeferrals(t.Context())
	must(t, err)
	wantSame(t, got, []incident.Deferral{deferral(page), deferral(contact)})

	// A deferral replaces the one of its question.
	longer := deferred("Q1", "deferred/2", 40, incident.Page, `maintenance "release 42"`, noon.Add(time.Hour))
	appendAll(t, s, longer)
	got, err = s.OpenDeferrals(t.Context())
	must(t, err)
	wantSame(t, got, []incident.Deferral{deferral(contact), deferral(longer)})

	resumed := line("Q1", "resumed/3", 1, incident.Resumed, incident.Page)
	appendAll(t, s, resumed)
	if r := read(t, s, "Q1"); !r.DeferredUntil.IsZero() {
		t.Fatalf("it waits until %v", r.DeferredUntil)
	}
	again := deferred("Q1", "deferred/3", 90, incident.Page, `quiet hours "夜間"`, morning)
	appendAll(t, s, again, resumed) // which is known: it ends nothing again
	got, err = s.OpenDeferrals(t.Context())
	must(t, err)
	wantSame(t, got, []incident.Deferral{deferral(again), deferral(contact)})
	appendAll(t, s, line("Q1", "resumed/4", 91, incident.Resumed, incident.Page), line("Q1", "contacted", 92, incident.ToldContact, incident.Contact))
	got, err = s.OpenDeferrals(t.Context())
	must(t, err)
	wantSame(t, got, []incident.Deferral{})

	// What is suppressed keeps silent in the same way, and is not deferred.
	silent := deferred("Q1", "silent/1", 92, incident.Silence, `maintenance "release 42"`, noon)
	appendAll(t, s, silent)
	wantOpen(t, s, "Q1", none, silent)
	appendAll(t, s, line("Q1", "silent/over", 92, incident.Resumed, incident.Silence))
	wantOpen(t, s, "Q1", none)

	// The next run does not wait for what an earlier one waited for.
	appendAll(t, s, deferred("Q1", "deferred/4", 93, incident.Page, "", noon))
	begin(t, s, withRun(record("Q1"), "run-2", 0))
	late := deferred("Q1", "deferred/5", 94, incident.Page, "", noon)
	appendAll(t, s, late)
	if r := read(t, s, "Q1"); r.Run != 2 || !r.DeferredUntil.IsZero() {
		t.Fatalf("run %d waits until %v", r.Run, r.DeferredUntil)
	}
	got, err = s.OpenDeferrals(t.Context())
	must(t, err)
	wantSame(t, got, []incident.Deferral{deferral(late)})
}

// withRun gives a record another workflow run and creates it so many seconds earlier, so that it stands last in lists.
func withRun(r incident.Record, run string, earlier int) incident.Record {
	r.WorkflowRun, r.Incident.CreatedAt = run, after(-earlier)
	return r
}

func deferralsUntil(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	begin(t, s, record("Q2"))
	begin(t, s, record("Q3"))
	other := record("Q4")
	other.Customer.ID = "beta"
	begin(t, s, other)
	first := deferred("Q1", "d1", 3, incident.Page, "nights", morning)
	second := deferred("Q2", "d1", 2, incident.Page, "nights", morning)
	told := deferred("Q2", "d2", 1, incident.Contact, "nights", morning)
	moved := deferred("Q3", "d1", 1, incident.Page, "nights", morning)
	appendAll(t, s, first, second, told, moved, deferred("Q3", "d2", 4, incident.Page, "nights", noon),
		deferred("Q4", "d1", 1, incident.Page, "nights", morning), line("Q2", "r", 5, incident.Resumed, incident.Page))

	open, ended, err := s.DeferralsUntil(t.Context(), "acme", morning)
	must(t, err)
	wantSame(t, open, []incident.Deferral{deferral(told), deferral(first)})
	wantSame(t, ended, []incident.Deferral{deferral(second)})

	appendAll(t, s, line("Q1", "r", 6, incident.Resumed, incident.Page), line("Q2", "l", 7, incident.Listed, incident.Contact))
	open, ended, err = s.DeferralsUntil(t.Context(), "acme", morning.In(time.FixedZone("JST", 9*60*60)))
	must(t, err)
	wantSame(t, open, []incident.Deferral{})
	wantSame(t, ended, []incident.Deferral{deferral(told), deferral(second), deferral(first)})

	// Deferred again to the same end, after it had ended: both are there, and one is open.
	again := deferred("Q1", "d2", 8, incident.Page, "nights", morning)
	appendAll(t, s, again)
	open, ended, err = s.DeferralsUntil(t.Context(), "acme", morning)
	must(t, err)
	wantSame(t, open, []incident.Deferral{deferral(again)})
	wantSame(t, ended, []incident.Deferral{deferral(told), deferral(second), deferral(first)})

	for customer, until := range map[incident.CustomerID]time.Time{"acme": morning.Add(time.Microsecond), "nobody": morning} {
		open, ended, err = s.DeferralsUntil(t.Context(), customer, until)
		must(t, err)
		wantSame(t, append(open, ended...), []incident.Deferral{})
	}
}

func refusedDeferrals(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	noQuestion, noEnd := deferred("Q1", "d", 1, "", "w", morning), deferred("Q1", "d", 1, incident.Page, "w", time.Time{})
	for _, n := range []incident.Transition{noQuestion, noEnd} {
		wantError(t, s.Append(t.Context(), []incident.Transition{deferred("Q1", "good", 1, incident.Page, "w", morning), n}), store.ErrInvalid)
	}
	wantOpen(t, s, "Q1", time.Time{})
}

// manyDeferralsAtOnce: whatever comes between, each incident has at most one open deferral of a question.
func manyDeferralsAtOnce(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	var ended atomic.Int32
	together(40, func(i int) {
		n := deferred("Q1", fmt.Sprint("d", i), i, incident.Page, "w", after(1000+i))
		if i%4 == 3 {
			n = line("Q1", fmt.Sprint("r", i), i, incident.Resumed, incident.Page)
			ended.Add(1)
		}
		if err := s.Append(t.Context(), []incident.Transition{n}); err != nil {
			t.Error(err)
		}
	})
	open, err := s.OpenDeferrals(t.Context())
	must(t, err)
	until := time.Time{}
	if len(open) == 1 {
		until = open[0].Until
	}
	if got := read(t, s, "Q1").DeferredUntil; len(open) > 1 || !got.Equal(until) || ended.Load() != 10 {
		t.Fatalf("%d are open, and the record waits until %v", len(open), got)
	}
}

// waits are what figures are told: one of each question and window, and what came of it first.
func waits(t *testing.T, s *store.Store) {
	begin(t, s, record("Q1"))
	want := func(want ...incident.Wait) {
		t.Helper()
		wantSame(t, oneFact(t, s, incident.FactFilter{}).Windows, incident.Windows{Waits: want})
	}
	appendAll(t, s, transition("Q1", "told", 1, incident.ToldTier), transition("Q1", "taken", 1, incident.PersonTook)) // before any wait
	want()
	nights := incident.Wait{Question: incident.Page, Window: "nights", Since: after(10)}
	appendAll(t, s, deferred("Q1", "d1", 10, incident.Page, "nights", morning))
	want(nights)
	mail := incident.Wait{Question: incident.Contact, Window: "nights", Since: after(12)}
	appendAll(t, s, deferred("Q1", "d2", 12, incident.Contact, "nights", morning))
	want(nights, mail)

	// Another window takes over: the time is of the one and then of the other.
	holidays := incident.Wait{Question: incident.Page, Window: "holidays", Since: after(40)}
	nights.Waited, nights.Since = 30*time.Second, time.Time{}
	appendAll(t, s, deferred("Q1", "d3", 40, incident.Page, "holidays", noon))
	want(nights, mail, holidays)
	holidays.Waited, holidays.Since = 60*time.Second, time.Time{}
	appendAll(t, s, line("Q1", "r1", 100, incident.Resumed, incident.Page))
	want(nights, mail, holidays)

	// It is told of both, once; what comes later changes nothing.
	nights.Became, holidays.Became = incident.ToldTier, incident.ToldTier
	appendAll(t, s, transition("Q1", "told/2", 101, incident.ToldTier), transition("Q1", "taken/2", 102, incident.PersonTook),
		line("Q1", "listed/page", 103, incident.Listed, incident.Page))
	want(nights, mail, holidays)
	mail.Waited, mail.Since, mail.Became = 8*time.Second, time.Time{}, incident.Listed
	appendAll(t, s, line("Q1", "listed", 20, incident.Listed, incident.Contact), line("Q1", "contacted", 21, incident.ToldContact, incident.Contact))
	want(nights, mail, holidays)

	// The same window again goes on with the same wait; a clock that went back makes no negative time.
	nights.Since = after(200)
	appendAll(t, s, deferred("Q1", "d4", 200, incident.Page, "nights", noon))
	want(nights, mail, holidays)
	nights.Since = time.Time{}
	appendAll(t, s, line("Q1", "r2", 150, incident.Resumed, incident.Page))
	want(nights, mail, holidays)

	begin(t, s, withRun(record("Q1"), "run-2", 0))
	want()
	appendAll(t, s, deferred("Q1", "d5", 300, incident.Page, "nights", noon)) // late, of the first run
	want()
	other := deferred("Q1", "d1", 310, incident.Page, "nights", noon)
	taken := transition("Q1", "taken", 311, incident.PersonTook)
	other.Run, taken.Run = 2, 2
	appendAll(t, s, other, taken)
	want(incident.Wait{Question: incident.Page, Window: "nights", Since: after(310), Became: incident.PersonTook})
}

// suppressed: the window is that of the outcome, or else of the last decision about waking somebody.
func suppressed(t *testing.T, s *store.Store) {
	decided := func(key, window string, q incident.Question) incident.Transition {
		n := line("Q1", key, 1, incident.Decided, q)
		n.Window = window
		return n
	}
	ended := transition("Q1", "outcome", 2, incident.Ended)
	ended.Outcome = incident.Suppressed
	want := func(id incident.ID, want string) {
		t.Helper()
		if got := oneFact(t, s, incident.FactFilter{Since: read(t, s, id).Incident.CreatedAt, Until: read(t, s, id).Incident.CreatedAt.Add(1000)}).Windows; got.SuppressedBy != want || len(got.Waits) != 0 {
			t.Fatalf("%s: %+v, want %q", id, got, want)
		}
	}
	begin(t, s, record("Q1"))
	appendAll(t, s, decided("1", "nights", incident.Page), decided("2", `maintenance "release"`, incident.Page), decided("3", "", incident.Page),
		decided("4", "batch", incident.MayRecover), decided("5", "batch", incident.Contact))
	want("Q1", "")
	appendAll(t, s, ended)
	want("Q1", `maintenance "release"`)
	second := ended
	second.Key, second.Window = "outcome/2", "later"
	appendAll(t, s, second) // the first outcome counts
	want("Q1", `maintenance "release"`)

	begin(t, s, withRun(record("Q2"), "run-1-Q2", 60))
	named := ended
	named.Incident, named.Window = "Q2", "weekly batch"
	appendAll(t, s, named)
	want("Q2", "weekly batch")

	begin(t, s, withRun(record("Q3"), "run-1-Q3", 120))
	unnamed := ended
	unnamed.Incident = "Q3"
	appendAll(t, s, unnamed)
	want("Q3", "")
}
