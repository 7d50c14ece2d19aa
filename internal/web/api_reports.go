package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"shodo/internal/incident"
	"shodo/internal/yamldoc"
)

// Reports are those that are made and sent by themselves.
type Reports interface {
	// Scheduled lists those of the configuration.
	Scheduled() []ScheduledReport
	// Send starts one at once, of the last whole week or month before a time: also where it was sent already. Of the same wish
	// it is sent once.
	Send(ctx context.Context, name string, at time.Time, wish string) error
	// Deliveries lists what was sent, the latest first.
	Deliveries(ctx context.Context, limit int) ([]incident.ReportDelivery, error)
}

// ScheduledReport is a report of the configuration.
type ScheduledReport struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`
	Cron     string   `json:"cron"`
	TimeZone string   `json:"time_zone,omitempty"`
	To       []string `json:"to"`
}

// ReportList is the answer of GET /api/v1/reports.
type ReportList struct {
	Reports    []ScheduledReport         `json:"reports"`
	Deliveries []incident.ReportDelivery `json:"deliveries"` // the latest ones, newest first
}

// ReportWish is the body of POST /api/v1/reports/{name}/send. It may be empty.
type ReportWish struct {
	At time.Time `json:"at,omitzero"` // the report is of the last whole week or month before; empty: now
}

// ReportSent is its answer: the report is being made.
type ReportSent struct {
	Report string    `json:"report"`
	At     time.Time `json:"at"`
	Wish   string    `json:"wish"` // under which its deliveries are listed
}

// maxDeliveries is how many deliveries a list has.
const maxDeliveries = 100

func (a *api) listReports(r *http.Request, _ caller) (int, any, *problem) {
	list, err := a.reports.Deliveries(r.Context(), maxDeliveries)
	if err != nil {
		a.log.Error("list the deliveries of reports", "err", err)
		return 0, nil, unavailable()
	}
	if list == nil {
		list = []incident.ReportDelivery{}
	}
	return http.StatusOK, ReportList{Reports: a.reports.Scheduled(), Deliveries: list}, nil
}

func (a *api) sendReport(r *http.Request, who caller) (int, any, *problem) {
	name := r.PathValue("name")
	var known []string
	for _, one := range a.reports.Scheduled() {
		known = append(known, one.Name)
	}
	var wish ReportWish
	if r.ContentLength != 0 {
		if p := readJSON(r, &wish); p != nil {
			return 0, nil, p
		}
	}
	if p := knownReport(name, known); p != nil {
		return 0, nil, p
	}
	now := a.windows.now()
	sent := ReportSent{Report: name, At: wish.At, Wish: "wish-" + now.UTC().Format("20060102T150405.000")}
	switch {
	case wish.At.IsZero():
		sent.At = now
	case wish.At.After(now):
		return 0, nil, wrong(say("at: %s is still to come", "at: %s はまだ来ていません", wish.At.Format(time.RFC3339)), text{})
	}
	if err := a.reports.Send(r.Context(), name, sent.At, sent.Wish); err != nil {
		a.log.Error("send a report", "report", name, "err", err)
		return 0, nil, unavailable()
	}
	a.log.Info("a report is sent at somebody's wish", "report", name, "by", who.name)
	return http.StatusAccepted, sent, nil
}

// knownReport tells a name that the configuration has not, with what may have been meant.
func knownReport(name string, known []string) *problem {
	if slices.Contains(known, name) {
		return nil
	}
	hint := yamldoc.Suggest(name, known)
	if hint == "" && len(known) > 0 {
		hint = "reports: " + strings.Join(known, ", ")
	}
	if hint == "" {
		hint = "the setting reports lists those that are sent by themselves; there is none"
	}
	return newProblem(http.StatusNotFound, say("there is no report %q", "レポート %q はありません", name), text{hint, hint})
}
