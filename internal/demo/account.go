package demo

import (
	"time"

	"shodo/internal/sandbox"
)

// The people and things of the demo's PagerDuty and Slack. The catalog names their ids.
const (
	botName  = "shodo"
	botEmail = "shodo@example.com"
	aiko     = "Aiko Tanaka"
	aikoID   = "U0AIKO00001" // in Slack

	shopService   = "PSHOP01"
	logsService   = "PLOGS01"
	ordersService = "PORDR01"
	booksService  = "PBOOK01"
	searchService = "PSRCH01"
	mailService   = "PMAIL01"
	newsService   = "PNEWS01"
	payService    = "PPAYM01"

	larkspurPolicy = "POPSLRK"
	nightPolicy    = "PNIGHT1" // gives the engine a head start before people are paged

	minatoChannel   = "minato-oncall"
	larkspurChannel = "larkspur-oncall"
	managersChannel = "managers"
)

// account is what exists in the demo's PagerDuty.
func account() sandbox.Account {
	const minatoPolicy, managersPolicy = "POPSMIN", "PMANAGE"
	service := func(id, name, policy string) sandbox.Service {
		return sandbox.Service{ID: id, Name: name, Policy: policy, AckTimeout: 30 * time.Minute, AutoResolve: 4 * time.Hour,
			RoutingKey: (id + "00000000000000000000000000000000")[:32]}
	}
	levels := func(users ...string) []sandbox.Level {
		var list []sandbox.Level
		for _, u := range users {
			list = append(list, sandbox.Level{Users: []string{u}, Delay: 30 * time.Minute})
		}
		return list
	}
	return sandbox.Account{
		Users: []sandbox.User{
			{ID: "PBOT001", Name: botName, Email: botEmail, Bot: true},
			{ID: "PAIKO01", Name: aiko, Email: "aiko@example.com"},
			{ID: "PBEN001", Name: "Ben Carter", Email: "ben@example.com"},
			{ID: "PCHIE01", Name: "Chie Mori", Email: "chie@example.com"},
		},
		Policies: []sandbox.Policy{
			{ID: minatoPolicy, Name: "Minato operations", Levels: levels("PAIKO01", "PCHIE01")},
			{ID: larkspurPolicy, Name: "Larkspur operations", Levels: levels("PBEN001", "PCHIE01")},
			{ID: nightPolicy, Name: "Larkspur at night", Levels: levels("PBOT001", "PBEN001")},
			{ID: managersPolicy, Name: "Managers", Levels: levels("PCHIE01")},
		},
		Services: []sandbox.Service{
			service(shopService, "Minato web shop", minatoPolicy),
			service(logsService, "Minato log folder", minatoPolicy),
			service(ordersService, "Minato orders", minatoPolicy),
			service(payService, "Minato payments", minatoPolicy),
			service(booksService, "Larkspur book shop", larkspurPolicy),
			service(searchService, "Larkspur search", larkspurPolicy),
			service(mailService, "Larkspur mail", larkspurPolicy),
			service(newsService, "Larkspur newsletter", nightPolicy),
		},
	}
}

// channels are those of the demo's Slack.
func channels() []sandbox.Channel {
	return []sandbox.Channel{
		{ID: "C0MINATO001", Name: minatoChannel}, {ID: "C0LARKSPUR1", Name: larkspurChannel},
		{ID: "C0MANAGERS0", Name: managersChannel},
	}
}
