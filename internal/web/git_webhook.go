package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"shodo/internal/secret"
)

// maxPush is the size of the largest push webhook that is read. GitHub sends none above 25 MB.
const maxPush = 25 << 20

// GitWebhook is what the receiver of push webhooks needs.
type GitWebhook struct {
	Secrets []secret.Value // none: there is no such address
	Wake    func()         // must not block
}

// pushes answers POST /webhooks/git. A push webhook only says that the repository is to be asked now: what it tells about
// commits is not looked at.
type pushes struct {
	GitWebhook
	log     *slog.Logger
	answers *prometheus.CounterVec
}

func newPushes(w GitWebhook, r prometheus.Registerer, log *slog.Logger) *pushes {
	return &pushes{GitWebhook: w, log: log, answers: promauto.With(r).NewCounterVec(prometheus.CounterOpts{
		Name: "shodo_git_webhooks_total",
		Help: "Push webhooks by answer: woken, unsigned, too_large, broken.",
	}, []string{"answer"})}
}

// ServeHTTP wakes the fetch up when the sender knows a secret.
func (p *pushes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, status := p.receive(r)
	p.answers.WithLabelValues(answer).Inc()
	if answer == "woken" {
		p.Wake()
	}
	writeJSON(w, status, map[string]string{"status": answer})
}

func (p *pushes) receive(r *http.Request) (answer string, status int) {
	const refused = "a push webhook without the right secret was refused; compare catalog.git.webhook_secrets with the one set at the Git server"
	if tokens := r.Header.Values("X-Gitlab-Token"); len(tokens) > 0 {
		if !p.knows(tokens) {
			p.log.Warn(refused, "remote", r.RemoteAddr, "header", "X-Gitlab-Token")
			return "unsigned", http.StatusUnauthorized
		}
		return "woken", http.StatusAccepted
	}
	signatures := r.Header.Values("X-Hub-Signature-256")
	if len(signatures) == 0 {
		p.log.Warn(refused, "remote", r.RemoteAddr, "header", "none")
		return "unsigned", http.StatusUnauthorized
	}
	signed, n, err := p.signed(io.LimitReader(r.Body, maxPush+1), signatures)
	switch {
	case err != nil:
		p.log.Warn("read a push webhook", "remote", r.RemoteAddr, "err", err)
		return "broken", http.StatusBadRequest
	case n > maxPush:
		p.log.Warn("a push webhook is larger than 25 MiB", "remote", r.RemoteAddr)
		return "too_large", http.StatusRequestEntityTooLarge
	case !signed:
		p.log.Warn(refused, "remote", r.RemoteAddr, "header", "X-Hub-Signature-256")
		return "unsigned", http.StatusUnauthorized
	}
	return "woken", http.StatusAccepted
}

// knows says whether one of the texts is a secret. It takes as long for a text that is nearly one.
func (p *pushes) knows(texts []string) bool {
	found := 0
	for _, text := range texts {
		given := sha256.Sum256([]byte(text)) // so that the length does not show, either
		for _, s := range p.Secrets {
			want := sha256.Sum256([]byte(s.Reveal()))
			found |= subtle.ConstantTimeCompare(given[:], want[:])
		}
	}
	return found == 1
}

// signed says whether one of the signatures is of the body by one of the secrets. The body is not kept.
func (p *pushes) signed(body io.Reader, signatures []string) (bool, int64, error) {
	macs, writers := make([]hash.Hash, len(p.Secrets)), make([]io.Writer, len(p.Secrets))
	for i, s := range p.Secrets {
		macs[i] = hmac.New(sha256.New, []byte(s.Reveal()))
		writers[i] = macs[i]
	}
	n, err := io.Copy(io.MultiWriter(writers...), body)
	if err != nil {
		return false, n, err
	}
	found := false
	for _, signature := range signatures {
		text, _ := strings.CutPrefix(signature, "sha256=")
		given, err := hex.DecodeString(text)
		for _, mac := range macs {
			found = err == nil && hmac.Equal(given, mac.Sum(nil)) || found
		}
	}
	return found, n, nil
}
