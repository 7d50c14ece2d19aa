package calendar

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"shodo/internal/quiethours"
)

// form is how a moment is written in an .ics file.
type form int

const (
	date    form = iota + 1 // a whole day of the reader's zone
	local                   // a time of the reader's wall clock
	instant                 // a time in UTC or in a named zone
)

func (f form) String() string {
	return [...]string{"", "a whole day", "a time without a zone", "a time with a zone"}[f]
}

// stamp is a moment of an .ics file.
type stamp struct {
	form form
	wall time.Time      // what the clock shows, as a time in UTC
	zone *time.Location // of an instant
}

// key gives a number that is the same for two stamps of the same form that mean the same moment.
func (s stamp) key() int64 {
	if s.form == instant {
		return s.at().Unix()
	}
	return s.wall.Unix()
}

// at gives the instant, the first of two when the clock shows it twice.
func (s stamp) at() time.Time {
	return quiethours.OnWall(s.zone, s.wall, s.wall.Add(time.Second)).Start.UTC()
}

// stamps reads the moments of a property, separated by commas.
func stamps(p ics.IANAProperty) ([]stamp, error) {
	if strings.EqualFold(parameter(p, ics.ParameterValue), "PERIOD") {
		return nil, fmt.Errorf("%s: periods are not understood, only days and times", p.IANAToken)
	}
	zone, err := readZone(parameter(p, ics.ParameterTzid))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.IANAToken, err)
	}
	var all []stamp
	for text := range strings.SplitSeq(p.Value, ",") {
		s, err := readStamp(strings.TrimSpace(text), zone)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.IANAToken, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// readZone finds the zone of a TZID; nil when there is none. The file's own VTIMEZONE is not looked at: the zone
// database knows more of it, such as what was changed since.
func readZone(tzid string) (*time.Location, error) {
	if tzid == "" {
		return nil, nil
	}
	zone, err := time.LoadLocation(tzid)
	if err != nil || tzid == "Local" {
		return nil, fmt.Errorf("unknown TZID %q: only IANA names such as Asia/Tokyo are known", tzid)
	}
	return zone, nil
}

// readStamp reads a moment: 20261231, 20261231T220000 or 20261231T220000Z. The zone is of times without Z; nil: they
// have none.
func readStamp(text string, zone *time.Location) (stamp, error) {
	const day, second = "20060102", "20060102T150405"
	s, layout := stamp{form: local}, second
	moment, utc := strings.CutSuffix(text, "Z")
	switch {
	case utc:
		s.form, s.zone = instant, time.UTC
	case len(text) == len(day):
		s.form, layout = date, day
	case zone != nil:
		s.form, s.zone = instant, zone
	}
	wall, err := time.Parse(layout, moment)
	if err != nil {
		return s, fmt.Errorf("%q is not a day or time such as 20261231 or 20261231T220000", text)
	}
	if wall.Year() < firstYear || wall.Year() > lastYear {
		return s, fmt.Errorf("%q is outside of the years %d to %d", text, firstYear, lastYear)
	}
	s.wall = wall
	return s, nil
}

// length is how long an event lasts: whole days of its clock, and then an exact time.
type length struct {
	days int
	rest time.Duration
}

// from gives the end of an event that starts at s.
func (l length) from(s stamp) time.Time {
	end := s.wall.AddDate(0, 0, l.days)
	if s.form != instant {
		return end.Add(l.rest)
	}
	if l.days == 0 {
		return s.at().Add(l.rest)
	}
	return quiethours.OnWall(s.zone, s.wall, end).End.UTC().Add(l.rest)
}

// readDuration reads RFC 5545's durations: P1D, PT1H30M, P2W.
func readDuration(text string) (length, error) {
	wrong := fmt.Errorf("DURATION: %q is not a length such as P1D or PT1H30M", text)
	rest, ok := strings.CutPrefix(strings.TrimPrefix(text, "+"), "P")
	if !ok {
		return length{}, wrong
	}
	days, times, hasTimes := strings.Cut(rest, "T")
	d, okDays := readParts(days, "WD", map[byte]int{'W': 7, 'D': 1})
	t, okTimes := readParts(times, "HMS", map[byte]int{'H': 3600, 'M': 60, 'S': 1})
	const longest = 366
	switch {
	case !okDays || !okTimes || days == "" && times == "" || hasTimes && times == "":
		return length{}, wrong
	case d+t/86400 > longest:
		return length{}, fmt.Errorf("DURATION: %q is longer than %d days", text, longest)
	case d == 0 && t == 0:
		return length{}, fmt.Errorf("DURATION: %q is no time at all", text)
	}
	return length{days: d, rest: time.Duration(t) * time.Second}, nil
}

// readParts adds up numbers with units, which must come in the order given.
func readParts(text, order string, units map[byte]int) (sum int, ok bool) {
	for text != "" {
		i := strings.IndexAny(text, order)
		if i < 1 {
			return 0, false
		}
		n, err := strconv.ParseUint(text[:i], 10, 31)
		if err != nil {
			return 0, false
		}
		sum += int(n) * units[text[i]]
		order = order[strings.IndexByte(order, text[i])+1:]
		text = text[i+1:]
	}
	return sum, true
}
