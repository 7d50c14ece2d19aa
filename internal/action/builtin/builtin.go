// Package builtin holds the one visible list of the engine's actions.
//
// An action that is not in this list does not exist: no package registers itself. The checklist for a new one is in the
// comment of package action.
package builtin

import (
	"net/netip"
	"slices"
	"time"

	"shodo/internal/action"
	"shodo/internal/action/httprequest"
	"shodo/internal/action/localrun"
	"shodo/internal/action/reach"
	"shodo/internal/action/sshrun"
	"shodo/internal/action/tcpconnect"
)

// Settings are what the process configuration says about actions. The zero value is safe: no link-local and metadata
// addresses, no local programs.
type Settings struct {
	AllowAddresses []netip.Prefix   // networks that may be reached although package reach refuses them
	LocalPrograms  []string         // absolute paths that local.run and local.read may run
	UserAgent      string           // of HTTP requests; empty: "shodo"
	Now            func() time.Time // empty: the clock
}

// List gives all actions.
func List(s Settings) *action.Set {
	policy := reach.Policy{Allow: s.AllowAddresses}
	return action.NewSet(slices.Concat(
		httprequest.Actions(httprequest.Settings{Reach: policy, UserAgent: s.UserAgent, Now: s.Now}),
		tcpconnect.Actions(tcpconnect.Settings{Reach: policy}),
		sshrun.Actions(sshrun.Settings{Reach: policy}),
		localrun.Actions(localrun.Settings{Programs: s.LocalPrograms}),
	)...)
}
