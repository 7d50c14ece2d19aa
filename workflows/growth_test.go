package workflows_test

import (
	"testing"
	"time"
)

// Nobody answers: what each further tier adds to the history does not grow with the number of messages that are there.
func TestAnIncidentThatNobodyAnswersStaysSmall(t *testing.T) {
	b := handedOver(t)
	c := watched(b)
	b.run() // somebody resolves it after two days
	last := len(c.between(24*time.Hour, 48*time.Hour))
	if told := len(b.slack.sent); told < 15 || last == 0 || last > 18 {
		t.Errorf("told %d times, with %d updates on the second day", told, last)
	}
	if end := len(c.between(48*time.Hour, 49*time.Hour)); end != len(b.slack.sent) {
		t.Errorf("%d of %d messages show the end", end, len(b.slack.sent))
	}
}
