package promote

import (
	"fmt"
	"strings"

	"shodo/internal/catalog"
	"shodo/internal/incident"
	"shodo/internal/yamldoc"
)

// Change is the line of the catalog that gives the next level.
type Change struct {
	File  string   `json:"file"`
	Line  int      `json:"line,omitempty"` // 0: the key is not there yet
	Was   string   `json:"was,omitempty"`
	Is    string   `json:"is"`              // the YAML of it
	Rises []string `json:"rises,omitempty"` // customers that get the next level by it
	Stays []string `json:"stays,omitempty"` // customers whose file keeps it lower, with their level
	Notes []string `json:"notes,omitempty"`
}

// Level gives the autonomy that a scenario has for a customer, or by itself when none is named.
func Level(c *catalog.Catalog, name incident.ScenarioName, customer incident.CustomerID) (incident.Autonomy, error) {
	s, ok := c.Scenario(name)
	if !ok {
		return "", fmt.Errorf("the catalog has no scenario %q", name)
	}
	if customer == "" {
		return s.Autonomy, nil
	}
	for _, a := range c.Adopters(name) {
		if a.Customer.ID == customer {
			return a.Autonomy, nil
		}
	}
	if _, ok := c.Customer(customer); !ok {
		return "", fmt.Errorf("the catalog has no customer %q", customer)
	}
	return "", fmt.Errorf("customer %q has not adopted the scenario %q", customer, name)
}

// ChangeTo says which line gives the scenario that level: for a customer whose file lowers it, there; otherwise in the
// scenario itself, which raises it for every customer that does not lower it. The scenario must exist, and the customer, when
// one is named, must have adopted it.
func ChangeTo(c *catalog.Catalog, name incident.ScenarioName, customer incident.CustomerID, next incident.Autonomy) Change {
	s, _ := c.Scenario(name)
	for _, a := range c.Adopters(name) {
		if a.Customer.ID == customer && a.Adoption.Autonomy != "" && a.Autonomy != s.Autonomy {
			return customerChange(a, s.Autonomy, next)
		}
	}
	file := c.File(name)
	change := Change{File: file, Is: "autonomy: " + string(next), Was: "autonomy: " + string(s.Autonomy)}
	if at, ok := yamldoc.Places(file, []byte(s.Pinned().Source))["autonomy"]; ok {
		change.Line = at.Line
	}
	for _, a := range c.Adopters(name) {
		if a.Customer.ID == customer && a.Adoption.Autonomy != "" {
			change.Rises = append(change.Rises, string(customer))
			change.Notes = append(change.Notes, fmt.Sprintf("write %s in %s:%d, too", change.Is, a.Adoption.AutonomyPlace.File, a.Adoption.AutonomyPlace.Line))
		} else if a.Adoption.Autonomy != "" {
			change.Stays = append(change.Stays, fmt.Sprintf("%s (%s)", a.Customer.ID, a.Adoption.Autonomy))
		} else {
			change.Rises = append(change.Rises, string(a.Customer.ID))
		}
	}
	if customer != "" && len(change.Rises) > 1 {
		change.Notes = append(change.Notes, fmt.Sprintf("a customer cannot be raised above the scenario: to raise %s alone, put autonomy: %s into the files of the others", customer, s.Autonomy))
	}
	if strings.HasPrefix(file, "library/") {
		change.Notes = append(change.Notes, fmt.Sprintf("the scenario is of the shipped library: copy it to scenarios/%s.yaml first", name))
	}
	return change
}

func customerChange(a catalog.Adopter, most, next incident.Autonomy) Change {
	place := a.Adoption.AutonomyPlace
	change := Change{File: place.File, Line: place.Line, Was: "autonomy: " + string(a.Autonomy), Is: "autonomy: " + string(next), Rises: []string{string(a.Customer.ID)}}
	if next == most {
		change.Notes = append(change.Notes, "it is what the scenario says itself, so the key may be removed instead")
	}
	return change
}
