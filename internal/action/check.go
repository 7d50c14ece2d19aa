package action

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// CheckParams tells what the action of that name would not accept in its parameters, without running it: unknown and
// missing ones, wrong types, values that are not listed. What an action checks by itself when it runs is not told.
func (s *Set) CheckParams(name string, params json.RawMessage) error {
	a, ok := s.actions[name]
	if !ok {
		return fmt.Errorf("%.60q: %w", name, ErrUnknown)
	}
	if err := decode(params, reflect.New(a.Spec().Params).Elem()); err != nil {
		return fmt.Errorf("read parameters: %w", err)
	}
	return nil
}
