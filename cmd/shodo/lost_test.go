package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/incident"
	"shodo/internal/sandbox"
)

// TestLostIsTold: what PagerDuty has and nobody accounts for is in the figures and in the report; what cannot be compared is said to be not
// compared.
func TestLostIsTold(t *testing.T) {
	w := newPastWorld(t, 40)
	now := time.Now()
	day := func(ago int) string { return now.AddDate(0, 0, -ago).Format(time.DateOnly) }
	importing := func(args ...string) {
		w.shodo(t, 0, append([]string{"import", "pagerduty", "--rate", "960", "--zone", "UTC", "--fast"}, args...)...)
	}
	importing("--since", day(150), "--until", day(60))
	stats := []string{"stats", "--since", day(150), "--zone", "UTC", "--lost"}

	out, _ := w.shodo(t, exitNo, append(stats, "--json")...)
	var all struct {
		Definitions    string
		Lost, Received int
		AccountedFor   int `json:"accounted_for"`
		InRecord       int `json:"in_record"`
		Missing        []analytics.Received
	}
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatal(err)
	}
	if all.Definitions != "v1" || all.Received != 40 || all.Lost == 0 || all.Lost != len(all.Missing) || all.AccountedFor+all.Lost != 40 || all.InRecord != all.AccountedFor {
		t.Fatalf("%+v", all)
	}
	var ids []incident.ID
	for _, one := range all.Missing {
		ids = append(ids, one.ID)
	}
	out, _ = w.shodo(t, 0, "stats", "--since", day(150), "--zone", "UTC", "--ids", "lost")
	if want := strings.Trim(strings.ReplaceAll(fmt.Sprint(ids), " ", "\n"), "[]") + "\n"; out != want {
		t.Errorf("--ids lost is %q, want %q", out, want)
	}
	out, _ = w.shodo(t, exitNo, append(stats, "--customer", "acme")...)
	wants(t, "the page", out, "PagerDuty received        40", fmt.Sprintf("Lost                      %d  must be 0", all.Lost), "LOST", "PWEB001", string(ids[0]), "shodo import pagerduty", "CUSTOMER: acme")
	out, _ = w.shodo(t, exitNo, append(stats, "--language", "ja")...)
	wants(t, "the page in Japanese", out, "失われたもの", "0 であること", "shodo import pagerduty")

	report := []string{"report", "period", "--since", day(150), "--zone", "UTC", "--format", "json", "--catalog", w.dir + "/catalog"}
	lostOf := func(name string) (lost *int, stderr string) {
		out, stderr := w.shodo(t, 0, report...)
		var r struct{ Lost *int }
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return r.Lost, stderr
	}
	if lost, errs := lostOf("a report"); lost == nil || *lost != all.Lost || errs != "" {
		t.Errorf("the report says %v lost, and %q", lost, errs)
	}

	importing("--since", day(60))
	out, _ = w.shodo(t, 0, stats...)
	wants(t, "after the import", out, "in the record           40", "Nothing is lost.")
	if lost, _ := lostOf("after the import"); lost == nil || *lost != 0 {
		t.Errorf("after the import the report says %v", lost)
	}

	remove := w.PagerDuty.Inject(sandbox.Fault{Path: "/incidents", Status: 403})
	_, errs := w.shodo(t, exitTrouble, stats...)
	wants(t, "403", errs, "status 403", "must be allowed to read all incidents")
	if lost, errs := lostOf("403"); lost != nil || !strings.Contains(errs, "The record is not compared with PagerDuty") {
		t.Errorf("the report says %v, and %q", lost, errs)
	}
	remove()
	w.write(t, "token", "another-token-that-is-wrong")
	_, errs = w.shodo(t, exitTrouble, stats...)
	wants(t, "a wrong token", errs, "compare the record with PagerDuty", "token not accepted")
	if lost, errs := lostOf("a wrong token"); lost != nil || strings.Contains(errs, "another-token") {
		t.Errorf("the report says %v, and %q", lost, errs)
	}
	w.settings = w.write(t, "half.yaml", "data_dir: "+w.dir+"\n")
	_, errs = w.shodo(t, exitTrouble, stats...)
	wants(t, "settings without a token", errs, "pagerduty.token", "takes a comparison with PagerDuty", "-c shodo.yaml")
	if lost, errs := lostOf("settings without a token"); lost != nil || !strings.Contains(errs, "the settings are not complete") {
		t.Errorf("the report says %v, and %q", lost, errs)
	}
	_, errs = w.shodo(t, exitTrouble, append(stats, "--scenario", "disk")...)
	wants(t, "a scenario", errs, "neither scenario nor priority")
	_, errs = w.shodo(t, exitTrouble, append(stats, "--by", "customer")...)
	wants(t, "groups", errs, "none of the others can be")
}
