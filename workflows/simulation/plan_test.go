package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing/fstest"
	"time"

	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

const (
	length = 91 * 24 * time.Hour  // incidents happen for so long
	after  = 420 * 24 * time.Hour // and everything is over so much later: windows may cover all time until somebody removes them
)

// beginning is when the simulated time begins: 1 September, so that daylight saving ends or begins in most zones. It is
// ahead of the machine's clock, with which Temporal's test environment compares the limits of local activities.
func beginning() time.Time {
	return time.Date(max(2030, time.Now().Year()+1), time.September, 1, 0, 0, 0, 0, time.UTC)
}

// plan is what is going to happen to one customer.
type plan struct {
	seed     uint64
	begin    time.Time
	customer incident.CustomerID
	rules    *rules
	troubles []trouble // by created
	away     []span    // when the engine is not there
	stuck    []span    // when PagerDuty resolves nothing
	pauses   []pause   // when somebody uses the kill switch
}

// span is a piece of time without its end.
type span struct{ from, to time.Time }

func (s span) covers(t time.Time) bool { return !t.Before(s.from) && t.Before(s.to) }

// trouble is one incident: what is broken, and who will do what about it.
type trouble struct {
	id       incident.ID
	number   int
	class    string // which scenario is for it
	severity string
	host     string // what is repaired
	created  time.Time

	heals    time.Duration // the fault is gone by itself; 0: never
	monitor  time.Duration // the monitor resolves it so much later; 0: never
	repairs  bool          // a repair helps
	toPeople bool          // PagerDuty calls people at once, not the engine first
	answers  []answer      // of those who are called, in turn
	acts     []act         // of people whom nobody has called
	reopens  time.Duration // after it was resolved; 0: never
	deadline time.Duration // somebody resolves it at the latest
}

// answer is what somebody does who is called.
type answer struct {
	comes time.Duration // until she acknowledges; 0: never
	fixes time.Duration // from then
	drops bool          // the acknowledgement runs out before that
}

// act is what somebody does by chance.
type act struct {
	after time.Duration
	kind  incident.EventType
}

// classes are the scenarios by which incidents are answered; there is none for "unknown".
var classes = map[string]string{
	"full":    repairs + "close: {tell_customer: true}\n",
	"quiet":   repairs,
	"report":  looks + "unrecovered: report\n",
	"observe": strings.Replace(looks, "autonomy: automatic", "autonomy: observe", 1),
	"hands":   looks,
	"asks":    strings.Replace(repairs, "autonomy: automatic", "autonomy: approve", 1),
	"mixed":   strings.Replace(repairs, "name: restart\n", "name: restart\n    approval: {within: 5m, otherwise: next_attempt}\n", 1),
}

const looks = `title: It is down
runbook: host.md
autonomy: automatic
match: {when: alert.class == "CLASS"}
inputs: {host: {type: string, from: alert.source}}
target: "${{ inputs.host }}"
limits: {timeout: 10m}
check:
  - id: probe
    uses: http.request
    with: {url: "https://www.example.com/"}
    healthy: output.status < 500
gather:
  - id: journal
    uses: local.read
    with: {command: [/usr/bin/journalctl]}
`

const repairs = looks + `recover:
  - name: restart
    steps:
      - uses: local.run
        with: {command: [/usr/bin/restart]}
  - name: reboot
    steps:
      - uses: local.run
        with: {command: [/usr/bin/reboot]}
verify: {within: 1m, every: 20s, stable_for: 20s}
`

// loadCatalog makes the catalog of one customer. Its windows are not in it: they come from the plan.
func loadCatalog(id incident.CustomerID, zone string, actions scenario.Actions) (*catalog.Catalog, error) {
	files := fstest.MapFS{"runbooks/host.md": {Data: []byte("# Host\nLook at it.\n")}}
	var adopted []string
	for class, text := range classes {
		adopted = append(adopted, class+": {}")
		files["scenarios/"+class+".yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(text, "CLASS", class, 1))}
	}
	slices.Sort(adopted)
	files["customers/"+string(id)+".yaml"] = &fstest.MapFile{Data: fmt.Appendf(nil, `name: %s
time_zone: %s
language: en
pagerduty: {services: [%s]}
scenarios: {%s}
allow: ["http.*", "local.*"]
tiers:
  - {name: first, slack: "#first", pagerduty: {escalation_policy: PFIRST}}
  - {name: second, after: 10m, slack: "#second", pagerduty: {escalation_policy: PSECOND}}
contacts:
  - {email: ops@example.com}
  - {slack: "#shared"}
`, id, zone, serviceOf(id), strings.Join(adopted, ", "))}
	c, problems := catalog.Load(files, "v1", actions)
	return c, problems.Err()
}

// drawPlan makes the life of one customer.
func drawPlan(seed uint64, number, troubles int) *plan {
	p := &plan{seed: seed, begin: beginning(), customer: incident.CustomerID(fmt.Sprintf("customer-%02d", number))}
	rng := draw(seed, "plan", number)
	p.rules = drawRules(rng, p.begin)
	for range rng.IntN(7) {
		from := p.begin.Add(seconds(rng, 0, length))
		p.away = append(p.away, span{from, from.Add(seconds(rng, time.Minute, pick(rng, 10*time.Minute, 2*time.Hour, 14*time.Hour)))})
	}
	for n := range rng.IntN(4) {
		from := p.begin.Add(seconds(rng, 0, length))
		k := pause{span{from, from.Add(seconds(rng, 10*time.Minute, pick(rng, 3*time.Hour, 50*time.Hour, 150*time.Hour)))}, incident.Pause{
			ID: fmt.Sprintf("P%d", n), Scope: pick(rng, incident.PauseAll, incident.PauseCustomer, incident.PauseScenario), Cancel: chance(rng, 0.5),
			Reason: "release", By: "Chie Mori", At: from}}
		switch k.Scope {
		case incident.PauseCustomer:
			k.Name = string(p.customer)
		case incident.PauseScenario:
			k.Name = pick(rng, "full", "asks")
		}
		p.pauses = append(p.pauses, k)
	}
	for i := range troubles {
		p.troubles = append(p.troubles, p.drawTrouble(rng, number, i+1))
	}
	rng = draw(seed, "stuck", number)
	for range 60 {
		from := p.begin.Add(seconds(rng, 0, length))
		p.stuck = append(p.stuck, span{from, from.Add(seconds(rng, time.Minute, 150*time.Minute))})
	}
	slices.SortFunc(p.troubles, func(a, b trouble) int { return a.created.Compare(b.created) })
	return p
}

func (p *plan) drawTrouble(rng *rand.Rand, customer, number int) trouble {
	t := trouble{
		id: incident.ID(fmt.Sprintf("Q%02dX%04d", customer, number)), number: number,
		class:    pick(rng, "full", "full", "full", "quiet", "report", "observe", "hands", "unknown", "asks", "asks", "mixed"),
		severity: pick(rng, "critical", "warning", "warning"), host: fmt.Sprintf("host-%d", rng.IntN(6)),
		created: p.begin.Add(seconds(rng, 0, length)),
		repairs: chance(rng, 0.6), toPeople: chance(rng, 0.15),
		deadline: seconds(rng, 2*24*time.Hour, 24*24*time.Hour),
	}
	if chance(rng, 0.6) { // where windows have something to say
		for range 8 {
			if page, _ := p.rules.answer(t.created, incident.Page, t.severity); page != incident.Allow {
				break
			}
			t.created = p.begin.Add(seconds(rng, 0, length))
		}
	}
	if n := len(p.troubles); n > 0 && chance(rng, 0.25) { // shortly after another one
		t.created = p.troubles[n-1].created.Add(seconds(rng, 0, 20*time.Minute))
	}
	if chance(rng, 0.06) { // the engine gets it late
		t.acts = append(t.acts, act{seconds(rng, 0, 5*time.Minute), pick(rng, incident.EventAcknowledged, incident.EventResolved)})
	}
	if chance(rng, 0.5) {
		t.heals = seconds(rng, time.Minute, pick(rng, 10*time.Minute, 12*time.Hour, 60*time.Hour))
		if chance(rng, 0.5) {
			t.monitor = seconds(rng, time.Second, time.Hour)
		}
	}
	if chance(rng, 0.12) {
		t.acts = append(t.acts, act{seconds(rng, time.Minute, 30*time.Hour),
			pick(rng, incident.EventAcknowledged, incident.EventAcknowledged, incident.EventResolved, incident.EventReassigned, merged)})
	}
	if chance(rng, 0.06) {
		t.reopens = seconds(rng, time.Minute, 30*time.Hour)
	}
	for range 40 {
		a := answer{fixes: seconds(rng, time.Minute, 8*time.Hour), drops: chance(rng, 0.08)}
		if chance(rng, 0.6) {
			a.comes = seconds(rng, 30*time.Second, 25*time.Minute)
		}
		t.answers = append(t.answers, a)
	}
	return t
}

// merged is a person's deed that PagerDuty tells as a resolution.
const merged incident.EventType = "merged"

// serviceOf is the id of a customer's service in PagerDuty.
func serviceOf(id incident.CustomerID) string {
	return "P" + strings.ToUpper(strings.ReplaceAll(string(id), "-", ""))
}
