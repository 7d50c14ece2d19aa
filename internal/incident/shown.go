package incident

import "encoding/json"

// Shown is a record for other programs: with what the record says only by its methods.
type Shown struct {
	Record
	FirstResponseSeconds *float64          `json:"first_response_seconds"` // null while it is open
	Changed              bool              `json:"changed"`
	AlertsAsReceived     []json.RawMessage `json:"alerts_as_received,omitempty"`
}

// Show gives a record for other programs.
func Show(r Record) Shown {
	out := Shown{Record: r, Changed: r.Changed()}
	if !r.EndedAt.IsZero() {
		s := r.FirstResponse().Seconds()
		out.FirstResponseSeconds = &s
	}
	for _, a := range r.Incident.Alerts {
		if json.Valid(a.Raw) {
			out.AlertsAsReceived = append(out.AlertsAsReceived, a.Raw)
		}
	}
	return out
}
