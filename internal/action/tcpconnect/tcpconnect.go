// Package tcpconnect opens a TCP connection and closes it again: the action tcp.connect (reads).
//
// That nothing listens, that a name does not exist or that no answer comes is what the probe found, not a failure of
// the step: output.connected is false and output.error says why. Nothing is ever sent. Which addresses may be reached
// is package reach's rule; a forbidden one is refused.
package tcpconnect

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"shodo/internal/action"
	"shodo/internal/action/reach"
	"shodo/internal/incident"
	"shodo/internal/scenario"
)

// Settings are what the process configuration says about TCP probes.
type Settings struct {
	Reach reach.Policy
}

// Params are the parameters.
type Params struct {
	Host    string            `json:"host" required:"true" doc:"host name or address"`
	Port    int               `json:"port" required:"true" doc:"TCP port"`
	Timeout scenario.Duration `json:"timeout" default:"5s" doc:"how long to wait for the connection, and again for the banner"`
	Read    bool              `json:"read" doc:"wait for the first line that the server sends, as SSH, SMTP and MySQL do"`
}

// Output is what the probe found.
type Output struct {
	Connected  bool   `json:"connected" doc:"whether the connection was made"`
	Error      string `json:"error" doc:"why not, or why no banner came"`
	Banner     string `json:"banner" doc:"with read: the first line, at most 1024 bytes"`
	Address    string `json:"address" doc:"address and port that answered"`
	DurationMS int    `json:"duration_ms" doc:"how long the connection took, in milliseconds"`
}

// maxBanner is how many bytes of a banner are read.
const maxBanner = 1024

// Actions gives tcp.connect.
func Actions(s Settings) []action.Action {
	spec := scenario.Action{
		Name: "tcp.connect", Effect: scenario.Reads, Timeout: 15 * time.Second,
		Summary: "Opens a TCP connection and closes it; that nothing answers is an output, not a failure.",
	}
	return []action.Action{action.New(spec, func(ctx context.Context, p Params, _ action.Call) (Output, error) {
		return probe(ctx, s.Reach, p)
	})}
}

func probe(ctx context.Context, policy reach.Policy, p Params) (Output, error) {
	switch {
	case !reach.ValidHost(p.Host):
		return Output{}, action.Errorf(incident.Permanent, "%.60q is not a host name or address", p.Host)
	case p.Port < 1 || p.Port > 65535:
		return Output{}, action.Errorf(incident.Permanent, "%d is not a TCP port", p.Port)
	}
	address := net.JoinHostPort(p.Host, strconv.Itoa(p.Port))
	began := time.Now()
	connecting, cancel := context.WithTimeout(ctx, time.Duration(p.Timeout))
	defer cancel()
	conn, err := policy.Dial(connecting, "tcp", address)
	out := Output{DurationMS: int(time.Since(began).Milliseconds())}
	switch {
	case errors.Is(err, reach.ErrForbidden):
		return Output{}, action.Errorf(incident.Refused, "connect to %s: %w", address, err)
	case errors.Is(ctx.Err(), context.Canceled):
		return Output{}, action.Ended(ctx, "connect to %s", address)
	case err != nil && connecting.Err() != nil:
		out.Error = "no answer within " + time.Since(began).Round(100*time.Millisecond).String()
		return out, nil
	case err != nil:
		out.Error = reach.Why(err)
		return out, nil
	}
	defer conn.Close()
	out.Connected, out.Address = true, conn.RemoteAddr().String()
	if p.Read {
		out.Banner, err = banner(ctx, conn, time.Duration(p.Timeout))
		if errors.Is(ctx.Err(), context.Canceled) {
			return Output{}, action.Ended(ctx, "read the banner of %s", address)
		}
		if err != nil {
			out.Error = "no banner: " + reach.Why(err)
		}
	}
	return out, nil
}

// banner reads the first line; a line that does not end is cut.
func banner(ctx context.Context, conn net.Conn, limit time.Duration) (string, error) {
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(io.LimitReader(conn, maxBanner)).ReadBytes('\n')
	if err == io.EOF && len(line) > 0 {
		err = nil
	}
	return strings.TrimRight(action.Text(line), "\r\n"), err
}
