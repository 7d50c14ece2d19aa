package suggest_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"shodo/internal/analytics"
)

// labelled is a title with the kind that a person gave it.
type labelled struct{ title, kind string }

// corpus reads a file of titles, which explains itself.
func corpus(t *testing.T, file string) []labelled {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []labelled
	kind := ""
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		switch name, begins := strings.CutPrefix(line, "= "); {
		case begins:
			kind = name
		case line != "" && !strings.HasPrefix(line, "# "):
			list = append(list, labelled{line, kind})
		}
	}
	return list
}

// TestGroupingOfRealTitles measures how well titles are grouped, by pairs: of the pairs that are put together, how many belong
// together (precision), and of those that belong together, how many are put together (recall). Putting together what does not belong
// together is worse: the draft of the one would be for the other, too.
func TestGroupingOfRealTitles(t *testing.T) {
	for _, c := range []struct {
		file              string
		precision, recall float64 // at least
	}{
		{"testdata/titles.txt", 1, 0.92},
		{"testdata/titles_unseen.txt", 1, 0.92},
		{"testdata/titles_field.txt", 1, 0.87},
		{"testdata/titles_after.txt", 1, 0.96},
	} {
		t.Run(c.file, func(t *testing.T) {
			list := corpus(t, c.file)
			precision, recall := measure(t, list)
			if precision < c.precision || recall < c.recall {
				t.Errorf("precision %.3f, recall %.3f: they were at least %.3f and %.3f", precision, recall, c.precision, c.recall)
			}
		})
	}
}

func measure(t *testing.T, list []labelled) (precision, recall float64) {
	t.Helper()
	groups := make([]string, len(list))
	pieces := map[string]map[string]bool{}
	for i, one := range list {
		groups[i] = analytics.KindTitle(one.title)
		if pieces[one.kind] == nil {
			pieces[one.kind] = map[string]bool{}
		}
		pieces[one.kind][groups[i]] = true
	}
	var together, belong, both int
	for i, a := range list {
		for k, b := range list[:i] {
			if groups[i] == groups[k] {
				together++
			}
			if a.kind == b.kind {
				belong++
			}
			switch {
			case groups[i] == groups[k] && a.kind == b.kind:
				both++
			case groups[i] == groups[k]:
				t.Logf("%q and %q are one: %q", a.title, b.title, groups[i])
			}
		}
	}
	whole := 0
	for _, kind := range slices.Sorted(maps.Keys(pieces)) {
		if len(pieces[kind]) == 1 {
			whole++
			continue
		}
		t.Logf("%s falls apart:\n\t%s", kind, strings.Join(slices.Sorted(maps.Keys(pieces[kind])), "\n\t"))
	}
	precision, recall = float64(both)/float64(together), float64(both)/float64(belong)
	t.Logf("%d titles of %d kinds: precision %.3f, recall %.3f; %d kinds in one piece", len(list), len(pieces), precision, recall, whole)
	return precision, recall
}
