package incident

import (
	"testing"
	"time"
)

func TestHalfImports(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	half := Import{ID: "half", Since: day(1), Until: day(30), DoneTo: day(10)}
	finished := Import{ID: "finished", Since: day(5), Until: day(31), DoneTo: day(31), EndedAt: day(31)}
	of := func(i Import, services ...ServiceID) Import {
		i.Services = services
		return i
	}
	late := finished
	late.Since = day(11)
	for _, c := range []struct {
		name  string
		list  []Import
		since int
		want  int
	}{
		{"none", nil, 1, 0},
		{"a half one", []Import{half}, 1, 1},
		{"before the time", []Import{half}, 30, 0},
		{"a finished one has brought the rest", []Import{half, finished}, 1, 0},
		{"a finished one that began too late", []Import{half, late}, 1, 1},
		{"a finished one of some services", []Import{half, of(finished, "PX1")}, 1, 1},
		{"of the same services", []Import{of(half, "PX1"), of(finished, "PX1")}, 1, 0},
		{"of all services", []Import{of(half, "PX1"), finished}, 1, 0},
	} {
		if got := HalfImports(c.list, day(c.since), day(31)); len(got) != c.want {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
