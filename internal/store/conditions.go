package store

import (
	"fmt"
	"strings"
	"time"
)

// conditions collects what rows of incidents, called i, have to fulfil.
type conditions struct {
	texts []string
	args  []any
}

// created asks for the time of creation; a zero time is no limit.
func (c *conditions) created(since, until time.Time) {
	if !since.IsZero() {
		c.add("i.created_at >= $%d", since.UnixMicro())
	}
	if !until.IsZero() {
		c.add("i.created_at < $%d", until.UnixMicro())
	}
}

// equal asks for a column's text; an empty one asks for nothing.
func (c *conditions) equal(column, value string) {
	if value != "" {
		c.add(column+" = $%d", value)
	}
}

func (c *conditions) add(condition string, value any) {
	c.args = append(c.args, value)
	c.texts = append(c.texts, fmt.Sprintf(condition, len(c.args)))
}

// where gives the clause; empty when there is no condition.
func (c *conditions) where() string {
	if len(c.texts) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.texts, " AND ")
}
