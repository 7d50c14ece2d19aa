package roster_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/roster"
)

// office is a PagerDuty and a Slack that hold only what is asked for here.
type office struct {
	mu      sync.Mutex
	duties  map[string][]roster.Duty
	users   []roster.User
	members []roster.Member
	groups  map[string][]string
	broken  map[string]error // by question
	takes   time.Duration
	asked   []string
}

var errAway = errors.New("away")

func (o *office) question(ctx context.Context, name, of string) error {
	o.mu.Lock()
	o.asked = append(o.asked, name+" "+of)
	err, takes := o.broken[name], o.takes
	o.mu.Unlock()
	select {
	case <-time.After(takes):
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *office) OnCalls(ctx context.Context, policy string) ([]roster.Duty, error) {
	err := o.question(ctx, "oncalls", policy)
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.duties[policy], err
}

func (o *office) UserByEmail(ctx context.Context, email string) (roster.User, error) {
	if err := o.question(ctx, "user", email); err != nil {
		return roster.User{}, err
	}
	for _, u := range o.users {
		if u.Email == email {
			return u, nil
		}
	}
	return roster.User{}, fmt.Errorf("%w: %s", roster.ErrUnknown, email)
}

func (o *office) MemberByEmail(ctx context.Context, email string) (roster.Member, error) {
	return o.member(ctx, "address", email, func(m roster.Member) bool { return m.Email == email && m.ID[0] == 'U' })
}

func (o *office) Member(ctx context.Context, id string) (roster.Member, error) {
	return o.member(ctx, "member", id, func(m roster.Member) bool { return m.ID == id })
}

func (o *office) member(ctx context.Context, name, of string, is func(roster.Member) bool) (roster.Member, error) {
	if err := o.question(ctx, name, of); err != nil {
		return roster.Member{}, err
	}
	for _, m := range o.members {
		if is(m) {
			return m, nil
		}
	}
	return roster.Member{}, fmt.Errorf("%w: %s", roster.ErrUnknown, of)
}

func (o *office) GroupMembers(ctx context.Context, group string) ([]string, error) {
	if err := o.question(ctx, "group", group); err != nil {
		return nil, err
	}
	if members, ok := o.groups[group]; ok {
		return members, nil
	}
	return nil, roster.ErrUnknown
}

func (o *office) breakOff(name string, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.broken[name] = err
}

func (o *office) questions() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(o.asked)
	o.asked = nil
	return n
}

var (
	sato  = roster.User{ID: "PSATO", Name: "Sato Aoi", Email: "Sato@example.com"}
	ren   = roster.User{ID: "PREN", Name: "Ren", Email: "ren@example.com"}
	quiet = roster.User{ID: "PQUIET", Name: "Quiet"} // no e-mail address is shown
	left  = roster.User{ID: "PLEFT", Name: "Left", Email: "left@example.com"}
	noone = roster.User{ID: "PNOONE", Name: "Not In Slack", Email: "noone@example.com"}
)

func newOffice() *office {
	return &office{
		duties: map[string][]roster.Duty{
			"P1": {{User: sato, Level: 1}, {User: quiet, Level: 1}, {User: ren, Level: 2}},
			"P2": {{User: ren, Level: 2}, {User: noone, Level: 2}, {User: ren, Level: 3}},
			"P3": {{User: left, Level: 1}},
		},
		users: []roster.User{{ID: "PSATO", Name: "Sato Aoi", Email: "sato@example.com"}, ren, {ID: "POPS", Name: "Ops", Email: "ops@example.com"}},
		members: []roster.Member{
			{ID: "USATO", Name: "佐藤 葵", Email: "sato@example.com"}, {ID: "UREN", Name: "Ren", Email: "ren@example.com"},
			{ID: "ULEFT", Name: "Left", Email: "left@example.com", Gone: true}, {ID: "UOPS", Name: "Ops", Email: "ops@example.com"},
			{ID: "UGROUP", Name: "Group"}, {ID: "UNAMED", Name: "Named", Email: "named@example.com"},
			{ID: "WGUEST", Name: "Sato Aoi", Email: "sato@example.com"}, // of another workspace, and not found by address
		},
		groups: map[string][]string{"SDEV": {"UGROUP", "UREN"}},
		broken: map[string]error{},
	}
}

func newRoster(o *office) *roster.Roster {
	return roster.New(roster.Options{PagerDuty: o, Slack: o, Operators: []string{"UOPS"}, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
}

func acme() *customer.Customer {
	return &customer.Customer{ID: "acme", Tiers: []customer.Tier{
		{Name: "first", EscalationPolicy: "P1"},
		{Name: "second", EscalationPolicy: "P2", People: customer.People{SlackUsers: []string{"UNAMED"}, SlackGroups: []string{"SDEV", "SGONE"}}},
	}}
}

func TestOnCall(t *testing.T) {
	r := newRoster(newOffice())
	for policy, want := range map[string][]incident.Person{
		"P1": {{ID: "slack:USATO", Name: "Sato Aoi", PagerDuty: "PSATO"}, {ID: "pagerduty:PQUIET", Name: "Quiet", PagerDuty: "PQUIET"}},
		"P2": {{ID: "slack:UREN", Name: "Ren", PagerDuty: "PREN"}, {ID: "pagerduty:PNOONE", Name: "Not In Slack", PagerDuty: "PNOONE"}},
		"P3": {{ID: "pagerduty:PLEFT", Name: "Left", PagerDuty: "PLEFT"}}, // nobody reads that Slack account
		"P9": nil,
		"":   nil,
	} {
		got, err := r.OnCall(t.Context(), policy)
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("policy %q: %v (-want +got):\n%s", policy, err, diff)
		}
	}
}

func TestOnCallWithoutSlack(t *testing.T) {
	r := roster.New(roster.Options{PagerDuty: newOffice(), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	got, err := r.OnCall(t.Context(), "P2")
	want := []incident.Person{{ID: "pagerduty:PREN", Name: "Ren", PagerDuty: "PREN"}, {ID: "pagerduty:PNOONE", Name: "Not In Slack", PagerDuty: "PNOONE"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestMay(t *testing.T) {
	for name, tc := range map[string]struct {
		ask     roster.Ask
		because string // empty: they may not
		person  incident.Person
	}{
		"on call":                             {roster.Ask{User: "USATO", Customer: acme()}, `on call for policy "P1"`, incident.Person{ID: "slack:USATO", Name: "佐藤 葵", PagerDuty: "PSATO"}},
		"on call at a later level":            {roster.Ask{User: "UREN", Customer: acme()}, `on call for policy "P1"`, incident.Person{ID: "slack:UREN", Name: "Ren", PagerDuty: "PREN"}},
		"named":                               {roster.Ask{User: "UNAMED", Customer: acme()}, `named in tier "second"`, incident.Person{ID: "slack:UNAMED", Name: "Named"}},
		"in a user group":                     {roster.Ask{User: "UGROUP", Customer: acme()}, `in the user group "SDEV" of tier "second"`, incident.Person{ID: "slack:UGROUP", Name: "Group"}},
		"an operator":                         {roster.Ask{User: "UOPS", Customer: acme()}, "an operator", incident.Person{ID: "slack:UOPS", Name: "Ops", PagerDuty: "POPS"}},
		"an operator, of nobody's":            {roster.Ask{User: "UOPS"}, "an operator", incident.Person{ID: "slack:UOPS", Name: "Ops", PagerDuty: "POPS"}},
		"on call, of nobody's":                {roster.Ask{User: "USATO", Policy: "P1"}, `on call for policy "P1"`, incident.Person{ID: "slack:USATO", Name: "佐藤 葵", PagerDuty: "PSATO"}},
		"asked as the later tier":             {roster.Ask{User: "UREN", Customer: acme(), From: "second"}, `on call for policy "P2"`, incident.Person{ID: "slack:UREN", Name: "Ren", PagerDuty: "PREN"}},
		"the first tier, the second is asked": {roster.Ask{User: "USATO", Customer: acme(), From: "second"}, "", incident.Person{ID: "slack:USATO", Name: "佐藤 葵", PagerDuty: "PSATO"}},
		"a tier that is no longer there":      {roster.Ask{User: "USATO", Customer: acme(), From: "renamed"}, `on call for policy "P1"`, incident.Person{ID: "slack:USATO", Name: "佐藤 葵", PagerDuty: "PSATO"}},
		"on call for another customer":        {roster.Ask{User: "USATO", Customer: &customer.Customer{Tiers: []customer.Tier{{Name: "x", EscalationPolicy: "P2"}}}}, "", incident.Person{ID: "slack:USATO", Name: "佐藤 葵", PagerDuty: "PSATO"}},
		"a guest with the same address":       {roster.Ask{User: "WGUEST", Customer: acme()}, "", incident.Person{ID: "slack:WGUEST", Name: "Sato Aoi"}},
		"somebody whom Slack does not know":   {roster.Ask{User: "U???", Handle: "kato", Customer: acme()}, "", incident.Person{ID: "slack:U???", Name: "kato"}},
		"of nobody's, and of no policy":       {roster.Ask{User: "USATO"}, "", incident.Person{ID: "slack:USATO", Name: "佐藤 葵", PagerDuty: "PSATO"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := newRoster(newOffice()).May(t.Context(), tc.ask)
			if v.Allowed != (tc.because != "") || v.Because != tc.because || v.Unsure != nil {
				t.Errorf("allowed %t because %q, unsure %v", v.Allowed, v.Because, v.Unsure)
			}
			if diff := cmp.Diff(tc.person, v.Person); diff != "" {
				t.Errorf("person (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhoMayIsTold(t *testing.T) {
	v := newRoster(newOffice()).May(t.Context(), roster.Ask{User: "UX", Customer: acme()})
	var names []string
	for _, p := range v.People {
		names = append(names, p.ID)
	}
	want := []string{"slack:USATO", "pagerduty:PQUIET", "slack:UREN", "slack:UNAMED", "pagerduty:PNOONE"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("people (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"SDEV", "SGONE"}, v.Groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
}

// What cannot be looked up makes no yes, and the no says that it may be wrong.
func TestNobodyMayWhileNobodyTells(t *testing.T) {
	for _, away := range []string{"oncalls", "address", "group"} {
		o := newOffice()
		o.broken[away] = errAway
		user := map[string]string{"oncalls": "USATO", "address": "USATO", "group": "UGROUP"}[away]
		v := newRoster(o).May(t.Context(), roster.Ask{User: user, Customer: acme()})
		if v.Allowed || !errors.Is(v.Unsure, errAway) {
			t.Errorf("%s: allowed %t, unsure %v", away, v.Allowed, v.Unsure)
		}
	}
	o := newOffice()
	o.broken["oncalls"], o.broken["member"] = errAway, errAway
	if v := newRoster(o).May(t.Context(), roster.Ask{User: "UNAMED", Handle: "named", Customer: acme()}); !v.Allowed || v.Person.Name != "named" {
		t.Errorf("who is named in the file needs nobody: %+v", v)
	}
}

func TestAnswersAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice()
		r := newRoster(o)
		ask := func() { r.May(t.Context(), roster.Ask{User: "USATO", Customer: acme()}) }
		ask()
		if n := o.questions(); n == 0 {
			t.Fatal("nobody was asked")
		}
		ask()
		if n := o.questions(); n != 0 {
			t.Errorf("asked again at once: %d", n)
		}
		time.Sleep(61 * time.Second)
		ask()
		if n := o.questions(); n != 4 { // two policies, and two who were not found a minute ago: an address and a group
			t.Errorf("after a minute: %d questions", n)
		}
		time.Sleep(10 * time.Minute)
		ask()
		if n := o.questions(); n < 6 {
			t.Errorf("after ten minutes: %d questions", n)
		}
	})
}

// While a source is away the last answer counts, for a day; and it is not asked for every press.
func TestOldAnswersCountWhileTheSourceIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice()
		r := newRoster(o)
		may := func() bool { return r.May(t.Context(), roster.Ask{User: "USATO", Customer: acme()}).Allowed }
		if !may() {
			t.Fatal("not even at first")
		}
		for _, name := range []string{"oncalls", "address", "member", "group", "user"} {
			o.breakOff(name, errAway)
		}
		time.Sleep(3 * time.Hour)
		o.questions()
		if !may() || o.questions() == 0 {
			t.Error("three hours later nobody may, or nobody was asked")
		}
		if !may() || o.questions() != 0 {
			t.Error("whoever is away was asked again at once")
		}
		time.Sleep(22 * time.Hour)
		if may() {
			t.Error("an answer of yesterday still counts")
		}
		o.breakOff("oncalls", nil)
		o.breakOff("address", nil)
		time.Sleep(11 * time.Second)
		if !may() {
			t.Error("not when the sources are back")
		}
	})
}

// A slow source delays nobody who was known before.
func TestSlowSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice()
		r := newRoster(o)
		if _, err := r.OnCall(t.Context(), "P1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		o.takes = 5 * time.Second
		began := time.Now()
		if people, err := r.OnCall(t.Context(), "P1"); err != nil || len(people) != 2 || time.Since(began) > 2*time.Second {
			t.Errorf("%v %v after %v", people, err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := r.OnCall(ctx, "P2"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who was never known: %v", err)
		}
		time.Sleep(time.Minute) // the questions go on without those who asked
		if n := o.questions(); n == 0 {
			t.Error("nobody was asked")
		}
	})
}

// Many who ask the same at once ask once, and who gives up stops nobody.
func TestAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice()
		o.takes = time.Second
		r := newRoster(o)
		short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := r.OnCall(short, "P3"); err == nil {
				t.Error("who gave up has an answer")
			}
		})
		synctest.Wait()
		for range 50 {
			wg.Go(func() {
				if people, err := r.OnCall(t.Context(), "P3"); err != nil || len(people) != 1 {
					t.Errorf("%v %v", people, err)
				}
			})
		}
		wg.Wait()
		if n := o.questions(); n != 2 { // the policy and the address
			t.Errorf("%d questions", n)
		}
	})
}
