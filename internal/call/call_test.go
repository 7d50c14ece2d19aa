package call_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"shodo/internal/call"
)

// exchange is a double of Amazon Connect and of STS: it takes what their API references document.
type exchange struct {
	mu     sync.Mutex
	rings  []map[string]string // attributes, with "to" and "from"
	tokens map[string]bool
	roles  []string
	fail   []failure // in turn
}

type failure struct {
	status int
	name   string
}

var e164 = regexp.MustCompile(`^\+[1-9]\d{1,14}$`)

func (x *exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	if r.URL.Path == "/" { // STS
		x.roles = append(x.roles, r.PostFormValue("RoleArn")+" "+r.PostFormValue("ExternalId")+" "+r.PostFormValue("RoleSessionName"))
		fmt.Fprint(w, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>AKROLE</AccessKeyId>`+
			`<SecretAccessKey>x</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`)
		return
	}
	if r.Method != http.MethodPut || r.URL.Path != "/contact/outbound-voice" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if len(x.fail) > 0 {
		f := x.fail[0]
		x.fail = x.fail[1:]
		w.Header().Set("X-Amzn-Errortype", f.name)
		w.WriteHeader(f.status)
		fmt.Fprintf(w, `{"Message":"no"}`)
		return
	}
	var in struct {
		InstanceID  string            `json:"InstanceId"`
		ContactFlow string            `json:"ContactFlowId"`
		To          string            `json:"DestinationPhoneNumber"`
		From        string            `json:"SourcePhoneNumber"`
		Token       string            `json:"ClientToken"`
		Attributes  map[string]string `json:"Attributes"`
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if d.Decode(&in) != nil || in.InstanceID == "" || in.ContactFlow == "" || !e164.MatchString(in.To) || !e164.MatchString(in.From) || len(in.Token) > 500 {
		w.Header().Set("X-Amzn-Errortype", "InvalidParameterException")
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if !x.tokens[in.Token] {
		x.tokens[in.Token] = true
		in.Attributes["to"] = in.To
		x.rings = append(x.rings, in.Attributes)
	}
	fmt.Fprint(w, `{"ContactId":"c-1"}`)
}

var line = call.Line{Region: "ap-northeast-1", Instance: "i-1", ContactFlow: "f-1", From: "+81501234567"}

func start(t *testing.T, l call.Line) (*exchange, *call.Client) {
	t.Helper()
	x := &exchange{tokens: map[string]bool{}}
	server := httptest.NewServer(x)
	t.Cleanup(server.Close)
	c, err := call.New(t.Context(), l, call.Option(awsconfig.WithBaseEndpoint(server.URL)), call.Option(awsconfig.WithRetryMaxAttempts(1)),
		call.Option(awsconfig.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AK", "secret-key", ""))))
	if err != nil {
		t.Fatal(err)
	}
	return x, c
}

func TestItRingsOnce(t *testing.T) {
	x, c := start(t, line)
	for range 3 {
		if err := c.Say(t.Context(), "+81312345678", "株式会社アクメの www で障害が起きています。", "ja", "Q1/1/call"); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Say(t.Context(), "+81312345678", "again", "en", "Q2/1/call"); err != nil {
		t.Fatal(err)
	}
	if err := c.Say(t.Context(), "+81398765432", "again", "en", "Q2/1/call"); err != nil {
		t.Fatal(err)
	}
	if len(x.rings) != 3 || x.rings[0]["message"] != "株式会社アクメの www で障害が起きています。" || x.rings[0]["language"] != "ja" || x.rings[2]["to"] != "+81398765432" {
		t.Errorf("it rang %v", x.rings)
	}
}

func TestTheRoleOfTheCustomer(t *testing.T) {
	l := line
	l.RoleARN, l.ExternalID, l.Session = "arn:aws:iam::123456789012:role/shodo", "ext-1", "Q1"
	x, c := start(t, l)
	if err := c.Say(t.Context(), "+81312345678", "hello", "en", "k"); err != nil {
		t.Fatal(err)
	}
	if len(x.roles) != 1 || x.roles[0] != "arn:aws:iam::123456789012:role/shodo ext-1 Q1" {
		t.Errorf("roles %q", x.roles)
	}
}

func TestTroubleHasAKind(t *testing.T) {
	for _, f := range []struct {
		failure
		kind error
	}{
		{failure{500, "InternalServiceException"}, call.ErrTemporary},
		{failure{429, "LimitExceededException"}, call.ErrTemporary},
		{failure{503, "ServiceUnavailable"}, call.ErrTemporary},
		{failure{403, "DestinationNotAllowedException"}, call.ErrRefused},
		{failure{403, "OutboundContactNotPermittedException"}, call.ErrRefused},
		{failure{404, "ResourceNotFoundException"}, call.ErrRefused},
		{failure{400, "InvalidParameterException"}, call.ErrRefused},
		{failure{403, "AccessDeniedException"}, call.ErrRefused},
	} {
		x, c := start(t, line)
		x.fail = []failure{f.failure}
		err := c.Say(t.Context(), "+81312345678", "hello", "en", "k")
		if !errors.Is(err, f.kind) || strings.Contains(err.Error(), "secret-key") || len(x.rings) > 0 {
			t.Errorf("%s: %v", f.name, err)
		}
	}
	_, c := start(t, line)
	if err := c.Say(t.Context(), "03-1234-5678", "hello", "en", "k"); !errors.Is(err, call.ErrRefused) {
		t.Errorf("a number that is none: %v", err)
	}
}

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"one\ntwo\t three":                      "one two three",
		"<speak><break time='9s'/>hi</speak> &": "speak break time='9s'/ hi /speak",
		"*disk* `full` | 100%\x00":              "disk full 100%",
		strings.Repeat("長", 1000):               strings.Repeat("長", call.MaxSentence),
		"\xff\xfe":                              "",
	} {
		if got := call.Plain(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("www is <down> & \"out\"")
	f.Fuzz(func(t *testing.T, text string) {
		got := call.Plain(text)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > call.MaxSentence || strings.ContainsAny(got, "<>&\n\r\x00") || call.Plain(got) != got {
			t.Errorf("%q: %q", text, got)
		}
	})
}
