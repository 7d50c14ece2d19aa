//go:build !no_embedded_temporal

package temporalserver

import (
	"slices"
	"strings"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	"go.temporal.io/server/common/resolver"
	"go.temporal.io/server/schema/sqlite"
)

// setupSchema creates Temporal's tables in an empty file.
func setupSchema(cfg *config.SQL) error {
	db, err := sql.NewSQLAdminDB(sqlplugin.DbKindUnknown, cfg, resolver.NewNoopResolver(), log.NewNoopLogger(), metrics.NoopMetricsHandler)
	if err != nil {
		return err
	}
	defer db.Close()
	return sqlite.SetupSchemaOnDB(fewIndexes{db})
}

// fewIndexes leaves out most of the 59 indexes of the table in which workflows are looked up. Each of them costs
// something with every write, three of which every workflow needs: in all a fifth of what an incident costs. Looking up
// by what has no index works too; it reads the workflows of the last day one by one.
type fewIndexes struct{ sqlplugin.AdminDB }

// Exec runs a statement of the schema.
func (f fewIndexes) Exec(statement string, args ...any) error {
	words := strings.Fields(statement)
	if len(words) > 4 && words[0] == "CREATE" && words[1] == "INDEX" && words[4] == "executions_visibility" &&
		!slices.Contains([]string{"default_idx", "by_workflow_id", "by_workflow_type", "by_status"}, words[2]) {
		return nil
	}
	return f.AdminDB.Exec(statement, args...)
}
