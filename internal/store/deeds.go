package store

import (
	"context"
	"fmt"
	"strings"

	"shodo/internal/incident"
	"shodo/internal/promote"
)

// Deeds counts what happened in the runs of a scenario beyond their outcomes: which attempts were planned and made, which
// held, and what people decided. Of an incident that was reopened only the present run counts.
func (s *Store) Deeds(ctx context.Context, f promote.Filter) (promote.Deeds, error) {
	d := promote.Deeds{Planned: map[int]int{}, Made: map[int]int{}, Verified: map[int]int{}, Wishes: map[incident.Reason]int{}}
	chosen, args := deedsOf(f)
	for _, q := range []struct {
		into  map[int]int
		query string
	}{
		{d.Planned, `SELECT s.attempt, count(DISTINCT i.incident) FROM ` + chosen("steps s") + `
			AND s.status = 'planned' GROUP BY s.attempt`},
		{d.Made, `SELECT s.attempt, count(DISTINCT i.incident) FROM ` + chosen("steps s") + ` AND ` + madeByEngine + ` GROUP BY s.attempt`},
		{d.Verified, `SELECT last, count(*) FROM (SELECT max(s.attempt) AS last FROM ` + chosen("steps s") + ` AND ` + madeByEngine + `
			AND (i.outcome = 'recovered' OR i.reason = 'partial') GROUP BY i.incident) AS ends GROUP BY last`},
	} {
		list, err := collect(ctx, s.readDB, func(row scanner) (n [2]int, err error) { return n, row.Scan(&n[0], &n[1]) }, q.query, args...)
		if err != nil {
			return d, fmt.Errorf("count attempts of scenario %q: %w", f.Scenario, err)
		}
		for _, n := range list {
			q.into[n[0]] = n[1]
		}
	}
	lines, err := collect(ctx, s.readDB, func(row scanner) (l deedLine, err error) {
		return l, row.Scan(&l.kind, &l.choice, &l.reason, &l.ended, &l.count)
	}, `SELECT s.kind, s.choice, s.reason, s.outcome, count(*) FROM `+chosen("transitions s")+` AND (s.choice <> '' OR s.kind IN ('asked', 'expired'))
		GROUP BY s.kind, s.choice, s.reason, s.outcome`, args...)
	if err != nil {
		return d, fmt.Errorf("count what people decided in scenario %q: %w", f.Scenario, err)
	}
	for _, l := range lines {
		l.addTo(&d)
	}
	return d, nil
}

// madeByEngine are steps of recovery that were sent, and not at a person's wish (these have a round).
const madeByEngine = `s.phase = 'recover' AND s.round = 0 AND s.status IN ('started', 'succeeded', 'failed') AND s.error_kind <> 'refused'`

// deedsOf gives "incidents i JOIN TABLE ON ... WHERE ..." for the chosen runs.
func deedsOf(f promote.Filter) (func(table string) string, []any) {
	where, args := []string{"i.scenario = $1"}, []any{text(f.Scenario)}
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if !f.Since.IsZero() {
		add("i.created_at >= $%d", f.Since.UnixMicro())
	}
	if !f.Until.IsZero() {
		add("i.created_at < $%d", f.Until.UnixMicro())
	}
	if f.Customer != "" {
		add("i.customer = $%d", text(f.Customer))
	}
	return func(table string) string {
		return "incidents i JOIN " + table + " ON s.incident = i.incident AND s.run = i.run WHERE " + strings.Join(where, " AND ")
	}, args
}

// deedLine is a number of transitions that are alike.
type deedLine struct {
	kind   incident.TransitionKind
	choice incident.ChoiceKind
	reason incident.Reason
	ended  incident.Outcome
	count  int
}

func (l deedLine) addTo(d *promote.Deeds) {
	switch {
	case l.kind == incident.Asked:
		d.Questions.Asked += l.count
	case l.kind == incident.Expired && l.choice == "":
		d.Questions.Expired += l.count
	case l.kind == incident.Acted && l.choice == incident.RunAttempt:
		if l.reason != "" || l.ended == incident.Recovered { // one that a person stopped says nothing of the attempt
			d.Wishes[l.reason] += l.count
		}
	case l.kind != incident.Chosen:
	case l.choice == incident.Grant:
		d.Questions.Granted += l.count
	case l.choice == incident.NotNow:
		d.Questions.Refused += l.count
	case l.choice == incident.RunAttempt:
		d.Wished += l.count
	case l.choice == incident.Noise:
		d.Noise += l.count
	}
}
