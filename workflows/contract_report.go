package workflows

import (
	"context"
	"time"
)

// This file is the part of the contract that reports need: those that are made and sent by themselves.

// The names of what is needed for reports; forever, as those in contract.go.
const (
	ReportWorkflow = "report"

	reportDueActivity     = "report_due"
	deliverReportActivity = "deliver_report"
)

// reportScheduleID is the id of the Temporal Schedule of a report; the workflows that it starts have it with the time added.
func reportScheduleID(name string) string { return reportSchedules + name }

const reportSchedules = "report/"

// ReportInput has one report made and sent.
type ReportInput struct {
	Name  string    `json:"name"`
	At    time.Time `json:"at,omitzero"`     // whose turn it is: the report is of the last whole week or month before; zero: as the schedule says
	Again string    `json:"again,omitempty"` // an operator wants it once more: the name of the wish; empty: where it was sent before nothing is sent
}

// ReportDue is what there is to send.
type ReportDue struct {
	NotBefore time.Time `json:"not_before,omitzero"` // the working day that it waits for
	Places    []string  `json:"places,omitempty"`    // where it is sent; none: the configuration has no such report any more
}

// DeliverInput asks to send a report to one place.
type DeliverInput struct {
	ReportInput
	Place string `json:"place"`
}

// Reports makes and sends the reports that the configuration lists.
type Reports interface {
	// Due tells where a report is sent, and not before when.
	Due(ctx context.Context, in ReportInput) (ReportDue, error)
	// Deliver makes the report and sends it to one place, once for each turn and wish. An error is ErrNotTaken when sending
	// again gives the same.
	Deliver(ctx context.Context, in DeliverInput) error
}
