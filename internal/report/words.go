package report

// words is everything that is said in one language. A test finds what is empty.
type words struct {
	operation, department, customer                      string
	was, why, todo                                       string // labels of the three sentences
	change, noData, none, nothing, noCustomer, undecided string
	dayLayout, shortDay, days                            string // days: first, last, zone
	estimates, approximate                               string
	stretch                                              map[kindOfPeriod]map[Stretch]string
	units                                                units
	headline                                             headlineWords
	column                                               columnWords
	chart                                                chartWords
	section                                              sectionWords

	title       func(*Report) string
	verdict     func(*Report) (lead, text string) // the lead is empty where there is nothing to compare
	cause       func(*Report) string
	action      func(*Report) string
	notOver     func(asOf string) string
	halfImport  func(since, until, doneTo string) string
	definitions func(version string, howToLook bool) string
	more        func(n int) string
	lost        func(n int) string
	draftFacts  func(incidents int, work string, assumed bool, service string) string // work may be empty
	draftFile   func(name string) string
	examples    func(ids string) string
	topics      topicWords
}

// units are formats of lengths of time and of changes.
type units struct {
	seconds        string    // a text
	minutes, hours string    // two numbers
	days           string    // a text and a number
	work, workMin  string    // a text
	points         string    // a text
	ticks          [3]string // seconds, minutes, hours: a number
}

type headlineWords struct {
	incidents, automatic, coverage, mean, p95, person, repairs, cameBack, load, saved string
}

type columnWords struct {
	department, customers, notAdopting, customer, scenarios, incidents, before, automatic, change, mean, p95, person, open,
	kind, persons, each, load, priority, scenario, attempt, held, tried, rate, cameBack, closes,
	window, question, suppressed, deferred, told, listed, taken, waiting, other, wait, incident, created, waited, byWhom,
	storm, year, alerts, outcome, handedOver string
	page, contact, tookIt, nobody, unmatched string
}

type chartWords struct {
	days, rate, mean, people, automatic string
}

// sectionWords are the titles, and what is said when there is nothing.
type sectionWords struct {
	adoption, customers, heaviest, priorities, automate, repairs, noisy, windows, slow, held, topics, years heading
}

type heading struct{ title, lead, empty string }

// topicWords are things that a person should look at.
type topicWords struct {
	open, undecided, notTaken, noCustomer, clocks, reopened, mayComeBack, deferredOther func(n string) string
	allFound, notCompared                                                               string
	oldestOpen                                                                          string
}

// wordsFor gives the words of a language.
func wordsFor(language string) *words {
	if language == Japanese {
		return japanese()
	}
	return english()
}
