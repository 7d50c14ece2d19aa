package report

import (
	"shodo/internal/analytics"
	"shodo/internal/catalog"
	"shodo/internal/incident"
)

// Customers gives what a report wants to know of the customers of a catalog: names, departments and adoption.
func Customers(c *catalog.Catalog) []analytics.Customer {
	var list []analytics.Customer
	for _, one := range c.Customers() {
		of := analytics.Customer{ID: one.ID, Name: one.Name, Department: one.Department}
		for _, a := range one.Adopted {
			of.Scenarios = append(of.Scenarios, a.Scenario)
		}
		list = append(list, of)
	}
	return list
}

// ScenarioNames lists the names that drafts of scenarios must not have.
func ScenarioNames(c *catalog.Catalog) []incident.ScenarioName {
	var names []incident.ScenarioName
	for _, one := range c.Scenarios() {
		names = append(names, one.Name)
	}
	return names
}
