//go:build no_embedded_temporal

package temporalserver

import (
	"context"
	"errors"
)

// ErrAbsent says that this binary was built without the embedded server.
var ErrAbsent = errors.New("this binary has no embedded temporal server: set temporal.address, " +
	"or build without the tag no_embedded_temporal")

// Server is never made in this build.
type Server struct{}

// Start gives ErrAbsent.
func Start(context.Context, Options) (*Server, error) { return nil, ErrAbsent }

// Address is empty.
func (*Server) Address() string { return "" }

// Stop does nothing.
func (*Server) Stop() error { return nil }
