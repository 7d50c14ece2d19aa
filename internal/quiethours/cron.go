package quiethours

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// maxCron is the longest that a window of a cron rule may last. What may be open at an instant has begun within it, so it
// bounds what a decision costs.
const maxCron = 31 * 24 * time.Hour

// Cron covers the time d after each time of a cron schedule: "0 2 * * SAT" for 3h is Saturday 02:00 to 05:00. The
// schedule has the five fields of cron (minute, hour, day of the month, month, day of the week) in the form of
// robfig/cron, with names for months and days. It is evaluated on the wall clock, as all windows are; so is d: after
// 02:00, 3h end when the clock shows 05:00. Windows of one schedule that touch or overlap are joined within a day.
//
// Errors are of type *SpecError: a schedule that cannot be read or never comes, and a length of zero, of more than 31
// days or with parts of a second.
func Cron(spec string, d time.Duration) (Rule, error) {
	switch {
	case d <= 0 || d > maxCron:
		return nil, &SpecError{fmt.Sprintf("a window cannot last %s", d), "give for: a length of up to 31 days, such as 3h or 90m; a longer window is a maintenance with from and to"}
	case d%time.Second != 0:
		return nil, &SpecError{fmt.Sprintf("a window cannot last %s", d), "write for: in whole seconds, such as 3h or 90m"}
	}
	schedule, err := parseCron(spec)
	if err != nil {
		return nil, err
	}
	// Next looks five years ahead, and the rarest of all days that a schedule can name is 29 February.
	first := schedule.Next(time.Date(2000, 1, 1, 0, 0, -1, 0, time.UTC))
	if first.IsZero() {
		return nil, &SpecError{fmt.Sprintf("the schedule %q never comes", spec), "no such day exists: correct the day of the month or the month"}
	}
	return &daily{
		spec:   fmt.Sprintf("cron %s for %s", strings.ToUpper(strings.Join(strings.Fields(spec), " ")), shortDuration(d)),
		days:   cronDays{atMidnight(*schedule)},
		pieces: cronPieces(schedule, first, wall(d/time.Second)),
	}, nil
}

// parseCron reads the five fields. The schedule is set in UTC, which has no gaps: on it a wall clock is imitated.
func parseCron(spec string) (*cron.SpecSchedule, error) {
	const hint = `five fields are needed: minute, hour, day of the month, month, day of the week, such as "0 2 * * SAT"`
	text := strings.TrimSpace(spec)
	if strings.HasPrefix(text, "@") {
		return nil, &SpecError{fmt.Sprintf("cron %q: names such as @daily and @every are not understood", spec), hint}
	}
	if strings.Contains(text, "TZ=") {
		return nil, &SpecError{fmt.Sprintf("cron %q: a schedule has no zone of its own", spec), "leave it out: windows are in the customer's time_zone"}
	}
	parsed, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(text)
	if err != nil {
		return nil, &SpecError{fmt.Sprintf("cron %q: %s", spec, err), hint}
	}
	schedule, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, &SpecError{fmt.Sprintf("cron %q: not a schedule of five fields", spec), hint}
	}
	schedule.Location = time.UTC
	return schedule, nil
}

// cronPieces gives the windows of one day of the schedule, joined. They are the same for each of its days.
func cronPieces(s *cron.SpecSchedule, first time.Time, length wall) []piece {
	midnight := wallOf(first).floorDay()
	var pieces []piece
	for t := first; !t.IsZero() && wallOf(t)-midnight < day; t = s.Next(t) {
		from := wallOf(t) - midnight
		if last := len(pieces) - 1; last >= 0 && from <= pieces[last].to {
			pieces[last].to = from + length
		} else {
			pieces = append(pieces, piece{from, from + length})
		}
	}
	return pieces
}

// atMidnight gives the schedule that comes once, at midnight, on each day of the given one.
func atMidnight(s cron.SpecSchedule) *cron.SpecSchedule {
	s.Second, s.Minute, s.Hour = 1, 1, 1
	return &s
}

// cronDays are the days of a schedule.
type cronDays struct{ midnights *cron.SpecSchedule }

func (c cronDays) next(midnight wall) (wall, bool) {
	t := c.midnights.Next((midnight - 1).utc())
	return wallOf(t), !t.IsZero()
}

// shortDuration gives "3h" for what time.Duration shows as "3h0m0s".
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
