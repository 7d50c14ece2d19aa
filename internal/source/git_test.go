package source_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/source"
)

// TestFollow: every way to a repository gives the commit, who made it and its files, and follows to the next one.
func TestFollow(t *testing.T) {
	for name, way := range map[string]func(*testing.T, *repository) source.Git{
		"http": func(t *testing.T, r *repository) source.Git { return overHTTP(t, serve(t, r)) },
		"file": overFile,
		"ssh":  overSSH,
		"a work tree": func(t *testing.T, r *repository) source.Git {
			return source.Git{URL: parse(t, r.tree), Dir: t.TempDir()}
		},
		"without partial fetch": func(t *testing.T, r *repository) source.Git {
			r.run(r.bare, "config", "uploadpack.allowFilter", "false")
			return overHTTP(t, serve(t, r))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t)
			first := r.run(r.tree, "rev-parse", "HEAD")
			var log recorder
			s := follow(t, way(t, r), &log)
			st := s.State()
			if st.Version != first[:12] || s.Current().Version() != first[:12] || nameOf(t, s) != "One" {
				t.Errorf("version %q, catalog %q of %q", st.Version, s.Current().Version(), nameOf(t, s))
			}
			got := []any{st.Commit.ID, st.Commit.Author, st.Commit.Time.UTC(), st.Commit.Subject, st.Refused, st.Trouble, st.Kept, st.Note}
			want := []any{first, "Alice", time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC), "the first", (*source.Refusal)(nil), nil, false, ""}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
			write(t, r.tree, "customers/acme.yaml", acme("Two"))
			second := r.push("the second")
			if st := await(t, s, "the second commit", inForce(second)); st.Note != "" || nameOf(t, s) != "Two" {
				t.Errorf("note %q, name %q", st.Note, nameOf(t, s))
			}
			if out := log.String(); !strings.Contains(out, "author=Alice") || !strings.Contains(out, "version="+second[:12]) {
				t.Errorf("log:\n%s", out)
			}
		})
	}
}

// TestNothingIsFetchedTwice: as long as there is no new commit, only the branch is asked for; a refused commit is not
// fetched again, either, and told once.
func TestNothingIsFetchedTwice(t *testing.T) {
	r := newRepository(t)
	server := serve(t, r)
	var log recorder
	s := follow(t, overHTTP(t, server), &log)
	asks := func(more int) (packs int) {
		t.Helper()
		before, _ := server.counts()
		await(t, s, "more questions", func(source.State) bool { n, _ := server.counts(); return n > before+more })
		_, packs = server.counts()
		return packs
	}
	if packs := asks(5); packs != 1 {
		t.Errorf("%d fetches of one commit", packs)
	}
	write(t, r.tree, "customers/acme.yaml", acme("Two")+"lables: {}\n")
	bad := r.push("broken")
	await(t, s, "the refusal", refused(bad))
	if packs := asks(5); packs != 2 {
		t.Errorf("%d fetches of two commits", packs)
	}
	if n := strings.Count(log.String(), "is refused"); n != 1 {
		t.Errorf("refused %d times in the log:\n%s", n, &log)
	}
}

const owned = `title: Web
owner: web-team
match: {service: [PX10]}
autonomy: observe
inputs: {host: {type: string}}
check: [{uses: tcp.connect, with: {host: "${{ inputs.host }}", port: 80}, healthy: output.connected}]
`

const adopting = "scenarios: {web: {with: {host: a.example}}}\nallow: [\"*\"]\n"

// TestBrokenCommit: it is refused as a whole, the old one stays, the owner is known; the next good one is taken.
func TestBrokenCommit(t *testing.T) {
	r := newRepository(t)
	write(t, r.tree, "scenarios/web.yaml", owned)
	write(t, r.tree, "customers/acme.yaml", acme("One")+adopting)
	good := r.push("with a scenario")
	s := follow(t, overFile(t, r), io.Discard)
	before := s.Current()

	write(t, r.tree, "customers/acme.yaml", acme("Two")+adopting)
	write(t, r.tree, "scenarios/web.yaml", owned+"  [broken\n")
	write(t, r.tree, "scenarios/nobodys.yaml", "titel: x\n")
	write(t, r.tree, "scenarios/new.yaml", "titel: x\nowner: \"db team\" # them\n")
	bad := r.push("broken YAML")
	st := await(t, s, "the refusal", refused(bad))
	if s.Current() != before || st.Version != good[:12] || st.Commit.ID != good {
		t.Errorf("in force is %+v", st.Commit)
	}
	if diff := cmp.Diff([]string{"db team", "web-team"}, st.Refused.Owners); diff != "" {
		t.Errorf("owners: %s", diff)
	}
	if text := st.Refused.Err.Error(); !strings.Contains(text, "scenarios/web.yaml:") || !strings.Contains(text, bad[:12]) || !errors.Is(st.Refused.Err, source.ErrCatalog) {
		t.Errorf("error: %s", text)
	}

	r.run(r.tree, "revert", "--no-edit", "HEAD")
	fixed := r.push("mended")
	await(t, s, "the mended commit", inForce(fixed))

	r.run(r.tree, "reset", "-q", "--hard", bad)
	r.push("broken again")
	await(t, s, "the second refusal", func(st source.State) bool { return st.Refused != nil })
	r.run(r.tree, "reset", "-q", "--hard", fixed)
	r.run(r.tree, "push", "-q", "-f", "origin", "HEAD:main") // back to what is in force
	await(t, s, "no refusal", inForce(fixed))
}

// TestDeletedScenario: who still adopts it makes the commit a wrong one; else new decisions are made without it, and who
// holds the old catalog goes on with it.
func TestDeletedScenario(t *testing.T) {
	r := newRepository(t)
	write(t, r.tree, "scenarios/web.yaml", owned)
	write(t, r.tree, "customers/acme.yaml", acme("One")+adopting)
	r.push("with a scenario")
	s := follow(t, overFile(t, r), io.Discard)
	alert := incident.Incident{Title: "down", Service: incident.Ref{ID: "PX10", Name: "PX10"}}
	running := s.Current()
	if d := running.Decide(alert); d.Scenario == nil || d.Scenario.Name != "web" {
		t.Fatalf("decided %+v", d.Match)
	}

	r.run(r.tree, "rm", "-q", "scenarios/web.yaml")
	bad := r.push("delete what is adopted")
	if st := await(t, s, "the refusal", refused(bad)); !strings.Contains(st.Refused.Err.Error(), "customers/acme.yaml") {
		t.Errorf("error: %v", st.Refused.Err)
	}
	write(t, r.tree, "customers/acme.yaml", acme("One"))
	good := r.push("nobody adopts it any more")
	await(t, s, "the commit", inForce(good))
	if d := s.Current().Decide(alert); d.Scenario != nil {
		t.Errorf("decided for %q", d.Scenario.Name)
	}
	if d := running.Decide(alert); d.Scenario == nil {
		t.Error("the catalog that is held has changed")
	}
}

// TestForcePush: the branch is followed, and who force-pushed is told; several commits at once are no force-push.
func TestForcePush(t *testing.T) {
	for name, way := range map[string]func(*testing.T, *repository) source.Git{
		"http": func(t *testing.T, r *repository) source.Git { return overHTTP(t, serve(t, r)) },
		"file": overFile,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t)
			first := r.run(r.tree, "rev-parse", "HEAD")
			var log recorder
			s := follow(t, way(t, r), &log)
			for i := range 3 {
				write(t, r.tree, "runbooks/a.md", fmt.Sprint(i))
				r.commit("one of three")
			}
			third := r.push("three at once")
			if st := await(t, s, "the third", inForce(third)); st.Note != "" {
				t.Errorf("note %q", st.Note)
			}
			r.run(r.tree, "reset", "-q", "--hard", first)
			write(t, r.tree, "customers/acme.yaml", acme("Rewritten"))
			rewritten := r.push("another history")
			st := await(t, s, "the other history", inForce(rewritten))
			if want := "force-pushed: commit " + third[:12]; !strings.Contains(st.Note, want) || !strings.Contains(log.String(), want) {
				t.Errorf("note %q, log:\n%s", st.Note, &log)
			}
		})
	}
}

// TestForcePushThatCannotBeKnown: a server without partial fetch does not tell; then nothing is claimed.
func TestForcePushThatCannotBeKnown(t *testing.T) {
	r := newRepository(t)
	r.run(r.bare, "config", "uploadpack.allowFilter", "false")
	s := follow(t, overHTTP(t, serve(t, r)), io.Discard)
	r.commit("one")
	two := r.push("two")
	if st := await(t, s, "both", inForce(two)); !strings.Contains(st.Note, "several commits at once, or") {
		t.Errorf("note %q", st.Note)
	}
}

// TestDeletedBranch: the old catalog stays, the log tells once, and the branch is found when it comes back.
func TestDeletedBranch(t *testing.T) {
	r := newRepository(t)
	server := serve(t, r)
	var log recorder
	s := follow(t, overHTTP(t, server), &log)
	r.run(r.bare, "branch", "-m", "main", "trunk")
	st := await(t, s, "trouble", func(st source.State) bool { return st.Trouble != nil })
	if !strings.Contains(st.Trouble.Error(), `no such branch or tag: "main"`) || nameOf(t, s) != "One" || st.Refused != nil {
		t.Errorf("state %+v", st)
	}
	before, _ := server.counts()
	await(t, s, "more questions", func(source.State) bool { n, _ := server.counts(); return n > before+5 })
	if n := strings.Count(log.String(), "cannot be asked"); n != 1 {
		t.Errorf("told %d times:\n%s", n, &log)
	}
	r.run(r.bare, "branch", "-m", "trunk", "main")
	await(t, s, "no trouble", func(st source.State) bool { return st.Trouble == nil })
}

// TestEmptyRepository: the branch is not there yet.
func TestEmptyRepository(t *testing.T) {
	r := newRepository(t)
	r.run(r.bare, "update-ref", "-d", "refs/heads/main")
	for name, g := range map[string]source.Git{"http": overHTTP(t, serve(t, r)), "file": overFile(t, r), "ssh": overSSH(t, r)} {
		for ref, want := range map[string]string{"main": `no such branch or tag: "main"`, "": "no default branch, or it is empty"} {
			g.Ref = ref
			if _, err := source.OpenGit(t.Context(), g, options(io.Discard)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s %q: %v", name, ref, err)
			}
		}
	}
}

// TestRefs: what can be followed beside a branch.
func TestRefs(t *testing.T) {
	r := newRepository(t)
	first := r.run(r.tree, "rev-parse", "HEAD")
	r.run(r.tree, "tag", "-a", "-m", "a release", "v1")
	r.run(r.tree, "tag", "light")
	r.run(r.tree, "push", "-q", "origin", "v1", "light")
	second := r.push("the second")
	server := serve(t, r)
	for ref, want := range map[string]string{"": second, "HEAD": second, "main": second, "refs/heads/main": second, "v1": first, "light": first, "refs/tags/v1": first} {
		for name, g := range map[string]source.Git{"http": overHTTP(t, server), "file": overFile(t, r)} {
			t.Run(name+" "+ref, func(t *testing.T) {
				g.Ref = ref
				s, err := source.OpenGit(t.Context(), g, options(io.Discard))
				if err != nil {
					t.Fatal(err)
				}
				if got := s.State().Commit.ID; got != want {
					t.Errorf("commit %s, want %s", got, want)
				}
			})
		}
	}
}
