package config_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/config"
	"shodo/internal/yamldoc"
	"shodo/internal/yamldoc/yamldoctest"
)

// environ and files are what the tests' settings refer to.
var environ = []string{"PD_TOKEN=t0ken", "PD_HOOK=h00k", "SLACK_TOKEN=xoxb-1", "SLACK_APP=xapp-1", "TEMPORAL_KEY=tk", "MAIL_PASSWORD=m4ilpw", "ALICE_TOKEN=" + aliceToken, "WITH_BLANK=a b", "HOME=/root"}

const aliceToken, botToken = "alice-0123456789-0123456789", "deploy-bot-0123456789-0123456789"

func files(more map[string]string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		all := map[string]string{"/run/secrets/hook": "h00k2\n", "/run/secrets/slack": "s1gn", "/run/secrets/deploy_bot": botToken + "\n"}
		for name, text := range more {
			all[name] = text
		}
		if text, ok := all[path]; ok {
			return []byte(text), nil
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
}

func load(file string, text string, flags map[string]string, env ...string) (*config.Config, yamldoc.Problems) {
	return config.Load(config.Sources{File: file, Flags: flags, Environ: append(env, environ...), ReadFile: files(map[string]string{file: text})})
}

func TestProblems(t *testing.T) {
	yamldoctest.Golden(t, "testdata/*.yaml", func(file string, data []byte) yamldoc.Problems {
		c, problems := load(file, string(data), nil)
		if (c == nil) != (problems.Err() != nil) {
			t.Errorf("%s: config %v with error %v", file, c, problems.Err())
		}
		if strings.Contains(problems.Error(), "hunter2") {
			t.Errorf("%s: a problem repeats a secret", file)
		}
		return problems
	})
}

const smallest = `
catalog: {dir: /etc/catalog}
pagerduty: {token: {env: PD_TOKEN}, from: shodo@acme.example, webhook_secrets: [{env: PD_HOOK}]}
`

func TestDefaults(t *testing.T) {
	c, problems := load("shodo.yaml", smallest, nil)
	if problems != nil {
		t.Fatal(problems)
	}
	got := []any{c.Listen, c.DataDir, c.StopTimeout, c.Catalog.Dir, c.PagerDuty.APIURL, c.PagerDuty.Token.Reveal(),
		c.PagerDuty.WebhookSecrets[0].Reveal(), c.Slack.APIURL, c.Temporal.Namespace, c.Temporal.UsesTLS(), c.StoreURL().Reveal(), c.Log.Level, c.Log.Format}
	want := []any{"127.0.0.1:8080", "data", 2 * time.Minute, "/etc/catalog", "https://api.pagerduty.com", "t0ken",
		"h00k", "https://slack.com/api/", "default", false, "data/store.db", slog.LevelInfo, "text"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !c.Slack.BotToken.IsZero() || len(c.Actions.LocalRun.Programs) > 0 {
		t.Error("something is on that nobody asked for")
	}
}

func TestFile(t *testing.T) {
	data, err := os.ReadFile("testdata/good-all.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, problems := load("/etc/shodo/shodo.yaml", string(data), nil)
	if problems != nil {
		t.Fatal(problems)
	}
	got := []any{c.Listen, c.DataDir, c.StopTimeout, c.Catalog.Dir, c.Temporal.TLS.CA, c.Temporal.TLS.Cert, c.Temporal.APIKey.Reveal(), c.Temporal.UsesTLS(),
		c.PagerDuty.WebhookSecrets[1].Reveal(), c.Slack.SigningSecret.Reveal(), c.Slack.Operators, c.Mail.Address, c.Mail.TLS, c.Mail.User, c.Mail.Password.Reveal(), c.Mail.From,
		c.API.Tokens["alice"].Reveal(), c.API.Tokens["deploy-bot"].Reveal(), len(c.API.Tokens), c.StoreURL().Reveal(), c.Log.Level,
		c.Actions.LocalRun.Programs, fmt.Sprint(c.Actions.HTTP.AllowLinkLocal)}
	want := []any{":9090", "/etc/shodo/state", 90 * time.Second, "/etc/catalog", "/etc/shodo/ca.pem", "/etc/cert.pem", "tk", true,
		"h00k2", "s1gn", []string{"U024BE7LH", "W012A3CDE"}, "smtp.acme.example:465", "tls", "shodo", "m4ilpw", "Acme 運用 <ops@acme.example>", aliceToken, botToken, 2, "sqlite:///var/lib/shodo/store.db", slog.LevelDebug,
		[]string{"/usr/bin/systemctl", "/usr/bin/df"}, "[169.254.169.254/32 fe80::/10]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestOrder: a flag beats a variable, a variable beats the file, the file beats the default; Describe says which.
func TestOrder(t *testing.T) {
	text := smallest + "listen: 127.0.0.1:1\n"
	env := []string{"SHODO_LISTEN=127.0.0.1:2", "SHODO_DATA_DIR=rel"}
	tests := []struct {
		name         string
		env          []string
		flags        map[string]string
		listen, from string
	}{
		{"file", nil, nil, "127.0.0.1:1", "shodo.yaml:4"},
		{"variable", env, nil, "127.0.0.1:2", "environment variable SHODO_LISTEN"},
		{"empty variable", []string{"SHODO_LISTEN="}, nil, "127.0.0.1:1", "shodo.yaml:4"},
		{"flag", env, map[string]string{"listen": "127.0.0.1:3"}, "127.0.0.1:3", "flag --listen"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, problems := load("shodo.yaml", text, tt.flags, tt.env...)
			if problems != nil {
				t.Fatal(problems)
			}
			d := described(c, "listen")
			if c.Listen != tt.listen || d.Value != tt.listen || d.From != tt.from {
				t.Errorf("listen %q, described %+v; want %q from %q", c.Listen, d, tt.listen, tt.from)
			}
			if d := described(c, "stop_timeout"); d.From != "default" || d.Value != "2m" {
				t.Errorf("stop_timeout described %+v", d)
			}
		})
	}
}

func described(c *config.Config, path string) config.Described {
	for _, d := range c.Describe() {
		if d.Path == path {
			return d
		}
	}
	return config.Described{}
}

// The password goes into the URL of the store where nobody sees it.
func TestStoreOnPostgres(t *testing.T) {
	data, err := os.ReadFile("testdata/good-store-on-postgres.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, problems := load("shodo.yaml", string(data), nil)
	if problems != nil {
		t.Fatal(problems)
	}
	const want = "postgres://shodo:t0ken@db.example:5432/shodo?sslmode=verify-full&sslrootcert=/etc/ca.pem"
	if got := c.StoreURL(); got.Reveal() != want || fmt.Sprint(got) != "<secret>" {
		t.Errorf("%q, printed as %v", got.Reveal(), got)
	}
	if strings.Contains(c.String(), "t0ken") {
		t.Error("the password is printed")
	}
	if got := config.WithPassword("postgres://u@h/d", "p@ss/w?rd"); got != "postgres://u:p%40ss%2Fw%3Frd@h/d" {
		t.Error(got)
	}
	if r := c.Store.Retention; r != (config.Retention{Deliveries: 90, Alerts: 0, StepOutputs: 100, Incidents: 0}) {
		t.Errorf("%+v", r)
	}
}

// TestExample: the example of deploy/ is right, and names the variables that its reader has to set.
func TestExample(t *testing.T) {
	data, err := os.ReadFile("../../deploy/example/shodo.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, problems := load("shodo.yaml", string(data), nil)
	if len(problems) != 3 {
		t.Errorf("problems without the variables:\n%v", problems)
	}
	c, problems := load("/etc/shodo.yaml", string(data), nil, "PAGERDUTY_TOKEN=a", "PAGERDUTY_WEBHOOK_SECRET=b", "SLACK_BOT_TOKEN=c")
	if problems != nil || c.Catalog.Dir != "/etc/catalog" {
		t.Errorf("config %v, problems:\n%v", c, problems)
	}
}

func TestWithoutAFile(t *testing.T) {
	env := []string{"SHODO_CATALOG_DIR=/c", "SHODO_PAGERDUTY_TOKEN=t1", "SHODO_PAGERDUTY_FROM=a@b.example", "SHODO_PAGERDUTY_WEBHOOK_SECRETS=a, b",
		"SHODO_SLACK_BOT_TOKEN_FILE=/run/secrets/hook", "SHODO_ACTIONS_HTTP_ALLOW_LINK_LOCAL=10.0.0.0/8,fe80::/10", "SHODO_LOG_LEVEL=warn",
		"SHODO_TEMPORAL_ADDRESS=t:1", "SHODO_TEMPORAL_TLS_ENABLED=true"}
	c, problems := load("", "", map[string]string{"stop_timeout": "5s", "actions.local_run.programs": "/bin/a,/bin/b"}, env...)
	if problems != nil {
		t.Fatal(problems)
	}
	got := []any{c.Catalog.Dir, c.PagerDuty.Token.Reveal(), len(c.PagerDuty.WebhookSecrets), c.PagerDuty.WebhookSecrets[1].Reveal(), c.Slack.BotToken.Reveal(),
		c.Actions.HTTP.AllowLinkLocal[0] == netip.MustParsePrefix("10.0.0.0/8"), c.Log.Level, c.StopTimeout, c.Actions.LocalRun.Programs, c.Temporal.UsesTLS()}
	want := []any{"/c", "t1", 2, "b", "h00k2", true, slog.LevelWarn, 5 * time.Second, []string{"/bin/a", "/bin/b"}, true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWrongVariablesAndFlags(t *testing.T) {
	env := []string{"SHODO_STOP_TIMEOUT=soon", "SHODO_LOG_FORMAT=jsn", "SHODO_PAGERDUTY_TOKEN=t", "SHODO_PAGERDUTY_TOKEN_FILE=/t", "SHODO_LISTN=:80",
		"SHODO_ACME_KEY=x", "SHODO_SLACK_BOT_TOKEN_FILE=rel", "SHODO_TEMPORAL_TLS_ENABLED=maybe", "SHODO_ACTIONS_HTTP_ALLOW_LINK_LOCAL=all",
		"SHODO_SLACK_SIGNING_SECRET=a b",
		"SHODO_API_TOKENS=alice=" + aliceToken + ",hunter2"}
	c, problems := load("shodo.yaml", smallest, map[string]string{"listen": "nowhere", "log.level": "loud"}, env...)
	if c != nil {
		t.Error("a config in spite of problems")
	}
	if strings.Contains(problems.Error(), "hunter2") || strings.Contains(problems.Error(), aliceToken) {
		t.Error("a problem repeats a token")
	}
	yamldoctest.Compare(t, "testdata/wrong-variables-and-flags.problems", problems)
}

// TestTokens: secrets with names come from the file, from a variable and from files that a variable names.
func TestTokens(t *testing.T) {
	for _, tt := range []struct {
		name string
		env  []string
		want map[string]string
		from string
	}{
		{"file", nil, map[string]string{"alice": aliceToken}, `shodo.yaml:4, environment variable "ALICE_TOKEN"`},
		{"variable", []string{"SHODO_API_TOKENS=bob=" + botToken + ", carol=" + aliceToken},
			map[string]string{"bob": botToken, "carol": aliceToken}, "environment variable SHODO_API_TOKENS"},
		{"files", []string{"SHODO_API_TOKENS_FILE=bob=/run/secrets/deploy_bot"},
			map[string]string{"bob": botToken}, `environment variable SHODO_API_TOKENS_FILE, file "/run/secrets/deploy_bot"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, problems := load("shodo.yaml", smallest+"api: {tokens: {alice: {env: ALICE_TOKEN}}}\n", nil, tt.env...)
			if problems != nil {
				t.Fatal(problems)
			}
			got, printed := map[string]string{}, []string{}
			for name, token := range c.API.Tokens {
				got[name] = token.Reveal()
				printed = append(printed, name+": <secret>")
			}
			slices.Sort(printed)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if d := described(c, "api.tokens"); d.From != tt.from || d.Value != strings.Join(printed, ", ") {
				t.Errorf("described %+v", d)
			}
		})
	}
	for _, bad := range []string{"SHODO_API_TOKENS_FILE=/run/secrets/deploy_bot", "SHODO_API_TOKENS_FILE=bob=rel", "SHODO_API_TOKENS_FILE=bob=/none"} {
		if c, problems := load("shodo.yaml", smallest, nil, bad); c != nil || len(problems) != 1 {
			t.Errorf("%s: problems %v", bad, problems)
		}
	}
}

func TestFileThatDoesNotExist(t *testing.T) {
	_, problems := config.Load(config.Sources{File: "/none.yaml", ReadFile: files(nil)})
	if got, want := problems.Error(), "/none.yaml: read settings: open /none.yaml: file does not exist (give the right path with --config)"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestSecretsStayHidden prints the whole configuration in every way.
func TestSecretsStayHidden(t *testing.T) {
	data, err := os.ReadFile("testdata/good-all.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, problems := load("shodo.yaml", string(data), nil)
	if problems != nil {
		t.Fatal(problems)
	}
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	all := fmt.Sprintf("%v %+v %#v %s %s %v", c, *c, c.PagerDuty, c, asJSON, c.Describe())
	for _, s := range []string{"t0ken", "h00k", "xoxb-1", "xapp-1", "s1gn", "m4ilpw", `"tk"`, "{tk", aliceToken, botToken} {
		if strings.Contains(all, s) {
			t.Errorf("the configuration prints the secret %q", s)
		}
	}
	if d := described(c, "pagerduty.webhook_secrets"); d.Value != "<secret>, <secret>" ||
		d.From != `shodo.yaml:10, environment variable "PD_HOOK", file "/run/secrets/hook"` {
		t.Errorf("described %+v", d)
	}
	if !strings.Contains(c.String(), "<secret>") {
		t.Error("the table does not show that a secret is set")
	}
}

// TestEverySetting: each has a documentation, a variable and, unless it is a secret, a flag that sets it.
func TestEverySetting(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range config.Settings() {
		if s.Doc == "" || !strings.HasSuffix(s.Doc, ".") || strings.Contains(s.Doc, "|") {
			t.Errorf("%s: documentation %q", s.Path, s.Doc)
		}
		if s.Path == "reports" { // a list of groups: it stands in the file only
			continue
		}
		if seen[s.Env] || seen[s.Flag] && s.Flag != "" {
			t.Errorf("%s: its variable or flag is taken", s.Path)
		}
		seen[s.Env], seen[s.Flag] = true, true
		if s.Secret != (s.Flag == "") {
			t.Errorf("%s: secret %v, flag %q", s.Path, s.Secret, s.Flag)
		}
	}
}

// TestReference keeps docs/configuration.md as the code says.
func TestReference(t *testing.T) {
	const page = "../../docs/configuration.md"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.MkdirAll("../../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(page, []byte(config.Reference()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Reference(), string(got)); diff != "" {
		t.Errorf("docs/configuration.md is not what the code says; run the tests of this package with UPDATE_GOLDEN=1 (-code +page):\n%s", diff)
	}
}

func FuzzLoad(f *testing.F) {
	for _, name := range []string{"good-all", "values-that-make-no-sense", "secrets-written-out", "tokens-that-make-no-sense"} {
		data, err := os.ReadFile("testdata/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data), "127.0.0.1:0")
	}
	f.Add("api: {tokens: {alice: *b, bob: !!str c}}", "a=b")
	f.Fuzz(func(t *testing.T, text, value string) {
		flags := map[string]string{}
		for _, s := range config.Settings() {
			flags[s.Path] = value
		}
		for _, flags := range []map[string]string{nil, flags} {
			c, problems := load("f.yaml", text, flags)
			if (c == nil) != (problems.Err() != nil) {
				t.Fatalf("config %v, problems %v", c, problems)
			}
			if c != nil {
				_ = c.String()
			}
		}
	})
}
