package app

import (
	"slices"
	"testing"

	"shodo/internal/web"
	"shodo/workflows"
)

// Whatever the workflows refuse is said to people in their language.
func TestEveryRefusalHasWords(t *testing.T) {
	for _, kind := range []string{workflows.RefusedEnded, workflows.RefusedRun, workflows.RefusedAnswered, workflows.RefusedSamePerson, workflows.RefusedAttempt,
		workflows.RefusedWorking, workflows.RefusedNoTier, workflows.RefusedItem, workflows.RefusedTooMany} {
		if !slices.Contains(web.Refusals(), kind) {
			t.Errorf("%q has no words", kind)
		}
	}
}
