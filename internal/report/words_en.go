package report

import (
	"fmt"

	"shodo/internal/analytics"
)

func english() *words {
	w := &words{
		operation: "Whole operation", department: "Department", customer: "Customer",
		was: "Better?", why: "Why", todo: "To do",
		change: "change", noData: "no data", none: "(none)", nothing: "Nothing.", noCustomer: "(no customer)", undecided: "undecided",
		dayLayout: "2 Jan 2006", shortDay: "2 Jan", days: "%s – %s (%s)",
		estimates:   "People's time and time saved are estimates from how long people had incidents; that is more than what they worked on them. Time saved is of automatic incidents of kinds that people have had, too, or whose scenario says manual_minutes.",
		approximate: "Percentiles of this many incidents are within 0.4%; means are exact.",
		stretch: map[kindOfPeriod]map[Stretch]string{
			week:      {Now: "this week", Before: "week before", FourWeeks: "4 weeks", AYear: "52 weeks"},
			month:     {Now: "this month", Before: "month before", ThreeMonths: "3 months", AYear: "12 months"},
			anyPeriod: {Now: "this period", Before: "period before", AYear: "a year"},
		},
		units: units{seconds: "%ss", minutes: "%dm%02ds", hours: "%dh%02dm", days: "%sd%dh", work: "%s h", workMin: "%s min", points: "%s pt", ticks: [3]string{"%ds", "%dm", "%dh"}},
		headline: headlineWords{incidents: "Incidents", automatic: "Automatic handling rate", coverage: "Coverage by scenarios", mean: "First response, mean",
			p95: "First response, p95", person: "Time to person, mean", repairs: "Repairs that held", cameBack: "Came back within 24 h",
			load: "People's time (estimate)", saved: "Time saved (estimate)"},
		column: columnWords{department: "Department", customers: "Adopted", notAdopting: "Without a scenario", customer: "Customer", scenarios: "Adopted scenarios",
			incidents: "Incidents", before: "Before", automatic: "Automatic", change: "Change", mean: "Mean", p95: "p95", person: "To person", open: "Open",
			kind: "Kind of alert", persons: "By people", each: "Each", load: "People's time", priority: "Priority", scenario: "Scenario", attempt: "Attempt",
			held: "Held", tried: "Tried", rate: "Rate", cameBack: "Came back", closes: "Closes", window: "Window", question: "Whom", suppressed: "Suppressed",
			deferred: "Deferred", told: "Told", listed: "In a digest", taken: "Taken", waiting: "Waiting", other: "Other", wait: "Wait, p50",
			incident: "Incident", created: "Created", waited: "Waited", byWhom: "Taken?", storm: "Handed over in a storm", year: "Year", alerts: "Alerts",
			outcome: "Outcome", handedOver: "By people", page: "team", contact: "customer", tookIt: "taken", nobody: "nobody", unmatched: "(no scenario)"},
		chart: chartWords{days: "Incidents", rate: "Automatic handling rate", mean: "First response, mean", people: "by people", automatic: "automatic"},
		section: sectionWords{
			adoption:   heading{"Who has adopted", "Customers with at least one scenario, as the catalog is now; the figures are of the departments as they were.", "There is no customer in the catalog."},
			customers:  heading{"Customers", "Those with the most incidents.", "No incidents."},
			heaviest:   heading{"What weighs on people", "Kinds of alerts by people's time: how many needed a person, times what one took on average.", "Nobody was needed."},
			priorities: heading{"By priority", "By name, those without one last.", "No incidents."},
			automate:   heading{"What to automate next", "Incidents that nobody has a scenario for, or that are handed over again and again, by people's time.", "Nothing was left to people often enough to be worth a scenario."},
			repairs:    heading{"Repairs that do not hold", "Attempts that failed verification, and automatic closes after which the same came back within 24 hours.", "Nothing failed verification, and nothing came back."},
			noisy:      heading{"Noisy alerts", "Kinds of alerts by their number. What is handled automatically and comes back is flapping.", "Nothing came more than once."},
			windows:    heading{"Quiet hours and maintenance", "What windows held back, and what became of it.", "No window held anything back."},
			slow:       heading{"Slow hand-overs", "Those that waited longest for a person.", "Nothing was handed over."},
			held:       heading{"Deferrals and storms", "Every incident that waited for the end of a window, and every one that was handed over in a storm.", "None."},
			topics:     heading{"To look at", "What no figure above shows by itself.", "Nothing."},
			years:      heading{"Year by year", "Mean: of the first response.", "No incidents."},
		},
		title: func(r *Report) string { return titled(r, "Weekly report", "Monthly report", "Report") },
		notOver: func(asOf string) string {
			return "The period is not over: this is how it was on " + asOf + ", compared with the same part of the one before."
		},
		halfImport: func(since, until, doneTo string) string {
			return "The import of history from " + since + " to " + until + " is not finished: what was created from " + doneTo + " on is missing."
		},
		definitions: func(v string, howToLook bool) string {
			text := "Definitions " + v + "."
			if howToLook {
				text += " What each figure means: shodo stats --definitions. Its incidents: shodo stats --ids."
			}
			return text
		},
		more: func(n int) string { return fmt.Sprintf("(and %s more)", number(n)) },
		lost: func(n int) string {
			return fmt.Sprintf("PagerDuty has %s that the record has not. This must be 0.", incidents(n))
		},
		draftFacts: func(n int, work string, assumed bool, service string) string {
			switch {
			case work == "":
				return fmt.Sprintf("%s; service %s.", incidents(n), service)
			case assumed:
				return fmt.Sprintf("%s, about %s of people's time, as other kinds take; service %s.", incidents(n), work, service)
			}
			return fmt.Sprintf("%s, about %s of people's time; service %s.", incidents(n), work, service)
		},
		draftFile: func(name string) string { return "Draft: scenarios/" + name + ".yaml" },
		examples:  func(ids string) string { return "For example " + ids + "." },
		topics: topicWords{
			open:       func(n string) string { return n + " open: the first response is not over." },
			undecided:  func(n string) string { return n + " undecided: nothing has been decided about them yet." },
			notTaken:   func(n string) string { return n + " handed over that ended without anybody taking them in PagerDuty." },
			noCustomer: func(n string) string { return n + " of no customer: their service is in no customer's file." },
			clocks:     func(n string) string { return n + " with a time that ends before it begins; that time is left out." },
			reopened:   func(n string) string { return n + " reopened; the latest first response counts." },
			mayComeBack: func(n string) string {
				return n + " closed automatically less than 24 hours ago: they can still come back."
			},
			deferredOther: func(n string) string {
				return n + " waited for the end of a window, and were neither told, listed nor taken since."
			},
			allFound:    "Nothing lost: everything that PagerDuty had is in the record.",
			notCompared: "Lost: not compared with PagerDuty in this report.",
			oldestOpen:  "Oldest open",
		},
	}
	w.verdict = func(r *Report) (lead, text string) { return verdictEnglish(w, r) }
	w.cause = func(r *Report) string { return causeEnglish(w, r) }
	w.action = func(r *Report) string { return actionEnglish(w, r) }
	return w
}

func titled(r *Report, weekly, monthly, any string) string {
	switch kindOf(r.Period) {
	case week:
		return weekly + " " + r.Period.Name
	case month:
		return monthly + " " + r.Period.Name
	}
	return any
}

func incidents(n int) string {
	if n == 1 {
		return "1 incident"
	}
	return number(n) + " incidents"
}

func periodEnglish(r *Report) string {
	return map[kindOfPeriod]string{week: "week", month: "month", anyPeriod: "period"}[kindOf(r.Period)]
}

func verdictEnglish(w *words, r *Report) (lead, text string) {
	now, before, period := r.Figures(Now), r.Figures(Before), periodEnglish(r)
	points, mean := w.points(now.Automatic, before.Automatic, 1).text, relative(float64(now.FirstResponse.Mean), float64(before.FirstResponse.Mean),
		now.FirstResponse.Count > 0 && before.FirstResponse.Count > 0, -1).text
	how := map[Verdict]string{Better: "Better than", Worse: "Worse than", Mixed: "In part better, in part worse than", Same: "About the same as"}
	verdict := r.Verdict()
	switch verdict {
	case Empty:
		if before.Incidents == 0 {
			return "", fmt.Sprintf("There were no incidents in this %s, nor in the one before.", period)
		}
		return "", fmt.Sprintf("There were no incidents in this %s; in the one before there were %s.", period, number(before.Incidents))
	case First:
		took := "no first response is over"
		if now.FirstResponse.Count > 0 {
			took = "first response " + w.mean(now.FirstResponse) + " on average"
		}
		return "", fmt.Sprintf("%s: %s handled automatically, %s. There is nothing to compare with: the %s before had none.",
			incidents(now.Incidents), w.rate(now.Automatic.Rate()), took, period)
	}
	lead = fmt.Sprintf("%s the %s before. ", how[verdict], period)
	if now.FirstResponse.Count == 0 {
		return lead, fmt.Sprintf("%s were handled automatically (%s), and no first response is over.", w.rate(now.Automatic.Rate()), points)
	}
	compared := "(" + mean + ")."
	if r.manyOpen() {
		compared = fmt.Sprintf("without the %s that are still open.", number(now.Open))
	}
	return lead, fmt.Sprintf("%s were handled automatically (%s), and the first response took %s on average %s",
		w.rate(now.Automatic.Rate()), points, w.mean(now.FirstResponse), compared)
}

func causeEnglish(w *words, r *Report) string {
	now, before := r.Figures(Now), r.Figures(Before)
	if r.Cause == nil {
		if notAutomatic(now)+notAutomatic(before) == 0 {
			return "Nobody was needed."
		}
		return fmt.Sprintf("People were needed for %s, after %s in the %s before.", incidents(notAutomatic(now)), number(notAutomatic(before)), periodEnglish(r))
	}
	c, name := r.Cause, "“"+r.kindName(r.Cause.Group, w)+"”"
	switch c.By {
	case ByPeople:
		return fmt.Sprintf("The largest part of it is %s: people were needed for %s, after %s in the %s before.", name,
			incidents(notAutomatic(c.Now)), number(notAutomatic(c.Before)), periodEnglish(r))
	case ByTime:
		if c.Now.FirstResponse.Count == 0 {
			return fmt.Sprintf("The largest part of it is %s: none of it ended, after %s with %s on average in the %s before.", name,
				incidents(c.Before.Incidents), w.mean(c.Before.FirstResponse), periodEnglish(r))
		}
		if c.Before.FirstResponse.Count == 0 {
			return fmt.Sprintf("The largest part of it is %s: its first response took %s on average in %s, after none in the %s before.", name,
				w.mean(c.Now.FirstResponse), incidents(c.Now.Incidents), periodEnglish(r))
		}
		return fmt.Sprintf("The largest part of it is %s: its first response took %s on average in %s, after %s in %s.", name,
			w.mean(c.Now.FirstResponse), incidents(c.Now.Incidents), w.mean(c.Before.FirstResponse), number(c.Before.Incidents))
	}
	return fmt.Sprintf("People were needed for %s, most often for %s: %s.", incidents(notAutomatic(now)), name, number(notAutomatic(c.Now)))
}

func actionEnglish(w *words, r *Report) string {
	now := r.Figures(Now)
	switch r.Action() {
	case FindLost:
		text := fmt.Sprintf("Find the %s that PagerDuty has and the record has not.", incidents(*r.Lost))
		if r.Edition.Customer == "" {
			text += " shodo stats --lost names them."
		}
		return text
	case Automate:
		k := r.Suggestions[0]
		name := r.kindName(analytics.Group{Name: k.Title, Customer: k.Customer, Service: k.Service}, w)
		if k.Measured == 0 {
			return fmt.Sprintf("Automate “%s”: %s needed a person. The report has a draft of the scenario.", name, incidents(k.Count))
		}
		return fmt.Sprintf("Automate “%s”: %s took people about %s. The report has a draft of the scenario.", name, incidents(k.Count), w.draftWork(k))
	case FixRepair:
		a := r.weakest()
		return fmt.Sprintf("Look at attempt %d of the scenario %s: %d of %d repairs held.", a.Attempt, clean(string(a.Scenario)), a.Repairs.Count, a.Repairs.Of)
	case TakeOver:
		return fmt.Sprintf("Ask why nobody took %s that had been handed over.", incidents(now.NotTaken))
	case CloseOpen:
		return fmt.Sprintf("Finish what is open: %s.", incidents(now.Open))
	}
	return "Nothing stands out."
}
