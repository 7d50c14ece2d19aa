package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"shodo/internal/analytics"
	"shodo/internal/incident"
	"shodo/internal/store"
)

// seedWeeks is "seed_weeks FILE": it makes a store with ten days of incidents, 2025-W45 and W46 in Tokyo.
func seedWeeks(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: seed_weeks FILE")
	}
	ts.Check(writeWeeks(ts.MkAbs(args[0])))
}

// writeWeeks writes 14 incidents every 17 hours from Friday, 7 November: what happens to them repeats every
// seven. Q09 is Q08 again.
func writeWeeks(path string) error {
	ctx := context.Background()
	s, err := store.Open(ctx, path, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer s.Close()
	friday := time.Date(2025, 11, 7, 0, 0, 0, 0, time.FixedZone("", 9*60*60))
	for i := range 14 {
		id := incident.ID(fmt.Sprintf("Q%02d", i))
		created := friday.Add(time.Duration(i) * 17 * time.Hour)
		at := func(seconds int) time.Time { return created.Add(time.Duration(seconds) * time.Second) }
		r := incident.Record{
			Incident: incident.Incident{ID: id, Title: fmt.Sprintf("Disk /data %d%% on web-%d", 90+i, i%3), Status: incident.Triggered, Priority: "P2",
				Service: incident.Ref{ID: "PWEB001"}, CreatedAt: created, AlertCount: 1 + i%3},
			WorkflowRun: "run-of-" + string(id), ReceivedAt: at(1),
			Customer: incident.Customer{ID: []incident.CustomerID{"minato", "aoba"}[i/2%2], Department: []string{"cloud-1", "cloud-2"}[i/2%2]},
			Match:    incident.Match{Scenario: "disk-full", Target: fmt.Sprintf("web-%d", i/2%3)},
		}
		end := incident.Transition{Kind: incident.Ended, At: at(40 + i)}
		attempts, taken, ended := 0, 0, 41+i
		switch i % 7 {
		case 0, 3:
			end.Outcome, attempts = incident.Recovered, 1
		case 1:
			end.Outcome = incident.Cleared
		case 2:
			end.Outcome, end.Reason, attempts, taken, ended = incident.HandedOver, incident.VerifyFailed, 2, 240, 1800+i
		case 4:
			r.Match, r.Customer = incident.Match{}, incident.Customer{}
			end.Outcome, taken, ended = incident.Unmatched, 300, 3000+i
		case 5:
			end.Outcome, end.Reason, ended = incident.HandedOver, incident.Storm, 900
		case 6:
			end.Outcome, end.Reason, taken, ended = incident.HandedOver, incident.Inconclusive, 400, 0
		}
		if _, err := s.Begin(ctx, r); err != nil {
			return err
		}
		for k := range attempts {
			if _, err := s.StartStep(ctx, incident.Step{StepKey: incident.StepKey{Incident: id, Run: 1, Phase: incident.Recover, Attempt: k + 1}, StartedAt: at(5)}); err != nil {
				return err
			}
		}
		story := []incident.Transition{end}
		if taken > 0 {
			story = append(story, incident.Transition{Kind: incident.PersonTook, At: at(taken), By: "Aiko Tanaka"})
		}
		if ended > 0 {
			story = append(story, incident.Transition{Kind: incident.ResponseEnd, At: at(ended)})
		}
		for n := range story {
			story[n].Incident, story[n].Run, story[n].Key = id, 1, fmt.Sprint(n)
		}
		if err := s.Append(ctx, story); err != nil {
			return err
		}
	}
	return s.Close()
}

func TestStatsPeriods(t *testing.T) {
	now := time.Date(2026, 11, 20, 3, 30, 0, 0, time.UTC) // 12:30 in Tokyo
	for _, c := range []struct {
		flags        statsFlags
		since, until string
	}{
		{statsFlags{zone: "Asia/Tokyo"}, "2026-11-13T12:30:00+09:00", "2026-11-20T12:30:00+09:00"},
		{statsFlags{zone: "Asia/Tokyo", week: "2026-W46"}, "2026-11-09T00:00:00+09:00", "2026-11-16T00:00:00+09:00"},
		{statsFlags{zone: "UTC", month: "2026-11"}, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"},
		{statsFlags{zone: "Asia/Tokyo", since: "2026-11-01", until: "2026-11-03"}, "2026-11-01T00:00:00+09:00", "2026-11-04T00:00:00+09:00"},
		{statsFlags{zone: "Asia/Tokyo", since: "24h"}, "2026-11-19T12:30:00+09:00", "2026-11-20T12:30:00+09:00"},
		{statsFlags{zone: "Asia/Tokyo", since: "2026-11-19T00:00:00Z", until: "24h"}, "2026-11-19T09:00:00+09:00", "2026-11-19T12:30:00+09:00"},
	} {
		p, err := c.flags.period(now)
		if err != nil {
			t.Fatal(err)
		}
		if got, until := p.Since.Format(time.RFC3339), p.Until.Format(time.RFC3339); got != c.since || until != c.until {
			t.Errorf("%+v: %s to %s, want %s to %s", c.flags, got, until, c.since, c.until)
		}
	}
}

func TestStatsCSVHasEveryFigure(t *testing.T) {
	a := analytics.Answer{Question: analytics.Question{By: analytics.ByKind}, Groups: []analytics.Grouped{{Group: analytics.Group{Name: `=cmd|'/C calc'!A0`, Customer: "acme"}}}}
	var b bytes.Buffer
	if err := printStatsCSV(&b, a); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 5 || rows[3][4] != `'=cmd|'/C calc'!A0` {
		t.Fatalf("%q", rows)
	}
	head := strings.Join(rows[0], " ")
	for _, d := range analytics.Definitions() {
		switch d.Figure {
		case analytics.NotAutomatic, analytics.NotCovered, analytics.Verified, analytics.NotVerified:
			continue // they are the rest of a share
		case analytics.LostIncidents:
			continue // the record does not know it
		}
		if !strings.Contains(head, string(d.Figure)) {
			t.Errorf("no column of %s in %s", d.Figure, head)
		}
	}
}

// The page of the definitions and the program say the same.
func TestDefinitionsOnTheirPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range analytics.Definitions() {
		if row := fmt.Sprintf("| `%s` | %s |\n", d.Figure, d.Means); !strings.Contains(string(page), row) {
			t.Errorf("docs/metrics.md has no line %s", row)
		}
	}
	if !strings.Contains(string(page), "definitions "+analytics.Version) {
		t.Errorf("docs/metrics.md is not of version %s", analytics.Version)
	}
}

func TestStatsLanguagesAreComplete(t *testing.T) {
	en, ja := statsWords["en"], statsWords["ja"]
	for figure, words := range en.figures {
		if words == "" || ja.figures[figure] == "" {
			t.Errorf("%s has no words", figure)
		}
	}
	for _, d := range analytics.Dimensions() {
		if en.dimensions[d] == "" || ja.dimensions[d] == "" {
			t.Errorf("%s has no words", d)
		}
	}
	if len(en.figures) != len(ja.figures) {
		t.Errorf("%d figures in English, %d in Japanese", len(en.figures), len(ja.figures))
	}
}

func TestStatsJSONIsTyped(t *testing.T) {
	data, err := json.Marshal(analytics.Answer{})
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Definitions string
		Figures     struct {
			Automatic struct {
				Count, Of int
				Rate      *float64
			}
		}
	}
	if err := json.Unmarshal(data, &out); err != nil || out.Definitions != "v1" || out.Figures.Automatic.Rate != nil {
		t.Errorf("%+v, %v", out, err)
	}
}
