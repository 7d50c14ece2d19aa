package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// History is incidents of the past, all the same each time that they are made: for trying out and testing an import.
type History struct {
	Since, Until time.Time // when they were created: at even distances from Since on, before Until
	Count        int
	Services     []string // ids, in turn; empty: all of the account
}

// pastKind is how one of the incidents of the past went.
type pastKind struct {
	title     string        // with a number in it
	ack       time.Duration // when a person acknowledged it; 0: nobody did
	resolve   time.Duration // when it was resolved; 0: it was not
	by        string        // who resolved it: "person", "monitor", "timeout"
	alerts    int
	severity  string
	component string
}

// pastKinds are repeated in turn. Eight of ten are resolved by people, one by the monitor, one when its time was over.
func pastKinds() []pastKind {
	return []pastKind{
		{"Disk /var on web-%d is 95%% full", 4 * time.Minute, 31 * time.Minute, "person", 1, "error", "disk"},
		{"web-%d does not answer: https://shop.example.com/health", 2 * time.Minute, 12 * time.Minute, "person", 1, "critical", "web"},
		{"CPU of app-%d is over 90%%", 0, 6 * time.Minute, "monitor", 1, "warning", "cpu"},
		{"Disk /var on web-%d is 91%% full", 9 * time.Minute, 44 * time.Minute, "person", 2, "error", "disk"},
		{"夜間バッチ JOB%d が異常終了しました", 15 * time.Minute, 75 * time.Minute, "person", 1, "critical", "batch"},
		{"Replication lag of db-%d is 45 seconds", 3 * time.Minute, 20 * time.Minute, "person", 1, "error", "db"},
		{"Queue orders on mq-%d has too many messages", 0, 25 * time.Minute, "person", 1, "error", "queue"},
		{"Certificate of shop%d.example.com expires", 0, 4 * time.Hour, "timeout", 1, "info", "tls"},
		{"web-%d does not answer: https://shop.example.com/health", 1 * time.Minute, 9 * time.Minute, "person", 1, "critical", "web"},
		{"A customer calls about order %d", 5 * time.Minute, 50 * time.Minute, "person", 0, "", ""},
	}
}

// AddHistory makes incidents of the past, and gives their ids. No webhook tells of them, and nobody is paged.
func (p *PagerDuty) AddHistory(h History) ([]string, error) {
	if h.Count < 1 || !h.Since.Before(h.Until) {
		return nil, fmt.Errorf("add %d incidents from %s to %s: there is no time or number of them", h.Count, second(h.Since), second(h.Until))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	services, err := p.servicesNamed(h.Services)
	if err != nil {
		return nil, err
	}
	step := h.Until.Sub(h.Since) / time.Duration(h.Count)
	kinds, ids := pastKinds(), make([]string, 0, h.Count)
	for n := range h.Count {
		at := h.Since.Add(time.Duration(n) * step).Truncate(time.Second)
		i := p.pastIncident(kinds[n%len(kinds)], services[n%len(services)], len(p.incidents)+1, at)
		ids = append(ids, i.id)
	}
	p.touch()
	return ids, nil
}

func (p *PagerDuty) servicesNamed(ids []string) ([]*Service, error) {
	var list []*Service
	for _, id := range ids {
		s := p.opts.Account.service(id)
		if s == nil {
			return nil, fmt.Errorf("add incidents of service %q: %w", id, errNotFound)
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		for i := range p.opts.Account.Services {
			list = append(list, &p.opts.Account.Services[i])
		}
	}
	return list, nil
}

// pastIncident makes one incident as it went. The lock is held.
func (p *PagerDuty) pastIncident(k pastKind, s *Service, number int, at time.Time) *incident {
	person, monitor := actor{user: p.somebody(number)}, byIntegration(s)
	i := &incident{id: fmt.Sprintf("QPAST%09d", number), key: fmt.Sprintf("past-%d", number), number: number, service: s, policy: p.opts.Account.policy(s.Policy),
		title: fmt.Sprintf(k.title, number%17), status: "resolved", urgency: "high", priority: []string{"", "P2", "P1"}[number%3], byMonitor: k.alerts > 0,
		createdAt: at, updatedAt: at, changedAt: at}
	line := func(after time.Duration, kind string, by actor) *logEntry {
		e := &logEntry{id: fmt.Sprintf("RPAST%09dX%02d", number, len(i.log)), kind: kind, by: by, at: at.Add(after)}
		i.log = append(i.log, e)
		return e
	}
	if k.alerts == 0 {
		monitor = person
	}
	trigger := line(0, "trigger", monitor)
	for n := range k.alerts {
		a := &alert{id: fmt.Sprintf("QALERT%09dX%d", number, n), at: at, resolved: true, integration: s, trigger: trigger, Alert: Alert{Service: s.ID, Summary: i.title,
			Severity: k.severity, Source: fmt.Sprintf("web-%d", number%17), Component: k.component, DedupKey: fmt.Sprintf("past-%d-%d", number, n),
			Details: map[string]any{"host": fmt.Sprintf("web-%d", number%17), "url": "https://shop.example.com/health"}}}
		i.alerts = append(i.alerts, a)
		trigger.alert = i.alerts[0]
	}
	line(0, "assign", actor{integration: s}).users = []*User{person.user}
	line(time.Second, "notify", actor{integration: s}).users = []*User{person.user}
	if k.ack > 0 {
		line(k.ack, "acknowledge", person)
	}
	i.changedBy = map[string]actor{"person": person, "monitor": byIntegration(s), "timeout": {}}[k.by]
	line(k.resolve, "resolve", i.changedBy)
	i.resolvedAt, i.changedAt, i.updatedAt = at.Add(k.resolve), at.Add(k.resolve), at.Add(k.resolve)
	p.incidents = append(p.incidents, i)
	p.byID[i.id] = i
	return i
}

// somebody gives one of the people, in turn.
func (p *PagerDuty) somebody(n int) *User {
	var people []*User
	for i := range p.opts.Account.Users {
		if u := &p.opts.Account.Users[i]; !u.Bot {
			people = append(people, u)
		}
	}
	return people[n%len(people)]
}

// listLog is the log of the account, newest first, as the real one.
func (p *PagerDuty) listLog(r *http.Request) (any, error) {
	q := r.URL.Query()
	var since, until time.Time
	for key, at := range map[string]*time.Time{"since": &since, "until": &until} {
		if text := q.Get(key); text != "" {
			var err error
			if *at, err = time.Parse(time.RFC3339, text); err != nil {
				return nil, invalid(fmt.Sprintf("%s must be a date and time in ISO 8601", key))
			}
		}
	}
	type line struct {
		of    *incident
		entry *logEntry
	}
	var lines []line
	for _, i := range p.incidents {
		for _, e := range i.log {
			if e.at.Before(since) || !until.IsZero() && e.at.After(until) || q.Get("is_overview") == "true" && !isOverview(e.kind) {
				continue
			}
			lines = append(lines, line{i, e})
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return b.entry.at.Compare(a.entry.at) })
	return pagedAs(r, "log_entries", lines, func(l line) object { return p.logEntryJSON(l.of, l.entry, has(q["include[]"], "channels")) })
}

// isOverview is of the most important changes. PagerDuty does not say which they are; its example shows these without.
func isOverview(kind string) bool { return kind != "notify" && kind != "annotate" }

// pagedAs is paged for what is written only where it is shown: a history has thousands.
func pagedAs[T any](r *http.Request, name string, list []T, show func(T) object) (any, error) {
	out, err := paged(r, name, list)
	if err != nil {
		return nil, err
	}
	page := out.(object)
	shown := []object{}
	for _, one := range page[name].([]T) {
		shown = append(shown, show(one))
	}
	page[name] = shown
	return page, nil
}
