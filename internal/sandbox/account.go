package sandbox

import (
	"fmt"
	"strings"
	"time"
)

// Account is what exists in a [PagerDuty] from the beginning. Ids are given by the caller, because catalogs and
// subscriptions name them.
type Account struct {
	Users    []User
	Policies []Policy
	Services []Service
}

// User is a person, or the user that the engine works as.
type User struct {
	ID    string
	Name  string
	Email string // what the From header names
	Bot   bool   // the engine's own user; only the page shows the difference
}

// Policy is an escalation policy.
type Policy struct {
	ID     string
	Name   string
	Levels []Level
	Loops  int // how often it starts again at level 1 after the last level; PagerDuty's num_loops
}

// Level is one rule of an escalation policy.
type Level struct {
	Users []string      // ids
	Delay time.Duration // how long it waits for an acknowledgement before it goes on to the next level
}

// Service is where incidents belong.
type Service struct {
	ID          string
	Name        string
	Policy      string        // id
	RoutingKey  string        // of its Events API v2 integration: 32 characters
	Integration string        // name of that integration; "Events API V2" when empty
	Urgency     string        // of its incidents: "high" (when empty) or "low"
	AckTimeout  time.Duration // after which an acknowledged incident returns to triggered; 0 = never
	AutoResolve time.Duration // after which an open incident resolves by itself; 0 = never
}

// DefaultAccount is a small company: a bot user, three people, an escalation policy of two levels for them, another
// of managers, and one service. Its timeouts are PagerDuty's own defaults.
func DefaultAccount() Account {
	return Account{
		Users: []User{
			{ID: "PBOT001", Name: "shodo", Email: "shodo@example.com", Bot: true},
			{ID: "PAIKO01", Name: "Aiko Tanaka", Email: "aiko@example.com"},
			{ID: "PBEN001", Name: "Ben Carter", Email: "ben@example.com"},
			{ID: "PCHIE01", Name: "Chie Mori", Email: "chie@example.com"},
		},
		Policies: []Policy{
			{ID: "POPS001", Name: "Operations", Levels: []Level{
				{Users: []string{"PAIKO01"}, Delay: 30 * time.Minute},
				{Users: []string{"PBEN001"}, Delay: 30 * time.Minute},
			}},
			{ID: "PMGR001", Name: "Managers", Levels: []Level{{Users: []string{"PCHIE01"}, Delay: 30 * time.Minute}}},
		},
		Services: []Service{{
			ID: "PWEB001", Name: "Web shop", Policy: "POPS001", RoutingKey: "0123456789abcdef0123456789abcdef",
			AckTimeout: 30 * time.Minute, AutoResolve: 4 * time.Hour,
		}},
	}
}

// check reports the first thing in the account that refers to nothing, or is there twice.
func (a Account) check() error {
	seen := map[string]bool{}
	once := func(kind, id string) error {
		if id == "" {
			return fmt.Errorf("account: a %s has no id", kind)
		}
		if seen[id] {
			return fmt.Errorf("account: id %q is used twice", id)
		}
		seen[id] = true
		return nil
	}
	for _, u := range a.Users {
		if err := once("user", u.ID); err != nil {
			return err
		}
		if !strings.Contains(u.Email, "@") {
			return fmt.Errorf("account: user %q: email %q is not an address", u.ID, u.Email)
		}
	}
	for _, p := range a.Policies {
		if err := once("policy", p.ID); err != nil {
			return err
		}
		for i, level := range p.Levels {
			for _, id := range level.Users {
				if a.user(id) == nil {
					return fmt.Errorf("account: policy %q: level %d: no user has the id %q", p.ID, i+1, id)
				}
			}
		}
	}
	for _, s := range a.Services {
		if err := once("service", s.ID); err != nil {
			return err
		}
		if a.policy(s.Policy) == nil {
			return fmt.Errorf("account: service %q: no policy has the id %q", s.ID, s.Policy)
		}
	}
	return nil
}

func (a Account) user(id string) *User {
	for i := range a.Users {
		if a.Users[i].ID == id {
			return &a.Users[i]
		}
	}
	return nil
}

func (a Account) userByEmail(email string) *User {
	for i := range a.Users {
		if strings.EqualFold(a.Users[i].Email, email) {
			return &a.Users[i]
		}
	}
	return nil
}

func (a Account) policy(id string) *Policy {
	for i := range a.Policies {
		if a.Policies[i].ID == id {
			return &a.Policies[i]
		}
	}
	return nil
}

func (a Account) service(id string) *Service {
	for i := range a.Services {
		if a.Services[i].ID == id {
			return &a.Services[i]
		}
	}
	return nil
}

// serviceNamed finds a service by its id or its name.
func (a Account) serviceNamed(name string) *Service {
	if s := a.service(name); s != nil {
		return s
	}
	for i := range a.Services {
		if strings.EqualFold(a.Services[i].Name, name) {
			return &a.Services[i]
		}
	}
	return nil
}

func (a Account) serviceByKey(routingKey string) *Service {
	for i := range a.Services {
		if routingKey != "" && a.Services[i].RoutingKey == routingKey {
			return &a.Services[i]
		}
	}
	return nil
}

// integrationID is derived, so that an integration is the same in alerts, log entries and webhooks.
func (s *Service) integrationID() string { return "PI" + strings.TrimPrefix(s.ID, "P") }

func (s *Service) integrationName() string {
	if s.Integration == "" {
		return "Events API V2"
	}
	return s.Integration
}

func (s *Service) urgency() string {
	if s.Urgency == "low" {
		return "low"
	}
	return "high"
}
