// Package call calls people by telephone, by Amazon Connect's outbound voice: a contact flow reads a short sentence to
// whoever answers.
//
// It promises that the same key rings once within seven days (Amazon Connect knows the key as ClientToken), that a sentence
// is short and plain, and that an error has a kind: [ErrTemporary] may pass by itself, [ErrRefused] needs somebody. That a
// call is taken on does not mean that anybody has heard it: who has to be reached for certain is a tier, whose PagerDuty
// policy calls until somebody acknowledges.
//
// It never retries, never records, and listens to nothing that is said or typed.
package call

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/connect"
	"github.com/aws/aws-sdk-go-v2/service/connect/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The kinds of errors.
var (
	ErrTemporary = errors.New("the call was not taken on now")
	ErrRefused   = errors.New("the call is refused")
)

// Attribute is the contact attribute that holds the sentence: the flow reads $.Attributes.message.
const Attribute = "message"

// LanguageAttribute holds the sentence's language, "ja" or "en": the flow chooses its voice by it.
const LanguageAttribute = "language"

// MaxSentence is how long a sentence may be, in characters: about half a minute when it is read.
const MaxSentence = 300

// callTimeout is how long one request to Amazon Connect may take.
const callTimeout = 20 * time.Second

// Line is what calls are made by.
type Line struct {
	Region      string
	Instance    string // the id of the instance of Amazon Connect
	ContactFlow string // the id of the flow that reads the sentence
	From        string // the instance's number that is shown, in E.164 form, such as +81501234567

	RoleARN    string // the role that is taken for it; empty: the engine's own credentials
	ExternalID string
	Session    string // the name that CloudTrail shows; empty: shodo
}

// Client calls by one line.
type Client struct {
	line Line
	api  *connect.Client
}

// Option changes how a client reaches AWS.
type Option func(*awsconfig.LoadOptions) error

// New makes a client with the credentials of the process: the environment, the machine's role, or the shared files. It calls
// nobody.
func New(ctx context.Context, l Line, options ...Option) (*Client, error) {
	load := []func(*awsconfig.LoadOptions) error{awsconfig.WithRegion(l.Region)}
	for _, o := range options {
		load = append(load, o)
	}
	cfg, err := awsconfig.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("find the credentials of AWS: %w", err)
	}
	if l.RoleARN != "" {
		cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), l.RoleARN, func(o *stscreds.AssumeRoleOptions) {
			if o.RoleSessionName = l.Session; l.Session == "" {
				o.RoleSessionName = "shodo"
			}
			if l.ExternalID != "" {
				o.ExternalID = aws.String(l.ExternalID)
			}
		}))
	}
	return &Client{line: l, api: connect.NewFromConfig(cfg)}, nil
}

// Say has a sentence read to whoever answers at a number in E.164 form. With the same key it rings once.
func (c *Client) Say(ctx context.Context, number, sentence, language, key string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	sum := sha256.Sum256([]byte(key + "/" + number))
	_, err := c.api.StartOutboundVoiceContact(ctx, &connect.StartOutboundVoiceContactInput{
		InstanceId: aws.String(c.line.Instance), ContactFlowId: aws.String(c.line.ContactFlow), SourcePhoneNumber: aws.String(c.line.From),
		DestinationPhoneNumber: aws.String(number), ClientToken: aws.String(hex.EncodeToString(sum[:])),
		Attributes: map[string]string{Attribute: Plain(sentence), LanguageAttribute: language},
	})
	if err != nil {
		return fmt.Errorf("call %s: %w: %w", number, kindOf(err), err)
	}
	return nil
}

// Plain makes a sentence of a text: one line, without what a voice would stumble over or read as markup (SSML).
func Plain(text string) string {
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune("<>&\"`*_#|\\", r) || r < ' ' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	runes := []rune(strings.Join(strings.Fields(text), " "))
	return string(runes[:min(len(runes), MaxSentence)])
}

// kindOf says whether calling again may help.
func kindOf(err error) error {
	var limit *types.LimitExceededException
	var inner *types.InternalServiceException
	var answer *smithyhttp.ResponseError
	var api smithy.APIError
	switch {
	case errors.As(err, &limit), errors.As(err, &inner):
		return ErrTemporary
	case errors.As(err, &answer) && (answer.HTTPStatusCode() >= 500 || answer.HTTPStatusCode() == http.StatusTooManyRequests):
		return ErrTemporary
	case errors.As(err, &api):
		return ErrRefused
	}
	return ErrTemporary // it was not answered
}
