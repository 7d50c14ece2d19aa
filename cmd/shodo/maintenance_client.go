package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"shodo/internal/app"
	"shodo/internal/web"
)

// maxAnswer is the size in bytes of the longest answer of the engine that is read.
const maxAnswer = 16 << 20

// engineFlags say where the running engine is and what opens it.
type engineFlags struct{ config, url, tokenFile string }

func (f *engineFlags) register(flags *pflag.FlagSet) {
	flags.StringVarP(&f.config, "config", "c", os.Getenv("SHODO_CONFIG"), "the engine's settings `file`, which says where it listens and where its token is (SHODO_CONFIG)")
	flags.StringVar(&f.url, "url", "", "`URL` of an engine elsewhere, such as https://shodo.example.com; needs --token-file")
	flags.StringVar(&f.tokenFile, "token-file", "", "`file` with a token of the engine's setting api.tokens")
}

// ask sends one request to the engine and reads its answer.
func (f *engineFlags) ask(ctx context.Context, method, path string, body, answer any) error {
	base, tokenFile, err := f.find()
	if err != nil {
		return err
	}
	token, err := readToken(tokenFile)
	if err != nil {
		return err
	}
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, base+path, sent)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(web.UserHeader, userName())
	res, err := f.client().Do(req)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf(`no engine listens at %s: is "shodo serve" running there? (say where with -c shodo.yaml or --url)`, base)
	}
	if err != nil {
		return fmt.Errorf("ask the engine at %s: %w", base, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer of the engine at %s: %w", base, err)
	}
	return understand(res.StatusCode, text, answer, base, tokenFile)
}

// understand reads an answer, or says why the engine refused.
func understand(status int, text []byte, answer any, base, tokenFile string) error {
	if status/100 == 2 && json.Unmarshal(text, answer) == nil {
		return nil
	}
	var refusal web.Refusal
	switch {
	case status/100 == 2 || json.Unmarshal(text, &refusal) != nil || refusal.Message == "":
		return fmt.Errorf("what answers at %s (HTTP status %d) is not shodo's API: is the address right, and does the proxy pass /api/ on?", base, status)
	case status == http.StatusUnauthorized:
		return fmt.Errorf("the engine at %s does not take the token of %q (is it the data_dir of that engine?)", base, tokenFile)
	case refusal.Hint != "":
		return fmt.Errorf("%s (%s)", refusal.Message, refusal.Hint)
	}
	return errors.New(refusal.Message)
}

// client follows nobody elsewhere with the token. To the engine's own address it goes without a proxy.
func (f *engineFlags) client() *http.Client {
	transport := &http.Transport{TLSHandshakeTimeout: 10 * time.Second}
	if f.url != "" {
		transport.Proxy = http.ProxyFromEnvironment
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// find tells where the engine is and where its token is. Of the settings nothing else is read: whoever asks need not have
// the engine's secrets.
func (f *engineFlags) find() (base, tokenFile string, err error) {
	if f.url != "" {
		if f.tokenFile == "" {
			return "", "", errors.New("--url needs --token-file: a token of the setting api.tokens of that engine, in a file")
		}
		if !strings.HasPrefix(f.url, "https://") && !strings.HasPrefix(f.url, "http://") {
			return "", "", fmt.Errorf("--url %q: it begins with https:// or http://", f.url)
		}
		return strings.TrimRight(f.url, "/"), f.tokenFile, nil
	}
	var file struct {
		Listen  string `yaml:"listen"`
		DataDir string `yaml:"data_dir"`
	}
	if f.config != "" {
		data, err := os.ReadFile(f.config)
		if err != nil {
			return "", "", fmt.Errorf("read the settings: %w", err)
		}
		if err := yaml.Unmarshal(data, &file); err != nil {
			return "", "", fmt.Errorf("read the settings %q: %w (\"shodo config check\" tells more)", f.config, err)
		}
		if file.DataDir != "" && !filepath.IsAbs(file.DataDir) {
			file.DataDir = filepath.Join(filepath.Dir(f.config), file.DataDir)
		}
	}
	base, err = engineURL(cmp.Or(os.Getenv("SHODO_LISTEN"), file.Listen, "127.0.0.1:8080"))
	dir := cmp.Or(os.Getenv("SHODO_DATA_DIR"), file.DataDir, "data")
	return base, cmp.Or(f.tokenFile, filepath.Join(dir, app.TokenFile)), err
}

// engineURL gives the URL of an engine on this machine from its setting "listen".
func engineURL(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || port == "0" {
		return "", fmt.Errorf("the engine's setting listen, %q, does not say at which port it is: give --url and --token-file", listen)
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1"
		if ip != nil && ip.To4() == nil {
			host = "::1"
		}
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

func readToken(path string) (string, error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("there is no token at %q: the engine makes it when it starts (say where its data_dir is with -c shodo.yaml, or give --token-file)", path)
	case errors.Is(err, fs.ErrPermission):
		return "", fmt.Errorf("the token at %q belongs to the engine's user: run this as that user, such as with \"sudo -u shodo shodo ...\", or give --url and --token-file", path)
	case err != nil:
		return "", fmt.Errorf("read the token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("the file %q does not hold a token", path)
	}
	return token, nil
}

// userName is who uses the command: whoever called sudo, or else the user of the process.
func userName() string {
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}
