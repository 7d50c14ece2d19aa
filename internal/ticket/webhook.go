package ticket

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"shodo/internal/secret"
)

// The headers of a signed request. The signature is "v1=" and the hex HMAC-SHA256, by the shared secret, of the timestamp,
// a dot and the body.
const (
	SignatureHeader = "X-Shodo-Signature"
	TimestampHeader = "X-Shodo-Timestamp" // seconds since 1970: who takes it may refuse what is old
	KeyHeader       = "Idempotency-Key"   // the same when the same comes again
)

// WebhookOptions say who takes the JSON. URL and Secret are required.
type WebhookOptions struct {
	URL    string
	Secret secret.Value
	Client *http.Client     // nil: one of its own
	Now    func() time.Time // nil: time.Now
}

// Webhook sends signed JSON: to a tracker of somebody's own, or to a customer's own systems.
type Webhook struct {
	o    WebhookOptions
	call *caller
}

// NewWebhook makes one. It calls nobody.
func NewWebhook(o WebhookOptions) (*Webhook, error) {
	c, err := newCaller(o.Client, o.URL, o.Secret, func(*http.Request) {})
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Webhook{o: o, call: c}, nil
}

// Open sends {"event": "open", ...}. The answer may be {"id": "...", "url": "..."}; without an id the key is it.
func (w *Webhook) Open(ctx context.Context, issue Issue, key string) (Opened, error) {
	var made Opened
	err := w.send(ctx, "open", map[string]string{"event": "open", "key": key, "title": issue.Title, "text": issue.Text}, key, &made)
	if err == nil && made.ID == "" {
		made.ID = key
	}
	return made, err
}

// Comment sends {"event": "comment", ...}.
func (w *Webhook) Comment(ctx context.Context, to Opened, text, key string) error {
	return w.send(ctx, "comment", map[string]string{"event": "comment", "key": key, "id": to.ID, "text": text}, key, nil)
}

// Tell sends any object. With the same key it may come twice, and carries the same Idempotency-Key.
func (w *Webhook) Tell(ctx context.Context, object any, key string) error {
	return w.send(ctx, "message", object, key, nil)
}

func (w *Webhook) send(ctx context.Context, what string, v any, key string, into *Opened) error {
	c, err := object(v)
	if err != nil {
		return err
	}
	stamp := strconv.FormatInt(w.o.Now().Unix(), 10)
	c.headers = map[string]string{TimestampHeader: stamp, SignatureHeader: Sign(w.o.Secret, stamp, c.body), KeyHeader: key}
	var answer []byte
	if err := w.call.call(ctx, fmt.Sprintf("send the %s to the webhook", what), http.MethodPost, "", c, &answer); err != nil || into == nil {
		return err
	}
	if json.Unmarshal(answer, into) != nil {
		*into = Opened{} // an answer that names no issue is an answer
	}
	return nil
}

// Sign gives the signature of a body that was sent at a time, as the header holds it.
func Sign(key secret.Value, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}
