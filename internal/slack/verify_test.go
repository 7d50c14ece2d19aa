package slack_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	slackgo "github.com/slack-go/slack"

	"shodo/internal/secret"
	"shodo/internal/slack"
)

// The example of Slack's documentation.
const (
	signingSecret = "8f742231b10e8888abcd99yyyzzz85a5"
	signedAt      = 1531420618
	signedBody    = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar" +
		"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=" +
		"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN" +
		"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
	signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
)

func signed(at, signature string) http.Header {
	h := http.Header{}
	h.Set("X-Slack-Request-Timestamp", at)
	h.Set("X-Slack-Signature", signature)
	return h
}

// sign signs as Slack does.
func sign(key, at, body string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("v0:" + at + ":" + body))
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}

func TestVerifyRequest(t *testing.T) {
	at := strconv.Itoa(signedAt)
	good := func() http.Header { return signed(at, signature) }
	twice := func(name, value string) http.Header {
		h := good()
		h.Add(name, value)
		return h
	}
	for _, c := range []struct {
		name   string
		key    string
		header http.Header
		body   string
		after  time.Duration // our time, after the request's
		want   string        // empty: it passes
	}{
		{"good", signingSecret, good(), signedBody, 0, ""},
		{"five minutes ago", signingSecret, good(), signedBody, 5 * time.Minute, ""},
		{"our clock is behind", signingSecret, good(), signedBody, -5 * time.Minute, ""},
		{"old", signingSecret, good(), signedBody, 5*time.Minute + time.Second, "5m1s from our time"},
		{"from the future", signingSecret, good(), signedBody, -5*time.Minute - time.Second, "from our time"},
		{"changed body", signingSecret, good(), signedBody + "&user_id=U0OPERATOR", 0, "another one"},
		{"empty body", signingSecret, good(), "", 0, "another one"},
		{"changed time", signingSecret, signed(strconv.Itoa(signedAt+1), signature), signedBody, 0, "another one"},
		{"old one with a new time", signingSecret, signed(strconv.Itoa(signedAt+600), signature), signedBody, 10 * time.Minute, "another one"},
		{"another secret", "another", good(), signedBody, 0, "another one"},
		{"no secret", "", signed(at, sign("", at, signedBody)), signedBody, 0, "no signing secret"},
		{"no headers", signingSecret, http.Header{}, signedBody, 0, "0 times and 0 signatures"},
		{"no signature", signingSecret, http.Header{"X-Slack-Request-Timestamp": {at}}, signedBody, 0, "1 times and 0 signatures"},
		{"two times", signingSecret, twice("X-Slack-Request-Timestamp", "0"), signedBody, 0, "2 times"},
		{"two signatures", signingSecret, twice("X-Slack-Signature", "v0=00"), signedBody, 0, "2 signatures"},
		{"empty signature", signingSecret, signed(at, "v0="), signedBody, 0, "another one"},
		{"short signature", signingSecret, signed(at, signature[:20]), signedBody, 0, "v0"},
		{"another version", signingSecret, signed(at, "v1"+signature[2:]), signedBody, 0, "v0"},
		{"no digits", signingSecret, signed(at, "v0=zz"), signedBody, 0, "v0"},
		{"negative time", signingSecret, signed("-1", sign(signingSecret, "-1", signedBody)), signedBody, 0, "no number"},
		{"time that wraps around", signingSecret, signed("9223372036854775807", sign(signingSecret, "9223372036854775807", signedBody)), signedBody, 0, "no number"},
		{"time with blanks", signingSecret, signed(at+" ", sign(signingSecret, at+" ", signedBody)), signedBody, 0, "no number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := slack.VerifyRequest(secret.New(c.key), c.header, []byte(c.body), time.Unix(signedAt, 0).Add(c.after))
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (!errors.Is(err, slack.ErrUnsigned) || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error = %v, want %q", err, c.want)
			case err != nil && (strings.Contains(err.Error(), signature[3:]) || strings.Contains(err.Error(), signingSecret)):
				t.Errorf("the error tells too much: %v", err)
			}
		})
	}
}

// What slack-go takes is what we take.
func FuzzVerifyRequest(f *testing.F) {
	f.Add(signingSecret, "v0=00", signedBody, 0)
	f.Add(signingSecret, "", signedBody, 0)
	f.Add("", "", "", -299)
	f.Add("k", "v0=", "b", 301)
	f.Fuzz(func(t *testing.T, key, given, body string, seconds int) {
		if seconds < -1000 || seconds > 1000 || seconds > 290 && seconds < 310 || seconds < -290 && seconds > -310 {
			return // both clocks move on while the test runs
		}
		at := strconv.FormatInt(time.Now().Unix()-int64(seconds), 10)
		if given == "" {
			given = sign(key, at, body)
		}
		header := signed(at, given)
		theirs := func() error {
			v, err := slackgo.NewSecretsVerifier(header, key)
			if err != nil {
				return err
			}
			if _, err := v.Write([]byte(body)); err != nil {
				return err
			}
			return v.Ensure()
		}()
		ours := slack.VerifyRequest(secret.New(key), header, []byte(body), time.Now())
		if (ours == nil) != (theirs == nil) {
			t.Errorf("we say %v, slack-go says %v", ours, theirs)
		}
	})
}
