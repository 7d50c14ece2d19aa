package web

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"shodo/internal/incident"
	"shodo/internal/pagerduty"
	"shodo/internal/secret"
)

// maxBody is the size of the largest webhook that is read. PagerDuty drops events above 256 KB itself.
const maxBody = 1 << 20

// Webhooks is what the receiver of PagerDuty's webhooks needs.
type Webhooks struct {
	Secrets []secret.Value // of every subscription that is in force
	Inbox   Inbox
	Now     func() time.Time
}

// receiver answers POST /webhooks/pagerduty.
type receiver struct {
	Webhooks
	log     *slog.Logger
	answers *prometheus.CounterVec
	took    prometheus.Histogram
}

func newReceiver(w Webhooks, r prometheus.Registerer, log *slog.Logger) *receiver {
	return &receiver{
		Webhooks: w, log: log,
		answers: promauto.With(r).NewCounterVec(prometheus.CounterOpts{
			Name: "shodo_webhooks_total",
			Help: "Webhooks of PagerDuty by answer: stored, unsigned, too_large, broken, unavailable.",
		}, []string{"answer"}),
		took: promauto.With(r).NewHistogram(prometheus.HistogramOpts{
			Name: "shodo_webhook_seconds", Help: "Time to answer a webhook.",
			Buckets: []float64{.001, .0025, .005, .01, .02, .05, .1, .25, .5, 1, 2.5, 5},
		}),
	}
}

// ServeHTTP stores the delivery, then answers.
func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	answer, status := rc.receive(r)
	rc.answers.WithLabelValues(answer).Inc()
	rc.took.Observe(time.Since(began).Seconds())
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "5")
	}
	writeJSON(w, status, map[string]string{"status": answer})
}

func (rc *receiver) receive(r *http.Request) (answer string, status int) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		rc.log.Warn("read a webhook", "remote", r.RemoteAddr, "err", err)
		return "broken", http.StatusServiceUnavailable // PagerDuty sends it again
	case len(body) > maxBody:
		rc.log.Warn("a webhook is larger than 1 MiB; PagerDuty sends none above 256 KB", "remote", r.RemoteAddr)
		return "too_large", http.StatusRequestEntityTooLarge
	case !pagerduty.Verify(rc.Secrets, body, r.Header.Values(pagerduty.SignatureHeader)):
		rc.log.Warn("a webhook without a valid signature was refused; should it be PagerDuty's, three of them switch the "+
			"subscription off: compare pagerduty.webhook_secrets with the subscription's secret",
			"remote", r.RemoteAddr, "signatures", len(r.Header.Values(pagerduty.SignatureHeader)))
		return "unsigned", http.StatusUnauthorized
	}
	event, err := pagerduty.Decode(body, rc.Now())
	if err != nil && !errors.Is(err, pagerduty.ErrUnreadable) {
		rc.log.Error("decode a webhook", "err", err)
		return "broken", http.StatusServiceUnavailable
	}
	d := incident.Delivery{Event: event, Subscription: r.Header.Get("X-Webhook-Id"), Body: body}
	if err != nil {
		d.Detail = err.Error()
		rc.log.Error("a signed webhook cannot be read; it is kept for a person", "incident", event.Incident, "event", event.ID, "err", err)
	}
	if err := rc.Inbox.Accept(r.Context(), d); err != nil {
		rc.log.Error("store a webhook; PagerDuty will send it again", "event", event.ID, "err", err)
		return "unavailable", http.StatusServiceUnavailable
	}
	return "stored", http.StatusAccepted
}
