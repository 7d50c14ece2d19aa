package handover

import (
	"fmt"
	"strconv"
	"strings"

	"shodo/internal/incident"
)

// windowWords speak of the customer's windows.
type windowWords struct {
	quietHours  string // name
	maintenance string // name
	waited      string // from, to, window
	waiting     string // from, to, window
	forbidden   string // window
	forbiddenTo string // window, until
}

// contactWords are for the customer's own people: polite, and without our own terms.
type contactWords struct {
	recovered, cleared, resolvedUpstream, reported, open saying

	dear         string // the customer's name
	opening      string // the first line of a letter; may be empty
	happened     string
	done         string
	note         string
	healthySince string
	lookedAt     string
	afterwards   string // duration since it began; follows a time
	step         string // name, state, time of day
	unnamed      string // a step without a name
	finding      string // number: the title of evidence without a name
	holds        string // time of day of the last look
	notHeld      string
	noOutput     string
	reference    string // number, time zone
	automatic    string
}

// digestWords are for the list at a window's end.
type digestWords struct {
	one, many        string // number of incidents
	title            string // number of incidents in words, windows
	alsoWindows      string // a window; there are others
	lead             string // time of the end
	running          string // heading: not over
	outcome          string // badge, number: heading of a group
	began            string // time
	lasted           string // time, duration
	takenBy          string // who
	allInFile        string // name of a file
	findingsInFile   string // name of a file
	zone             string // time zone
	none             string // there is nothing to list
	contactSubject   string // number of incidents in words, windows
	contactLead      string // windows, time of the end, number of incidents in words
	contactAllWell   string
	contactSeeBelow  string
	contactReference string // time zone
}

// windowOf names a window in the reader's language. Windows come as `quiet hours "nights"` and `maintenance "release 42"`;
// any other text stays as it is.
func (w words) windowOf(window string) string {
	for prefix, format := range map[string]string{"quiet hours ": w.window.quietHours, "maintenance ": w.window.maintenance} {
		quoted, found := strings.CutPrefix(window, prefix)
		if !found {
			continue
		}
		name, err := strconv.Unquote(quoted)
		if err != nil {
			name = strings.Trim(quoted, `"`)
		}
		return fmt.Sprintf(format, oneLine(name, maxName))
	}
	return oneLine(window, maxName)
}

// incidents counts incidents in words.
func (w words) incidents(n int) string {
	if n == 1 {
		return fmt.Sprintf(w.digest.one, n)
	}
	return fmt.Sprintf(w.digest.many, n)
}

// badgeOf names an outcome for a heading of a list.
func (w words) badgeOf(o incident.Outcome) string {
	if o == "" {
		return w.digest.running
	}
	return w.outcomeOf(o).badge
}
