package scenario

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/expr-lang/expr/checker/nature"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/types"
)

// dialect is what expressions of one scope are checked against.
type dialect struct {
	env    types.Map
	config *conf.Config
}

// dialects prepares dialects and remembers them, because preparing one takes longer than most expressions. Scenarios
// that have the same inputs and steps share them. It is not for concurrent use.
type dialects struct {
	base   conf.Config // without what can be read
	common types.Map   // what can be read everywhere, prepared
	known  map[dialectKey]*dialect
	types  map[reflect.Type]int // numbers the types of outputs
}

// maxDialects is how many are remembered. When they are more, the memory is emptied.
const maxDialects = 200

// dialectKey is what makes a dialect differ from others.
type dialectKey struct {
	inputs, steps   string // their names and types
	target, attempt bool
	output          reflect.Type
}

func newDialects() *dialects {
	d := &dialects{base: *conf.CreateNew(), known: map[dialectKey]*dialect{}, types: map[reflect.Type]int{}, common: types.Map{}}
	d.base.Optimize = false // its rewriting would go around the cost limit
	d.base.MaxNodes = maxNodes
	for name, t := range commonTypes() {
		d.common[name] = prepared{t, t.Nature()}
	}
	return d
}

// prepared is a type of which the expression library's own form is already made.
type prepared struct {
	types.Type
	nature nature.Nature
}

func (p prepared) Nature() nature.Nature { return p.nature }

// dialect prepares the scope, or gives what was prepared for an equal one.
func (s scope) dialect() *dialect {
	all := s.model.dialects
	if all == nil {
		all = newDialects()
	}
	return all.of(s)
}

func (d *dialects) of(s scope) *dialect {
	key := d.key(s)
	if known, ok := d.known[key]; ok {
		return known
	}
	config := d.base
	one := &dialect{env: s.env(), config: &config}
	env := types.Map{}
	for name, t := range one.env {
		env[name] = t
	}
	for name, t := range d.common {
		env[name] = t
	}
	config.WithEnv(env)
	if len(d.known) >= maxDialects {
		clear(d.known)
	}
	d.known[key] = one
	return one
}

func (d *dialects) key(s scope) dialectKey {
	key := dialectKey{target: s.target, attempt: s.attempt, output: s.output}
	var b strings.Builder
	if s.inputs {
		for _, name := range sortedKeys(s.model.inputs) {
			fmt.Fprintf(&b, "%s:%s ", name, s.model.inputs[name])
		}
		key.inputs = "inputs " + b.String()
	}
	if s.steps != nil {
		b.Reset()
		for _, id := range s.steps {
			fmt.Fprintf(&b, "%s:%d ", id, d.number(s.model.steps[id]))
		}
		key.steps = "steps " + b.String()
	}
	return key
}

func (d *dialects) number(t reflect.Type) int {
	n, ok := d.types[t]
	if !ok {
		n = len(d.types)
		d.types[t] = n
	}
	return n
}
