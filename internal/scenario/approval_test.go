package scenario_test

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// Each attempt of the file is asked for as it says, and by the defaults where autonomy alone demands it.
func TestApprovals(t *testing.T) {
	source, err := os.ReadFile("testdata/good-approvals.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, problems := scenario.Parse("x", "x.yaml", source, testActions())
	if problems != nil {
		t.Fatal(problems)
	}
	if s.ManualMinutes != 12.5 || !s.HandOver.Always || s.Autonomy != incident.Approve {
		t.Errorf("manual minutes %v, always %v, autonomy %v", s.ManualMinutes, s.HandOver.Always, s.Autonomy)
	}
	byDefault := &scenario.Approval{Within: 10 * time.Minute, Otherwise: scenario.OtherwiseHandOver}
	given := []*scenario.Approval{
		nil,
		byDefault,
		{From: "second_tier", Within: 30 * time.Second, Otherwise: scenario.OtherwiseNextAttempt},
		{Within: 24 * time.Hour, Otherwise: scenario.OtherwiseHandOver},
	}
	tests := []struct {
		autonomy incident.Autonomy
		want     []*scenario.Approval
	}{
		{incident.Observe, []*scenario.Approval{nil, nil, nil, nil}},
		{incident.Suggest, []*scenario.Approval{nil, nil, nil, nil}},
		{incident.Approve, append([]*scenario.Approval{byDefault}, given[1:]...)},
		{incident.Automatic, given},
	}
	for _, tt := range tests {
		var got []*scenario.Approval
		for i := range s.Recover {
			got = append(got, s.Recover[i].ApprovalAt(tt.autonomy))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.autonomy, diff)
		}
	}
}

// Who gets an approval may change it; the scenario stays as it is.
func TestApprovalIsACopy(t *testing.T) {
	a := scenario.Attempt{Approval: &scenario.Approval{From: "a"}}
	a.ApprovalAt(incident.Automatic).From = "b"
	if a.Approval.From != "a" {
		t.Errorf("the attempt has changed: %+v", a.Approval)
	}
}
