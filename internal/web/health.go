package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// readyTimeout is how long the checks of one request may take.
const readyTimeout = 5 * time.Second

type readinessAnswer struct {
	Ready  bool    `json:"ready"`
	Checks []Check `json:"checks"`
}

// readiness answers 200 when every check is well, and 503 otherwise, with all checks in both cases.
func readiness(checks func(context.Context) []Check) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		answer := readinessAnswer{Ready: true, Checks: checks(ctx)}
		status := http.StatusOK
		for _, c := range answer.Checks {
			if !c.OK {
				answer.Ready, status = false, http.StatusServiceUnavailable
			}
		}
		writeJSON(w, status, answer)
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a caller that has gone needs no answer
}
