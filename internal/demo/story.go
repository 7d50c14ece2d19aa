package demo

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"shodo/internal/incident"
	"shodo/internal/sandbox"
	"shodo/internal/sandbox/breakable"
)

// story is one incident: what breaks, how PagerDuty hears of it, what a person does meanwhile, and how it has to end.
type story struct {
	customer string // its name
	title    string
	broken   func(context.Context, *stage) (said string, err error)
	alert    sandbox.Alert
	during   func(ctx context.Context, s *stage, id incident.ID) (said string, err error) // nil: nobody does anything
	want     ending
	proof    func(context.Context, *evidence)
}

// ending is how a first response ends.
type ending struct {
	outcome incident.Outcome
	reason  incident.Reason
}

func (e ending) String() string {
	if e.reason == "" {
		return string(e.outcome)
	}
	return string(e.outcome) + ": " + string(e.reason)
}

// The breakable things, as the customers' files name them.
const (
	shop   = "shop"
	logs   = "logs"
	books  = "books"
	search = "search"
	orders = "orders"
	letter = "newsletter"

	payments = "payments"
)

const (
	quotaBytes    = 2 << 20
	searchCrashes = 700 * time.Millisecond // after each start
	seesRepair    = 1200 * time.Millisecond
	quietFor      = 9 * time.Second // from when all is ready, and as long as that took
	minato        = "みなと商店"
	larkspur      = "Larkspur Books"
)

// stories are the eight incidents, in the order in which they begin.
func stories() []story {
	return []story{
		{
			customer: minato, title: "web shop is killed",
			broken: func(ctx context.Context, s *stage) (string, error) { return s.lab.Kill(ctx, shop) },
			alert: sandbox.Alert{Service: shopService, Summary: "Web shop: health check failed 3 times", Severity: "critical",
				Source: "shop-1", Class: "health check", Priority: "P1", Client: "Uptime monitor",
				Details: map[string]any{"checked_from": "tokyo", "failures": 3}},
			want: ending{outcome: incident.Recovered}, proof: proveShop,
		},
		{
			customer: minato, title: "log folder fills up",
			broken: fillLogs,
			alert: sandbox.Alert{Service: logsService, Summary: "Log folder: 96 % of the quota is used", Severity: "error",
				Source: "logs-1", Class: "disk quota", Priority: "P3", Client: "Disk monitor",
				Details: map[string]any{"used_percent": 96, "threshold_percent": 90}},
			want: ending{outcome: incident.Recovered}, proof: proveLogs,
		},
		{
			customer: larkspur, title: "slow, then well again",
			broken: restartBooks,
			alert: sandbox.Alert{Service: booksService, Summary: "Book shop: answers took 6.2 s", Severity: "warning",
				Source: "books-1", Class: "response time", Priority: "P3", Client: "Page speed monitor",
				Details: map[string]any{"p95_seconds": 6.2}},
			want: ending{outcome: incident.Cleared}, proof: proveBooks,
		},
		{
			customer: larkspur, title: "search keeps crashing",
			broken: crashSearch,
			alert: sandbox.Alert{Service: searchService, Summary: "Search: health check failed 3 times", Severity: "critical",
				Source: "search-1", Class: "health check", Priority: "P2", Client: "Uptime monitor",
				Details: map[string]any{"checked_from": "london", "failures": 3}},
			want: ending{incident.HandedOver, incident.VerifyFailed}, proof: proveSearch,
		},
		{
			customer: larkspur, title: "nobody planned for it",
			broken: func(context.Context, *stage) (string, error) {
				return "nothing breaks here: the mail queue grows elsewhere", nil
			},
			alert: sandbox.Alert{Service: mailService, Summary: "Mail: 12,000 letters wait in the queue", Severity: "error",
				Source: "mail-1", Class: "queue length", Priority: "P3", Client: "Queue monitor",
				Details: map[string]any{"waiting": 12000, "oldest_minutes": 47}},
			want: ending{outcome: incident.Unmatched}, proof: proveMail,
		},
		{
			customer: minato, title: "a person steps in",
			broken: func(ctx context.Context, s *stage) (string, error) { return s.lab.Kill(ctx, orders) },
			alert: sandbox.Alert{Service: ordersService, Summary: "Orders: no order for 10 minutes", Severity: "critical",
				Source: "orders-1", Class: "business", Priority: "P1", Client: "Order monitor",
				Details: map[string]any{"last_order_minutes": 10}},
			during: takeOrders,
			want:   ending{outcome: incident.TakenOver}, proof: proveOrders,
		},
		{
			customer: larkspur, title: "a warning at night",
			broken: func(ctx context.Context, s *stage) (string, error) { return s.lab.Kill(ctx, letter) },
			alert: sandbox.Alert{Service: newsService, Summary: "Newsletter: the preview does not answer", Severity: "warning",
				Source: "news-1", Class: "health check", Priority: "P4", Client: "Uptime monitor",
				Details: map[string]any{"checked_from": "london", "failures": 3}},
			want: ending{outcome: incident.Recovered}, proof: proveNews,
		},
		{
			customer: minato, title: "asks before it acts",
			broken: func(ctx context.Context, s *stage) (string, error) { return s.lab.Kill(ctx, payments) },
			alert: sandbox.Alert{Service: payService, Summary: "Payments: health check failed 3 times", Severity: "critical",
				Source: "payments-1", Class: "health check", Priority: "P1", Client: "Uptime monitor",
				Details: map[string]any{"checked_from": "tokyo", "failures": 3}},
			during: approvePayments,
			want:   ending{outcome: incident.Recovered}, proof: provePayments,
		},
	}
}

func fillLogs(_ context.Context, s *stage) (string, error) {
	if err := s.lab.Fill(logs, 96); err != nil {
		return "", err
	}
	u, err := s.lab.Usage(logs)
	return fmt.Sprintf("old logs fill %d %% of the quota", u.Percent()), err
}

// restartBooks breaks the service and lets it come back before the alert arrives.
func restartBooks(ctx context.Context, s *stage) (string, error) {
	if _, err := s.lab.Kill(ctx, books); err != nil {
		return "", err
	}
	if _, err := s.start(ctx, books); err != nil {
		return "", err
	}
	pid, _, err := s.lab.Running(books)
	s.note(books, pid)
	return "killed, and back by itself before anybody is told", err
}

// crashSearch starts the service that crashes after each start, and waits until it has.
func crashSearch(ctx context.Context, s *stage) (string, error) {
	if _, err := s.lab.Define(search, breakable.Service{Addr: s.addr[search], CrashAfter: searchCrashes}); err != nil {
		return "", err
	}
	if _, err := s.lab.Stop(ctx, search); err != nil {
		return "", err
	}
	if _, err := s.start(ctx, search); err != nil {
		return "", err
	}
	err := until(ctx, func() (bool, error) {
		_, running, err := s.lab.Running(search)
		return !running, err
	})
	return fmt.Sprintf("crashes %s after each start", searchCrashes), err
}

// takeOrders lets a person acknowledge while the repair is really running.
func takeOrders(ctx context.Context, s *stage, id incident.ID) (string, error) {
	err := until(ctx, func() (bool, error) {
		r, err := s.lab.LastRepair(orders)
		return r.State == breakable.RepairRunning, err
	})
	if err != nil {
		return "", fmt.Errorf("wait for the repair: %w", err)
	}
	pause(ctx, seesRepair)
	if err := s.pagerDuty().AcknowledgeAs(aiko, string(id)); err != nil {
		return "", err
	}
	return aiko + " acknowledges", nil
}

// until asks again and again until done says so.
func until(ctx context.Context, done func() (bool, error)) error {
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		if !pause(ctx, 30*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// pause waits; it is false when the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// newestLog is the one file of the log folder that must survive the repair.
func (s *stage) newestLog() string { return filepath.Join(s.lab.Dir, logs, "data", "app.log") }

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
