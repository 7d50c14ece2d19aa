package source_test

import (
	"strings"
	"testing"

	"shodo/internal/source"
)

func TestParseURL(t *testing.T) {
	for text, want := range map[string]source.URL{
		"https://git.example.com/ops/catalog.git":     {Kind: source.HTTP},
		"http://127.0.0.1:8080/catalog.git":           {Kind: source.HTTP},
		"http://localhost/catalog.git":                {Kind: source.HTTP},
		"http://[::1]/catalog.git":                    {Kind: source.HTTP},
		"git@git.example.com:ops/catalog.git":         {Kind: source.SSH, User: "git", Host: "git.example.com:22", Path: "ops/catalog.git"},
		"git.example.com:ops/catalog.git":             {Kind: source.SSH, User: "git", Host: "git.example.com:22", Path: "ops/catalog.git"},
		"ssh://deploy@git.example.com:2222/srv/c.git": {Kind: source.SSH, User: "deploy", Host: "git.example.com:2222", Path: "/srv/c.git"},
		"ssh://[2001:db8::1]/srv/c.git":               {Kind: source.SSH, User: "git", Host: "[2001:db8::1]:22", Path: "/srv/c.git"},
		"file:///srv/catalog.git":                     {Kind: source.Local, Path: "/srv/catalog.git"},
		"/srv/カタログ":                                   {Kind: source.Local, Path: "/srv/カタログ"},
	} {
		got, err := source.ParseURL(text)
		if err != nil || got.Kind != want.Kind || got.User != want.User || got.Host != want.Host || got.Path != want.Path || got.String() != text {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"https://user:hunter2@git.example.com/c.git": "set catalog.git.auth instead",
		"https://hunter2@git.example.com/c.git":      "set catalog.git.auth instead",
		"ssh://git:hunter2@git.example.com/c.git":    "set catalog.git.auth instead",
		"http://git.example.com/c.git?t=hunter2":     "query",
		"http://git.example.com/c.git":               "not protected",
		"git://git.example.com/c.git":                "not protected",
		"file://srv/c.git":                           "third /",
		"https:///c.git":                             "no host",
		"ftp://git.example.com/c.git":                "begins with none of",
		"https://git.example.com/%zz/hunter2":        "not a URL",
		"catalog.git":                                "not a URL and not an absolute path",
		"../catalog.git":                             "not a URL and not an absolute path",
		"":                                           "not a URL",
	} {
		if _, err := source.ParseURL(text); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestCheckRef(t *testing.T) {
	for _, good := range []string{"", "HEAD", "main", "release/2026", "refs/heads/main", "v1.2.3", "運用"} {
		if err := source.CheckRef(good); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{"a..b", "a b", "/a", "a/", "-a", "a.lock", "a^", "a:b", "a@{1}", "a\n", "a//b", strings.Repeat("0a", 20)} {
		if source.CheckRef(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
