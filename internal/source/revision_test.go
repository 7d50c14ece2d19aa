package source_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shodo/internal/action/builtin"
	"shodo/internal/incident"
	"shodo/internal/source"
)

// TestAtRevision: every way to name a revision gives the catalog as it was, whatever the work tree holds now.
func TestAtRevision(t *testing.T) {
	r := newRepository(t)
	first := r.run(r.tree, "rev-parse", "HEAD")
	r.run(r.tree, "tag", "-a", "v1", "-m", "one")
	write(t, r.tree, "customers/acme.yaml", acme("Two"))
	second := r.push("the second")
	r.run(r.tree, "branch", "feature", first)
	write(t, r.tree, "customers/acme.yaml", "not YAML: [")
	bare := t.TempDir()
	r.run(bare, "clone", "-q", "--bare", r.tree, bare)
	side := filepath.Join(t.TempDir(), "side")
	r.run(r.tree, "worktree", "add", "-q", side, "feature")
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(r.tree, link); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ dir, revision, id string }{
		{r.tree, "HEAD", second}, {r.tree, "main", second}, {r.tree, "origin/main", second}, {r.tree, second[:8], second},
		{r.tree, "HEAD~1", first}, {r.tree, "feature", first}, {r.tree, "v1", first}, {r.tree, first, first},
		{bare, "main", second}, {bare, "v1", first}, {side, "HEAD", first}, {side, "main", second}, {link, "main^", first}, {r.tree, "HEAD^1", first},
	} {
		cat, by, problems, err := source.AtRevision(c.dir, c.revision, builtin.List(builtin.Settings{}))
		if err != nil || problems.Err() != nil {
			t.Errorf("%s: %v %v", c.revision, err, problems)
			continue
		}
		name := map[string]string{first: "One", second: "Two"}[c.id]
		if got, _ := cat.Customer("acme"); by.ID != c.id || cat.Version() != c.id[:12] || got.Name != name {
			t.Errorf("%s of %s: commit %s, version %s, name %q; want %s", c.revision, c.dir, by.ID, cat.Version(), got.Name, c.id)
		}
	}
}

// TestAtRevisionBelowTheTop: a catalog in a folder of the repository, which is found from there.
func TestAtRevisionBelowTheTop(t *testing.T) {
	r := newRepository(t)
	write(t, r.tree, "ops/シナリオ/customers/umi.yaml", strings.ReplaceAll(acme("Umi"), "PX10", "PX77"))
	r.commit("a catalog below")
	below := filepath.Join(r.tree, "ops", "シナリオ")
	cat, _, problems, err := source.AtRevision(below, "HEAD", builtin.List(builtin.Settings{}))
	if err != nil || problems.Err() != nil {
		t.Fatal(err, problems)
	}
	if list := cat.Customers(); len(list) != 1 || list[0].ID != incident.CustomerID("umi") {
		t.Errorf("customers %v", list)
	}
	for revision, want := range map[string]string{"HEAD~1": "has no folder", "nowhere": "is it fetched?", "": "does not have it", "--help": "does not have it", "HEAD^{/(a+)+$}": "does not have it"} {
		if _, _, _, err := source.AtRevision(below, revision, builtin.List(builtin.Settings{})); !errors.Is(err, source.ErrRevision) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", revision, err)
		}
	}
	for dir, want := range map[string]string{t.TempDir(): "not in a Git repository", filepath.Join(r.tree, "absent"): "no such file", filepath.Join(r.tree, "ops"): "no folder scenarios"} {
		if _, _, _, err := source.AtRevision(dir, "HEAD", builtin.List(builtin.Settings{})); !errors.Is(err, source.ErrRevision) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// TestAtBrokenRevision: everything that is wrong is told, as of any catalog.
func TestAtBrokenRevision(t *testing.T) {
	r := newRepository(t)
	write(t, r.tree, "scenarios/web.yaml", "titel: x\n")
	r.commit("broken")
	cat, by, problems, err := source.AtRevision(r.tree, "HEAD", builtin.List(builtin.Settings{}))
	if err != nil || cat != nil || by.Author != "Alice" || problems.Err() == nil || !strings.Contains(problems.Err().Error(), "scenarios/web.yaml:1") {
		t.Errorf("%v %v %v %v", cat, by, problems, err)
	}
}
