package config

import (
	"fmt"
	"net"
	"net/mail"
	"strings"
	"unicode"
)

// Mail is the server by which customers' contacts get mail. Without an address no mail is sent.
type Mail struct {
	Address  string `yaml:"address" doc:"host:port of the SMTP server by which customers' contacts get mail. Empty: no mail is sent."`
	TLS      string `yaml:"tls" default:"starttls" enum:"starttls,tls,none" doc:"How the connection is secured: starttls (port 587 as a rule; without it nothing is sent), tls from the first byte (port 465), or none, which is for a server on this machine only."`
	User     string `yaml:"user" doc:"The user with which to log in. Empty: no login."`
	Password Secret `yaml:"password" doc:"The user's password."`
	From     string `yaml:"from" doc:"Who the mails are from: an address, or a name with an address such as Acme Operations <ops@example.com>."`
}

// checkMail tells which settings of mail make no sense, alone and together.
func (l *loader) checkMail(m Mail) {
	l.rule("mail.address", checkAddress(m.Address), "such as smtp.example.com:587")
	l.rule("mail.from", checkSender(m.From), "such as shodo@example.com")
	if m.Address == "" {
		for path, unset := range map[string]bool{
			"mail.user": m.User == "", "mail.password": m.Password.IsZero(), "mail.from": m.From == "",
			"mail.tls": l.config.origins["mail.tls"].what == "default",
		} {
			if !unset {
				l.report(path, "it has no effect without mail.address", "set mail.address, or remove it")
			}
		}
		return
	}
	if m.From == "" && !l.broken["mail.from"] {
		l.report("mail.address", "mail.from is not set, so the mails have no sender", "set mail.from")
	}
	switch {
	case m.User == "" && !m.Password.IsZero():
		l.report("mail.password", "there is a password, but no user", "set mail.user, or remove it")
	case m.User != "" && m.Password.IsZero() && !l.broken["mail.password"]:
		l.report("mail.user", "there is a user, but no password", "set mail.password, or remove it")
	}
	if host, _, err := net.SplitHostPort(m.Address); err == nil && m.TLS == "none" && !isThisMachine(host) {
		l.report("mail.tls", fmt.Sprintf("%s is not this machine: mails would cross the network for everybody to read", host), `take "starttls" or "tls"`)
	}
}

func isThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

func checkSender(s string) error {
	if s == "" {
		return nil
	}
	a, err := mail.ParseAddress(s)
	if err != nil {
		return fmt.Errorf("%q is not an e-mail address", s)
	}
	if domain := a.Address[strings.LastIndexByte(a.Address, '@')+1:]; strings.ContainsFunc(domain, func(r rune) bool { return r > unicode.MaxASCII }) {
		return fmt.Errorf("the domain %q is not ASCII; it has a form that begins with xn--", domain)
	}
	return nil
}
