package config

import (
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"shodo/internal/secret"
	"shodo/internal/store"
	"shodo/internal/yamldoc"
)

// Store is the database of records.
type Store struct {
	URL       string    `yaml:"url" doc:"The database: sqlite:///path/to/file.db, or postgres://user@host:5432/database?sslmode=verify-full with the parameters of libpq, such as sslrootcert. It holds no password: see store.password. Empty: the file store.db in data_dir."`
	Password  Secret    `yaml:"password" doc:"The password of PostgreSQL's user. Without it PostgreSQL's own ways hold: PGPASSWORD, ~/.pgpass, a client certificate."`
	Retention Retention `yaml:"retention"`
}

// Retention is how long things are kept. What belongs to an open incident is kept, however old.
type Retention struct {
	Deliveries  Days `yaml:"deliveries" default:"30d" doc:"How long webhooks are kept as they were received, after they were handed over. At least 3d, because PagerDuty repeats one for 2 days."`
	Alerts      Days `yaml:"alerts" default:"400d" doc:"How long alerts are kept as they were received, after the incident has ended. Backtests of that time need them."`
	StepOutputs Days `yaml:"step_outputs" default:"400d" doc:"How long the outputs of steps are kept, after the incident has ended. That the step ran, how and with what result is kept with the incident."`
	Incidents   Days `yaml:"incidents" default:"forever" doc:"How long an incident is kept with everything of it, after it has ended. Figures of that time need it."`
}

// Check says what must not be pruned so early.
func (r Retention) Check() error {
	if d := r.Deliveries; d != 0 && d < 3 {
		return fmt.Errorf("%s is too short: PagerDuty repeats a webhook for 2 days, and one that is not known any more is taken for new", d)
	}
	return nil
}

// Stored gives the times as the store takes them: 0 is for ever.
func (r Retention) Stored() store.Retention {
	long := func(d Days) time.Duration {
		duration, _ := d.Duration()
		return duration
	}
	return store.Retention{Deliveries: long(r.Deliveries), Alerts: long(r.Alerts), StepOutputs: long(r.StepOutputs), Incidents: long(r.Incidents)}
}

// Days is a time of whole days, written 30d; 0 is for ever, written forever.
type Days int

// maxDays is a hundred years: a duration in nanoseconds holds it.
const maxDays = 36500

// Duration gives the days as a duration; ok is false when it is for ever.
func (d Days) Duration() (long time.Duration, ok bool) {
	return time.Duration(d) * 24 * time.Hour, d > 0
}

func (d Days) String() string {
	if d == 0 {
		return "forever"
	}
	return fmt.Sprintf("%dd", int(d))
}

// UnmarshalText reads what String gives.
func (d *Days) UnmarshalText(text []byte) error {
	if string(text) == "forever" {
		*d = 0
		return nil
	}
	number, found := strings.CutSuffix(string(text), "d")
	n, err := strconv.Atoi(number)
	if !found || err != nil || n < 1 || n > maxDays {
		return fmt.Errorf("found %q, expected days such as 30d, or forever", text)
	}
	*d = Days(n)
	return nil
}

// DecodeYAML reads them from a settings file.
func (d *Days) DecodeYAML(n *yaml.Node, dec *yamldoc.Decoder) {
	if n.Kind != yaml.ScalarNode {
		dec.Problem(n, "expected days", "such as 30d, or forever")
		return
	}
	if err := d.UnmarshalText([]byte(n.Value)); err != nil {
		dec.Problem(n, err.Error(), "")
	}
}

// StoreURL is the store's URL, with the default filled in, and the password, which makes it a secret.
func (c *Config) StoreURL() secret.Value {
	if c.Store.URL == "" {
		return secret.New(filepath.Join(c.DataDir, "store.db"))
	}
	return secret.New(WithPassword(c.Store.URL, c.Store.Password.Reveal()))
}

// WithPassword puts a password into the URL of a PostgreSQL database. Without a password, and where it is no such URL,
// the URL stays as it is.
func WithPassword(raw, password string) string {
	u, err := url.Parse(raw)
	if password == "" || err != nil || !isPostgres(u.Scheme) {
		return raw
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String()
}

func isPostgres(scheme string) bool { return scheme == "postgres" || scheme == "postgresql" }

// checkStore tells what makes no sense. It never repeats the URL: it may hold a password.
func (l *loader) checkStore(s Store) {
	l.rule("store.url", checkStoreURL(s.URL), "write sqlite:///path/to/file.db or postgres://user@host:5432/database?sslmode=verify-full, or leave it out")
	if !s.Password.IsZero() && !strings.HasPrefix(s.URL, "postgres") {
		l.report("store.password", "it has no effect: store.url names no PostgreSQL database", "set store.url, or remove it")
	}
	l.rule("store.retention.deliveries", s.Retention.Check(), "3d or more")
	if in := s.Retention.Incidents; in != 0 {
		for _, part := range []struct {
			path string
			days Days
		}{{"store.retention.alerts", s.Retention.Alerts}, {"store.retention.step_outputs", s.Retention.StepOutputs}} {
			if given := l.config.origins[part.path].what != "default"; given && (part.days == 0 || part.days > in) {
				l.report(part.path, fmt.Sprintf("%s is longer than the incident itself is kept (%s)", part.days, in), "make it shorter, or remove it")
			}
		}
	}
}

var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

func checkStoreURL(s string) error {
	scheme, _, found := strings.Cut(s, ":")
	switch {
	case s == "" || scheme == "sqlite" || !found && filepath.IsAbs(s):
		return nil
	case !isPostgres(scheme):
		return fmt.Errorf("it is not the URL of a SQLite file or of a PostgreSQL database")
	}
	u, err := url.Parse(s)
	if err != nil {
		return fmt.Errorf("the URL of PostgreSQL cannot be read")
	}
	query := u.Query()
	_, password := u.User.Password()
	switch mode := query.Get("sslmode"); {
	case password || query.Has("password"):
		return fmt.Errorf("the URL holds a password; put it into store.password")
	case u.Hostname() == "" && query.Get("host") == "":
		return fmt.Errorf("the URL of PostgreSQL names no host")
	case strings.Trim(u.Path, "/") == "" && query.Get("dbname") == "":
		return fmt.Errorf("the URL of PostgreSQL names no database")
	case mode != "" && !slices.Contains(sslModes, mode):
		return fmt.Errorf("the sslmode of the URL is none of %s", strings.Join(sslModes, ", "))
	}
	return nil
}
