package scenario

import (
	"reflect"
	"time"
)

// Effect says whether an action changes anything in the outside world.
type Effect string

// The effects. An action that changes is a load error outside recover.
const (
	Reads   Effect = "reads"
	Changes Effect = "changes"
)

// Action is what a scenario needs to know of an action: the load-time checks of "with" and of every
// "steps.<id>.output.<field>" come from it. The outside work itself is package action's.
type Action struct {
	Name       string        // "http.request"; forever
	Summary    string        // one sentence for the reference page
	Effect     Effect        //
	Params     reflect.Type  // a struct; see the parameter types below
	Output     reflect.Type  // a struct of plain types with json tags
	Timeout    time.Duration // of one try, when the step gives none
	Idempotent bool          // a changing action that may be sent twice without harm
}

// Actions knows the actions that a step may use.
type Actions interface {
	// Lookup gives the action of that name.
	Lookup(name string) (Action, bool)
	// Names lists all names, sorted.
	Names() []string
}

// The parameter types that carry a rule of the language. A parameter struct uses these, string, bool, int, float64,
// []string and map[string]string. Field tags: `json:"snake_case"` names the key, `doc:"..."` documents it,
// `required:"true"` demands it, `default:"..."` states (and gives) the default, `enum:"a,b"` lists what is allowed.

// Command is one argument vector. Each "${{ }}" in an element stays inside that one argument, whatever it holds.
type Command []string

// Script is shell text of several lines. "${{ }}" in it is a load error: values reach it through Env only.
type Script string

// Env are environment variables of a script or command; their values may hold "${{ }}".
type Env map[string]string

// URL is an http or https URL. "${{ }}" in its scheme, user or host part is a load error, unless the whole value is
// one "${{ inputs.NAME }}" of an input of type url.
type URL string

// Duration is a time.Duration that reads "90s" or "10m" and is stored as that text.
type Duration time.Duration
