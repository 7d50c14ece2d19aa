package slack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	slackgo "github.com/slack-go/slack"

	"shodo/internal/handover"
	"shodo/internal/secret"
)

// MetadataEvent is the event type of the metadata that every posted message carries; its payload is {"key": KEY}.
const MetadataEvent = "shodo_message"

// Options configure a Client. Token is required.
type Options struct {
	APIURL     string           // of the Web API; empty: https://slack.com/api/
	Token      secret.Value     // the bot's: xoxb-...
	HTTPClient *http.Client     // empty: one of its own; its redirects and timeout are not used
	Timeout    time.Duration    // of one call; zero: 10 s
	Log        *slog.Logger     // nil: nothing is logged
	Clock      func() time.Time // nil: time.Now
}

// Client posts to one workspace. It is safe for concurrent use.
type Client struct {
	api     *slackgo.Client
	pace    *pace
	timeout time.Duration
	log     *slog.Logger
}

// Posted says where a message is. It is what Update and Reply need, and stays valid across restarts.
type Posted struct {
	Channel string   `json:"channel"`           // Slack's id of the channel, whatever name was given
	TS      string   `json:"ts"`                // Slack's id of the message within it
	Plain   bool     `json:"plain,omitempty"`   // the blocks were refused; only the text was posted
	Missing []string `json:"missing,omitempty"` // replies and files of the message that were not taken, and why
}

// Identity is whom the token belongs to.
type Identity struct {
	Team string // the workspace's name
	User string // the bot's name
	URL  string // of the workspace
}

// New makes a client. It calls nobody.
func New(o Options) *Client {
	c := &Client{timeout: o.Timeout, log: o.Log}
	if c.timeout <= 0 {
		c.timeout = 10 * time.Second
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	now := o.Clock
	if now == nil {
		now = time.Now
	}
	c.pace = newPace(now)
	c.api = slackgo.New(o.Token.Reveal(), slackgo.OptionAPIURL(apiBase(o.APIURL)), slackgo.OptionHTTPClient(httpClient(o.HTTPClient)))
	return c
}

// apiBase ends with the slash that slack-go wants.
func apiBase(given string) string {
	if given == "" {
		return slackgo.APIURL
	}
	return strings.TrimSuffix(given, "/") + "/"
}

// Test asks Slack whom the token belongs to. It needs no scope.
func (c *Client) Test(ctx context.Context) (Identity, error) {
	var who Identity
	err := c.call(ctx, "auth.test", func(ctx context.Context) error {
		answer, err := c.api.AuthTestContext(ctx)
		if err == nil {
			who = Identity{Team: answer.Team, User: answer.User, URL: answer.URL}
		}
		return err
	})
	return who, err
}

// Post posts a message with its thread and its files to a channel: "#name" or an id. The key goes along as metadata. An
// error means that the message itself is not known to be there; see the package comment. Scopes: chat:write; files:write for
// its files; chat:write.public where the bot is not in the channel.
func (c *Client) Post(ctx context.Context, channel string, m handover.Message, key string) (Posted, error) {
	posted, err := c.post(ctx, channel, "", m, key)
	if err != nil {
		return Posted{}, fmt.Errorf("post to %q: %w", channel, err)
	}
	posted.Missing = c.details(ctx, posted, m, key)
	return posted, nil
}

// Reply posts a message, with its files, into the thread of another one. Details of the details are posted there too. Scopes: as
// of Post.
func (c *Client) Reply(ctx context.Context, to Posted, m handover.Message) (Posted, error) {
	posted, err := c.post(ctx, to.Channel, to.TS, m, "")
	if err != nil {
		return Posted{}, fmt.Errorf("reply to %s in %q: %w", to.TS, to.Channel, err)
	}
	posted.Missing = c.details(ctx, to, m, "")
	return posted, nil
}

// Update replaces the text and the blocks of a posted message; its thread and files stay as they are. Scope: chat:write.
func (c *Client) Update(ctx context.Context, posted Posted, m handover.Message) error {
	_, err := c.withFallback(posted.Channel, m, func(content ...slackgo.MsgOption) error {
		if len(content) == 1 { // text alone: take the old blocks away
			content = append(content, slackgo.MsgOptionBlocks())
		}
		return c.call(ctx, "chat.update", func(ctx context.Context) error {
			_, _, _, err := c.api.UpdateMessageContext(ctx, posted.Channel, posted.TS, content...)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("update %s in %q: %w", posted.TS, posted.Channel, err)
	}
	return nil
}

// post posts one message, into a thread when there is one.
func (c *Client) post(ctx context.Context, channel, thread string, m handover.Message, key string) (Posted, error) {
	options := []slackgo.MsgOption{slackgo.MsgOptionDisableLinkUnfurl(), slackgo.MsgOptionDisableMediaUnfurl()}
	if thread != "" {
		options = append(options, slackgo.MsgOptionTS(thread))
	}
	if key != "" {
		options = append(options, slackgo.MsgOptionMetadata(slackgo.SlackMetadata{
			EventType: MetadataEvent, EventPayload: map[string]any{"key": key},
		}))
	}
	var posted Posted
	plain, err := c.withFallback(channel, m, func(content ...slackgo.MsgOption) error {
		return c.call(ctx, "chat.postMessage", func(ctx context.Context) error {
			var err error
			posted.Channel, posted.TS, err = c.api.PostMessageContext(ctx, channel, append(content, options...)...)
			if err == nil && posted.TS == "" {
				return errNoTS
			}
			return err
		}, channel)
	})
	if err != nil {
		return Posted{}, err
	}
	c.pace.known(channel, posted.Channel)
	posted.Plain = plain
	return posted, nil
}

var (
	errNoTS   = errors.New("the answer names no message")
	errNoUser = errors.New("the answer names no user")
)

// withFallback sends a message, and when its blocks are refused its text alone: whoever is to be told is told.
func (c *Client) withFallback(channel string, m handover.Message, send func(...slackgo.MsgOption) error) (plain bool, err error) {
	text := slackgo.MsgOptionText(m.Text, false) // it is escaped
	if len(m.Blocks) == 0 {
		return false, send(text)
	}
	err = send(text, slackgo.MsgOptionBlocks(blocks(m.Blocks)...))
	if !errors.Is(err, ErrRefused) || m.Text == "" {
		return false, err
	}
	c.log.Warn("slack refuses the blocks of a message; posting its text alone", "channel", channel, "err", err)
	return true, send(text)
}

// call calls one method: within its deadline, after its turn in each of the channels, and again after a 429, as long as
// the context has room for the wait.
func (c *Client) call(ctx context.Context, method string, do func(context.Context) error, channels ...string) error {
	for _, channel := range channels {
		if err := c.pace.turn(ctx, channel); err != nil {
			return &Error{Method: method, Code: "its turn did not come in time", kind: ErrTransient, cause: err}
		}
	}
	for {
		if err := c.pace.open(ctx, method); err != nil {
			return &Error{Method: method, Code: "Slack asked to wait for longer than there was time", kind: ErrTransient, cause: err}
		}
		var sent atomic.Bool
		within, cancel := context.WithTimeout(traced(ctx, &sent), c.timeout)
		err := do(within)
		err = classified(within, method, err, sent.Load())
		cancel()
		var e *Error
		if !errors.As(err, &e) || e.RetryAfter <= 0 {
			return err
		}
		c.pace.shut(method, e.RetryAfter)
		if end, ok := ctx.Deadline(); ok && time.Until(end) < e.RetryAfter {
			return err
		}
		c.log.Info("slack asks to wait", "method", method, "wait", e.RetryAfter)
	}
}

// traced notes when a request goes out: from then on it may do its work, whatever comes back.
func traced(ctx context.Context, sent *atomic.Bool) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
}

// httpClient is the given client, or a new one, that follows no redirect (it would take the token along) and reads no
// endless answer. Deadlines are the caller's.
func httpClient(given *http.Client) *http.Client {
	client := &http.Client{}
	if given != nil {
		*client = *given
	}
	client.Timeout = 0
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	inner := client.Transport
	if inner == nil {
		inner = http.DefaultTransport
	}
	client.Transport = bounded{inner}
	return client
}

// maxAnswer is the largest answer that is read, in bytes. Slack repeats the message in its answer.
const maxAnswer = 1 << 20

type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	}
	return resp, err
}
