package action_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"shodo/internal/action"
)

func TestCheckParamsRunsNothing(t *testing.T) {
	set := one(func(context.Context, testParams, action.Call) (testOutput, error) {
		t.Error("the action was run")
		return testOutput{}, nil
	})
	if err := set.CheckParams("test.run", json.RawMessage(`{"name":"a","wait":"1m"}`)); err != nil {
		t.Error(err)
	}
	err := set.CheckParams("test.run", json.RawMessage(`{"mode":"rude","x":1}`))
	if err == nil || !strings.Contains(err.Error(), `"name": required; "mode": is "rude"`) {
		t.Errorf("wrong parameters: %v", err)
	}
	if err := set.CheckParams("test.walk", nil); !errors.Is(err, action.ErrUnknown) {
		t.Errorf("an unknown action: %v", err)
	}
}
