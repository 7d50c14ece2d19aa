package store

import (
	"fmt"
	"net/url"
	"slices"
)

// Dump is how pg_dump is called to copy a store to its standard output, as an archive that pg_restore reads.
type Dump struct {
	Args    []string
	Environ []string // the password, which is nobody else's business
}

// libpqWords are the parameters of a url that libpq knows and that have to do with reaching the server. What else our
// driver takes, libpq refuses. See https://www.postgresql.org/docs/current/libpq-connect.html.
var libpqWords = []string{"host", "hostaddr", "port", "dbname", "user", "passfile", "connect_timeout", "sslmode", "sslcert", "sslkey",
	"sslrootcert", "sslcrl", "sslsni", "ssl_min_protocol_version", "ssl_max_protocol_version", "channel_binding", "krbsrvname",
	"gssencmode", "service", "target_session_attrs", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "options"}

// DumpOf gives the call for a url of PostgreSQL. No argument holds the password.
func DumpOf(raw string) (Dump, error) {
	config, _, err := postgresConfig(raw)
	if err != nil {
		return Dump{}, fmt.Errorf("back up: %w", err)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return Dump{}, fmt.Errorf("back up: %w: the url cannot be read", ErrUnsupported)
	}
	d := Dump{Args: []string{"--format=custom", "--no-password"}}
	query := u.Query()
	if schema := query.Get("search_path"); schema != "" {
		d.Args = append(d.Args, "--schema="+schema)
	}
	for key := range query {
		if !slices.Contains(libpqWords, key) {
			query.Del(key)
		}
	}
	u.RawQuery = query.Encode()
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	if config.Password != "" {
		d.Environ = append(d.Environ, "PGPASSWORD="+config.Password)
	}
	d.Args = append(d.Args, "--dbname="+u.String())
	return d, nil
}
