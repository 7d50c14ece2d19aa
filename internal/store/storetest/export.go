package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"shodo/internal/incident"
	"shodo/internal/store"
)

// table reads an export as maps.
func table(t *testing.T, s *store.Store, name string, since, until time.Time) []map[string]any {
	t.Helper()
	columns, rows, err := s.Export(t.Context(), name, since, until)
	must(t, err)
	var list []map[string]any
	for row, err := range rows {
		must(t, err)
		if len(row) != len(columns) {
			t.Fatalf("%d values of %d columns", len(row), len(columns))
		}
		one := map[string]any{}
		for i, c := range columns {
			one[c.Name] = row[i]
			right := false
			switch row[i].(type) {
			case nil:
				right = true
			case string:
				right = c.Type == store.TextColumn
			case int64:
				right = c.Type == store.IntColumn
			case bool:
				right = c.Type == store.BoolColumn
			case time.Time:
				right = c.Type == store.TimeColumn
			}
			if !right {
				t.Errorf("%s.%s is %T", name, c.Name, row[i])
			}
		}
		list = append(list, one)
	}
	return list
}

// Every table comes with everything that was written, in the order of creation.
func exportsAll(t *testing.T, s *store.Store) {
	for n, id := range []incident.ID{"Q2", "Q1"} {
		r := createdAt(id, after(10*n))
		r.Incident.Alerts[0].Raw = []byte{'"', 0xff, '"'}
		begin(t, s, r)
		healthy := n == 0
		one := step(id, incident.Check, 0)
		one.Healthy = &healthy
		must(t, s.FinishStep(t.Context(), one))
		long := step(id, incident.Check, 1)
		long.Output = []byte(`"` + string(slices.Repeat([]byte("ü"), 10_000)) + `"`)
		must(t, s.FinishStep(t.Context(), long))
		appendAll(t, s, transition(id, "outcome", 10, incident.Ended))
		put(t, s, delivery(id, "P1", n))
	}
	all := map[string][]map[string]any{}
	for _, name := range store.ExportTables() {
		all[name] = table(t, s, name, time.Time{}, time.Time{})
	}
	for name, want := range map[string]int{"incidents": 2, "steps": 4, "transitions": 2, "alerts": 4, "deliveries": 2} {
		if len(all[name]) != want {
			t.Fatalf("%d rows of %s, want %d", len(all[name]), name, want)
		}
		if first := all[name][0]["incident"]; first != "Q2" {
			t.Errorf("%s begins with %v", name, first)
		}
	}
	i := all["incidents"][0]
	wantSame(t, []any{i["created_at"], i["ended_at"], i["run"], i["title"], i["alert_count"]}, []any{t0, nil, int64(1), "ディスク使用率 95%", int64(3)})
	steps := all["steps"]
	wantSame(t, []any{steps[0]["healthy"], steps[2]["healthy"], steps[1]["healthy"], steps[0]["output"], steps[0]["params"]},
		[]any{true, false, nil, `{"status":200}`, `{"url":"http://web-1/"}`})
	if n := len(steps[1]["output"].(string)); n != 20_002 {
		t.Errorf("a long output has %d bytes", n)
	}
	a := all["alerts"]
	wantSame(t, []any{a[0]["raw"], a[0]["raw_base64"], a[1]["raw"], a[1]["position"]}, []any{nil, "Iv8i", `{"raw":3}`, int64(2)})
	wantSame(t, all["deliveries"][0]["body"], any(`{"event":{}}`))
}

// A period chooses incidents by their creation, with everything of them.
func exportsPeriod(t *testing.T, s *store.Store) {
	for n := range 4 {
		id := incident.ID(fmt.Sprint("Q", n))
		begin(t, s, createdAt(id, after(n)))
		appendAll(t, s, transition(id, "a", 1000, incident.Decided))
	}
	for _, name := range []string{"incidents", "transitions"} {
		rows := table(t, s, name, after(1), after(3))
		if len(rows) != 2 || rows[0]["incident"] != "Q1" || rows[1]["incident"] != "Q2" {
			t.Errorf("%s: %v", name, rows)
		}
	}
	_, _, err := s.Export(t.Context(), "secrets", time.Time{}, time.Time{})
	wantError(t, err, store.ErrNoTable)
	_, rows, err := s.Export(t.Context(), "incidents", time.Time{}, time.Time{})
	must(t, err)
	for _, err := range rows { // whoever has enough ends the loop
		must(t, err)
		break
	}
}
