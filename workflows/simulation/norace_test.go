//go:build !race

package simulation

// incidents10000 is how many incidents there are.
const incidents10000 = 10_000
