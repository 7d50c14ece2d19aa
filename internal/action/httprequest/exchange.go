package httprequest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"shodo/internal/action"
	"shodo/internal/action/reach"
	"shodo/internal/incident"
)

const maxHeaderBytes = 64 << 10

var (
	errDowngrade = errors.New("the server redirects from https to http, which is refused")
	errRedirects = errors.New("redirects do not end")
)

// do sends the request and reads the answer. An error means that no response came; out then has what is known anyway.
func (x *exchange) do(ctx context.Context) (out Output, err error) {
	began := time.Now()
	out.URL = x.url.String()
	defer func() { out.DurationMS = int(time.Since(began).Milliseconds()) }()

	ctx, cancel := context.WithTimeout(ctx, time.Duration(x.Timeout))
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { x.sent = true }})
	req, err := http.NewRequestWithContext(ctx, x.Method, x.url.String(), strings.NewReader(x.Body))
	if err != nil {
		return out, fmt.Errorf("make the request: %w", err)
	}
	req.Header = x.header
	req.Host = x.header.Get("Host")

	transport := x.transport()
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, CheckRedirect: x.checkRedirect}
	resp, err := client.Do(req)
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	x.readResponse(resp, &out)
	return out, nil
}

// transport is made anew for each exchange: probes share no connection, so each one sees what a new client would see.
func (x *exchange) transport() *http.Transport {
	return &http.Transport{
		Proxy:                  nil, // also not from the environment
		DialContext:            x.reach.Dial,
		TLSClientConfig:        x.tls,
		ForceAttemptHTTP2:      true,
		DisableKeepAlives:      true,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// checkRedirect decides about the next request before it is made. Its address is checked when it is dialled.
func (x *exchange) checkRedirect(next *http.Request, before []*http.Request) error {
	if x.FollowRedirects == 0 {
		return http.ErrUseLastResponse
	}
	if len(before) > x.FollowRedirects {
		return fmt.Errorf("after %d: %w", x.FollowRedirects, errRedirects)
	}
	if next.URL.Scheme != "https" && before[len(before)-1].URL.Scheme == "https" {
		return errDowngrade
	}
	next.Header.Del("Referer") // it would tell the next host the first one's query
	for _, hop := range append(before[1:len(before):len(before)], next) {
		if origin(hop.URL) != origin(x.url) {
			next.Header.Del(x.authKey)
		}
	}
	return nil
}

func origin(u *url.URL) string { return u.Scheme + "://" + strings.ToLower(u.Host) }

// readResponse reads what the output needs and not a byte more.
func (x *exchange) readResponse(resp *http.Response, out *Output) {
	out.Status = resp.StatusCode
	out.URL = resp.Request.URL.String()
	out.Headers = map[string]string{}
	for name, values := range resp.Header {
		out.Headers[strings.ToLower(name)] = action.Text([]byte(strings.Join(values, ", ")))
	}
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		left := resp.TLS.PeerCertificates[0].NotAfter.Sub(x.now())
		out.CertExpires = int(left / (24 * time.Hour))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(x.BodyLimit)+1))
	if err != nil {
		out.Error = "the body ended early: " + why(err)
	}
	if len(body) > x.BodyLimit {
		body, out.Truncated = body[:x.BodyLimit], true
	}
	out.Matched = x.match != nil && x.match.Match(body)
	if len(body) > action.MaxText {
		body, out.Truncated = body[:action.MaxText], true
	}
	out.Body = action.Text(body)
}

// noResponse is the probe's answer when none came, unless the question could not be asked.
func (x *exchange) noResponse(ctx context.Context, out Output, err error) (Output, error) {
	if refused := x.refusal(err); refused != nil {
		return Output{}, refused
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return Output{}, action.Ended(ctx, "%s %s", x.Method, origin(x.url))
	}
	out.Status, out.Error, out.Headers = NoResponse, why(err), map[string]string{}
	return out, nil
}

// sendError says what it means that a changing request got no response.
func (x *exchange) sendError(ctx context.Context, err error) error {
	if refused := x.refusal(err); refused != nil && !x.sent {
		return refused // what is refused after it was sent is a redirect
	}
	doing := fmt.Sprintf("%s %s", x.Method, origin(x.url))
	switch ended := action.Ended(ctx, "%s", doing); {
	case ended != nil && (!x.sent || ended.Kind == incident.Cancelled):
		return ended
	case x.sent:
		return action.Errorf(incident.UnknownEffect, "%s: %s; whether the server acted on it is not known", doing, why(err))
	case isCertificate(err):
		return action.Errorf(incident.Permanent, "%s: %s", doing, why(err))
	}
	return action.Errorf(incident.Transient, "%s: %s", doing, why(err))
}

// refusal gives the error of what a rule of ours forbids, or nil.
func (x *exchange) refusal(err error) error {
	for _, rule := range []error{reach.ErrForbidden, errDowngrade} {
		if !errors.Is(err, rule) {
			continue
		}
		var where *url.Error
		if errors.As(err, &where) {
			err = where.Err // without the URL, whose query may hold what should not be shown
		}
		return action.Errorf(incident.Refused, "%s %s: %w", x.Method, origin(x.url), err)
	}
	return nil
}

// judge gives the error of an answer that says that the change did not happen, or may not have.
func (x *exchange) judge(out Output) error {
	if out.Status < 400 {
		return nil
	}
	kind := incident.Permanent
	switch out.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		kind = incident.Transient
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		kind = incident.UnknownEffect
	}
	return action.Errorf(kind, "%s %s: the server answered %d %s", x.Method, origin(x.url), out.Status, http.StatusText(out.Status))
}

// why says in few words why no answer came.
func why(err error) string {
	var where *url.Error
	if errors.As(err, &where) {
		err = where.Err
	}
	if isCertificate(err) {
		return "the server's certificate is not valid: " + action.Text([]byte(err.Error()))
	}
	return action.Text([]byte(reach.Why(err)))
}

func isCertificate(err error) bool {
	var verification *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	return errors.As(err, &verification) || errors.As(err, &authority)
}
