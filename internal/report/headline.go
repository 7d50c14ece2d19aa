package report

import (
	"time"

	"shodo/internal/analytics"
)

// headlineRow is one figure of the headline.
type headlineRow struct {
	name   string
	show   func(analytics.Figures) string
	change func(now, before analytics.Figures) change
}

func headlineOf(w *words) []headlineRow {
	share := func(name string, pick func(analytics.Figures) analytics.Share, good int) headlineRow {
		return headlineRow{name, func(f analytics.Figures) string { return w.rate(pick(f).Rate()) },
			func(now, before analytics.Figures) change { return w.points(pick(now), pick(before), good) }}
	}
	times := func(name string, pick func(analytics.Figures) (time.Duration, bool)) headlineRow {
		return headlineRow{name, func(f analytics.Figures) string { return w.length(pick(f)) },
			func(now, before analytics.Figures) change {
				x, ok := pick(now)
				y, was := pick(before)
				return relative(float64(x), float64(y), ok && was, -1)
			}}
	}
	load := func(name string, pick func(analytics.Figures) (time.Duration, bool), good int) headlineRow {
		return headlineRow{name, func(f analytics.Figures) string { return w.workHours(pick(f)) },
			func(now, before analytics.Figures) change {
				x, ok := pick(now)
				y, was := pick(before)
				return relative(float64(x), float64(y), ok && was, good)
			}}
	}
	h := w.headline
	return []headlineRow{
		{h.incidents, func(f analytics.Figures) string { return number(f.Incidents) },
			func(now, before analytics.Figures) change {
				return relative(float64(now.Incidents), float64(before.Incidents), before.Incidents > 0, 0)
			}},
		share(h.automatic, func(f analytics.Figures) analytics.Share { return f.Automatic }, 1),
		share(h.coverage, func(f analytics.Figures) analytics.Share { return f.Coverage }, 1),
		times(h.mean, func(f analytics.Figures) (time.Duration, bool) {
			return f.FirstResponse.Mean, f.FirstResponse.Count > 0
		}),
		times(h.p95, func(f analytics.Figures) (time.Duration, bool) { return f.FirstResponse.P95, f.FirstResponse.Count > 0 }),
		times(h.person, func(f analytics.Figures) (time.Duration, bool) { return f.TimeToPerson.Mean, f.TimeToPerson.Count > 0 }),
		share(h.repairs, func(f analytics.Figures) analytics.Share { return f.Repairs }, 1),
		share(h.cameBack, func(f analytics.Figures) analytics.Share { return f.CameBack }, -1),
		load(h.load, func(f analytics.Figures) (time.Duration, bool) { return f.PersonLoad.Total() }, -1),
		load(h.saved, savedOf, 1),
	}
}

// savedOf is the time saved, where it was asked for.
func savedOf(f analytics.Figures) (time.Duration, bool) {
	if f.TimeSaved == nil {
		return 0, false
	}
	return f.TimeSaved.Total()
}
