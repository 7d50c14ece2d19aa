package source

import (
	"fmt"
	"time"
	"unicode"
)

// State is how it stands with the catalog.
type State struct {
	From    string    // the place, for people
	Version string    // of the catalog in force
	Commit  *Commit   // that the catalog in force is from; nil: not from Git
	Loaded  time.Time // when it came into force
	Kept    bool      // it is the one that was kept on disk, because the server did not give the newest at the start
	Note    string    // what a person should know about the way to this commit, such as a force-push; empty: nothing
	Refused *Refusal  // the newest content, when it is not the catalog in force
	Fetched time.Time // when the place was last asked with success; zero: not since the start
	Trouble error     // why the place could not be asked the last time; nil: it could
}

// Refusal is content that is not put into force.
type Refusal struct {
	Commit *Commit // nil: not from Git
	At     time.Time
	Err    error
	Owners []string // the owners of the scenarios that are wrong, where they have one
}

// Commit is who changed the catalog, and when.
type Commit struct {
	ID      string    `json:"id"` // the full hash
	Author  string    `json:"author"`
	Time    time.Time `json:"time"` // of committing, which a rebase renews
	Subject string    `json:"subject"`

	parents []string
}

// Short is the catalog's version: the first 12 characters of the hash.
func (c Commit) Short() string { return c.ID[:min(12, len(c.ID))] }

// String gives "0123456789ab by Alice, 2026-11-20 03:00 UTC".
func (c Commit) String() string {
	if c.Time.IsZero() {
		return c.Short() // it could not be read
	}
	return fmt.Sprintf("%s by %s, %s UTC", c.Short(), c.Author, c.Time.UTC().Format("2006-01-02 15:04"))
}

// plain makes text from outside fit for one line of a log: anybody can write anything into a commit.
func plain(text string) string {
	const longest = 120
	out := make([]rune, 0, longest)
	for _, c := range text {
		if !unicode.IsPrint(c) {
			c = ' '
		}
		if out = append(out, c); len(out) == longest {
			break
		}
	}
	return string(out)
}

// State tells how it stands.
func (s *Source) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

func (s *Source) update(change func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.state)
}

// trouble notes that the place could not be asked, and tells it in the log once.
func (s *Source) trouble(err error) {
	before := s.State().Trouble
	s.update(func(st *State) { st.Trouble = err })
	if before == nil || before.Error() != err.Error() {
		s.Log.Error("the catalog cannot be asked for changes; the one in force stays", "from", s.origin.String(), "err", err)
	}
}

// answered notes that the place could be asked.
func (s *Source) answered() {
	before := s.State().Trouble
	s.update(func(st *State) { st.Trouble, st.Fetched = nil, s.Now() })
	if before != nil {
		s.Log.Info("the catalog can be asked for changes again", "from", s.origin.String())
	}
}
