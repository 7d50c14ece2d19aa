package handover

import (
	"time"

	"shodo/internal/incident"
)

// Names are the words of one language for others who show a part of the record.
type Names struct{ words words }

// In gives the names of a language, "ja" or "en"; any other is English.
func In(language string) Names { return Names{wordsFor(language)} }

// Window names a window as the record has it (`quiet hours "nights"`).
func (n Names) Window(label string) string { return n.words.windowOf(label) }

// Phase names a phase.
func (n Names) Phase(p incident.Phase) string { return n.words.phaseOf(p) }

// Outcome names an outcome in two or three words.
func (n Names) Outcome(o incident.Outcome) string { return n.words.outcomeOf(o).badge }

// Duration puts a duration into words, with the two units that matter.
func (n Names) Duration(d time.Duration) string { return n.words.duration(d) }

// Inline puts a text from outside on one line of at most max characters, without what hides, what deceives and what colours a
// terminal. It still has to be escaped for its reader.
func Inline(text string, max int) string { return oneLine(text, max) }
