package app

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"shodo/internal/secret"
	"shodo/internal/web"
)

// TokenFile is the file in data_dir with the token of the commands on the engine's own machine.
const TokenFile = "api.token"

// api is what people may do by HTTP and by slash command.
func (a *App) api() (web.API, error) {
	tokens, err := a.tokens()
	if err != nil {
		return web.API{}, err
	}
	if a.slack != nil && !a.cfg.Slack.HearsPeople() {
		a.log.Info("there are no buttons and there is no slash command in Slack: neither slack.signing_secret nor slack.app_token is set")
	}
	return web.API{Tokens: tokens, Maintenance: a.policies, Pauses: a.pauses, Reports: reportAPI{a}, Figures: a.store, Customers: func() web.Customers { return a.catalog.Current() }, Now: time.Now}, nil
}

// slackSite is what people may do in Slack.
func (a *App) slackSite() web.Slack {
	s := web.Slack{On: a.cfg.Slack.HearsPeople(), SigningSecret: a.cfg.Slack.SigningSecret.Value, Operators: a.cfg.Slack.Operators, Policies: a.policies}
	if a.slack != nil {
		s.Private = a.slack
	}
	return s
}

// tokens are those of the settings, and the one of this machine.
func (a *App) tokens() ([]web.Token, error) {
	own, err := localToken(filepath.Join(a.cfg.DataDir, TokenFile), a.log)
	if err != nil {
		return nil, err
	}
	list := []web.Token{{Name: "cli", Value: own, Local: true}}
	for name, token := range a.cfg.API.Tokens {
		list = append(list, web.Token{Name: name, Value: token.Value})
	}
	return list, nil
}

// localToken gives the token that is in the file, and makes one where there is none. One that others could have read is
// replaced.
func localToken(path string, log *slog.Logger) (secret.Value, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return secret.Value{}, fmt.Errorf("read the token of this machine's commands: %w", err)
	}
	if err == nil {
		info, err := os.Lstat(path)
		if err != nil {
			return secret.Value{}, fmt.Errorf("read the token of this machine's commands: %w", err)
		}
		token, decodes := strings.TrimSpace(string(text)), false
		if raw, err := hex.DecodeString(token); err == nil {
			decodes = len(raw) == tokenSize
		}
		if decodes && info.Mode().IsRegular() && info.Mode().Perm()&0o077 == 0 {
			return secret.New(token), nil
		}
		log.Warn("the token of this machine's commands was not as the engine left it, or others could read it: it is replaced",
			"file", path, "mode", info.Mode().String())
	}
	return newToken(path)
}

// tokenSize is the size in bytes of a token that the engine makes.
const tokenSize = 32

// newToken writes a token beside its place and moves it there, so that no crash leaves half of one.
func newToken(path string) (_ secret.Value, err error) {
	raw := make([]byte, tokenSize)
	_, _ = rand.Read(raw) // it never fails
	token := hex.EncodeToString(raw)
	f, err := os.CreateTemp(filepath.Dir(path), TokenFile+".*") // with mode 0600
	if err == nil {
		_, err = f.WriteString(token + "\n")
		err = errors.Join(err, f.Sync(), f.Close())
		if err == nil {
			err = os.Rename(f.Name(), path)
		}
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}
	if err != nil {
		return secret.Value{}, fmt.Errorf("write the token of this machine's commands: %w", err)
	}
	return secret.New(token), nil
}
