package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shodo/internal/source"
	"shodo/internal/web"
	"shodo/internal/yamldoc"
)

// catalogFolder is the folder in data_dir that is for a catalog from Git.
const catalogFolder = "catalog"

// catalogAgain is the wait before Slack is told once more what it did not take.
const catalogAgain = time.Minute

// openCatalog reads the catalog for the first time.
func (a *App) openCatalog(ctx context.Context) (err error) {
	o := source.Options{Actions: a.actions, Log: a.log, Changed: a.catalogChanged}
	g := a.cfg.Catalog.Git
	if g.URL == "" {
		a.catalog, err = source.OpenFolder(a.cfg.Catalog.Dir, o)
		return err
	}
	u, err := source.ParseURL(g.URL)
	if err != nil {
		return fmt.Errorf("catalog.git.url: %w", err)
	}
	o.Every = g.Every
	a.catalog, err = source.OpenGit(ctx, source.Git{
		URL: u, Ref: g.Ref, Path: g.Path, User: g.Auth.User, Token: g.Auth.Token.Value, SSHKey: g.Auth.SSHKey, KnownHosts: g.Auth.KnownHosts,
		Dir: filepath.Join(a.cfg.DataDir, catalogFolder),
	}, o)
	return err
}

// catalogChanged is called when a catalog was taken or refused.
func (a *App) catalogChanged(st source.State) {
	var err error
	if st.Refused != nil {
		err = st.Refused.Err
	}
	a.metrics.countReload(err)
	a.policies.notice()
	select {
	case a.news <- struct{}{}:
	default: // it is to be told already
	}
}

// Reload reads the catalog again. A bad one is refused, and the old one stays in force.
func (a *App) Reload() error { return a.catalog.Reload() }

// tellCatalog tells people about refused commits until ctx ends.
func (a *App) tellCatalog(ctx context.Context) {
	if a.slack == nil || a.cfg.Slack.Channel == "" || a.cfg.Catalog.Git.URL == "" {
		return
	}
	n := &catalogNews{
		file: filepath.Join(a.cfg.DataDir, catalogFolder, "refused-and-told"), state: a.catalog.State,
		post: slackEdge{a.slack}.Post, channel: a.cfg.Slack.Channel, log: a.log,
	}
	for {
		again := time.Hour // nothing is waiting
		if err := n.tell(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("tell Slack about the catalog; it is tried again", "err", err)
			again = catalogAgain
		}
		select {
		case <-ctx.Done():
			return
		case <-a.news:
		case <-time.After(again):
		}
	}
}

// gitWebhook is what push webhooks wake up.
func (a *App) gitWebhook() web.GitWebhook {
	return web.GitWebhook{Secrets: values(a.cfg.Catalog.Git.WebhookSecrets), Wake: a.catalog.Wake}
}

// catalogReady tells which catalog is in force, and why it is not the newest one. The engine works with an older one:
// that alone does not make it unready.
func (a *App) catalogReady() web.Check {
	c, st := a.catalog.Current(), a.catalog.State()
	parts := []string{fmt.Sprintf("version %s: %d scenarios, %d customers", c.Version(), len(c.Scenarios()), len(c.Customers()))}
	if st.Commit != nil {
		parts = append(parts, "commit "+st.Commit.String())
	}
	if st.Note != "" {
		parts = append(parts, st.Note)
	}
	if st.Kept {
		parts = append(parts, "this is the last good commit that was kept on disk; there may be a newer one")
	}
	if st.Refused != nil {
		parts = append(parts, refusedText(st.Refused))
	}
	if st.Trouble != nil {
		parts = append(parts, fmt.Sprintf("cannot be asked for changes (last time: %s): %s", lastTime(st.Fetched), st.Trouble))
	}
	return web.Check{Name: "catalog", OK: true, Detail: strings.Join(parts, "; ")}
}

// refusedText says in one line what is refused and why.
func refusedText(r *source.Refusal) string {
	what := "the folder's present content"
	if r.Commit != nil {
		what = "commit " + r.Commit.String()
	}
	lines := problemLines(r.Err)
	text := fmt.Sprintf("refused: %s: %s", what, lines[0])
	if more := len(lines) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

// problemLines gives each thing that is wrong.
func problemLines(err error) []string {
	if problems, ok := errors.AsType[yamldoc.Problems](err); ok {
		lines := make([]string, len(problems))
		for i, p := range problems {
			lines[i] = p.String()
		}
		return lines
	}
	return []string{strings.TrimPrefix(err.Error(), source.ErrCatalog.Error()+" ")}
}

func lastTime(at time.Time) string {
	if at.IsZero() {
		return "never since the start"
	}
	return at.UTC().Format(time.RFC3339)
}

// catalogGauges shows how it stands with the catalog at the moment of each scrape.
type catalogGauges struct {
	state              func() source.State
	opened             time.Time
	info, refused, age *prometheus.Desc
}

func newCatalogGauges(state func() source.State, opened time.Time) *catalogGauges {
	return &catalogGauges{state: state, opened: opened,
		info:    prometheus.NewDesc("shodo_catalog_info", "Always 1; the label is the version of the catalog in force.", []string{"version"}, nil),
		refused: prometheus.NewDesc("shodo_catalog_refused", "1 while the newest content of the catalog is refused and an older one is in force.", nil, nil),
		age: prometheus.NewDesc("shodo_catalog_fetch_age_seconds",
			"Time since the catalog's folder or Git server was last asked for changes with success; since the start when it never was.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (g *catalogGauges) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(g, ch) }

// Collect implements prometheus.Collector.
func (g *catalogGauges) Collect(ch chan<- prometheus.Metric) {
	st := g.state()
	refused, last := 0.0, g.opened
	if st.Refused != nil {
		refused = 1
	}
	if !st.Fetched.IsZero() {
		last = st.Fetched
	}
	ch <- prometheus.MustNewConstMetric(g.info, prometheus.GaugeValue, 1, st.Version)
	ch <- prometheus.MustNewConstMetric(g.refused, prometheus.GaugeValue, refused)
	ch <- prometheus.MustNewConstMetric(g.age, prometheus.GaugeValue, time.Since(last).Seconds())
}
