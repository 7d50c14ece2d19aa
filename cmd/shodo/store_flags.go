package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"shodo/internal/config"
	"shodo/internal/secret"
	"shodo/internal/store"
)

// storeFlags say where the record is.
type storeFlags struct{ store, config string }

func (f *storeFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.store, "store", "", "the engine's database: a `path`, sqlite:///path or postgres://user@host/database (its password in SHODO_STORE_PASSWORD)")
	flags.StringVarP(&f.config, "config", "c", os.Getenv("SHODO_CONFIG"), "the engine's settings `file`, which says where the database is (SHODO_CONFIG)")
}

func (f *storeFlags) open(cmd *cobra.Command) (*store.Store, error) {
	url, err := f.url()
	if err != nil {
		return nil, err
	}
	s, err := store.OpenReader(cmd.Context(), url, slog.New(slog.DiscardHandler))
	return s, atNoDatabase(err, url)
}

// atNoDatabase says more of the error of a file that is not there.
func atNoDatabase(err error, url string) error {
	if errors.Is(err, store.ErrNotReady) && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database at %q (say where with --store PATH or -c shodo.yaml)", url)
	}
	return err
}

// storeSettings are those of the engine's settings that say where the record is and how long it is kept.
type storeSettings struct {
	DataDir string `yaml:"data_dir"`
	Store   struct {
		URL      string `yaml:"url"`
		Password struct {
			Env  string `yaml:"env"`
			File string `yaml:"file"`
		} `yaml:"password"`
		Retention map[string]string `yaml:"retention"`
	} `yaml:"store"`
}

// settings reads them. The others are not looked at: whoever reads the record need not have the engine's secrets.
func (f *storeFlags) settings() (storeSettings, error) {
	var s storeSettings
	if f.config == "" {
		return s, nil
	}
	data, err := os.ReadFile(f.config)
	if err != nil {
		return s, fmt.Errorf("read the settings: %w", err)
	}
	if err := yaml.Unmarshal(data, &s); err != nil {
		return s, fmt.Errorf("read the settings %q: %w (\"shodo config check\" tells more)", f.config, err)
	}
	if s.DataDir != "" && !filepath.IsAbs(s.DataDir) {
		s.DataDir = filepath.Join(filepath.Dir(f.config), s.DataDir)
	}
	return s, nil
}

// url finds the database. It may hold a password.
func (f *storeFlags) url() (string, error) {
	settings, err := f.settings()
	if err != nil {
		return "", err
	}
	url := firstOf(f.store, os.Getenv("SHODO_STORE_URL"), settings.Store.URL)
	if url == "" {
		return filepath.Join(firstOf(os.Getenv("SHODO_DATA_DIR"), settings.DataDir, "data"), "store.db"), nil
	}
	if !store.IsPostgres(url) {
		return url, nil
	}
	password, err := settings.password()
	return config.WithPassword(url, password.Reveal()), err
}

// password finds the password of PostgreSQL's user; empty: there is none, and PostgreSQL's own ways hold.
func (s storeSettings) password() (secret.Value, error) {
	if given := os.Getenv("SHODO_STORE_PASSWORD"); given != "" {
		return secret.New(given), nil
	}
	ref := secret.Ref{Env: s.Store.Password.Env, File: s.Store.Password.File}
	if file := os.Getenv("SHODO_STORE_PASSWORD_FILE"); file != "" {
		ref = secret.Ref{File: file}
	}
	if ref.IsZero() {
		return secret.Value{}, nil
	}
	value, err := ref.Resolve(os.Getenv, os.ReadFile)
	if err != nil {
		return secret.Value{}, fmt.Errorf("store.password: %w", err)
	}
	return value, nil
}

// retention finds how long things are kept.
func (f *storeFlags) retention() (config.Retention, error) {
	var keep config.Retention
	settings, err := f.settings()
	if err != nil {
		return keep, err
	}
	const prefix = "store.retention."
	into := map[string]*config.Days{"deliveries": &keep.Deliveries, "alerts": &keep.Alerts, "step_outputs": &keep.StepOutputs, "incidents": &keep.Incidents}
	for _, s := range config.Settings() {
		name, is := strings.CutPrefix(s.Path, prefix)
		if !is {
			continue
		}
		if err := into[name].UnmarshalText([]byte(firstOf(os.Getenv(s.Env), settings.Store.Retention[name], s.Default))); err != nil {
			return keep, fmt.Errorf("%s: %w", s.Path, err)
		}
	}
	if err := keep.Check(); err != nil {
		return keep, fmt.Errorf("store.retention.deliveries: %w", err)
	}
	return keep, nil
}
