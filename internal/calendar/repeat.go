package calendar

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/teambition/rrule-go"
)

// maxRule and maxInterval keep rules to what people write.
const (
	maxRule     = 1_000 // bytes
	maxInterval = 10_000
)

var errNeverComes = errors.New("it never comes")

// repeat expands the event's rule. The rule is followed on the wall clock of the event's zone, in UTC, which has no
// gaps.
func (e *event) repeat() (starts []stamp, endless bool, err error) {
	defer func() {
		// rrule-go indexes its tables with some values that it does not check, such as the 53rd Monday of a month.
		if recover() != nil {
			err = errors.New("it cannot be followed: a day of it is counted beyond its month or year")
		}
	}()
	option, err := readRule(e.rule, e.start.wall)
	if err != nil {
		return nil, false, err
	}
	until, err := e.until(option)
	if err != nil {
		return nil, false, err
	}
	horizon := time.Date(lastYear, 12, 31, 23, 59, 59, 0, time.UTC)
	// The walls of a zone are within a day of UTC: rrule-go stops a day late, and what is after the end is left out below.
	option.Until = horizon
	if wide := until.wall.AddDate(0, 0, 2); until.form != 0 && wide.Before(horizon) {
		option.Until = wide
	}
	rule, err := rrule.NewRRule(*option)
	if err != nil {
		return nil, false, err
	}
	next := rule.Iterator()
	for wall, ok := next(); ok; wall, ok = next() {
		s := stamp{form: e.start.form, wall: wall, zone: e.start.zone}
		if until.form != 0 && s.isAfter(until) {
			break
		}
		if starts = append(starts, s); len(starts) > maxOccurrences {
			return nil, false, fmt.Errorf("it comes more than %d times", maxOccurrences)
		}
	}
	if len(starts) == 0 {
		return nil, false, errNeverComes
	}
	return starts, until.form == 0 && option.Count == 0, nil
}

// isAfter says whether s comes after the end of a rule, which may be an instant or on the same clock as s.
func (s stamp) isAfter(until stamp) bool {
	if until.form == instant {
		return s.at().After(until.at())
	}
	return s.wall.After(until.wall)
}

// until reads the last moment of the rule; its form is 0 when the rule has none. A day counts to its end.
func (e *event) until(option *rrule.ROption) (stamp, error) {
	text := part(e.rule, "UNTIL")
	if option.Until.IsZero() || text == "" {
		return stamp{}, nil
	}
	until, err := readStamp(text, nil)
	switch {
	case err != nil && option.Until.Year() > lastYear:
		return stamp{}, nil
	case err != nil:
		return stamp{}, fmt.Errorf("UNTIL: %w", err)
	case until.form == date:
		until.form, until.wall = local, until.wall.Add(24*time.Hour-time.Second)
	case until.form == instant && e.start.form == date && until.wall.Equal(until.wall.Truncate(24*time.Hour)):
		until.form = local // midnight in UTC stands for the day
	case until.form == instant && e.start.form != instant:
		return stamp{}, fmt.Errorf("DTSTART is %s, UNTIL is %s", e.start.form, until.form)
	}
	return until, nil
}

// part gives one part of a rule; empty when it has none.
func part(rule, name string) string {
	for p := range strings.SplitSeq(rule, ";") {
		if key, value, _ := strings.Cut(p, "="); key == name {
			return value
		}
	}
	return ""
}

// readRule reads the rule and refuses what rrule-go would follow without end, or in another way than it is written.
func readRule(text string, start time.Time) (*rrule.ROption, error) {
	if len(text) > maxRule {
		return nil, fmt.Errorf("it is longer than %d characters", maxRule)
	}
	option, err := rrule.StrToROption(text)
	if err != nil {
		return nil, err
	}
	option.Dtstart = start
	for _, values := range []*[]int{&option.Byhour, &option.Byminute, &option.Bysecond} {
		slices.Sort(*values)
		*values = slices.Compact(*values)
	}
	switch {
	case option.Freq == rrule.SECONDLY || option.Freq == rrule.MINUTELY:
		return nil, fmt.Errorf("windows that begin every minute or second are refused")
	case option.Interval < 1 && part(text, "INTERVAL") != "" || option.Interval > maxInterval:
		return nil, fmt.Errorf("INTERVAL must be 1 to %d", maxInterval)
	case option.Count < 1 && part(text, "COUNT") != "":
		return nil, fmt.Errorf("COUNT must be 1 or more")
	case option.Count > 0 && !option.Until.IsZero():
		return nil, fmt.Errorf("it has both COUNT and UNTIL")
	case len(option.Byeaster) > 0:
		return nil, fmt.Errorf("BYEASTER is not a part of RFC 5545")
	case option.Freq == rrule.HOURLY && len(option.Bysetpos) > 0:
		return nil, fmt.Errorf("BYSETPOS with FREQ=HOURLY is refused")
	case option.Freq == rrule.HOURLY && !meetsHour(option):
		return nil, errNeverComes
	}
	return option, nil
}

// meetsHour says whether an hourly rule ever comes to one of its hours; rrule-go looks for it for ever.
func meetsHour(option *rrule.ROption) bool {
	if len(option.Byhour) == 0 {
		return true
	}
	hour := option.Dtstart.Hour()
	for range 24 {
		hour = (hour + max(option.Interval, 1)) % 24
		if slices.Contains(option.Byhour, hour) {
			return true
		}
	}
	return false
}
