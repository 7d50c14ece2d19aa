//go:build race

package simulation

// incidents10000 is how many incidents there are: the race detector makes everything ten times as slow.
const incidents10000 = 400
