package app

import (
	"context"
	"time"

	"shodo/internal/config"
	"shodo/internal/delivery"
	"shodo/internal/incident"
	"shodo/internal/mail"
	"shodo/internal/web"
	"shodo/workflows"
)

// reportMail sends the mails of reports.
type reportMail struct{ client *mail.Client }

func (m reportMail) Send(ctx context.Context, one mail.Message) error {
	return notMailed(m.client.Send(ctx, one))
}

// sender makes and sends reports.
func (a *App) sender() *delivery.Sender {
	o := delivery.Options{
		Reports: func() []config.Report { return a.cfg.Reports },
		Record:  a.store, Ledger: a.store,
		Read: func(ctx context.Context, id incident.ID) (incident.Incident, error) {
			rec, err := a.store.Record(ctx, id)
			return rec.Incident, err
		},
		Catalog: a.catalog.Current,
		Now:     time.Now, Log: a.log,
	}
	if a.slack != nil {
		o.Slack = slackEdge{a.slack}
	}
	if a.mail != nil {
		o.Mail = reportMail{a.mail}
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
