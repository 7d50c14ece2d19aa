package handover

import (
	"fmt"

	"shodo/internal/incident"
)

// liveWords speak of what people decide: in the message that is kept current, in its thread, and in notes.
type liveWords struct {
	badgeApproval, badgeRunning, badgeNoise, badgePaused string // two or three words for a headline

	attempt     string // number, name
	unnamed     string // number: an attempt whose name is not known
	asks        string // attempt, time, what follows without an approval
	asksFor     string // who, attempt, time, what follows without an approval
	expiresHand string // what follows without an approval; no verb
	expiresNext string
	expiresDrop string
	runs        string // attempt, who
	didFinish   string // who
	didNoise    string // who

	nobody     string // nobody has it; no verb
	has        string // who, time
	onCall     string // names
	next       string // tier, time
	what       string // heading: what would run
	offers     string // heading: attempts that a person may have made
	history    string // heading: who did what
	details    string // heading of the thread
	how        string // heading: how to answer
	howAck     string // without buttons: what an acknowledgement means; no verb
	howCLI     string // without buttons: a command follows
	ticked     string // point, who, time
	tickedBy   string // who, time: at the point's box
	pausedBy   string // scope, who, time, reason
	pausedAll  string
	pausedFor  string // scope: a customer, its name
	pausedOf   string // scope: a scenario, its name
	allInFile  string // name of the file that holds all of the commands
	moved      string // a later message takes the choices; no verb
	fewOptions string // number of points that have no box

	button  buttonWords
	confirm confirmWords
	deed    deedWords
	group   groupWords
}

type buttonWords struct {
	takeOver, approve, notNow, run, runNamed, nextTier, done, noise, tick string // run: number; runNamed: number, name
}

// confirmWords ask before a press counts.
type confirmWords struct {
	approve, run, done, noise string // approve and run: attempt
	yes, no                   string
}

// deedWords say what was done. Who and what go in by position.
type deedWords struct {
	told      string // tier
	took      string // who
	released  string
	asked     string // tier, attempt, time
	granted   string // who, attempt
	declined  string // who, attempt
	expired   string // attempt
	wished    string // who, attempt
	held      string // attempt, who
	notHeld   string // attempt, who
	notMade   string // attempt, who
	nextTier  string // who
	done      string // who
	noise     string // who
	ticked    string // who, point
	unticked  string // who, point
	ended     string // how
	resolved  string // who; may be empty
	because   string // what was said, why
	pointOnly string // number of a point that is not known any more
}

// groupWords are for many incidents in one message.
type groupWords struct {
	lead      string // incidents in words, customers
	leadOwned string // number
	allOver   string // nobody has to do anything
	nobody    string // heading: nobody has them
	owned     string // heading: who has it
	over      string // heading
}

// attemptOf names an attempt in a sentence.
func (w words) attemptOf(number int, name string) string {
	if name == "" {
		return fmt.Sprintf(w.live.unnamed, number)
	}
	return fmt.Sprintf(w.live.attempt, number, name)
}

// scopeOf names what a pause stops.
func (w words) scopeOf(p incident.Pause) string {
	switch p.Scope {
	case incident.PauseCustomer:
		return fmt.Sprintf(w.live.pausedFor, oneLine(p.Name, maxName))
	case incident.PauseScenario:
		return fmt.Sprintf(w.live.pausedOf, oneLine(p.Name, maxName))
	}
	return w.live.pausedAll
}

// otherwiseOf says what follows when nobody approves.
func (w words) otherwiseOf(otherwise string) string {
	switch otherwise {
	case "next_attempt":
		return w.live.expiresNext
	case OtherwiseDrop:
		return w.live.expiresDrop
	}
	return w.live.expiresHand
}

// OtherwiseDrop is the Otherwise of a question at a person's wish: without an approval nothing is made.
const OtherwiseDrop = "drop"
