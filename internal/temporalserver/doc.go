// Package temporalserver runs a Temporal server inside the process, on a SQLite file.
//
// It promises that Start returns only when the server answers, that a workflow which was started survives a kill of
// the process and a power cut, and that nothing listens beyond the loopback interface. It is the only importer of
// go.temporal.io/server; the build tag no_embedded_temporal leaves that out (a binary without it needs
// temporal.address).
//
// It never migrates a file of another server version: Temporal creates the SQLite schema once and has no migration
// for it, and documents SQLite for development and small sites. Bigger ones set temporal.address.
package temporalserver

import "log/slog"

// Options says what to run.
type Options struct {
	File             string       // the SQLite file, with a second one beside it, FILE.visibility; its folder is created when missing
	Port             int          // of the frontend; 0 takes a free one
	Namespace        string       // is created in a new file
	SearchAttributes []string     // keyword attributes of the namespace in a new file
	Log              *slog.Logger // gets the server's warnings and errors
}
