package config

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"shodo/internal/source"
)

// The least and the most time between two questions for a new commit.
const (
	minGitEvery = 5 * time.Second
	maxGitEvery = 24 * time.Hour
)

// checkCatalog tells whether there is one place for the catalog, and whether it can be reached as it is written.
func (l *loader) checkCatalog(c Catalog) {
	switch {
	case l.broken["catalog.dir"] || l.broken["catalog.git.url"]:
		return
	case c.Dir == "" && c.Git.URL == "":
		l.report("catalog.dir", "it is not set, and catalog.git.url is not set either",
			"set one of them: in the file, with SHODO_CATALOG_DIR or --catalog-dir, with SHODO_CATALOG_GIT_URL or --catalog-git-url")
	case c.Dir != "" && c.Git.URL != "":
		l.report("catalog.git.url", "catalog.dir is set, too; a catalog has one place", "remove one of them")
	}
	if c.Git.URL == "" {
		l.checkNoGit()
		return
	}
	l.rule("catalog.git.ref", source.CheckRef(c.Git.Ref), "such as main; empty: the default branch")
	if c.Git.Path != "" && !fs.ValidPath(c.Git.Path) {
		l.report("catalog.git.path", fmt.Sprintf("%q is not a path in a repository", c.Git.Path), "such as ops/catalog; empty: the top of the repository")
	}
	if (c.Git.Every < minGitEvery || c.Git.Every > maxGitEvery) && !l.broken["catalog.git.every"] {
		l.report("catalog.git.every", fmt.Sprintf("%s is not between %s and %s", shortDuration(c.Git.Every), minGitEvery, shortDuration(maxGitEvery)), "")
	}
	u, err := source.ParseURL(c.Git.URL)
	if err != nil {
		l.report("catalog.git.url", err.Error(), "such as https://git.example.com/ops/catalog.git, or git@git.example.com:ops/catalog.git")
		return
	}
	l.checkGitAuth(c.Git.Auth, u.Kind)
}

// checkNoGit tells what has no effect without a repository.
func (l *loader) checkNoGit() {
	for _, s := range settingsOf(l.config) {
		if strings.HasPrefix(s.Path, "catalog.git.") && l.config.origins[s.Path].what != "default" && !isUnset(s.value) {
			l.report(s.Path, "it has no effect without catalog.git.url", "set catalog.git.url, or remove it")
		}
	}
}

// checkGitAuth tells what does not fit to the way to the repository. SSH needs both files: a host that is not checked
// may be anybody's.
func (l *loader) checkGitAuth(a GitAuth, way source.Kind) {
	for _, one := range []struct {
		name, file, hint string
		given            bool
		fits             source.Kind
	}{
		{name: "token", given: !a.Token.IsZero(), fits: source.HTTP},
		{name: "ssh_key", given: a.SSHKey != "", fits: source.SSH, file: a.SSHKey, hint: "name the file with the private key"},
		{name: "known_hosts", given: a.KnownHosts != "", fits: source.SSH, file: a.KnownHosts,
			hint: "name a file with the server's key: what ssh-keyscan shows, compared with what the server's owner has published"},
	} {
		path := "catalog.git.auth." + one.name
		switch {
		case one.given && one.fits != way:
			l.report(path, fmt.Sprintf("it is for %s, and catalog.git.url is %s", one.fits, way), "remove it, or take another URL")
		case !one.given && one.fits == way && way == source.SSH:
			l.report(path, "it is not set, and catalog.git.url is ssh", one.hint)
		case one.given && one.file != "":
			l.rule(path, l.checkReadable(one.file), "the engine's user must be able to read it")
		}
	}
}

// checkReadable tells why a file cannot be read.
func (l *loader) checkReadable(path string) error {
	_, err := l.from.ReadFile(path)
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		err = failed.Err
	}
	if err != nil {
		return fmt.Errorf("read %q: %w", path, err)
	}
	return nil
}
