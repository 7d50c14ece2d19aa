package app_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"shodo/internal/app/apptest"
	"shodo/internal/config"
	"shodo/internal/incident"
)

// delivered waits until so many deliveries have ended, and lists them.
func delivered(t *testing.T, h *apptest.Harness, n int) []incident.ReportDelivery {
	t.Helper()
	var list []incident.ReportDelivery
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); <-time.After(50 * time.Millisecond) {
		var err error
		if list, err = h.Store().ReportDeliveries(t.Context(), "", 100); err != nil {
			t.Fatal(err)
		}
		if len(list) >= n && !slices.ContainsFunc(list, func(d incident.ReportDelivery) bool { return d.Ended.IsZero() }) {
			return list
		}
	}
	t.Fatalf("after a minute there are %+v", list)
	return nil
}

// Turns that were missed while nothing ran are caught up, each of its own week; none is sent twice; a report that is configured
// no more is scheduled no more.
func TestReportsAreSentByTheirSchedule(t *testing.T) {
	temporal := apptest.NewTemporal(t)
	l := newLab(t)
	folder := filepath.Join(t.TempDir(), "reports")
	o := l.options("/usr/bin/touch")
	o.Temporal = temporal.Address
	o.Change = func(c *config.Config) {
		c.Reports = []config.Report{{Name: "weekly", Kind: "weekly", Cron: "0 9 * * MON", TimeZone: "Asia/Tokyo", Language: "en",
			To: []config.Destination{{Slack: "#incidents"}, {Folder: folder}}}}
	}
	h := apptest.Start(t, o)
	c, err := client.Dial(client.Options{HostPort: temporal.Address, Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	schedule := c.ScheduleClient().GetHandle(t.Context(), "report/weekly")
	describe := func() (*client.ScheduleDescription, error) { return schedule.Describe(t.Context()) }
	var found *client.ScheduleDescription
	for deadline := time.Now().Add(time.Minute); found == nil; <-time.After(50 * time.Millisecond) {
		if found, err = describe(); err != nil && time.Now().After(deadline) {
			t.Fatal(err)
		}
		if err != nil {
			found = nil
		}
	}
	if found.Schedule.Policy.CatchupWindow < 7*24*time.Hour || len(found.Info.NextActionTimes) == 0 {
		t.Errorf("policy %+v, next %v", found.Schedule.Policy, found.Info.NextActionTimes)
	}
	// Two Mondays that have passed: what the schedule does by itself after an outage.
	monday := time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)
	if err := schedule.Backfill(t.Context(), client.ScheduleBackfillOptions{Backfill: []client.ScheduleBackfill{
		{Start: monday.AddDate(0, 0, -7).Add(-time.Hour), End: monday.Add(time.Hour), Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL}}}); err != nil {
		t.Fatal(err)
	}
	for _, d := range delivered(t, h, 4) {
		if d.Result == "" || strings.HasPrefix(d.Result, "not") {
			t.Errorf("%+v", d)
		}
	}
	for _, name := range []string{"weekly-2026-W45.html", "weekly-2026-W46.html", "weekly-2026-W46.csv"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
	}
	var compared struct{ Lost *int }
	data, err := os.ReadFile(filepath.Join(folder, "weekly-2026-W46.json"))
	if err := errors.Join(err, json.Unmarshal(data, &compared)); err != nil || compared.Lost == nil || *compared.Lost != 0 {
		t.Errorf("the report is not compared with PagerDuty: %v, %v", compared.Lost, err)
	}
	posts := h.Sandbox.Slack.Messages("#incidents")
	if len(posts) < 2 {
		t.Errorf("%d messages in Slack", len(posts))
	}
	sent := askAPI(t, h, "POST", "/api/v1/reports/weekly/send", `{"at": "2026-11-16T00:30:00Z"}`)
	list := delivered(t, h, 6)
	if list[0].Again != sent["wish"] {
		t.Errorf("the wish is %v, the latest delivery %+v", sent, list[0])
	}
	if answer := askAPI(t, h, "GET", "/api/v1/reports", ""); len(answer["reports"].([]any)) != 1 || len(answer["deliveries"].([]any)) != 6 {
		t.Errorf("the list is %v", answer)
	}
	h.Stop()
	h.Config.Reports = nil
	h.Run()
	for deadline := time.Now().Add(time.Minute); ; <-time.After(50 * time.Millisecond) {
		if _, err := describe(); err != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the schedule is still there")
		}
	}
}
