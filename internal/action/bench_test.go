package action_test

import (
	"context"
	"encoding/json"
	"testing"

	"shodo/internal/action"
)

// BenchmarkRun is what the contract costs around an action that does nothing.
func BenchmarkRun(b *testing.B) {
	set := one(func(context.Context, testParams, action.Call) (testOutput, error) {
		return testOutput{Text: "done"}, nil
	})
	call := action.Call{Params: json.RawMessage(`{"name":"a","mode":"hard","command":["systemctl","restart","nginx"]}`)}
	for b.Loop() {
		if _, err := set.Run(b.Context(), "test.run", call); err != nil {
			b.Fatal(err)
		}
	}
}
