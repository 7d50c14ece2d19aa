package customer

import (
	"reflect"

	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/yamlschema"
)

// Schema gives the JSON Schema of a customer's file. The actions are those that it may allow.
func Schema(actions scenario.Actions) *yamlschema.Schema {
	g := &yamlschema.Generator{Named: map[string]func() *yamlschema.Schema{
		"telling":    func() *yamlschema.Schema { return yamlschema.Words(answersTo(incident.Page)...) },
		"recovering": func() *yamlschema.Schema { return yamlschema.Words(answersTo(incident.MayRecover)...) },
	}}
	root := g.Struct(reflect.TypeFor[document]())
	root.Property("allow").Items = &yamlschema.Schema{AnyOf: []*yamlschema.Schema{
		yamlschema.Words(actions.Names()...), // to be completed
		{Type: "string", Pattern: globText.String()},
	}}
	return g.Document("shodo customer", "Whose incidents they are, what is done about them, and who is told: customers/NAME.yaml.", root)
}

// YAMLSchema says that it is a time zone's name.
func (zone) YAMLSchema(*yamlschema.Generator) *yamlschema.Schema {
	return &yamlschema.Schema{Type: "string", Examples: []string{"Asia/Tokyo", "UTC"}}
}

// YAMLSchema says that it is a list of ids.
func (services) YAMLSchema(*yamlschema.Generator) *yamlschema.Schema {
	return yamlschema.List(&yamlschema.Schema{Type: "string", Pattern: pagerdutyID.String()})
}

// YAMLSchema says that it is a mapping of scenarios.
func (adoptions) YAMLSchema(g *yamlschema.Generator) *yamlschema.Schema {
	one := g.Of(reflect.TypeFor[adoptionDocument]())
	one.Property("with").Others = &yamlschema.Schema{Not: &yamlschema.Schema{Type: "null"}}
	one.Property("autonomy").Enum = levels
	return yamlschema.Mapping(one)
}

// YAMLSchema says that it is a list of patterns.
func (globs) YAMLSchema(*yamlschema.Generator) *yamlschema.Schema {
	return yamlschema.List(&yamlschema.Schema{Type: "string", Pattern: globText.String()})
}

// YAMLSchema says that it is a list of tiers.
func (tiers) YAMLSchema(g *yamlschema.Generator) *yamlschema.Schema {
	one := g.Of(reflect.TypeFor[tierDocument]())
	one.Property("name").Pattern = tierName.String()
	one.Property("slack").Pattern = slackChannel.String()
	one.Property("pagerduty").Property("escalation_policy").Pattern = pagerdutyID.String()
	one.AnyOf = []*yamlschema.Schema{{Required: []string{"slack"}}, {Required: []string{"pagerduty"}}}
	return yamlschema.List(one)
}

// YAMLSchema says which ids they are.
func (people) YAMLSchema(g *yamlschema.Generator) *yamlschema.Schema {
	s := g.Of(reflect.TypeFor[peopleDocument]())
	s.Property("slack_users").Items.Pattern = slackUser.String()
	s.Property("slack_groups").Items.Pattern = slackGroup.String()
	s.MinProperties = 1
	return s
}

// YAMLSchema says which letters there are.
func (letters) YAMLSchema(g *yamlschema.Generator) *yamlschema.Schema {
	return g.Of(reflect.TypeFor[lettersDocument]())
}

// YAMLSchema says what a letter is.
func (letter) YAMLSchema(g *yamlschema.Generator) *yamlschema.Schema {
	return g.Of(reflect.TypeFor[letterDocument]())
}

// YAMLSchema says what an SSH credential is.
func (sshCredential) YAMLSchema(g *yamlschema.Generator) *yamlschema.Schema {
	s := g.Of(reflect.TypeFor[sshDocument]())
	s.Property("port").Between(1, 65535)
	s.AnyOf = []*yamlschema.Schema{{Required: []string{"key"}}, {Required: []string{"agent"}}}
	return s
}

// YAMLSchema says what a header is.
func (httpCredential) YAMLSchema(g *yamlschema.Generator) *yamlschema.Schema {
	s := g.Of(reflect.TypeFor[httpDocument]())
	s.Property("header").Pattern = headerName.String()
	return s
}

// YAMLSchema says that it is a list of places.
func (contacts) YAMLSchema(g *yamlschema.Generator) *yamlschema.Schema {
	one := g.Of(reflect.TypeFor[contactDocument]())
	one.Property("slack").Pattern = slackChannel.String()
	for _, way := range []string{"email", "slack", "webhook", "ticket", "call"} {
		one.OneOf = append(one.OneOf, &yamlschema.Schema{Required: []string{way}})
	}
	one.MinProperties, one.MaxProperties = 1, 2
	return yamlschema.List(one)
}

// YAMLSchema says what a webhook is.
func (webhookPlace) YAMLSchema(g *yamlschema.Generator) *yamlschema.Schema {
	return g.Of(reflect.TypeFor[webhookDocument]())
}

// YAMLSchema says what a ticket is.
func (ticketPlace) YAMLSchema(g *yamlschema.Generator) *yamlschema.Schema {
	s := g.Of(reflect.TypeFor[ticketDocument]())
	for _, tracker := range []string{"backlog", "jira"} {
		s.Property(tracker).Property("project").Pattern = projectKey.String()
	}
	s.MinProperties, s.MaxProperties = 1, 1
	return s
}

// YAMLSchema says what a call is.
func (callPlace) YAMLSchema(g *yamlschema.Generator) *yamlschema.Schema {
	s := g.Of(reflect.TypeFor[callDocument]())
	s.Property("phone").Pattern, s.Property("from").Pattern = phoneNumber.String(), phoneNumber.String()
	return s
}

// YAMLSchema says which moments there are.
func (moments) YAMLSchema(*yamlschema.Generator) *yamlschema.Schema {
	return yamlschema.List(yamlschema.Words(string(OfHandOver), string(OfClose)))
}

// YAMLSchema says that it is a condition.
func (Expression) YAMLSchema(*yamlschema.Generator) *yamlschema.Schema {
	return &yamlschema.Schema{Type: "string"}
}

// YAMLSchema says that it is a list of windows.
func (quietHours) YAMLSchema(g *yamlschema.Generator) *yamlschema.Schema {
	return yamlschema.List(answering(g.Of(reflect.TypeFor[quietHoursDocument]())))
}

// YAMLSchema says that it is a list of windows.
func (maintenance) YAMLSchema(g *yamlschema.Generator) *yamlschema.Schema {
	one := answering(g.Of(reflect.TypeFor[maintenanceDocument]()))
	one.Required = append(one.Required, "from", "to")
	return yamlschema.List(one)
}

// answering demands that a window answers a question.
func answering(window *yamlschema.Schema) *yamlschema.Schema {
	window.Property("name").MaxLength = maxWindowName
	for _, question := range []incident.Question{incident.Contact, incident.Page, incident.MayRecover} {
		window.AnyOf = append(window.AnyOf, &yamlschema.Schema{Required: []string{string(question)}})
	}
	return window
}

// YAMLSchema says which keys belong together.
func (when) YAMLSchema(g *yamlschema.Generator) *yamlschema.Schema {
	s := g.Of(reflect.TypeFor[whenDocument]())
	s.Property("calendar").Examples = []string{"japan"}
	s.Dependencies = map[string][]string{"from": {"to"}, "to": {"from"}, "cron": {"for"}, "for": {"cron"}}
	kinds := func(keys ...string) *yamlschema.Schema {
		one := &yamlschema.Schema{}
		for _, key := range keys {
			one.Properties = append(one.Properties, yamlschema.Property{Name: key, Schema: yamlschema.Never()})
		}
		return one
	}
	s.AllOf = []*yamlschema.Schema{
		{If: &yamlschema.Schema{Required: []string{"calendar"}}, Then: kinds("days", "from", "to", "cron", "for")},
		{If: &yamlschema.Schema{Required: []string{"cron"}}, Then: kinds("days", "from", "to")},
	}
	return s
}

// YAMLSchema says that it is a list of days.
func (days) YAMLSchema(*yamlschema.Generator) *yamlschema.Schema {
	return &yamlschema.Schema{Type: "array", MinItems: 1, Items: yamlschema.Words("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
}
