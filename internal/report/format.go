package report

import (
	"fmt"
	"strconv"
	"time"

	"shodo/internal/analytics"
	"shodo/internal/suggest"
)

// number writes thousands apart.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// rate is a share in percent.
func (w *words) rate(v float64, ok bool) string {
	if !ok {
		return w.noData
	}
	return strconv.FormatFloat(100*v, 'f', 1, 64) + "%"
}

// length is a length of time in its two units that matter.
func (w *words) length(d time.Duration, ok bool) string {
	u := w.units
	switch {
	case !ok:
		return w.noData
	case d <= 0:
		return fmt.Sprintf(u.seconds, "0")
	case d < 10*time.Second:
		return fmt.Sprintf(u.seconds, strconv.FormatFloat(d.Seconds(), 'f', 1, 64))
	}
	if d = d.Round(time.Second); d < time.Minute {
		return fmt.Sprintf(u.seconds, strconv.Itoa(int(d/time.Second)))
	}
	if d < time.Hour {
		return fmt.Sprintf(u.minutes, int(d/time.Minute), int(d%time.Minute/time.Second))
	}
	if d = d.Round(time.Minute); d < 48*time.Hour {
		return fmt.Sprintf(u.hours, int(d/time.Hour), int(d%time.Hour/time.Minute))
	}
	d = d.Round(time.Hour)
	return fmt.Sprintf(u.days, number(int(d/(24*time.Hour))), int(d%(24*time.Hour)/time.Hour))
}

func (w *words) mean(t analytics.Times) string { return w.length(t.Mean, t.Count > 0) }

// work is a time that people spend, in hours at most: days of 24 hours are not working days.
func (w *words) work(l analytics.Load) string {
	total, ok := l.Total()
	return w.workHours(total, ok)
}

// draftWork is what a kind costs people; empty when nothing is known of any.
func (w *words) draftWork(k suggest.Kind) string {
	if k.PersonMinutes <= 0 {
		return ""
	}
	return w.workHours(time.Duration(k.PersonMinutes*float64(time.Minute)), true)
}

func (w *words) workHours(total time.Duration, ok bool) string {
	if !ok {
		return w.noData
	}
	if total < time.Hour {
		return fmt.Sprintf(w.units.workMin, strconv.Itoa(int(total.Round(time.Minute)/time.Minute)))
	}
	if total < 100*time.Hour {
		return fmt.Sprintf(w.units.work, strconv.FormatFloat(total.Hours(), 'f', 1, 64))
	}
	return fmt.Sprintf(w.units.work, number(int(total.Round(time.Hour)/time.Hour)))
}

// change is how a figure moved, and whether that is good.
type change struct {
	text string
	tone tone
}

// relative is a change in percent of what was; from the tenfold on, the factor. Good is -1 when less is better, 1 when
// more is, and 0 when neither is.
func relative(now, before float64, ok bool, good int) change {
	if !ok || before == 0 {
		return change{text: "–"}
	}
	if now/before >= 10 {
		return change{fmt.Sprintf("×%.0f", now/before), toneOf(1, good)}
	}
	percent := 100 * (now/before - 1)
	text := signed(percent, "%")
	if text == "±0.0%" {
		return change{text: text}
	}
	if score(percent/100, enoughPart) == 0 {
		return change{text: text} // no change to speak of
	}
	return change{text, toneOf(percent, good)}
}

// points is a change of a share, in points of percent.
func (w *words) points(now, before analytics.Share, good int) change {
	x, ok := now.Rate()
	y, was := before.Rate()
	if !ok || !was {
		return change{text: "–"}
	}
	text := signed(100*(x-y), "")
	if text == "±0.0" {
		return change{text: fmt.Sprintf(w.units.points, text)}
	}
	if score(x-y, enoughPoints) == 0 {
		good = 0 // no change to speak of
	}
	return change{fmt.Sprintf(w.units.points, text), toneOf(x-y, good)}
}

// signed writes a change with its sign, and a real minus.
func signed(v float64, unit string) string {
	s := strconv.FormatFloat(v, 'f', 1, 64)
	switch {
	case s == "0.0" || s == "-0.0":
		return "±0.0" + unit
	case v < 0:
		return "−" + s[1:] + unit
	}
	return "+" + s + unit
}

func toneOf(v float64, good int) tone {
	switch {
	case good == 0 || v == 0:
		return plain
	case v > 0 == (good > 0):
		return goodTone
	}
	return badTone
}

// span writes the first and the last day of a period, or its instants when these are not days.
func (w *words) span(p analytics.Period) string {
	zone := p.Since.Location().String()
	if zone == "Local" {
		zone = p.Since.Format("UTC-07:00")
	}
	if atMidnight(p.Since) && atMidnight(p.Until) {
		return fmt.Sprintf(w.days, p.Since.Format(w.dayLayout), p.Until.AddDate(0, 0, -1).Format(w.dayLayout), zone)
	}
	return fmt.Sprintf(w.days, p.Since.Format(w.dayLayout+" 15:04"), p.Until.Format(w.dayLayout+" 15:04"), zone)
}

func atMidnight(t time.Time) bool { return t.Format("15:04:05") == "00:00:00" }
