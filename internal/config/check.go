package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// checkNeeded tells which settings must be given and are not.
func (l *loader) checkNeeded() {
	for _, s := range settingsOf(l.config) {
		if !s.Needed || l.broken[s.Path] || !isUnset(s.value) {
			continue
		}
		hint := fmt.Sprintf("set it in the file, with %s or with --%s", s.Env, s.Flag)
		if s.Secret {
			hint = fmt.Sprintf("set it in the file as {env: NAME} or {file: PATH}, or with %s or %s_FILE", s.Env, s.Env)
		}
		l.fail(s.Path, "it is not set", hint)
	}
}

func isUnset(v reflect.Value) bool {
	if s, ok := v.Interface().(Secret); ok {
		return s.IsZero()
	}
	return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
}

// checkRules tells which values make no sense.
func (l *loader) checkRules() {
	c := l.config
	l.rule("listen", checkListen(c.Listen), `such as "127.0.0.1:8080", or ":8080" for all addresses`)
	l.rule("public_url", checkURL(c.PublicURL), "such as https://shodo.example.com")
	l.rule("pagerduty.api_url", checkURL(c.PagerDuty.APIURL), "such as https://api.pagerduty.com")
	l.rule("slack.api_url", checkURL(c.Slack.APIURL), "such as https://slack.com/api/")
	l.rule("pagerduty.from", checkMail(c.PagerDuty.From), "PagerDuty wants the address with which the user logs in")
	l.rule("slack.channel", checkChannel(c.Slack.Channel), `write "#name" with the quotes, or the channel's id, such as C024BE91L`)
	l.checkStore(c.Store)
	for _, p := range c.Actions.LocalRun.Programs {
		l.rule("actions.local_run.programs", checkProgram(p), "such as /usr/bin/systemctl")
	}
	if c.StopTimeout < time.Second || c.StopTimeout > time.Hour {
		l.report("stop_timeout", fmt.Sprintf("%s is not between 1s and 1h", c.StopTimeout), "")
	}
	for _, path := range []string{"data_dir", "log.format", "temporal.namespace", "pagerduty.api_url", "slack.api_url"} {
		l.notEmpty(path)
	}
	if c.Slack.Channel != "" && c.Slack.BotToken.IsZero() && !l.broken["slack.bot_token"] {
		l.report("slack.channel", "slack.bot_token is not set, so nothing can be told there", "set slack.bot_token")
	}
	for _, id := range c.Slack.Operators {
		l.rule("slack.operators", checkSlackUser(id), `in Slack: the person's profile, "...", "Copy member ID"`)
	}
	if len(c.Slack.Operators) > 0 && !c.Slack.HearsPeople() && !l.broken["slack.signing_secret"] && !l.broken["slack.app_token"] {
		l.report("slack.operators", "neither slack.signing_secret nor slack.app_token is set, so there are no buttons and there is no slash command",
			"set slack.signing_secret, or slack.app_token for Socket Mode")
	}
	if !c.Slack.AppToken.IsZero() && c.Slack.BotToken.IsZero() && !l.broken["slack.bot_token"] {
		l.report("slack.app_token", "slack.bot_token is not set, so nobody who presses a button can be answered", "set slack.bot_token")
	}
	if v := c.Slack.AppToken; !v.IsZero() && !strings.HasPrefix(v.Reveal(), "xapp-") {
		l.report("slack.app_token", "it is not an app-level token: those begin with xapp-", "in Slack: the app's page, Basic Information, App-Level Tokens")
	}
	l.checkCatalog(c.Catalog)
	l.checkTokens(c.API.Tokens)
	l.checkMail(c.Mail)
	l.checkReports(c)
	l.checkTemporal(c.Temporal)
}

// MinToken is how many characters a token of the API has at least: it is all that keeps others out.
const MinToken = 24

var tokenName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)

// checkTokens never repeats a token.
func (l *loader) checkTokens(tokens Tokens) {
	const path = "api.tokens"
	if l.broken[path] {
		return
	}
	owner := map[string]string{}
	for _, name := range sortedKeys(tokens) {
		text := tokens[name].Reveal()
		switch {
		case !tokenName.MatchString(name):
			l.report(path, fmt.Sprintf("%q is not a name for a token", name), `small letters, digits, ".", "_" and "-", such as alice or deploy-bot`)
		case name == "cli" || name == "slack":
			l.report(path, fmt.Sprintf("the name %q is the engine's own", name), "take another one")
		case text == "":
			l.report(path, fmt.Sprintf("the token of %q is empty", name), "")
		case len(text) < MinToken:
			l.report(path, fmt.Sprintf("the token of %q has fewer than %d characters", name, MinToken), "make one with: openssl rand -hex 32")
		case owner[text] != "":
			l.report(path, fmt.Sprintf("%q and %q have the same token", owner[text], name), "give each its own: the record says by it who did what")
		}
		owner[text] = name
	}
}

var slackUser = regexp.MustCompile(`^[UW][A-Z0-9]{6,20}$`)

func checkSlackUser(id string) error {
	if !slackUser.MatchString(id) {
		return fmt.Errorf("%q is not the id of a Slack user", id)
	}
	return nil
}

func (l *loader) checkTemporal(t Temporal) {
	l.rule("temporal.address", checkAddress(t.Address), "such as temporal.example.com:7233")
	if t.Address == "" {
		for _, s := range settingsOf(l.config) {
			if strings.HasPrefix(s.Path, "temporal.tls.") && !isUnset(s.value) || s.Path == "temporal.api_key" && !t.APIKey.IsZero() {
				l.report(s.Path, "it has no effect without temporal.address", "set temporal.address, or remove it")
			}
		}
	}
	if off := l.config.origins["temporal.tls.enabled"].what != "default" && !t.TLS.Enabled; off && t.UsesTLS() {
		l.report("temporal.tls.enabled", "TLS is switched off, but an API key or another TLS setting is given", "remove one of them")
	}
	if (t.TLS.Cert == "") != (t.TLS.Key == "") {
		path := "temporal.tls.cert"
		if t.TLS.Cert == "" {
			path = "temporal.tls.key"
		}
		l.report(path, "a client certificate needs both cert and key", "")
	}
}

// rule reports an error of a setting, with the hint.
func (l *loader) rule(path string, err error, hint string) {
	if err != nil {
		l.report(path, err.Error(), hint)
	}
}

// notEmpty tells of a setting whose default was overwritten with nothing.
func (l *loader) notEmpty(path string) {
	for _, s := range settingsOf(l.config) {
		if s.Path == path && isUnset(s.value) {
			l.report(path, "it is empty", "remove it; the default is "+s.Default)
		}
	}
}

func checkListen(s string) error {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q is not an address with a port", s)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return fmt.Errorf("%q is not a port between 0 and 65535", port)
	}
	return nil
}

func checkAddress(s string) error {
	if s == "" {
		return nil
	}
	if strings.Contains(s, "://") {
		return fmt.Errorf("%q is a URL; a host with a port is expected", s)
	}
	if host, _, err := net.SplitHostPort(s); err != nil || host == "" {
		return fmt.Errorf("%q is not a host with a port", s)
	}
	return checkListen(s)
}

// checkURL never repeats the URL: it may hold a password.
func checkURL(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return fmt.Errorf("it is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return fmt.Errorf("it is not a URL that begins with https:// or http://")
	case u.Hostname() == "":
		return fmt.Errorf("the URL has no host")
	case u.User != nil:
		return fmt.Errorf("the URL holds a user or password")
	case u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("the URL has a query or fragment")
	}
	return nil
}

func checkMail(s string) error {
	if s == "" {
		return nil
	}
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		return fmt.Errorf("%q is not an e-mail address", s)
	}
	return nil
}

var slackChannel = regexp.MustCompile(`^(#[^\s#,@A-Z]{1,80}|[CG][A-Z0-9]{6,20})$`)

func checkChannel(s string) error {
	if s != "" && !slackChannel.MatchString(s) {
		return fmt.Errorf("%q is not a Slack channel", s)
	}
	return nil
}

func checkProgram(s string) error {
	if !filepath.IsAbs(s) || filepath.Clean(s) != s || strings.ContainsRune(s, 0) {
		return fmt.Errorf("%q is not the absolute path of a program", s)
	}
	return nil
}
