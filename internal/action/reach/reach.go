// Package reach says which network addresses an action may connect to.
//
// A scenario's parameters may come from an alert, and an alert is hostile text: a URL must not become a way to the
// credentials that clouds serve on link-local addresses. So link-local, metadata, unspecified, multicast and broadcast
// addresses are refused unless the process configuration lists them. Loopback and private networks are what gets
// repaired, and are allowed.
//
// The check is made on the address of each connection at the moment it is dialled, after name resolution, so neither a
// redirect nor a name that changes its answer passes by. Addresses that carry an IPv4 address inside (IPv4-mapped,
// NAT64, 6to4) count as that address too. Proxies from the environment are never used by whoever dials through here.
package reach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// ErrForbidden is in the error of every dial to an address that may not be reached.
var ErrForbidden = errors.New("address is not allowed")

// Policy decides by address. The zero value is the default policy.
type Policy struct {
	Allow []netip.Prefix // reachable in spite of the rules
}

// forbidden lists the networks that are refused, with what they are.
var forbidden = []struct {
	prefix netip.Prefix
	what   string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "unspecified"},           // RFC 1122; Linux connects 0.0.0.0 to loopback
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},       // RFC 3927; AWS, Azure, Google, OpenStack metadata
	{netip.MustParsePrefix("100.100.100.200/32"), "metadata"},     // Alibaba Cloud
	{netip.MustParsePrefix("192.0.0.192/32"), "metadata"},         // Oracle Cloud, older
	{netip.MustParsePrefix("168.63.129.16/32"), "metadata"},       // Azure's wire server
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},           // RFC 5771
	{netip.MustParsePrefix("240.0.0.0/4"), "broadcast, reserved"}, // RFC 1112; holds 255.255.255.255
	{netip.MustParsePrefix("::/128"), "unspecified"},              //
	{netip.MustParsePrefix("fe80::/10"), "link-local"},            // RFC 4291
	{netip.MustParsePrefix("fec0::/10"), "site-local"},            // RFC 3879, deprecated
	{netip.MustParsePrefix("ff00::/8"), "multicast"},              //
	{netip.MustParsePrefix("fd00:ec2::/32"), "metadata"},          // AWS: fd00:ec2::254 and its siblings
	{netip.MustParsePrefix("fd20:ce::254/128"), "metadata"},       // Google Cloud
	{netip.MustParsePrefix("fd00:42::42/128"), "metadata"},        // Scaleway
}

var (
	nat64     = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
	sixToFour = netip.MustParsePrefix("2002::/16")    // RFC 3056
	ipv4In6   = netip.MustParsePrefix("::/96")        // RFC 4291, IPv4-compatible, deprecated
)

// Check says whether the address may be reached: nil, or an error with ErrForbidden that names the reason.
func (p Policy) Check(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	for _, allowed := range p.Allow {
		if allowed.Contains(addr) {
			return nil
		}
	}
	for _, f := range forbidden {
		if f.prefix.Contains(addr) {
			return fmt.Errorf("%s (%s): %w", addr, f.what, ErrForbidden)
		}
	}
	if inner, ok := inside(addr); ok {
		return p.Check(inner)
	}
	return nil
}

// inside gives the IPv4 address that an IPv6 address carries.
func inside(addr netip.Addr) (netip.Addr, bool) {
	b := addr.As16()
	switch {
	case !addr.Is6(), addr == netip.IPv6Loopback():
		return netip.Addr{}, false
	case nat64.Contains(addr), ipv4In6.Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}

// Dial connects by TCP to a host and port, if the policy allows the address that the host resolves to.
func (p Policy) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 30 * time.Second, ControlContext: p.control}
	return d.DialContext(ctx, network, address)
}

// control is called with each address that is about to be dialled.
func (p Policy) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	target, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%.60q is not an address: %w", address, ErrForbidden)
	}
	return p.Check(target.Addr())
}

// ValidHost keeps away what could only be a mistake or an attack in the place of a host name or address; the resolver
// judges the rest.
func ValidHost(host string) bool {
	return host != "" && len(host) <= 253 && !strings.ContainsFunc(host, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`/\@"'<>[]`, r)
	})
}

// Why says in few words why a connection failed, for the output of a probe.
func Why(err error) string {
	var dns *net.DNSError
	var network net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("no such host %q", dns.Name)
	case errors.As(err, &dns):
		return fmt.Sprintf("the name %q could not be resolved", dns.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no route to the host"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the server closed the connection without an answer"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "no answer in time"
	}
	return err.Error()
}
