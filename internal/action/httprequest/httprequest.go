// Package httprequest asks an HTTP server: the actions http.request (reads: GET, HEAD, OPTIONS) and http.send (changes:
// POST, PUT, PATCH, DELETE).
//
// # http.request is a probe
//
// Whatever comes back is the answer, and so is that nothing comes back. When there is no response (the connection is
// refused, the name is unknown, TLS fails, the time is over, redirects do not end) output.status is 599, which no
// server may send (RFC 9110, 15), and output.error says why. So "output.status < 500" is healthy only when a server
// said so, and a scenario needs no second condition. The step fails only when nothing could be asked: bad parameters,
// an address that may not be reached, a redirect from https to http, or a cancelled run.
//
// # http.send changes something
//
// A connection that could not be made is transient; one that broke after the request was sent, a redirect that is refused,
// and a gateway's 502 or 504, are unknown_effect; 429 and 503 are transient; other answers from 400 on are permanent. The
// output comes with the error. It is never repeated by itself.
//
// # What both promise
//
//   - At most body_limit bytes of the answer are read, whatever the server sends, and the time ends slow ones.
//   - Which addresses may be reached is package reach's rule, also for redirects. No proxy of the environment is used.
//   - The credential's header is sent to the first URL's host and port only, and never after a redirect elsewhere.
//     Credentials do not belong in "headers" or the URL, where they would be stored: those are refused.
package httprequest

import (
	"context"
	"time"

	"shodo/internal/action"
	"shodo/internal/action/reach"
	"shodo/internal/scenario"
)

// Settings are what the process configuration says about HTTP.
type Settings struct {
	Reach     reach.Policy
	UserAgent string           // empty: "shodo"
	Now       func() time.Time // empty: the clock; only how long a certificate is valid depends on it
}

// NoResponse is output.status when no response came.
const NoResponse = 599

// Read are the parameters of http.request.
type Read struct {
	URL             scenario.URL      `json:"url" required:"true" doc:"http or https URL"`
	Method          string            `json:"method" default:"GET" enum:"GET,HEAD,OPTIONS" doc:"method"`
	Headers         map[string]string `json:"headers" doc:"more headers; credentials belong in auth"`
	Auth            string            `json:"auth" doc:"name of one of the customer's http credentials, sent as its header"`
	Timeout         scenario.Duration `json:"timeout" default:"10s" doc:"how long to wait for the whole answer, redirects included"`
	FollowRedirects int               `json:"follow_redirects" default:"5" doc:"how many redirects to follow; 0 gives the redirect itself"`
	Match           string            `json:"match" doc:"regular expression (RE2) to look for in the body; sets output.matched"`
	BodyLimit       int               `json:"body_limit" default:"65536" doc:"how many bytes of the body to read and match, at most 1 MiB; the output keeps 64 KiB"`
	TLSServerName   string            `json:"tls_server_name" doc:"name that the certificate must have; else the URL's host"`
	TLSCAFile       string            `json:"tls_ca_file" doc:"file on the engine's host with the authorities to trust instead of the system's"`
	TLSInsecure     bool              `json:"tls_insecure_skip_verify" doc:"accept any certificate; auth is then refused"`
}

// Send are the parameters of http.send.
type Send struct {
	URL             scenario.URL      `json:"url" required:"true" doc:"http or https URL"`
	Method          string            `json:"method" default:"POST" enum:"POST,PUT,PATCH,DELETE" doc:"method"`
	Headers         map[string]string `json:"headers" doc:"more headers; credentials belong in auth"`
	Auth            string            `json:"auth" doc:"name of one of the customer's http credentials, sent as its header"`
	Body            string            `json:"body" doc:"what to send; state its content-type in headers"`
	Timeout         scenario.Duration `json:"timeout" default:"30s" doc:"how long to wait for the whole answer"`
	FollowRedirects int               `json:"follow_redirects" default:"0" doc:"how many redirects to follow"`
	Match           string            `json:"match" doc:"regular expression (RE2) to look for in the body; sets output.matched"`
	BodyLimit       int               `json:"body_limit" default:"65536" doc:"how many bytes of the answer's body to read, at most 1 MiB; the output keeps 64 KiB"`
	TLSServerName   string            `json:"tls_server_name" doc:"name that the certificate must have; else the URL's host"`
	TLSCAFile       string            `json:"tls_ca_file" doc:"file on the engine's host with the authorities to trust instead of the system's"`
	TLSInsecure     bool              `json:"tls_insecure_skip_verify" doc:"accept any certificate; auth is then refused"`
}

// Output is the answer.
type Output struct {
	Status      int               `json:"status" doc:"status code; 599 when no response came"`
	Error       string            `json:"error" doc:"why no response came, or why its body ended early"`
	Headers     map[string]string `json:"headers" doc:"headers of the response, names in lower case"`
	Body        string            `json:"body" doc:"body of the response, cut to 64 KiB"`
	Truncated   bool              `json:"truncated" doc:"whether the body was longer"`
	Matched     bool              `json:"matched" doc:"whether match was found in the body"`
	URL         string            `json:"url" doc:"URL that answered, after redirects"`
	DurationMS  int               `json:"duration_ms" doc:"how long it took until the body was read, in milliseconds"`
	CertExpires int               `json:"certificate_expires_in_days" doc:"whole days until the server's certificate ends; 0 without TLS"`
}

// Actions gives http.request and http.send.
func Actions(s Settings) []action.Action {
	if s.UserAgent == "" {
		s.UserAgent = "shodo"
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	request := scenario.Action{
		Name: "http.request", Effect: scenario.Reads, Timeout: 30 * time.Second,
		Summary: "Asks an HTTP server and gives the answer; when none comes the status is 599.",
	}
	send := scenario.Action{
		Name: "http.send", Effect: scenario.Changes, Timeout: time.Minute,
		Summary: "Sends an HTTP request that changes something; an answer from 400 on is a failure.",
	}
	return []action.Action{
		action.New(request, func(ctx context.Context, p Read, call action.Call) (Output, error) {
			return s.probe(ctx, p, call)
		}),
		action.New(send, func(ctx context.Context, p Send, call action.Call) (Output, error) {
			return s.send(ctx, p, call)
		}),
	}
}

func (s Settings) probe(ctx context.Context, p Read, call action.Call) (Output, error) {
	x, err := s.prepare(exchange{Send: Send{URL: p.URL, Method: p.Method, Headers: p.Headers, Auth: p.Auth, Timeout: p.Timeout,
		FollowRedirects: p.FollowRedirects, Match: p.Match, BodyLimit: p.BodyLimit, TLSServerName: p.TLSServerName,
		TLSCAFile: p.TLSCAFile, TLSInsecure: p.TLSInsecure}}, call.Connection)
	if err != nil {
		return Output{}, err
	}
	out, err := x.do(ctx)
	if err != nil {
		return x.noResponse(ctx, out, err)
	}
	return out, nil
}

func (s Settings) send(ctx context.Context, p Send, call action.Call) (Output, error) {
	x, err := s.prepare(exchange{Send: p}, call.Connection)
	if err != nil {
		return Output{}, err
	}
	out, err := x.do(ctx)
	if err != nil {
		return Output{}, x.sendError(ctx, err)
	}
	return out, x.judge(out)
}
