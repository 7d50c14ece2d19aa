package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

func (p *PagerDuty) getIncident(r *http.Request) (any, error) {
	i, err := p.incidentOf(r)
	if err != nil {
		return nil, err
	}
	return object{"incident": p.incidentJSON(i, r.URL.Query()["include[]"])}, nil
}

func (p *PagerDuty) listAlerts(r *http.Request) (any, error) {
	i, err := p.incidentOf(r)
	if err != nil {
		return nil, err
	}
	query, list := r.URL.Query(), []object{}
	if i.hiddenReads > 0 {
		i.hiddenReads--
		return paged(r, "alerts", list)
	}
	for _, a := range i.alerts {
		if key := query.Get("alert_key"); key != "" && key != a.DedupKey {
			continue
		}
		shown := p.alertJSON(i, a, query["include[]"])
		if wanted := query["statuses[]"]; len(wanted) > 0 && !slices.Contains(wanted, shown["status"].(string)) {
			continue
		}
		list = append(list, shown)
	}
	return paged(r, "alerts", list)
}

func (p *PagerDuty) listLogEntries(r *http.Request) (any, error) {
	i, err := p.incidentOf(r)
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, e := range slices.Backward(i.log) { // newest first, as the real one
		if r.URL.Query().Get("is_overview") == "true" && !isOverview(e.kind) {
			continue
		}
		list = append(list, p.logEntryJSON(i, e, has(r.URL.Query()["include[]"], "channels")))
	}
	return paged(r, "log_entries", list)
}

func (p *PagerDuty) listNotes(r *http.Request) (any, error) {
	i, err := p.incidentOf(r)
	if err != nil {
		return nil, err
	}
	list := []object{}
	for _, n := range slices.Backward(i.notes) { // newest first
		list = append(list, p.noteJSON(n))
	}
	return object{"notes": list}, nil
}

// listIncidents looks at one month unless it is told more, and at six at most unless date_range=all.
func (p *PagerDuty) listIncidents(r *http.Request) (any, error) {
	q := r.URL.Query()
	since, until, err := p.window(q)
	if err != nil {
		return nil, err
	}
	for _, status := range q["statuses[]"] {
		if !slices.Contains([]string{"triggered", "acknowledged", "resolved"}, status) {
			return nil, invalid("Status must be a list of triggered, acknowledged, or resolved.")
		}
	}
	chosen := func(key, value string) bool { return len(q[key]) == 0 || slices.Contains(q[key], value) }
	var list []*incident
	for _, i := range p.incidents {
		if i.createdAt.Before(since) || i.createdAt.After(until) {
			continue
		}
		if key := q.Get("incident_key"); key != "" && !i.hasKey(key) {
			continue
		}
		if chosen("statuses[]", i.status) && chosen("service_ids[]", i.service.ID) && chosen("urgencies[]", i.urgency) {
			list = append(list, i)
		}
	}
	slices.SortStableFunc(list, func(a, b *incident) int { return a.createdAt.Compare(b.createdAt) })
	if slices.Contains(q["sort_by"], "created_at:desc") || slices.Contains(q["sort_by"], "incident_number:desc") {
		slices.Reverse(list)
	}
	return pagedAs(r, "incidents", list, func(i *incident) object { return p.incidentJSON(i, q["include[]"]) })
}

func (p *PagerDuty) window(q url.Values) (since, until time.Time, err error) {
	until = p.now()
	if q.Get("date_range") == "all" {
		return time.Time{}, until, nil
	}
	for key, at := range map[string]*time.Time{"since": &since, "until": &until} {
		if text := q.Get(key); text != "" {
			if *at, err = time.Parse(time.RFC3339, text); err != nil {
				return since, until, invalid(fmt.Sprintf("%s must be a date and time in ISO 8601", key))
			}
		}
	}
	if since.IsZero() {
		since = until.AddDate(0, -1, 0)
	}
	if until.After(since.AddDate(0, 6, 0)) {
		return since, until, invalid("The date range cannot be longer than 6 months.")
	}
	return since, until, nil
}

// change is what PUT /incidents can say about one incident.
type change struct {
	ID               string        `json:"id"`
	Type             string        `json:"type"`
	Status           string        `json:"status"`
	Title            string        `json:"title"`
	Resolution       string        `json:"resolution"`
	Urgency          string        `json:"urgency"`
	EscalationLevel  int           `json:"escalation_level"`
	EscalationPolicy *identified   `json:"escalation_policy"`
	Priority         any           `json:"priority"`
	Assignments      []assignments `json:"assignments"`
}

type identified struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

type assignments struct {
	Assignee identified `json:"assignee"`
}

func (p *PagerDuty) updateIncident(r *http.Request, from *User) (any, error) {
	i, err := p.incidentOf(r)
	if err != nil {
		return nil, err
	}
	var body struct {
		Incident *change `json:"incident"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	if body.Incident == nil {
		return nil, invalid("Incident cannot be empty")
	}
	if err := p.apply(i, byUser(from), *body.Incident); err != nil {
		return nil, err
	}
	return object{"incident": p.incidentJSON(i, nil)}, nil
}

func (p *PagerDuty) updateIncidents(r *http.Request, from *User) (any, error) {
	var body struct {
		Incidents []change `json:"incidents"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	if n := len(body.Incidents); n == 0 || n > 250 {
		return nil, invalid(fmt.Sprintf("Incidents must be 1 to 250, and are %d", n))
	}
	for _, c := range body.Incidents { // all are known, or nothing happens
		if p.byID[c.ID] == nil {
			return nil, errNotFound
		}
	}
	list := []object{}
	for _, c := range body.Incidents {
		if err := p.apply(p.byID[c.ID], byUser(from), c); err != nil {
			return nil, err
		}
		list = append(list, p.incidentJSON(p.byID[c.ID], nil))
	}
	return object{"incidents": list}, nil
}

// apply makes one change. What is wrong in itself is refused before anything happens.
func (p *PagerDuty) apply(i *incident, by actor, c change) error {
	if c.Type != "incident" && c.Type != "incident_reference" {
		return invalid("Type must be incident or incident_reference")
	}
	users, err := p.usersOf(c.Assignments)
	if err != nil {
		return err
	}
	policy := i.policy
	if c.EscalationPolicy != nil {
		if policy = p.opts.Account.policy(c.EscalationPolicy.ID); policy == nil {
			return invalid("Escalation policy not found")
		}
	}
	if c.Title != "" {
		i.title, i.updatedAt = c.Title, p.now()
	}
	if c.Urgency != "" {
		if c.Urgency != "high" && c.Urgency != "low" {
			return invalid("Urgency must be high or low")
		}
		i.urgency, i.updatedAt = c.Urgency, p.now()
	}
	if err := p.setPriority(i, by, c.Priority); err != nil {
		return err
	}
	switch {
	case len(users) > 0:
		err = p.reassignTo(i, by, users)
	case c.EscalationPolicy != nil || c.EscalationLevel != 0:
		err = p.escalateTo(i, by, policy, max(c.EscalationLevel, 1), "reassigned")
	}
	if err != nil {
		return err
	}
	switch c.Status {
	case "":
		return nil
	case "acknowledged":
		return p.acknowledge(i, by)
	case "resolved":
		return p.resolve(i, by, c.Resolution)
	case "triggered":
		if i.status == "resolved" {
			return p.reopen(i, by)
		}
		if i.status == "acknowledged" {
			return p.unacknowledge(i, by, "triggered")
		}
		return nil
	default:
		return invalid("Status must be triggered, acknowledged, or resolved")
	}
}

func (p *PagerDuty) usersOf(list []assignments) ([]*User, error) {
	var users []*User
	for _, a := range list {
		u := p.opts.Account.user(a.Assignee.ID)
		if u == nil {
			return nil, invalid("Assignee not found")
		}
		users = append(users, u)
	}
	return users, nil
}

// setPriority takes a name, or a reference, as the OpenAPI does.
func (p *PagerDuty) setPriority(i *incident, by actor, priority any) error {
	wanted, _ := priority.(string)
	if o, ok := priority.(map[string]any); ok {
		wanted, _ = o["id"].(string)
	}
	if wanted == "" {
		return nil
	}
	for _, name := range []string{"P1", "P2", "P3", "P4", "P5"} {
		if wanted == name || wanted == priorityID(name) {
			i.priority, i.updatedAt = name, p.now()
			p.emitIncident(i, "incident.priority_updated", by, client{})
			return nil
		}
	}
	return invalid("Priority not found")
}

// createIncident takes only a text as body.details, whatever the OpenAPI's schema says, as its example and the client
// libraries do.
func (p *PagerDuty) createIncident(r *http.Request, from *User) (any, error) {
	var body struct {
		Incident struct {
			Title            string        `json:"title"`
			Service          identified    `json:"service"`
			Urgency          string        `json:"urgency"`
			IncidentKey      string        `json:"incident_key"`
			EscalationPolicy *identified   `json:"escalation_policy"`
			Assignments      []assignments `json:"assignments"`
			Body             struct {
				Details any `json:"details"`
			} `json:"body"`
		} `json:"incident"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	in := body.Incident
	service := p.opts.Account.service(in.Service.ID)
	if service == nil {
		return nil, invalid("Service cannot be empty.")
	}
	if in.Title == "" {
		return nil, invalid("Title cannot be empty.")
	}
	details, isText := in.Body.Details.(string)
	if in.Body.Details != nil && !isText {
		return nil, invalid("Body details must be a string.")
	}
	for _, other := range p.incidents {
		if in.IncidentKey != "" && other.service == service && other.open() && other.hasKey(in.IncidentKey) {
			return nil, invalid("Open incident already exists with incident_key: " + in.IncidentKey)
		}
	}
	users, err := p.usersOf(in.Assignments)
	if err != nil {
		return nil, err
	}
	o := opening{service: service, title: in.Title, body: details, key: in.IncidentKey, urgency: in.Urgency,
		by: byUser(from), assign: users}
	if in.EscalationPolicy != nil {
		if o.policy = p.opts.Account.policy(in.EscalationPolicy.ID); o.policy == nil {
			return nil, invalid("Escalation policy not found")
		}
	}
	i, err := p.triggerIncident(o)
	if err != nil {
		return nil, err
	}
	return object{"incident": p.incidentJSON(i, []string{"body"})}, nil
}

func (p *PagerDuty) createNote(r *http.Request, from *User) (any, error) {
	i, err := p.incidentOf(r)
	if err != nil {
		return nil, err
	}
	var body struct {
		Note struct {
			Content string `json:"content"`
		} `json:"note"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	if body.Note.Content == "" {
		return nil, invalid("Content cannot be empty.")
	}
	n, err := p.annotate(i, byUser(from), body.Note.Content)
	if err != nil {
		return nil, err
	}
	return object{"note": p.noteJSON(n)}, nil
}

func (p *PagerDuty) snoozeIncident(r *http.Request, from *User) (any, error) {
	i, err := p.incidentOf(r)
	if err != nil {
		return nil, err
	}
	var body struct {
		Duration int `json:"duration"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	if body.Duration < 1 || body.Duration > 604800 {
		return nil, invalid("Duration must be 1 to 604800 seconds.")
	}
	if err := p.snooze(i, byUser(from), time.Duration(body.Duration)*time.Second); err != nil {
		return nil, err
	}
	return object{"incident": p.incidentJSON(i, nil)}, nil
}

func (p *PagerDuty) mergeIncidents(r *http.Request, from *User) (any, error) {
	target, err := p.incidentOf(r)
	if err != nil {
		return nil, err
	}
	var body struct {
		SourceIncidents []identified `json:"source_incidents"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	var sources []*incident
	for _, s := range body.SourceIncidents {
		source := p.byID[s.ID]
		if source == nil {
			return nil, errNotFound
		}
		sources = append(sources, source)
	}
	if len(sources) == 0 {
		return nil, invalid("Source incidents cannot be empty.")
	}
	if err := p.merge(target, byUser(from), sources); err != nil {
		return nil, err
	}
	return object{"incident": p.incidentRef(target)}, nil // only a reference, as the OpenAPI says
}
