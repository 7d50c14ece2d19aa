//go:build race

package simulation

// How many incidents there are: fewer, because the race detector makes everything several times as slow.
const (
	incidents    = 200
	raceDetector = true
)
