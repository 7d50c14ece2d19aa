//go:build !no_embedded_temporal

package temporalserver_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/temporalserver"
)

func TestAWorkflowSurvivesARestart(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	opts := temporalserver.Options{
		File: filepath.Join(t.TempDir(), "data", "temporal.db"), Namespace: "shodo",
		SearchAttributes: []string{"Customer"}, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	first := start(ctx, t, opts)
	c := dial(ctx, t, first)
	run, err := c.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: "greeting", TaskQueue: "q",
		TypedSearchAttributes: temporal.NewSearchAttributes(temporal.NewSearchAttributeKeyKeyword("Customer").ValueSet("acme")),
	}, "greet", "shodo")
	if err != nil {
		t.Fatalf("start a workflow: %v", err)
	}
	c.Close()
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}

	second := start(ctx, t, opts)
	t.Cleanup(func() { _ = second.Stop() })
	c = dial(ctx, t, second)
	defer c.Close()
	w := worker.New(c, "q", worker.Options{})
	w.RegisterWorkflowWithOptions(func(_ workflow.Context, name string) (string, error) { return "hello " + name, nil },
		workflow.RegisterOptions{Name: "greet"})
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	var got string
	if err := c.GetWorkflow(ctx, "greeting", run.GetRunID()).Get(ctx, &got); err != nil || got != "hello shodo" {
		t.Fatalf("after the restart: %q, %v", got, err)
	}
}

func start(ctx context.Context, t *testing.T, opts temporalserver.Options) *temporalserver.Server {
	t.Helper()
	began := time.Now()
	s, err := temporalserver.Start(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("ready after %v", time.Since(began).Round(time.Millisecond))
	return s
}

func dial(ctx context.Context, t *testing.T, s *temporalserver.Server) client.Client {
	t.Helper()
	c, err := client.DialContext(ctx, client.Options{HostPort: s.Address(), Namespace: "shodo"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
