package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"

	"shodo/internal/config"
	"shodo/internal/incident"
	"shodo/internal/temporalserver"
	"shodo/workflows"
)

// connectTemporal starts the embedded server, unless the configuration names another one, and connects.
func (a *App) connectTemporal(ctx context.Context) error {
	cfg := a.cfg.Temporal
	opts := client.Options{HostPort: cfg.Address, Namespace: cfg.Namespace,
		Logger: sdklog.NewStructuredLogger(slog.New(quieter{a.log.Handler()}))}
	if cfg.Address == "" {
		var err error
		a.embedded, err = temporalserver.Start(ctx, temporalserver.Options{
			File: filepath.Join(a.cfg.DataDir, "temporal.db"), Namespace: cfg.Namespace,
			SearchAttributes: workflows.SearchAttributes(), Log: a.log,
		})
		if err != nil {
			return err
		}
		opts.HostPort = a.embedded.Address()
		opts.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{} // it is in this process
	} else if err := secure(&opts, cfg); err != nil {
		return fmt.Errorf("connect to temporal at %q: %w", cfg.Address, err)
	}
	var err error
	if a.temporal, err = client.DialContext(ctx, opts); err != nil {
		return fmt.Errorf("connect to temporal at %q, namespace %q: %w", opts.HostPort, cfg.Namespace, err)
	}
	if a.embedded == nil {
		a.addSearchAttributes(ctx)
	}
	return nil
}

// secure sets what Temporal asks of a client: TLS, a client certificate, an API key.
func secure(opts *client.Options, cfg config.Temporal) error {
	if !cfg.APIKey.IsZero() {
		opts.Credentials = client.NewAPIKeyStaticCredentials(cfg.APIKey.Reveal())
	}
	if !cfg.UsesTLS() {
		return nil
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: cfg.TLS.ServerName}
	if cfg.TLS.CA != "" {
		pem, err := os.ReadFile(cfg.TLS.CA)
		if err != nil {
			return fmt.Errorf("read temporal.tls.ca: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("read temporal.tls.ca: no certificate in %q", cfg.TLS.CA)
		}
	}
	if cfg.TLS.Cert != "" {
		pair, err := tls.LoadX509KeyPair(cfg.TLS.Cert, cfg.TLS.Key)
		if err != nil {
			return fmt.Errorf("read temporal.tls.cert and key: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	opts.ConnectionOptions = client.ConnectionOptions{TLS: t}
	return nil
}

// addSearchAttributes makes the attributes known to a cluster of somebody else's. Where that is not permitted (as in
// Temporal Cloud), an operator has to; starting a workflow says so when they are missing.
func (a *App) addSearchAttributes(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	known, err := a.temporal.OperatorService().ListSearchAttributes(ctx,
		&operatorservice.ListSearchAttributesRequest{Namespace: a.cfg.Temporal.Namespace})
	missing := map[string]enumspb.IndexedValueType{}
	for _, name := range workflows.SearchAttributes() {
		if _, ok := known.GetCustomAttributes()[name]; !ok {
			missing[name] = enumspb.INDEXED_VALUE_TYPE_KEYWORD
		}
	}
	if err == nil && len(missing) > 0 {
		_, err = a.temporal.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
			Namespace: a.cfg.Temporal.Namespace, SearchAttributes: missing})
	}
	if err != nil {
		a.log.Warn("add search attributes to the temporal namespace; when they are missing, add them as keywords by hand",
			"names", workflows.SearchAttributes(), "err", err)
	}
}

// startWorker makes the worker; Run starts it.
func (a *App) startWorker(version string) {
	a.worker = worker.New(a.temporal, workflows.TaskQueue, workflows.WorkerOptions(a.cfg.StopTimeout, func(err error) {
		select {
		case a.broken <- err:
		default:
		}
	}))
	workflows.Register(a.worker, a.world(version), a.actions.Names())
}

// decideAgain has what waits for the end of a window decided again. Nothing can be told to a workflow that somebody ended by
// hand in Temporal: its incident is a person's.
func (a *App) decideAgain(ctx context.Context, d incident.Deferral) error {
	err := a.starter.PolicyChanged(ctx, d)
	var gone *serviceerror.NotFound
	if !errors.As(err, &gone) {
		return err
	}
	a.log.Error("a deferred incident has no workflow any more: a person has to look at it", "customer", d.Customer, "incident", d.Incident, "err", err)
	return nil
}

// temporalDetail asks whether Temporal answers.
func (a *App) temporalDetail(ctx context.Context) (string, error) {
	where := "embedded at " + a.TemporalAddress()
	if a.embedded == nil {
		where = "at " + a.TemporalAddress()
	}
	if _, err := a.temporal.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return where, errors.Join(errors.New(where), err)
	}
	return where, nil
}

// quieter lets through what the SDK says about trouble, and keeps back its news about itself: that a step which was
// cancelled learns so from its heartbeat, and that polls end when the process stops.
type quieter struct{ slog.Handler }

func (q quieter) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

func (q quieter) Handle(ctx context.Context, r slog.Record) error {
	switch r.Message {
	case "RecordActivityHeartbeat with error", "Failed to poll for task.":
		if r.Level = slog.LevelDebug; !q.Handler.Enabled(ctx, r.Level) {
			return nil
		}
	}
	return q.Handler.Handle(ctx, r)
}

func (q quieter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return quieter{q.Handler.WithAttrs(attrs)}
}
func (q quieter) WithGroup(name string) slog.Handler { return quieter{q.Handler.WithGroup(name)} }
