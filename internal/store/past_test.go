package store_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shodo/internal/incident"
)

// Past incidents are read along an index, in its order: no year of documents is sorted.
func TestPlansOfPast(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	since := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC)
	for index, f := range map[string]incident.PastFilter{
		"incidents_created (created_at>? AND created_at<?)":                  {Since: since, Until: since.AddDate(0, 3, 0)},
		"incidents_customer (customer=? AND created_at>?)":                   {Since: since, Customer: "acme"},
		"incidents_created (created_at>? AND created_at<?) SEARCH r USING I": {Since: since, Until: since.AddDate(0, 3, 0), Customer: "acme", Services: []incident.ServiceID{"P1", "P2"}},
	} {
		plan, err := s.PastPlan(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(strings.ReplaceAll(plan, "\n", " "), "SEARCH i USING INDEX "+index) || strings.Contains(plan, "TEMP B-TREE") || strings.Contains(plan, "SCAN") {
			t.Errorf("%s is not used:\n%s", index, plan)
		}
	}
}
