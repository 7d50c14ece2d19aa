package simulation

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"shodo/internal/incident"
)

// kind is what was seen outside of the engine.
type kind string

const (
	packet         kind = "slack packet"   // to a tier; text is the message's key
	listForTier    kind = "slack digest"   //
	toldContact    kind = "contact told"   //
	listForContact kind = "contact digest" //
	paged          kind = "pagerduty page" // because the engine said so
	calledAgain    kind = "pagerduty calls by itself"
	changedHost    kind = "changed"
	snoozed        kind = "snoozed"
	acted          kind = "pagerduty" // what anybody did there
	sent           kind = "webhook"
	policyChanged  kind = "windows"
	awayBegan      kind = "engine away"
	chose          kind = "chosen"
	killSwitch     kind = "paused"
)

// entry is one thing that was seen outside.
type entry struct {
	at       time.Time
	kind     kind
	incident incident.ID // empty: of the customer, or of several incidents
	to       string      // channel, contact, policy
	key      string      // of a message: the same when it is sent again
	text     string
}

func (e entry) String() string {
	s := fmt.Sprintf("%s  %-14s", e.at.UTC().Format("2006-01-02 15:04:05"), e.kind)
	for _, part := range []string{e.to, e.key, e.text} {
		if part != "" {
			s += " " + strings.ReplaceAll(cut(part, 160), "\n", " ")
		}
	}
	return s
}

func cut(s string, n int) string {
	if len(s) > n {
		return s[:n] + "..."
	}
	return s
}

// seen is everything that was seen outside, in its order.
type seen struct {
	mu      sync.Mutex
	entries []entry
}

func (s *seen) add(e entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries = append(s.entries, e)
}
