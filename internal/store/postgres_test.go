package store_test

import (
	"context"
	"testing"

	"shodo/internal/store"
	"shodo/internal/store/postgrestest"
	"shodo/internal/store/storetest"
)

func TestContractOnPostgres(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store { return open(t, postgrestest.NewStore(t)) })
}

// Engines that share a database keep the same contract.
func TestContractOnSharedPostgres(t *testing.T) {
	storetest.Run(t, func(t *testing.T) *store.Store { return openShared(t, postgrestest.NewStore(t)) })
}

func openShared(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), url, quiet(), store.Shared)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
