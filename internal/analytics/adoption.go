package analytics

import (
	"slices"
	"strings"

	"shodo/internal/incident"
)

// Customer is what the catalog says of a customer: adoption is not in the record.
type Customer struct {
	ID         incident.CustomerID
	Name       string
	Department string
	Scenarios  []incident.ScenarioName // that it has adopted
}

// Adoption is how many customers of a department have adopted at least one scenario.
type Adoption struct {
	Department string                `json:"department"`
	Customers  Share                 `json:"customers"`   // with a scenario, of all
	Not        []incident.CustomerID `json:"not_adopted"` // those without one, by id
}

// Adopting counts the customers of each department as the catalog has them, by the department's name.
func Adopting(customers []Customer) []Adoption {
	list := []Adoption{}
	for _, c := range customers {
		i := slices.IndexFunc(list, func(a Adoption) bool { return a.Department == c.Department })
		if i < 0 {
			i = len(list)
			list = append(list, Adoption{Department: c.Department, Not: []incident.CustomerID{}})
		}
		list[i].Customers.Of++
		if len(c.Scenarios) > 0 {
			list[i].Customers.Count++
		} else {
			list[i].Not = append(list[i].Not, c.ID)
		}
	}
	for _, a := range list {
		slices.Sort(a.Not)
	}
	slices.SortFunc(list, func(a, b Adoption) int { return strings.Compare(a.Department, b.Department) })
	return list
}
