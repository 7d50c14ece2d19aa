package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"shodo/internal/app"
	"shodo/internal/config"
)

func newServe() *cobra.Command {
	var settings settingFlags
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the product: receive webhooks, run scenarios, tell people",
		Long: `serve runs the whole product in one process: the receiver of PagerDuty's webhooks, the scenarios as Temporal
workflows, and the record. Without temporal.address Temporal runs embedded, on a file in data_dir.

The catalog is a folder (catalog.dir) or a branch in Git (catalog.git); a change is read by itself, and at once on
SIGHUP. A bad one is refused and the old one stays. SIGTERM and Ctrl-C stop cleanly: running steps are waited for, up to
stop_timeout. A second one ends the process at once.

A setting comes from its flag, else its environment variable, else the file, else its default; "shodo config check"
shows where each one comes from.`,
		Example: "  shodo serve -c /etc/shodo/shodo.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := settings.load(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return serve(cmd.Context(), cfg, cmd.ErrOrStderr())
		},
	}
	settings.register(cmd.Flags())
	return cmd
}

func serve(ctx context.Context, cfg *config.Config, stderr io.Writer) error {
	log := newLog(cfg.Log, stderr)
	a, err := app.New(ctx, app.Options{Config: cfg, Version: version, Log: log})
	if err != nil {
		return err
	}
	log.Info("listening", "address", a.Address(), "webhooks", webhookURL(cfg, a), "temporal", a.TemporalAddress(), "version", version)
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	go func() {
		for range hangups {
			if err := a.Reload(); err != nil {
				log.Error("the new catalog is refused, the old one stays", "err", err)
			}
		}
	}()
	return a.Run(ctx)
}

// webhookURL is what PagerDuty's webhook subscription has to name.
func webhookURL(cfg *config.Config, a *app.App) string {
	base := cfg.PublicURL
	if base == "" {
		base = "http://" + a.Address()
	}
	return strings.TrimSuffix(base, "/") + "/webhooks/pagerduty"
}

func newLog(cfg config.Log, w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.Level}
	if cfg.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// settingFlags are the flags of the process's settings.
type settingFlags struct {
	file  string
	flags *pflag.FlagSet
}

func (s *settingFlags) register(flags *pflag.FlagSet) {
	s.flags = flags
	flags.StringVarP(&s.file, "config", "c", os.Getenv("SHODO_CONFIG"), "the settings `file` (SHODO_CONFIG)")
	for _, setting := range config.Settings() {
		if setting.Flag == "" {
			continue
		}
		doc := fmt.Sprintf("%s (%s)", strings.TrimSuffix(setting.Doc, "."), setting.Env)
		flags.String(setting.Flag, "", doc)
		if setting.Default != "" {
			flags.Lookup(setting.Flag).DefValue = setting.Default
		}
	}
}

// load reads the settings. All problems are printed, warnings too.
func (s *settingFlags) load(stderr io.Writer) (*config.Config, error) {
	given := map[string]string{}
	for _, setting := range config.Settings() {
		if f := s.flags.Lookup(setting.Flag); f != nil && f.Changed {
			given[setting.Path] = f.Value.String()
		}
	}
	cfg, problems := config.Load(config.Sources{File: s.file, Flags: given, Environ: os.Environ(), ReadFile: os.ReadFile})
	for _, p := range problems {
		fmt.Fprintln(stderr, p)
	}
	if cfg == nil {
		return nil, errNo
	}
	for _, program := range cfg.Actions.LocalRun.Programs {
		if _, err := exec.LookPath(program); err != nil { // else it shows when a repair needs it
			fmt.Fprintf(stderr, "warning: actions.local_run.programs: this machine cannot run %q: %v\n", program, errors.Unwrap(err))
		}
	}
	return cfg, nil
}
