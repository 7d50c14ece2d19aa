package sandbox

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

func (p *PagerDuty) listAbilities(*http.Request) (any, error) {
	return object{"abilities": []string{"teams", "urgencies", "event_rules"}}, nil
}

func (p *PagerDuty) getService(r *http.Request) (any, error) {
	s := p.opts.Account.service(r.PathValue("id"))
	if s == nil {
		return nil, errNotFound
	}
	return object{"service": p.serviceJSON(s)}, nil
}

func (p *PagerDuty) listServices(r *http.Request) (any, error) {
	query, list := strings.ToLower(r.URL.Query().Get("query")), []object{}
	for i := range p.opts.Account.Services {
		if s := &p.opts.Account.Services[i]; strings.Contains(strings.ToLower(s.Name), query) {
			list = append(list, p.serviceJSON(s))
		}
	}
	return paged(r, "services", list)
}

func (p *PagerDuty) serviceJSON(s *Service) object {
	self := p.serviceRef(s)
	status := "active"
	for _, i := range p.incidents {
		switch {
		case i.service != s || !i.open():
		case i.status == "triggered":
			status = "critical"
		case status == "active":
			status = "warning"
		}
	}
	return object{
		"id": s.ID, "type": "service", "summary": s.Name, "name": s.Name, "self": self.Self, "html_url": self.HTMLURL,
		"description": nil, "status": status, "created_at": "2020-01-01T00:00:00Z", "teams": []ref{},
		"auto_resolve_timeout": secondsOrNil(s.AutoResolve), "acknowledgement_timeout": secondsOrNil(s.AckTimeout),
		"escalation_policy": p.policyRef(p.opts.Account.policy(s.Policy)), "alert_creation": "create_alerts_and_incidents",
		"integrations":          []ref{p.integrationRef(s, "events_api_v2_inbound_integration_reference")},
		"incident_urgency_rule": object{"type": "constant", "urgency": s.urgency()},
		"scheduled_actions":     []object{}, "addons": []object{},
	}
}

// secondsOrNil is how a service writes a timeout: null is "never".
func secondsOrNil(d time.Duration) any {
	if d <= 0 {
		return nil
	}
	return int(d.Seconds())
}

func (p *PagerDuty) listUsers(r *http.Request) (any, error) {
	query, list := strings.ToLower(r.URL.Query().Get("query")), []object{}
	for i := range p.opts.Account.Users {
		u := &p.opts.Account.Users[i]
		if strings.Contains(strings.ToLower(u.Name), query) || strings.Contains(strings.ToLower(u.Email), query) {
			list = append(list, p.userJSON(u))
		}
	}
	return paged(r, "users", list)
}

func (p *PagerDuty) getUser(r *http.Request) (any, error) {
	u := p.opts.Account.user(r.PathValue("id"))
	if u == nil {
		return nil, errNotFound
	}
	return object{"user": p.userJSON(u)}, nil
}

// getMe refuses: the tokens here are of the account, and only a user's own token has a "me".
func (p *PagerDuty) getMe(*http.Request) (any, error) {
	return nil, invalid("A user level token is required to use this endpoint")
}

func (p *PagerDuty) userJSON(u *User) object {
	self := p.userRef(u)
	return object{
		"id": u.ID, "type": "user", "summary": u.Name, "name": u.Name, "email": u.Email, "self": self.Self,
		"html_url": self.HTMLURL, "time_zone": "UTC", "color": "teal", "role": "user", "description": nil,
		"avatar_url": p.opts.Page + "/avatar.png", "invitation_sent": false, "job_title": "",
		"teams": []ref{}, "contact_methods": []ref{}, "notification_rules": []ref{},
	}
}

func (p *PagerDuty) getPolicy(r *http.Request) (any, error) {
	e := p.opts.Account.policy(r.PathValue("id"))
	if e == nil {
		return nil, errNotFound
	}
	self := p.policyRef(e)
	rules, services := []object{}, []ref{}
	for n, level := range e.Levels {
		targets := []ref{}
		for _, u := range p.people(e, n+1) {
			targets = append(targets, p.userRef(u))
		}
		rules = append(rules, object{"id": e.ID + "L" + string(rune('1'+n)), "targets": targets,
			"escalation_delay_in_minutes": max(1, int(level.Delay.Minutes()))})
	}
	for i := range p.opts.Account.Services {
		if s := &p.opts.Account.Services[i]; s.Policy == e.ID {
			services = append(services, p.serviceRef(s))
		}
	}
	return object{"escalation_policy": object{
		"id": e.ID, "type": "escalation_policy", "summary": e.Name, "name": e.Name, "self": self.Self,
		"html_url": self.HTMLURL, "escalation_rules": rules, "services": services, "num_loops": e.Loops,
		"teams": []ref{}, "description": nil, "on_call_handoff_notifications": "if_has_services",
	}}, nil
}

// listOnCalls gives people who are always on call: start and end are null.
func (p *PagerDuty) listOnCalls(r *http.Request) (any, error) {
	query, list := r.URL.Query(), []object{}
	wanted := query["escalation_policy_ids[]"]
	who := func(u *User) any { return p.userRef(u) }
	if has(query["include[]"], "users") {
		who = func(u *User) any { return p.userJSON(u) }
	}
	for i := range p.opts.Account.Policies {
		e := &p.opts.Account.Policies[i]
		if len(wanted) > 0 && !slices.Contains(wanted, e.ID) {
			continue
		}
		for n := range e.Levels {
			for _, u := range p.people(e, n+1) {
				list = append(list, object{"escalation_policy": p.policyRef(e), "escalation_level": n + 1,
					"user": who(u), "schedule": nil, "start": nil, "end": nil})
			}
		}
	}
	return paged(r, "oncalls", list)
}

func (p *PagerDuty) subscriptionOf(r *http.Request) (*subscription, error) {
	if s := p.subscription(r.PathValue("id")); s != nil {
		return s, nil
	}
	return nil, errNotFound
}

// subscriptionJSON shows the secret only once, as the answer to the creation.
func (p *PagerDuty) subscriptionJSON(s *subscription, secret any) object {
	headers := []object{}
	for name := range s.headers {
		headers = append(headers, object{"name": name, "value": "<redacted>"})
	}
	filter := object{"type": "account_reference"}
	if s.service != "" {
		filter = object{"type": "service_reference", "id": s.service}
	}
	types := s.types
	if len(types) == 0 {
		types = append(types, eventTypes...)
	}
	return object{
		"id": s.id, "type": "webhook_subscription", "active": s.active, "description": s.description, "events": types,
		"filter": filter, "delivery_method": object{"id": "D" + s.id, "type": "http_delivery_method", "url": s.url,
			"secret": secret, "custom_headers": headers, "temporarily_disabled": p.now().Before(s.disabled)},
	}
}

// eventTypes are the types that this account can send, apart from the ping.
var eventTypes = []string{"incident.triggered", "incident.acknowledged", "incident.unacknowledged", "incident.annotated",
	"incident.resolved", "incident.reopened", "incident.reassigned", "incident.delegated", "incident.escalated",
	"incident.priority_updated"}

func (p *PagerDuty) listSubscriptions(r *http.Request) (any, error) {
	list := []object{}
	for _, s := range p.subs {
		list = append(list, p.subscriptionJSON(s, nil))
	}
	return paged(r, "webhook_subscriptions", list)
}

func (p *PagerDuty) getSubscription(r *http.Request) (any, error) {
	s, err := p.subscriptionOf(r)
	if err != nil {
		return nil, err
	}
	return object{"webhook_subscription": p.subscriptionJSON(s, nil)}, nil
}

func (p *PagerDuty) createSubscription(r *http.Request) (any, error) {
	var body struct {
		Subscription struct {
			Description    string     `json:"description"`
			Events         []string   `json:"events"`
			Filter         identified `json:"filter"`
			Active         *bool      `json:"active"`
			DeliveryMethod struct {
				URL           string `json:"url"`
				CustomHeaders []struct {
					Name  string `json:"name"`
					Value string `json:"value"`
				} `json:"custom_headers"`
			} `json:"delivery_method"`
		} `json:"webhook_subscription"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	in := body.Subscription
	if !strings.HasPrefix(in.DeliveryMethod.URL, "http://") && !strings.HasPrefix(in.DeliveryMethod.URL, "https://") {
		return nil, invalid("Delivery method url must be http or https")
	}
	if len(in.Events) == 0 {
		return nil, invalid("Events cannot be empty")
	}
	secret := strings.ToLower(newID("", 64))
	s := &subscription{url: in.DeliveryMethod.URL, description: in.Description, types: in.Events, active: true,
		secrets: []string{secret}, headers: map[string]string{}}
	if in.Active != nil {
		s.active = *in.Active
	}
	switch in.Filter.Type {
	case "account_reference":
	case "service_reference":
		if s.service = in.Filter.ID; p.opts.Account.service(s.service) == nil {
			return nil, invalid("Filter service not found")
		}
	default:
		return nil, invalid("Filter type must be account_reference or service_reference")
	}
	for _, h := range in.DeliveryMethod.CustomHeaders {
		s.headers[h.Name] = h.Value
	}
	p.subscribe(s)
	return object{"webhook_subscription": p.subscriptionJSON(s, secret)}, nil
}

func (p *PagerDuty) deleteSubscription(r *http.Request) (any, error) {
	s, err := p.subscriptionOf(r)
	if err != nil {
		return nil, err
	}
	s.active = false
	p.subs = slices.DeleteFunc(p.subs, func(other *subscription) bool { return other == s })
	return nil, nil
}

func (p *PagerDuty) enableSubscription(r *http.Request) (any, error) {
	s, err := p.subscriptionOf(r)
	if err != nil {
		return nil, err
	}
	s.active, s.drops, s.disabled = true, 0, time.Time{}
	return object{"webhook_subscription": p.subscriptionJSON(s, nil)}, nil
}

func (p *PagerDuty) pingSubscription(r *http.Request) (any, error) {
	s, err := p.subscriptionOf(r)
	if err != nil {
		return nil, err
	}
	by := p.opts.Account.Users[0]
	e := p.seal(eventJSON{EventType: "pagey.ping", ResourceType: "pagey",
		Agent: identified{ID: by.ID, Type: "user_reference"},
		Data:  pingData{Message: "Hello from your friend Pagey!", Type: "ping"}}, "", "")
	p.events = append(p.events, e)
	p.enqueue(s, "ping", e)
	return nil, nil
}
