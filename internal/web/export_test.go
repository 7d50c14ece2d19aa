package web

// For the tests alone.
var (
	OnWallClock = onWallClock
	ReadTime    = readTime
)

// ParseCommand says what was understood of a command, or what is said about it.
func ParseCommand(typed string) (verb, customer, id string, window map[string]string, said string) {
	c, p := parseCommand(typed)
	if p != nil {
		return "", "", "", nil, p.said("en")
	}
	w := c.window
	return c.verb, c.customer + w.Customer, c.id, map[string]string{"from": w.From, "to": w.To, "for": w.For, "reason": w.Reason + c.reason,
		"severity": c.severity, "target": c.target}, ""
}
