package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/store"
	"shodo/internal/store/postgrestest"
)

// What version 1 wrote of an incident that was reopened: two runs, two attempts in the second.
var reopened = []string{
	`INSERT INTO incidents (incident, run, workflow_run, customer, department, service, scenario, target, urgency, priority, phase,
		outcome, reason, why, created_at, received_at, taken_by)
	VALUES ('Q1', 2, 'run-2', 'acme', 'east', 'PWEB', 'disk-full', 'web-1', 'high', 'P1', 'check', '', '', '', 1000000, 2000000, '')`,
	`INSERT INTO runs (incident, run, workflow_run, doc) VALUES
		('Q1', 1, 'run-1', '{"incident":{"id":"Q1","title":"first","alert_count":2}}'),
		('Q1', 2, 'run-2', '{"incident":{"id":"Q1","title":"disk \"/data\" 95 % 店","alert_count":3}}')`,
	`INSERT INTO attempts (incident, run, attempt, customer, scenario, target, started_at) VALUES
		('Q1', 2, 0, 'acme', 'disk-full', 'web-1', 3), ('Q1', 2, 1, 'acme', 'disk-full', 'web-1', 4),
		('Q1', 2, 2, 'acme', 'disk-full', 'web-1', 5), ('Q1', 1, 3, 'acme', 'disk-full', 'web-1', 2)`,
	`INSERT INTO transitions (incident, run, key, at, kind, phase, attempt, outcome, reason, by_whom, why) VALUES
		('Q1', 1, 'told/1', 3000000, 'told', '', 0, '', '', 'first_tier', 'told it'),
		('Q1', 2, 'phase/check', 4000000, 'phase', 'check', 0, '', '', '', '')`,
}

// The same on PostgreSQL, which begins with version 3.
var reopenedOnPostgres = append([]string{strings.NewReplacer("taken_by)", "taken_by, title, alert_count, attempted)",
	"2000000, '')", "2000000, '', 'disk \"/data\" 95 % 店', 3, 3)").Replace(reopened[0]),
	strings.NewReplacer("'{", "convert_to('{", "}')", "}', 'UTF8'))").Replace(reopened[1]), reopened[2]},
	strings.NewReplacer("by_whom, why)", "by_whom, why, question, window_name, policy)", "'told it')", "'told it', '', '', '')",
		"'', '', '', '')", "'', '', '', '', '', '', '')").Replace(reopened[3]))

// The databases have the same versions, from the one with which PostgreSQL begins.
func TestVersionsOfBoth(t *testing.T) {
	sqlite, postgres := store.Versions(t)
	if len(sqlite) < 3 || !slices.Equal(sqlite[2:], postgres) {
		t.Errorf("SQLite has the versions %v, PostgreSQL %v: add the one that is missing", sqlite, postgres)
	}
}

// A database of every earlier version keeps what was written then, and goes on.
func TestDatabasesOfEarlierVersions(t *testing.T) {
	sqlite, postgres := store.Versions(t)
	for _, version := range sqlite {
		t.Run(fmt.Sprintf("SQLite/%d", version), func(t *testing.T) {
			keepsItsData(t, open(t, store.OldDatabase(t, version, reopened...)))
		})
	}
	for _, version := range postgres {
		t.Run(fmt.Sprintf("PostgreSQL/%d", version), func(t *testing.T) {
			url := postgrestest.NewStore(t)
			store.OldPostgres(t, url, version, reopenedOnPostgres...)
			keepsItsData(t, open(t, url))
		})
	}
}

func keepsItsData(t *testing.T, s *store.Store) {
	ctx := t.Context()
	facts := 0
	for f, err := range s.Facts(ctx, incident.FactFilter{With: incident.FactTitle}) {
		if err != nil || f.Run != 2 || f.Customer != "acme" || !f.CreatedAt.Equal(time.Unix(1, 0)) {
			t.Errorf("%+v, %v", f, err)
		}
		facts++
	}
	if facts != 1 {
		t.Errorf("%d facts", facts)
	}
	r, err := s.Record(ctx, "Q1")
	if err != nil {
		t.Fatal(err)
	}
	want := []incident.Transition{
		{Incident: "Q1", Run: 1, Key: "told/1", At: time.Unix(3, 0).UTC(), Kind: incident.ToldTier, By: "first_tier", Why: "told it"},
		{Incident: "Q1", Run: 2, Key: "phase/check", At: time.Unix(4, 0).UTC(), Kind: incident.PhaseBegan, Phase: incident.Check},
	}
	if diff := cmp.Diff(want, r.Transitions); diff != "" || !r.DeferredUntil.IsZero() || r.Incident.AlertCount != 3 {
		t.Errorf("deferred until %s, %d alerts, and (-want +got):\n%s", r.DeferredUntil, r.Incident.AlertCount, diff)
	}
	if n, err := s.Attempts(ctx, "acme", "web-1", time.UnixMicro(0)); err != nil || n != 4 {
		t.Errorf("%d attempts, %v", n, err)
	}
	if list, err := s.OpenDeferrals(ctx); err != nil || len(list) != 0 {
		t.Errorf("%v wait, %v", list, err)
	}
	until := time.Unix(100, 0).UTC()
	err = s.Append(ctx, []incident.Transition{{Incident: "Q1", Run: 2, Key: "deferred/1", At: time.Unix(5, 0), Kind: incident.Deferred,
		Question: incident.Page, Until: until}})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.OpenDeferrals(ctx)
	if err != nil || len(list) != 1 || list[0].Customer != "acme" || !list[0].Until.Equal(until) {
		t.Errorf("%+v wait, %v", list, err)
	}
	if n, err := s.MakePages(ctx, time.Unix(200_000, 0)); err != nil || n > 1 {
		t.Errorf("%d pages, %v", n, err)
	}
}

// A database of the first version gets titles, numbers of alerts and attempts from what was recorded then.
func TestDatabaseOfVersion1(t *testing.T) {
	s := open(t, store.OldDatabase(t, 1, reopened...))
	for f, err := range s.Facts(t.Context(), incident.FactFilter{With: incident.FactTitle}) {
		if err != nil || f.Title != "disk \"/data\" 95 % 店" || f.Alerts != 3 || f.Attempted != 0b11 {
			t.Errorf("%+v, %v", f, err)
		}
	}
}
