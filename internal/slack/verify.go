package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"shodo/internal/secret"
)

// ErrUnsigned is the kind of VerifyRequest's errors: the request is not known to be Slack's.
var ErrUnsigned = errors.New("request is not signed by Slack")

// SignatureAge is how far a request's time may be from ours, as Slack recommends: an old request that somebody kept is
// not taken. Within that time the same request passes again, so whoever acts on it has to recognise it.
const SignatureAge = 5 * time.Minute

// maxTimestamp is how many digits a time in seconds has at most.
const maxTimestamp = 12

// VerifyRequest says whether Slack sent a request: whether its body and time are signed with the app's signing secret
// (docs.slack.dev, authentication/verifying-requests-from-slack). The body is as received. Slack-go has the same, but
// asks the machine's clock.
func VerifyRequest(signingSecret secret.Value, header http.Header, body []byte, now time.Time) error {
	if signingSecret.Reveal() == "" {
		return fmt.Errorf("%w: there is no signing secret to compare with", ErrUnsigned) // anyone can sign with an empty one
	}
	stamps, signatures := header.Values("X-Slack-Request-Timestamp"), header.Values("X-Slack-Signature")
	if len(stamps) != 1 || len(signatures) != 1 {
		return fmt.Errorf("%w: it has %d times and %d signatures", ErrUnsigned, len(stamps), len(signatures))
	}
	seconds, err := strconv.ParseUint(stamps[0], 10, 63)
	if err != nil || len(stamps[0]) > maxTimestamp {
		return fmt.Errorf("%w: its time is no number of seconds", ErrUnsigned)
	}
	digits, found := strings.CutPrefix(signatures[0], "v0=")
	signature, err := hex.DecodeString(digits)
	if !found || err != nil {
		return fmt.Errorf("%w: its signature is not of version v0", ErrUnsigned)
	}
	mac := hmac.New(sha256.New, []byte(signingSecret.Reveal()))
	mac.Write([]byte("v0:" + stamps[0] + ":"))
	mac.Write(body)
	if !hmac.Equal(mac.Sum(nil), signature) {
		return fmt.Errorf("%w: the signature is another one", ErrUnsigned)
	}
	if age := now.Sub(time.Unix(int64(seconds), 0)).Abs(); age > SignatureAge {
		return fmt.Errorf("%w: it is %s from our time", ErrUnsigned, age.Round(time.Second))
	}
	return nil
}
