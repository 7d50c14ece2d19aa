package catalog

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/yamldoc"
)

// loader builds one catalog and collects what is wrong.
type loader struct {
	actions   scenario.Actions
	library   fs.FS // nil: none
	catalog   *Catalog
	problems  yamldoc.Problems
	broken    map[incident.ScenarioName]bool // files that are there and could not be parsed
	files     map[incident.ScenarioName]file
	calendars map[string]*calendarFile // .ics files by their names
	unknown   bool                     // a customer's file could not be parsed: nobody knows what it adopts
}

func (l *loader) add(p yamldoc.Problem) { l.problems = append(l.problems, p) }

// parse reads every file by itself.
func (l *loader) parse(f files) {
	list, names := slices.Clone(f.scenarios), []incident.ScenarioName{}
	for _, one := range f.scenarios {
		names = append(names, incident.ScenarioName(one.name))
	}
	l.calendars = l.parseCalendars(f.calendars)
	for _, one := range f.customers {
		c, problems := customer.Parse(incident.CustomerID(one.name), one.path, one.data)
		l.problems = append(l.problems, problems...)
		if c == nil {
			l.unknown = true
			continue
		}
		l.catalog.customers[c.ID] = c
	}
	for name, own := range f.own {
		if !slices.ContainsFunc(f.customers, func(one file) bool { return one.name == name }) {
			l.add(yamldoc.Problem{File: "customers/" + name, Message: fmt.Sprintf("the folder belongs to no customer: there is no customers/%s.yaml", name)})
		}
		for _, one := range own {
			list, names = append(list, one), append(names, incident.ScenarioName(name+"/"+one.name))
		}
	}
	l.parseScenarios(list, names)
}

func (l *loader) parseScenarios(list []file, names []incident.ScenarioName) {
	for i, one := range parseScenarios(list, names, l.actions) {
		l.problems = append(l.problems, one.problems...)
		l.files[names[i]] = list[i]
		if one.scenario == nil {
			l.broken[names[i]] = true
			continue
		}
		l.catalog.scenarios[names[i]], l.catalog.paths[names[i]] = one.scenario, list[i].path
	}
}

// check looks at what only all files together can tell.
func (l *loader) check() {
	adopted := map[incident.ScenarioName]bool{}
	for _, c := range l.catalog.Customers() {
		l.claimServices(c)
		l.checkAllow(c)
		c.Policy = l.policy(c)
		var candidates []candidate
		for _, a := range c.Adopted {
			name, s := l.resolve(c, a)
			adopted[name] = true
			if s != nil {
				candidates = append(candidates, l.adopt(c, a, s))
			}
		}
		slices.SortFunc(candidates, byRank)
		l.warnOfTies(candidates)
		l.catalog.adopted[c.ID] = candidates
	}
	l.warnOfUnusedCalendars()
	for _, s := range l.catalog.Scenarios() {
		l.checkRunbook(s)
		if !adopted[s.Name] && len(l.catalog.customers) > 0 && !l.unknown {
			l.add(yamldoc.Place{File: l.files[s.Name].path}.Warning("no customer has adopted this scenario", ""))
		}
	}
}

// claimServices notes whose services they are; a service has one customer.
func (l *loader) claimServices(c *customer.Customer) {
	for _, s := range c.Services {
		if other, taken := l.catalog.services[s.ID]; taken {
			l.add(s.Place.Problem(fmt.Sprintf("the service %q belongs to customer %q already", s.ID, other.ID),
				fmt.Sprintf("keep it in one of %s and %s", other.Place.File, c.Place.File)))
			continue
		}
		l.catalog.services[s.ID] = c
	}
}

// checkAllow warns of patterns that permit nothing.
func (l *loader) checkAllow(c *customer.Customer) {
	names := l.actions.Names()
	for _, g := range c.Allow {
		if !slices.ContainsFunc(names, g.Matches) {
			l.add(g.Place.Warning(fmt.Sprintf("%q fits no action of this version", g.Pattern), yamldoc.Suggest(g.Pattern, names)))
		}
	}
}

// resolve finds the scenario that an adoption means: the customer's own one, or the shared one. The scenario is nil
// when there is none, or when its file is broken, which is told already.
func (l *loader) resolve(c *customer.Customer, a customer.Adoption) (incident.ScenarioName, *scenario.Scenario) {
	own := incident.ScenarioName(string(c.ID) + "/" + string(a.Scenario))
	for _, name := range []incident.ScenarioName{own, a.Scenario} {
		if !isPlain(a.Scenario) {
			break // another customer's
		}
		if s, ok := l.catalog.scenarios[name]; ok {
			return name, s
		}
		if l.broken[name] {
			return name, nil
		}
	}
	if l.fromLibrary(a.Scenario) {
		return a.Scenario, l.catalog.scenarios[a.Scenario]
	}
	var known []string
	for name := range l.files {
		if rest, ok := strings.CutPrefix(string(name), string(c.ID)+"/"); ok || isPlain(name) {
			known = append(known, rest)
		}
	}
	slices.Sort(known)
	l.add(a.Place.Problem(fmt.Sprintf("there is no scenario %q", a.Scenario), yamldoc.Suggest(string(a.Scenario), known)))
	return a.Scenario, nil
}

// fromLibrary takes a scenario and its runbook from the library into the catalog; false when it has none of that name.
func (l *loader) fromLibrary(name incident.ScenarioName) bool {
	if l.library == nil || !isPlain(name) {
		return false
	}
	path := "scenarios/" + string(name) + ".yaml"
	data, err := fs.ReadFile(l.library, path)
	if err != nil {
		return false
	}
	l.parseScenarios([]file{{path: "library/" + path, name: string(name), data: data}}, []incident.ScenarioName{name})
	if s := l.catalog.scenarios[name]; s != nil && l.catalog.runbooks[s.Runbook] == nil {
		if text, err := fs.ReadFile(l.library, "runbooks/"+s.Runbook); err == nil {
			l.catalog.runbooks[s.Runbook] = text
		}
	}
	return true
}

// isPlain says whether the name is that of a shared scenario, or of a customer's own as its file calls it.
func isPlain(name incident.ScenarioName) bool { return !strings.Contains(string(name), "/") }

// adopt checks one adoption against its scenario.
func (l *loader) adopt(c *customer.Customer, a customer.Adoption, s *scenario.Scenario) candidate {
	l.checkInputs(a, s)
	l.checkActions(c, a, s)
	l.checkContacts(c, a, s)
	l.checkTiers(c, a, s)
	autonomy := s.Autonomy
	if a.Autonomy != "" {
		autonomy = a.Autonomy
		if rank(a.Autonomy) > rank(s.Autonomy) {
			l.add(a.AutonomyPlace.Problem(fmt.Sprintf("%q is more than scenario %q allows itself, which is %q", a.Autonomy, s.Name, s.Autonomy),
				"a customer may only lower it"))
		}
	}
	return candidate{scenario: s, adoption: a, autonomy: autonomy, own: !isPlain(s.Name)}
}

// rank orders the autonomy levels, lowest first.
func rank(a incident.Autonomy) int {
	return slices.Index([]incident.Autonomy{incident.Observe, incident.Suggest, incident.Approve, incident.Automatic}, a)
}

// checkTiers tells which tiers the scenario names and the customer does not have: whatever its autonomy here, since raising it
// must not break the catalog.
func (l *loader) checkTiers(c *customer.Customer, a customer.Adoption, s *scenario.Scenario) {
	told := map[string]bool{}
	missing := func(tier, what string) {
		if _, ok := c.Tier(tier); ok || told[tier] {
			return
		}
		told[tier] = true
		l.add(a.Place.Problem(fmt.Sprintf("scenario %q %s the tier %q, which this customer does not have", s.Name, what, tier),
			cmp.Or(yamldoc.Suggest(tier, c.TierNames()), "its tiers: "+strings.Join(c.TierNames(), ", "))))
	}
	missing(s.HandOver.To, "hands over to")
	for _, attempt := range s.Recover {
		if attempt.Approval != nil {
			missing(attempt.Approval.From, fmt.Sprintf("asks for approval of %q from", attempt.Name))
		}
	}
}

// checkInputs tells what the customer fills wrongly, and what nobody will ever fill.
func (l *loader) checkInputs(a customer.Adoption, s *scenario.Scenario) {
	for _, p := range s.CheckInputs(a.With) {
		l.add(a.WithPlaces[p.Input].Problem(p.String(), p.Hint))
	}
	for _, in := range s.Inputs {
		if _, given := a.With[in.Name]; !given && in.Required() && in.From == "" {
			l.add(a.Place.At("with").Problem(fmt.Sprintf("the input %q of scenario %q is missing", in.Name, s.Name),
				fmt.Sprintf("add it: with: {%s: ...}", in.Name)))
		}
	}
}

// checkActions tells which actions the scenario uses and the customer does not permit, or gives no login for.
func (l *loader) checkActions(c *customer.Customer, a customer.Adoption, s *scenario.Scenario) {
	for _, action := range actionsOf(s) {
		if !c.Allows(action) {
			l.add(a.Place.Problem(fmt.Sprintf("scenario %q uses %s, which this customer does not allow", s.Name, action),
				fmt.Sprintf("add %s to allow, if the customer agrees", action)))
		}
		if strings.HasPrefix(action, "ssh.") && c.Credentials.SSH == nil {
			l.add(a.Place.Problem(fmt.Sprintf("scenario %q uses %s, and this customer has no credentials.ssh", s.Name, action),
				"add credentials: {ssh: {user: ..., key: {file: ...}, known_hosts: {file: ...}}}"))
		}
	}
}

// checkContacts warns of a scenario that tells a customer who gives no place for it.
func (l *loader) checkContacts(c *customer.Customer, a customer.Adoption, s *scenario.Scenario) {
	if len(c.Contacts) > 0 {
		return
	}
	const hint = `add contacts: [{email: ...}] or [{slack: "#..."}], or nobody is told`
	switch {
	case s.Close.TellCustomer:
		l.add(a.Place.Warning(fmt.Sprintf("scenario %q tells the customer (close.tell_customer), who has no contacts", s.Name), hint))
	case s.Unrecovered == scenario.UnrecoveredReport && len(s.Recover) == 0:
		l.add(a.Place.Warning(fmt.Sprintf("scenario %q reports to the customer (unrecovered: report), who has no contacts", s.Name), hint))
	}
}

// actionsOf lists the actions that a scenario uses, sorted.
func actionsOf(s *scenario.Scenario) []string {
	names := map[string]bool{}
	steps := slices.Concat(s.Check, s.Gather, s.Verify.Steps)
	for _, attempt := range s.Recover {
		steps = append(steps, attempt.Steps...)
	}
	for _, step := range steps {
		names[step.Uses] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// byRank is the order in which candidates are tried: the customer's own first, then by priority, then by name.
func byRank(a, b candidate) int {
	if a.own != b.own {
		if a.own {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(b.scenario.Priority, a.scenario.Priority), cmp.Compare(a.scenario.Name, b.scenario.Name))
}

// warnOfTies tells of candidates that match the same and have the same rank: their names alone decide.
func (l *loader) warnOfTies(candidates []candidate) {
	first := map[string]candidate{}
	for _, c := range candidates {
		key := matchKey(c)
		if winner, tie := first[key]; tie {
			l.add(c.adoption.Place.Warning(
				fmt.Sprintf("scenario %q never runs here: %q matches the same with the same priority, and its name comes first", c.scenario.Name, winner.scenario.Name),
				"give one of them a higher priority or a narrower match"))
			continue
		}
		first[key] = c
	}
}

// matchKey is equal for candidates of the same rank whose matches are written the same.
func matchKey(c candidate) string {
	when := ""
	if c.scenario.Match.When != nil {
		when = c.scenario.Match.When.Source()
	}
	return fmt.Sprintf("%v %d %q %q", c.own, c.scenario.Priority, slices.Sorted(slices.Values(c.scenario.Match.Service)), when)
}

func (l *loader) checkRunbook(s *scenario.Scenario) {
	if _, ok := l.catalog.runbooks[s.Runbook]; ok || s.Runbook == "" {
		return
	}
	f := l.files[s.Name]
	hint := yamldoc.Suggest(s.Runbook, slices.Sorted(maps.Keys(l.catalog.runbooks)))
	l.add(yamldoc.Places(f.path, f.data)["runbook"].Problem(fmt.Sprintf("there is no runbook %q", s.Runbook),
		cmp.Or(hint, "write runbooks/"+s.Runbook+", or remove the key")))
}
