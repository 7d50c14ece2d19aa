package analytics

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Period is a stretch of time, in the zone of its instants: days begin at that zone's midnight.
type Period struct {
	Name  string    // "2026-W46", "2026-11"; empty for any other
	Since time.Time // included
	Until time.Time // excluded

	days, months int // the distance to the previous one; neither: as long as the period
}

// ISO 8601: the week's year is the year of its Thursday, weeks begin on Monday.
var weekText, monthText = regexp.MustCompile(`^(\d{4})-W(\d\d)$`), regexp.MustCompile(`^(\d{4})-(\d\d)$`)

// Week reads an ISO 8601 week, such as "2026-W46".
func Week(text string, zone *time.Location) (Period, error) {
	m := weekText.FindStringSubmatch(text)
	if m == nil {
		return Period{}, fmt.Errorf("%q is not a week: write the year and the ISO 8601 number, such as 2026-W46", text)
	}
	year, week := number(m[1]), number(m[2])
	fourth := time.Date(year, time.January, 4, 0, 0, 0, 0, zone) // always in week 1
	monday := fourth.AddDate(0, 0, 7*(week-1)-(int(fourth.Weekday())+6)%7)
	if y, w := monday.ISOWeek(); y != year || w != week {
		return Period{}, fmt.Errorf("%q is not a week: %d has no week %d", text, year, week)
	}
	return Period{Name: text, Since: monday, Until: monday.AddDate(0, 0, 7), days: 7}, nil
}

// Month reads a month, such as "2026-11".
func Month(text string, zone *time.Location) (Period, error) {
	m := monthText.FindStringSubmatch(text)
	if m == nil || number(m[2]) < 1 || number(m[2]) > 12 {
		return Period{}, fmt.Errorf("%q is not a month: write it as 2026-11", text)
	}
	first := time.Date(number(m[1]), time.Month(number(m[2])), 1, 0, 0, 0, 0, zone)
	return Period{Name: text, Since: first, Until: first.AddDate(0, 1, 0), months: 1}, nil
}

// Between is any period. Whole days are compared with as many days before, which matters where a day has 23 hours.
func Between(since, until time.Time) (Period, error) {
	if !since.Before(until) {
		return Period{}, fmt.Errorf("the period ends (%s) before it begins (%s)", until.Format(time.RFC3339), since.Format(time.RFC3339))
	}
	p := Period{Since: since, Until: until.In(since.Location())}
	if isMidnight(p.Since) && isMidnight(p.Until) {
		p.days = int(p.Until.Sub(p.Since).Round(24*time.Hour) / (24 * time.Hour))
	}
	return p, nil
}

// Previous is the period before: the week before, the month before, the same number of days, or the same length. For a
// period that is not over it is the same part of that: what has passed so far.
func (p Period) Previous(now time.Time) Period {
	prev := Period{days: p.days, months: p.months}
	if p.days == 0 && p.months == 0 {
		prev.Since, prev.Until = p.Since.Add(p.Since.Sub(p.Until)), p.Since
	} else {
		prev.Since, prev.Until = p.Since.AddDate(0, -p.months, -p.days), p.Since
	}
	switch {
	case p.Name != "" && p.months > 0:
		prev.Name = prev.Since.Format("2006-01")
	case p.Name != "":
		year, week := prev.Since.ISOWeek()
		prev.Name = fmt.Sprintf("%d-W%02d", year, week)
	}
	if p.IsOver(now) {
		return prev
	}
	if part := prev.Since.Add(max(now.Sub(p.Since), 0)); p.months > 0 || p.days == 0 {
		prev.Until = earlier(part, prev.Until)
	} else {
		prev.Until = earlier(now.In(p.Since.Location()).AddDate(0, 0, -p.days), prev.Until)
	}
	if prev.Until.Before(prev.Since) {
		prev.Until = prev.Since // the period has not begun
	}
	return prev
}

// IsOver says whether no incident of the period is still to come.
func (p Period) IsOver(now time.Time) bool { return !now.Before(p.Until) }

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func isMidnight(t time.Time) bool {
	y, m, d := t.Date()
	return t.Equal(time.Date(y, m, d, 0, 0, 0, 0, t.Location()))
}

// number is of digits that a pattern has found.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
