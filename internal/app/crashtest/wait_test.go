package crashtest

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// await waits for something to happen.
func await(t *testing.T, happened <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-happened:
	case <-time.After(patience):
		t.Fatalf("%s never came", what)
	}
}

// atOnce is how many incidents are played at the same time. They mostly wait for Temporal to notice the crash.
const atOnce = 10

// together plays one subtest for each case; a case of several moments is named after all of them. It does not use
// t.Parallel, which would play no more at once than the machine has processors.
func together(t *testing.T, cases []string, play func(*testing.T, string)) {
	var all sync.WaitGroup
	room := make(chan struct{}, atOnce)
	for _, c := range cases {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			t.Run(c, func(t *testing.T) { play(t, c) })
		})
	}
	all.Wait()
}

// both names moments that come one after the other.
func both(first, second string) string { return first + then + second }

const then = ", then "

// split gives the moments that a name names.
func split(name string) []string {
	if name == "" {
		return nil
	}
	return strings.Split(name, then)
}
