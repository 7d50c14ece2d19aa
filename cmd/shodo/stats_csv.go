package main

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/incident"
	"shodo/internal/report"
)

// printStatsCSV prints a line for everything, one for each group, and one for each window and question ("window page",
// "window contact"), for both periods. Lengths are seconds, rates are from 0 to 1, and what has no data is empty, as is
// what is not a window's.
func printStatsCSV(w io.Writer, a analytics.Answer) error {
	out := csv.NewWriter(w)
	head := []string{"definitions", "since", "until", "by", "group", "customer", "service"}
	for _, c := range statsColumns(analytics.Figures{}) {
		head = append(head, c.name)
	}
	if err := out.Write(head); err != nil {
		return err
	}
	line := func(p analytics.Period, by string, g analytics.Group, f analytics.Figures) error {
		row := lineHead(p, by, g)
		for _, c := range statsColumns(f) {
			row = append(row, c.value)
		}
		return out.Write(row)
	}
	now, before := a.Question.Period, a.PreviousPeriod
	if err := line(now, "all", analytics.Group{}, a.Figures); err != nil {
		return err
	}
	if err := line(before, "all", analytics.Group{}, a.Previous); err != nil {
		return err
	}
	for _, g := range a.Groups {
		if err := line(now, string(a.Question.By), g.Group, g.Figures); err != nil {
			return err
		}
		if a.Question.By == analytics.ByDay {
			continue // the previous period has other days
		}
		if err := line(before, string(a.Question.By), g.Group, g.Previous); err != nil {
			return err
		}
	}
	for _, w := range a.Windows {
		by, g := "window "+string(w.Question), analytics.Group{Name: w.Window}
		if err := out.Write(append(lineHead(now, by, g), windowCells(w.Question, w.Suppressed, w.Deferred)...)); err != nil {
			return err
		}
		if err := out.Write(append(lineHead(before, by, g), windowCells(w.Question, w.Previous.Suppressed, w.Previous.Deferred)...)); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// lineHead is what a line is about.
func lineHead(p analytics.Period, by string, g analytics.Group) []string {
	return []string{analytics.Version, p.Since.Format(time.RFC3339), p.Until.Format(time.RFC3339), by, report.SafeCell(g.Name), report.SafeCell(string(g.Customer)), report.SafeCell(string(g.Service))}
}

// windowCells are the columns of a window: what it deferred and, of page, suppressed; nothing else.
func windowCells(q incident.Question, suppressed int, d analytics.Deferrals) []string {
	f := analytics.Figures{Deferred: d, Outcomes: map[incident.Outcome]int{incident.Suppressed: suppressed}}
	var row []string
	for _, c := range statsColumns(f) {
		if !strings.HasPrefix(c.name, "deferr") && (c.name != "outcome_suppressed" || q != incident.Page) {
			c.value = ""
		}
		row = append(row, c.value)
	}
	return row
}

type column struct{ name, value string }

func statsColumns(f analytics.Figures) []column {
	var list []column
	count := func(name string, n int) { list = append(list, column{name, strconv.Itoa(n)}) }
	number := func(name string, v float64, ok bool) {
		text := ""
		if ok {
			text = strconv.FormatFloat(v, 'f', -1, 64)
		}
		list = append(list, column{name, text})
	}
	share := func(name string, s analytics.Share) {
		count(name, s.Count)
		count(name+"_of", s.Of)
		rate, ok := s.Rate()
		number(name+"_rate", rate, ok)
	}
	times := func(name string, t analytics.Times) {
		count(name+"_count", t.Count)
		number(name+"_mean_seconds", t.Mean.Seconds(), t.Count > 0)
		number(name+"_p50_seconds", t.P50.Seconds(), t.Count > 0)
		number(name+"_p95_seconds", t.P95.Seconds(), t.Count > 0)
		number(name+"_p99_seconds", t.P99.Seconds(), t.Count > 0)
	}
	count("incidents", f.Incidents)
	count("alerts", f.Alerts)
	share("automatic", f.Automatic)
	share("coverage", f.Coverage)
	times("first_response", f.FirstResponse)
	times("time_to_start", f.TimeToStart)
	times("time_to_person", f.TimeToPerson)
	rate, ok := f.MachineShare.Rate()
	number("machine_share", rate, ok)
	count("deferred", f.Deferred.Count)
	count("deferred_told", f.Deferred.Told)
	count("deferred_listed", f.Deferred.Listed)
	count("deferred_taken", f.Deferred.Taken)
	count("deferred_waiting", f.Deferred.Waiting)
	count("deferred_other", f.Deferred.Other)
	times("deferral_wait", f.Deferred.Wait)
	share("repairs", f.Repairs)
	share("came_back", f.CameBack)
	count("may_come_back", f.MayComeBack)
	times("person_time", f.PersonTime)
	load, ok := f.PersonLoad.Total()
	number("person_load_seconds", load.Seconds(), ok)
	saved, ok := time.Duration(0), false
	if f.TimeSaved != nil {
		saved, ok = f.TimeSaved.Total()
	}
	number("time_saved_seconds", saved.Seconds(), ok)
	count("open", f.Open)
	count("undecided", f.Undecided)
	count("reopened", f.Reopened)
	count("not_taken", f.NotTaken)
	count("no_customer", f.NoCustomer)
	count("clock_disorder", f.ClockTrouble)
	for _, o := range incident.Outcomes() {
		count("outcome_"+string(o), f.Outcomes[o])
	}
	for _, r := range incident.Reasons() {
		count("reason_"+string(r), f.Reasons[r])
	}
	return list
}
