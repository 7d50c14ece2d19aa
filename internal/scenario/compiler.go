package scenario

import (
	"container/list"
	"fmt"
	"sync"

	"shodo/internal/incident"
)

// Pinned is a scenario as it travels in a history: an incident keeps the one that it was matched with, whatever
// happens to the file.
type Pinned struct {
	Name   incident.ScenarioName `json:"name"`
	Hash   string                `json:"hash"`
	Source string                `json:"source"`
}

// Pinned gives what a Compiler makes the same scenario of again.
func (s *Scenario) Pinned() Pinned { return Pinned{Name: s.Name, Hash: s.Hash, Source: s.source} }

// Compiler makes scenarios of pinned ones and remembers the last ones. It is safe for concurrent use.
type Compiler struct {
	actions Actions
	size    int

	mu     sync.Mutex
	byHash map[pinnedKey]*list.Element
	recent *list.List // of *Scenario, the last used one first
}

type pinnedKey struct {
	name incident.ScenarioName
	hash string
}

// NewCompiler gives a compiler that remembers up to size scenarios, at least one.
func NewCompiler(actions Actions, size int) *Compiler {
	return &Compiler{actions: actions, size: max(size, 1), byHash: map[pinnedKey]*list.Element{}, recent: list.New()}
}

// Compile gives the scenario. It fails when the source does not have the hash, or is not accepted by this version of
// the engine.
func (c *Compiler) Compile(p Pinned) (*Scenario, error) {
	key := pinnedKey{p.Name, p.Hash}
	if s := c.remembered(key); s != nil {
		return s, nil
	}
	if hashOf([]byte(p.Source)) != p.Hash {
		return nil, fmt.Errorf("compile scenario %q: the source does not have the hash %q", p.Name, p.Hash)
	}
	s, problems := Parse(p.Name, string(p.Name)+".yaml", []byte(p.Source), c.actions)
	if err := problems.Err(); err != nil {
		return nil, fmt.Errorf("compile scenario %q: %w", p.Name, err)
	}
	c.remember(key, s)
	return s, nil
}

func (c *Compiler) remembered(key pinnedKey) *Scenario {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byHash[key]
	if !ok {
		return nil
	}
	c.recent.MoveToFront(e)
	return e.Value.(*Scenario)
}

func (c *Compiler) remember(key pinnedKey, s *Scenario) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byHash[key]; ok {
		return // another goroutine was faster
	}
	c.byHash[key] = c.recent.PushFront(s)
	for c.recent.Len() > c.size {
		last := c.recent.Back()
		old := c.recent.Remove(last).(*Scenario)
		delete(c.byHash, pinnedKey{old.Name, old.Hash})
	}
}
