// Package scenarios is the shipped library of scenarios: a customer's file adopts them by name, and a team's catalog
// replaces one by a file of the same name.
package scenarios

import "embed"

// Files are the scenarios, by file name.
//
//go:embed *.yaml
var Files embed.FS
