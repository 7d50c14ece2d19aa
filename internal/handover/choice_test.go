package handover_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/handover"
	"shodo/internal/incident"
)

func TestAChoiceComesBackAsItWasWritten(t *testing.T) {
	for _, c := range []incident.Choice{
		{Kind: incident.TakeOver, Incident: "Q1"},
		{Kind: incident.Grant, Incident: "Q1", Run: 2, Number: 3, Attempt: 1},
		{Kind: incident.RunAttempt, Incident: "Q1", Run: 1, Attempt: 2},
		{Kind: incident.NextTier, Incident: incident.ID(strings.Repeat("9", 38)), Run: 1},
		{Kind: incident.Done, Incident: `"quoted" <!channel>`, Run: 1},
	} {
		value := handover.ChoiceValue(c)
		if len(value) == 0 || len(value) > handover.MaxValue {
			t.Errorf("value of %v has %d characters", c, len(value))
		}
		got, err := handover.ParseChoice(handover.ActionID(c), value)
		if d := cmp.Diff(c, got); d != "" || err != nil {
			t.Errorf("differs (-want +got):\n%s, error %v", d, err)
		}
	}
	if v := handover.ChoiceValue(incident.Choice{Incident: incident.ID(strings.Repeat("x", 3000))}); v != "" {
		t.Errorf("an id that is too long gives %q", v)
	}
}

func TestWhatIsNoChoiceIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ action, value string }{
		"another app's":      {"approve", `{"incident":"Q1"}`},
		"no such kind":       {"shodo:explode", `{"incident":"Q1"}`},
		"nothing":            {"", ""},
		"no incident":        {"shodo:done", `{"run":1}`},
		"no JSON":            {"shodo:done", `Q1`},
		"more JSON":          {"shodo:done", `{"incident":"Q1"}{"incident":"Q2"}`},
		"unknown member":     {"shodo:done", `{"incident":"Q1","by":"me"}`},
		"negative":           {"shodo:run_attempt", `{"incident":"Q1","attempt":-1}`},
		"another number":     {"shodo:run_attempt:1", `{"incident":"Q1","attempt":2}`},
		"more of the action": {"shodo:done:1:2", `{"incident":"Q1"}`},
		"too long":           {"shodo:done", `{"incident":"` + strings.Repeat("x", 3000) + `"}`},
	} {
		if got, err := handover.ParseChoice(c.action, c.value); !errors.Is(err, handover.ErrChoice) {
			t.Errorf("%s: got %v, error %v", name, got, err)
		}
	}
}

func FuzzParseChoice(f *testing.F) {
	f.Add("shodo:run_attempt:2", `{"incident":"Q1","run":1,"attempt":2}`)
	f.Add("shodo:tick", `{"incident":"Q1","item":1}`)
	f.Add("shodo:tick:{", `{"incident":"Q1","run":9007199254740993}`)
	f.Fuzz(func(t *testing.T, action, value string) {
		c, err := handover.ParseChoice(action, value)
		if err != nil {
			if !errors.Is(err, handover.ErrChoice) {
				t.Errorf("error %v", err)
			}
			return
		}
		again, err := handover.ParseChoice(handover.ActionID(c), handover.ChoiceValue(c))
		if d := cmp.Diff(c, again); d != "" || err != nil {
			t.Errorf("it does not come back (-first +again):\n%s, error %v", d, err)
		}
	})
}

func tickBlock(t *testing.T, id incident.ID, first, last, rev int) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{"incident": id, "run": 1, "item": first, "last": last, "rev": rev})
	if err != nil {
		t.Fatal(err)
	}
	return "shodo:tick:" + string(b)
}

func TestTicksAreWhatIsAnother(t *testing.T) {
	tick := func(item int, on bool) incident.Choice {
		return incident.Choice{Kind: incident.Tick, Incident: "Q1", Run: 1, Item: item, On: on}
	}
	for name, c := range map[string]struct {
		shown, selected []string
		want            []incident.Choice
	}{
		"one is ticked":                        {nil, []string{"12"}, []incident.Choice{tick(12, true)}},
		"one of two is taken back":             {[]string{"11", "12"}, []string{"12"}, []incident.Choice{tick(11, false)}},
		"the last one is taken back":           {[]string{"13"}, nil, []incident.Choice{tick(13, false)}},
		"one is ticked, another is taken back": {[]string{"11"}, []string{"13"}, []incident.Choice{tick(11, false), tick(13, true)}},
		"faster than the message":              {nil, nil, []incident.Choice{tick(11, false), tick(12, false), tick(13, false)}},
	} {
		got, err := handover.ParseTicks(tickBlock(t, "Q1", 11, 13, 4), c.shown, c.selected)
		if d := cmp.Diff(c.want, got); d != "" || err != nil {
			t.Errorf("%s (-want +got):\n%s, error %v", name, d, err)
		}
	}
}

func TestForeignTicksAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		block    string
		selected []string
	}{
		"another app's block": {"checklist", nil},
		"no JSON":             {"shodo:tick:1", nil},
		"no incident":         {tickBlock(t, "", 1, 2, 0), nil},
		"no points":           {tickBlock(t, "Q1", 3, 2, 0), nil},
		"no first point":      {tickBlock(t, "Q1", 0, 2, 0), nil},
		"too many points":     {tickBlock(t, "Q1", 1, 11, 0), nil},
		"another point":       {tickBlock(t, "Q1", 1, 2, 0), []string{"3"}},
		"no number":           {tickBlock(t, "Q1", 1, 2, 0), []string{"+1"}},
		"too long":            {tickBlock(t, incident.ID(strings.Repeat("x", 300)), 1, 2, 0), nil},
	} {
		if got, err := handover.ParseTicks(c.block, nil, c.selected); !errors.Is(err, handover.ErrChoice) {
			t.Errorf("%s: got %v, error %v", name, got, err)
		}
	}
}
