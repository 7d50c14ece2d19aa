package reach_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"

	"shodo/internal/action/reach"
)

func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		address string
		allowed bool
	}{
		{"10.0.0.1", true}, {"192.168.1.1", true}, {"172.16.0.1", true}, {"127.0.0.1", true}, {"::1", true}, {"8.8.8.8", true},
		{"fd12:3456::1", true}, {"2001:db8::1", true}, {"100.100.100.199", true}, {"::ffff:10.0.0.1", true}, {"64:ff9b::808:808", true},
		{"169.254.169.254", false}, {"169.254.0.1", false}, {"169.254.170.2", false}, {"fe80::1", false}, {"fe80::1%eth0", false}, {"febf::1", false},
		{"fd00:ec2::254", false}, {"fd00:ec2::23", false}, {"fd20:ce::254", false}, {"100.100.100.200", false}, {"168.63.129.16", false}, {"192.0.0.192", false},
		{"0.0.0.0", false}, {"0.1.2.3", false}, {"::", false}, {"224.0.0.1", false}, {"ff02::1", false}, {"255.255.255.255", false}, {"250.1.1.1", false},
		{"::ffff:169.254.169.254", false}, {"::169.254.169.254", false}, {"64:ff9b::a9fe:a9fe", false}, {"2002:a9fe:a9fe::1", false},
		{"::ffff:0.0.0.0", false}, {"2002:7f00:1::1", true},
	} {
		err := reach.Policy{}.Check(netip.MustParseAddr(tc.address))
		if (err == nil) != tc.allowed || err != nil && !errors.Is(err, reach.ErrForbidden) {
			t.Errorf("%s: %v, want allowed %v", tc.address, err, tc.allowed)
		}
	}
}

func TestAllow(t *testing.T) {
	p := reach.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("169.254.7.0/24")}}
	for address, allowed := range map[string]bool{"169.254.7.9": true, "::ffff:169.254.7.9": true, "169.254.8.1": false, "fe80::1": false} {
		if err := p.Check(netip.MustParseAddr(address)); (err == nil) != allowed {
			t.Errorf("%s: %v, want allowed %v", address, err, allowed)
		}
	}
}

// The notations that URLs and resolvers accept lead to the same check.
func TestDialForbidden(t *testing.T) {
	for _, host := range []string{"169.254.169.254", "0.0.0.0", "::", "[::ffff:169.254.169.254]", "::ffff:a9fe:a9fe", "fd00:ec2::254"} {
		conn, err := reach.Policy{}.Dial(t.Context(), "tcp", net.JoinHostPort(strings.Trim(host, "[]"), "80"))
		if err == nil {
			conn.Close()
		}
		if !errors.Is(err, reach.ErrForbidden) {
			t.Errorf("%s: %v, want forbidden", host, err)
		}
	}
}

func TestDialAllowed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := reach.Policy{}.Dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestWhy(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
	}{
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, "connection refused"},
		{&net.DNSError{Err: "no such host", Name: "web-1", IsNotFound: true}, `no such host "web-1"`},
		{&net.DNSError{Err: "server misbehaving", Name: "web-1", Server: "10.0.0.2:53"}, `the name "web-1" could not be resolved`},
		{context.DeadlineExceeded, "no answer in time"},
		{io.ErrUnexpectedEOF, "the server closed the connection without an answer"},
		{errors.New("something else"), "something else"},
	} {
		if got := reach.Why(tc.err); got != tc.want {
			t.Errorf("%v: %q, want %q", tc.err, got, tc.want)
		}
	}
}
