// Package runbooks holds the runbooks of the shipped scenarios.
package runbooks

import "embed"

// Files are the runbooks, by file name.
//
//go:embed *.md
var Files embed.FS
