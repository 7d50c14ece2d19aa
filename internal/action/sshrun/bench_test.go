package sshrun_test

import (
	"testing"

	"shodo/internal/action"
	"shodo/internal/action/actiontest"
)

// BenchmarkRead is one command on a real sshd on this machine: connection, login, command, end.
func BenchmarkRead(b *testing.B) {
	server := actiontest.StartSSHD(b)
	call := action.Call{Params: []byte(`{"host":"127.0.0.1","command":["true"]}`), Connection: actiontest.Connections{SSHConnection: server.Login}}
	set := newSet()
	for b.Loop() {
		if _, err := set.Run(b.Context(), "ssh.read", call); err != nil {
			b.Fatal(err)
		}
	}
}
