package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"shodo/internal/action/builtin"
	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/store"
)

// measureRules measures what every incident and every webhook goes through, apart from the rest.
func measureRules(ctx context.Context, s settings, t *table) error {
	for _, adopted := range []int{100, 1000} {
		took, err := decide(adopted)
		if err != nil {
			return err
		}
		t.add(fmt.Sprintf("decision among %d adopted scenarios that differ in the text of the alert alone; the last one matches", adopted), fmt.Sprintf("%.1f µs", took.Seconds()*1e6))
	}
	if err := measureEstates(ctx, s, t); err != nil {
		return err
	}
	took, err := matches()
	if err != nil {
		return err
	}
	t.add("match of one scenario", fmt.Sprintf("%.1f µs", took.Seconds()*1e6))
	stored, err := putDeliveries(ctx, s)
	if err != nil {
		return err
	}
	t.add("webhooks stored durably, 512 at a time", fmt.Sprintf("%.0f per second", stored))
	return nil
}

// decide gives the time of one decision. All of the scenarios are for the same service and severity.
func decide(adopted int) (time.Duration, error) {
	files := fstest.MapFS{"runbooks/web.md": {Data: []byte("# Web\n")}}
	var names []string
	for i := range adopted {
		name := fmt.Sprintf("s%04d", i)
		wanted := fmt.Sprintf("(?i)disk %d is (full|failing)", i)
		if i == adopted-1 {
			wanted = "(?i)health check"
		}
		text := strings.Replace(scenarioFile, "(?i)health check", wanted, 1)
		files["scenarios/"+name+".yaml"] = &fstest.MapFile{Data: []byte(text)}
		names = append(names, name+": {}")
	}
	customer := strings.Replace(customerFile, "{web: {}}", "{"+strings.Join(names, ", ")+"}", 1)
	files["customers/acme.yaml"] = &fstest.MapFile{Data: []byte(customer)}
	c, problems := catalog.Load(files, "bench", builtin.List(builtin.Settings{}))
	if err := problems.Err(); err != nil {
		return 0, err
	}
	inc, _ := newOutside().breakDown("Q1")
	if d := c.Decide(inc.Incident); string(d.Match.Scenario) != fmt.Sprintf("s%04d", adopted-1) {
		return 0, fmt.Errorf("the decision was %q: %s", d.Match.Scenario, d.Match.Why)
	}
	return timeOf(func() { c.Decide(inc.Incident) }), nil
}

func matches() (time.Duration, error) {
	s, problems := scenario.Parse("web", "web.yaml", []byte(scenarioFile), builtin.List(builtin.Settings{}))
	if err := problems.Err(); err != nil {
		return 0, err
	}
	inc, _ := newOutside().breakDown("Q1")
	facts := scenario.Facts{Incident: inc.Incident, Customer: incident.Customer{ID: "acme"}}
	if matched, why, err := s.Matches(facts); err != nil || !matched {
		return 0, fmt.Errorf("the scenario does not match: %s (%w)", why, err)
	}
	return timeOf(func() { _, _, _ = s.Matches(facts) }), nil
}

func timeOf(do func()) time.Duration {
	result := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			do()
		}
	})
	return time.Duration(result.NsPerOp())
}

// putDeliveries gives how many webhooks are stored per second by 512 callers.
func putDeliveries(ctx context.Context, s settings) (perSecond float64, err error) {
	dir, err := os.MkdirTemp(s.dir, "shodo-bench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	db, err := store.Open(ctx, filepath.Join(dir, "shodo.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var n, failed atomic.Int64
	text := make([]byte, 2<<10)
	result := testing.Benchmark(func(b *testing.B) {
		b.SetParallelism(256)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				i := n.Add(1)
				now := time.Now()
				d := incident.Delivery{Body: text, Event: incident.Event{ID: incident.EventID(fmt.Sprintf("01%022d", i)),
					Type: incident.EventTriggered, Incident: incident.ID(fmt.Sprintf("Q%013d", i)),
					Service: incident.ServiceID(fmt.Sprintf("P%06d", i%50)), OccurredAt: now, ReceivedAt: now}}
				if _, fresh, err := db.PutDelivery(ctx, d); err != nil || !fresh {
					failed.Add(1)
				}
			}
		})
	})
	if failed.Load() > 0 {
		return 0, fmt.Errorf("%d webhooks were not stored", failed.Load())
	}
	return float64(result.N) / result.T.Seconds(), nil
}
