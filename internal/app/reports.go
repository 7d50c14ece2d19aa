package app

import (
	"context"
	"net/http"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/config"
	"shodo/internal/delivery"
	"shodo/internal/history"
	"shodo/internal/incident"
	"shodo/internal/pagerduty"
	"shodo/internal/report"
	"shodo/internal/web"
	"shodo/workflows"
)

// comparePace is how many requests a minute a comparison with PagerDuty takes at most: it can wait, and incidents cannot.
const comparePace = 240

// reportComparison compares the record with PagerDuty, with a client of its own: the engine's makes one request after the other.
type reportComparison struct {
	*App
	client *pagerduty.Client
}

func (a *App) comparison() reportComparison {
	return reportComparison{a, pagerduty.NewClient(pagerduty.Options{APIURL: a.cfg.PagerDuty.APIURL, Token: a.cfg.PagerDuty.Token.Value, From: a.cfg.PagerDuty.From,
		HTTPClient: &http.Client{Transport: pagerduty.Paced(comparePace)}, Log: a.log, Observe: a.metrics.observePagerDuty})}
}

func (c reportComparison) Lost(ctx context.Context, p analytics.Period, e report.Edition) (analytics.Lost, error) {
	return history.Lost(ctx, history.LostOptions{PagerDuty: c.client, Record: c.store, Catalog: c.catalog.Current(), Period: p,
		Keep: c.cfg.Store.Retention.Stored().Incidents, Now: time.Now(), Log: c.log, Customer: e.Customer, Department: e.Department})
}

// sender makes and sends reports.
func (a *App) sender() *delivery.Sender {
	o := delivery.Options{
		Reports: func() []config.Report { return a.cfg.Reports },
		Record:  a.store, Ledger: a.store, Imports: a.store.Imports,
		Read: func(ctx context.Context, id incident.ID) (incident.Incident, error) {
			rec, err := a.store.Record(ctx, id)
			return rec.Incident, err
		},
		Catalog: a.catalog.Current,
		Now:     time.Now, Log: a.log, PagerDuty: a.comparison(),
	}
	if a.slack != nil {
		o.Slack = a.slack
	}
	if a.mail != nil {
		o.Mail = a.mail
	}
	return delivery.New(o)
}

// scheduleReports brings Temporal's schedules to what the configuration says. It goes on trying: Temporal may be away.
func (a *App) scheduleReports(ctx context.Context) {
	var wanted []workflows.ReportSchedule
	for _, r := range a.cfg.Reports {
		wanted = append(wanted, workflows.ReportSchedule{Name: r.Name, Cron: r.Cron, TimeZone: r.TimeZone})
	}
	for wait := time.Second; ; wait = min(2*wait, 5*time.Minute) {
		err := a.schedules.Sync(ctx, wanted)
		if err == nil {
			if len(wanted) > 0 {
				a.log.Info("reports are scheduled", "reports", len(wanted))
			}
			return
		}
		if ctx.Err() != nil {
			return
		}
		a.log.Error("schedule the reports; trying again", "in", wait, "err", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// reportAPI is what people may do with reports.
type reportAPI struct{ *App }

func (r reportAPI) Scheduled() []web.ScheduledReport {
	list := []web.ScheduledReport{}
	for _, one := range r.cfg.Reports {
		s := web.ScheduledReport{Name: one.Name, Kind: one.Kind, Cron: one.Cron, TimeZone: one.TimeZone}
		for _, to := range one.To {
			s.To = append(s.To, to.String())
		}
		list = append(list, s)
	}
	return list
}

func (r reportAPI) Send(ctx context.Context, name string, at time.Time, wish string) error {
	return r.schedules.SendReport(ctx, workflows.ReportInput{Name: name, At: at, Again: wish})
}

func (r reportAPI) Deliveries(ctx context.Context, limit int) ([]incident.ReportDelivery, error) {
	return r.store.ReportDeliveries(ctx, "", limit)
}
