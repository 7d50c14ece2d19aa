package store_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// What waits, and what maintenance there is, is found along an index made for it, however long the record is.
func TestPlansOfWindows(t *testing.T) {
	plans, err := open(t, filepath.Join(t.TempDir(), "store.db")).WindowPlans(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for index, plan := range plans {
		if !strings.Contains(plan, "USING INDEX "+index) {
			t.Errorf("%s is not used:\n%s", index, plan)
		}
	}
}
