package store_test

import (
	"path/filepath"
	"testing"

	"shodo/internal/store/postgrestest"
	"shodo/internal/store/storetest"
)

func TestBesideAnEngine(t *testing.T) { storetest.Beside(t, filepath.Join(t.TempDir(), "store.db")) }

func TestBesideAnEngineOnPostgres(t *testing.T) { storetest.Beside(t, postgrestest.NewStore(t)) }
