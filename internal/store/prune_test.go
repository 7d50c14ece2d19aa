package store_test

import (
	"path/filepath"
	"slices"
	"testing"

	"shodo/internal/store"
)

// A table whose rows belong to incidents goes with them, or it says here why not.
func TestPruneKnowsAllTables(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "store.db"))
	tables, err := s.TablesOfIncidents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stays := []string{
		"incidents",  // deleted by itself
		"deliveries", // they have a retention of their own
		"imported",   // what was pruned is not brought again by the next import
	}
	want := slices.Sorted(slices.Values(append(stays, store.OfIncident...)))
	if !slices.Equal(tables, want) {
		t.Errorf("tables with a column incident: %v; pruned, or said to stay: %v", tables, want)
	}
}
