package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/incident"
	"shodo/internal/web"
)

func TestReportPeriods(t *testing.T) {
	friday := time.Date(2027, 1, 1, 3, 30, 0, 0, time.UTC) // in week 53 of 2026
	for _, c := range []struct {
		name         string
		flags        reportFlags
		now          time.Time
		since, until string
	}{
		{"weekly", reportFlags{zone: "Asia/Tokyo"}, friday, "2026-12-21T00:00:00+09:00", "2026-12-28T00:00:00+09:00"},
		{"weekly", reportFlags{zone: "Asia/Tokyo"}, friday.AddDate(0, 0, 7), "2026-12-28T00:00:00+09:00", "2027-01-04T00:00:00+09:00"},
		{"weekly", reportFlags{zone: "UTC", week: "2026-W53"}, friday, "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"},
		{"monthly", reportFlags{zone: "UTC"}, friday, "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"},
		{"monthly", reportFlags{zone: "UTC"}, friday.AddDate(0, 2, 30), "2027-02-01T00:00:00Z", "2027-03-01T00:00:00Z"},
		{"monthly", reportFlags{zone: "America/New_York"}, friday.Add(-time.Hour), "2026-11-01T00:00:00-04:00", "2026-12-01T00:00:00-05:00"},
		{"period", reportFlags{zone: "UTC", since: "2026-12-01", until: "2026-12-03"}, friday, "2026-12-01T00:00:00Z", "2026-12-04T00:00:00Z"},
	} {
		p, err := c.flags.period(c.name, reportCatalog{}, c.now)
		if err != nil {
			t.Fatal(err)
		}
		if got, until := p.Since.Format(time.RFC3339), p.Until.Format(time.RFC3339); got != c.since || until != c.until {
			t.Errorf("%s %+v: %s to %s, want %s to %s", c.name, c.flags, got, until, c.since, c.until)
		}
	}
}

// What a server answered stays in its line, and steers no terminal.
func TestDeliveriesOfHostileServers(t *testing.T) {
	var out bytes.Buffer
	cmd := &cobra.Command{}
	cmd.SetOut(&out)
	printReports(cmd, web.ReportList{Deliveries: []incident.ReportDelivery{{Report: "weekly", Place: "mail ops@acme.example",
		Result: "not sent: 550 no such user\r\n\x1b[2Jtry again"}}})
	if text := out.String(); strings.Contains(text, "\x1b") || !strings.Contains(text, "not sent: 550 no such user [2Jtry again\n") {
		t.Errorf("%q", text)
	}
}
