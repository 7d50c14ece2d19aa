//go:build !race

package simulation

// How many incidents there are.
const (
	incidents    = 10_000
	raceDetector = false
)
