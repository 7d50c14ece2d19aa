// Package config reads the settings of the process: shodo.yaml, environment variables and flags.
//
// A setting's value comes from the first of these that gives it: flag, environment variable, file, default. A variable
// that is set to nothing counts as not set. Each
// setting has one key path ("pagerduty.api_url"), from which its variable (SHODO_PAGERDUTY_API_URL) and its flag
// (--pagerduty-api-url) follow. [Config] is the one list of them: what the reference page, --help and "shodo config
// check" say is read from its field tags.
//
// Secrets stand in the file as {env: NAME} or {file: PATH}. Their variable holds the secret itself, or with _FILE
// added to its name the path of a file with it; they have no flag, because other users of a machine can see flags.
// Where secrets have names, a variable holds NAME=SECRET or NAME=PATH of each.
//
// [Load] tells everything that is wrong at once. The package never opens a connection, and reads files only through
// the function that it is given.
//
// # Adding a setting
//
// Add a field to Config with its tags (yaml, doc, and default where there is one), a rule to check.go when not every
// value makes sense, a case to testdata, and run the tests with UPDATE_GOLDEN=1 to write docs/configuration.md anew.
package config

import (
	"log/slog"
	"net/netip"
	"time"

	"go.yaml.in/yaml/v3"

	"shodo/internal/secret"
	"shodo/internal/yamldoc"
)

// Config are the settings of the process, checked. A Secret prints as <secret>.
//
// Tags: yaml is the key, default the default's text, doc the sentence for people, need:"true" marks what must be set,
// path:"true" marks a path: a relative one in the file is relative to the file's folder.
type Config struct {
	Listen      string        `yaml:"listen" default:"127.0.0.1:8080" doc:"Address and port of the HTTP server: webhooks, health, metrics. Port 0 takes a free one."`
	PublicURL   string        `yaml:"public_url" doc:"The URL under which PagerDuty reaches this server: the start tells the webhook address that follows from it."`
	DataDir     string        `yaml:"data_dir" default:"data" path:"true" doc:"Folder for the engine's own databases. Only one engine may use it at a time."`
	StopTimeout time.Duration `yaml:"stop_timeout" default:"2m" doc:"How long a clean stop waits for the steps that are running."`
	Catalog     Catalog       `yaml:"catalog"`
	PagerDuty   PagerDuty     `yaml:"pagerduty"`
	Slack       Slack         `yaml:"slack"`
	Mail        Mail          `yaml:"mail"`
	Reports     []Report      `yaml:"reports" doc:"Reports that are made and sent by themselves; only in the file, see below."`
	API         API           `yaml:"api"`
	Temporal    Temporal      `yaml:"temporal"`
	Store       Store         `yaml:"store"`
	Log         Log           `yaml:"log"`
	Actions     Actions       `yaml:"actions"`

	origins map[string]origin // of each setting, by its key path
}

// Catalog says where scenarios, customers and runbooks are: in a folder or in a Git repository, never both.
type Catalog struct {
	Dir string `yaml:"dir" path:"true" doc:"Folder with scenarios/, customers/ and runbooks/. It is read again when something in it changes, and on SIGHUP. Exactly one of catalog.dir and catalog.git.url must be set."`
	Git Git    `yaml:"git"`
}

// Git is a repository that the catalog is followed in.
type Git struct {
	URL            string        `yaml:"url" doc:"The repository: https://..., ssh://git@host/..., git@host:..., or a folder on this machine (absolute path or file:///...). It holds no user with password: see catalog.git.auth."`
	Ref            string        `yaml:"ref" doc:"The branch or tag that is followed. Empty: the repository's default branch."`
	Path           string        `yaml:"path" doc:"The folder in the repository that holds scenarios/, customers/ and runbooks/. Empty: its top."`
	Every          time.Duration `yaml:"every" default:"1m" doc:"How often the repository is asked for a new commit."`
	WebhookSecrets []Secret      `yaml:"webhook_secrets" doc:"The secrets of the push webhooks that GitHub or GitLab send to /webhooks/git; several, so that one can be replaced without a gap. Without one there is no such address."`
	Auth           GitAuth       `yaml:"auth"`
}

// GitAuth is how the engine shows who it is.
type GitAuth struct {
	Token      Secret `yaml:"token" doc:"For https://: an access token that may read the repository."`
	User       string `yaml:"user" default:"x-access-token" doc:"For https://: the user name that goes with the token. GitHub and GitLab take any for access tokens; deploy tokens of GitLab have one of their own, Bitbucket wants x-token-auth."`
	SSHKey     string `yaml:"ssh_key" path:"true" doc:"For ssh: the file with the private key, without a passphrase. Use a deploy key that may only read."`
	KnownHosts string `yaml:"known_hosts" path:"true" doc:"For ssh: the known_hosts file with the server's key. Without it there is no connection."`
}

// PagerDuty is the account.
type PagerDuty struct {
	APIURL         string   `yaml:"api_url" default:"https://api.pagerduty.com" doc:"PagerDuty's REST API. Accounts in the EU region: https://api.eu.pagerduty.com."`
	Token          Secret   `yaml:"token" need:"true" doc:"A REST API token that may read and write incidents."`
	From           string   `yaml:"from" need:"true" doc:"The e-mail address of the PagerDuty user in whose name the engine acts. Give it a user of its own."`
	WebhookSecrets []Secret `yaml:"webhook_secrets" need:"true" doc:"The secrets of the webhook subscriptions; several, so that one can be replaced without a gap."`
}

// Slack is the workspace. Without a bot token nothing is told in Slack.
type Slack struct {
	APIURL        string `yaml:"api_url" default:"https://slack.com/api/" doc:"Slack's Web API."`
	BotToken      Secret `yaml:"bot_token" doc:"The app's bot token (xoxb-...). Without it nothing is told in Slack."`
	SigningSecret Secret `yaml:"signing_secret" doc:"The app's signing secret, for what Slack sends to this server: buttons and the slash command. Without it, and without app_token, there are neither."`
	AppToken      Secret `yaml:"app_token" doc:"The app's app-level token (xapp-..., scope connections:write). With it buttons and the slash command come over Socket Mode, a connection that this server opens: Slack needs no way to it."`
	Channel       string `yaml:"channel" doc:"Where incidents that belong to no customer are told: \"#name\" or a channel id."`

	Operators []string `yaml:"operators" doc:"Slack's ids of the users who may decide about every incident and change everything by slash command, such as U024BE7LH. For one customer, those on call and those whom its file names as people of a tier may, too."`
}

// HearsPeople says whether buttons and the slash command are on, by request or by Socket Mode.
func (s Slack) HearsPeople() bool { return !s.SigningSecret.IsZero() || !s.AppToken.IsZero() }

// API is the HTTP API of this server.
type API struct {
	Tokens Tokens `yaml:"tokens" doc:"Who may use the HTTP API: a token for each NAME, of at least 24 characters. The name stands in the record of what is done with it."`
}

// Tokens are secrets with names.
type Tokens map[string]*Secret

// Temporal is the workflow engine. Without an address it is embedded in this process.
type Temporal struct {
	Address   string      `yaml:"address" doc:"host:port of a Temporal cluster. Empty: embedded in this process, on a file in data_dir."`
	Namespace string      `yaml:"namespace" default:"default" doc:"The namespace in Temporal."`
	APIKey    Secret      `yaml:"api_key" doc:"An API key of Temporal Cloud; needs TLS, which it switches on."`
	TLS       TemporalTLS `yaml:"tls"`
}

// TemporalTLS is how the connection to Temporal is secured.
type TemporalTLS struct {
	Enabled    bool   `yaml:"enabled" default:"false" doc:"Speak TLS with Temporal. On by itself when an API key or another TLS setting is given."`
	CA         string `yaml:"ca" path:"true" doc:"PEM file with the authorities that are trusted. Empty: those of the system."`
	Cert       string `yaml:"cert" path:"true" doc:"PEM file with the client certificate (mTLS)."`
	Key        string `yaml:"key" path:"true" doc:"PEM file with the client certificate's key."`
	ServerName string `yaml:"server_name" doc:"The name that the server's certificate must have, when it is not the address's host."`
}

// UsesTLS says whether the connection to Temporal is encrypted.
func (t Temporal) UsesTLS() bool {
	return t.TLS != TemporalTLS{} || !t.APIKey.IsZero()
}

// Log is what the process says about itself, on standard error.
type Log struct {
	Level  slog.Level `yaml:"level" default:"info" enum:"debug,info,warn,error" doc:"The least level that is written."`
	Format string     `yaml:"format" default:"text" enum:"text,json" doc:"How a line is written."`
}

// Actions is what actions may do on and from this machine.
type Actions struct {
	LocalRun struct {
		Programs []string `yaml:"programs" doc:"Absolute paths of the programs that local.read and local.run may start. Empty: those actions are off."`
	} `yaml:"local_run"`
	HTTP struct {
		AllowLinkLocal []netip.Prefix `yaml:"allow_link_local" doc:"Networks (CIDR) that actions may reach although they are link-local or serve a cloud's metadata."`
	} `yaml:"http"`
}

// Secret is a setting that is a secret, resolved. Reveal gives it; it prints as <secret>.
type Secret struct {
	secret.Value
	ref secret.Ref
}

// DecodeYAML reads where the secret is kept; Load resolves it.
func (s *Secret) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) { s.ref.DecodeYAML(n, d) }

// NewSecret gives a setting of that text, for a Config that is made in code.
func NewSecret(text string) Secret { return Secret{Value: secret.New(text)} }

// Sources are what settings are read from.
type Sources struct {
	File     string                            // path of shodo.yaml; empty: none
	Flags    map[string]string                 // the flags that were given, by key path
	Environ  []string                          // as os.Environ gives it
	ReadFile func(path string) ([]byte, error) // as os.ReadFile
}

// Load reads, resolves and checks all settings. The config is nil when there is a problem that is not a warning.
func Load(from Sources) (*Config, yamldoc.Problems) {
	l := newLoader(from)
	l.defaults()
	if l.file() {
		l.environment()
		l.flags()
		l.resolveSecrets()
		l.checkNeeded()
		l.checkRules()
	}
	l.problems.Sort()
	if l.problems.Err() != nil {
		return nil, l.problems
	}
	return l.config, l.problems
}
