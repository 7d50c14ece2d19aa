package simulation

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"
)

// draw gives the random numbers for one purpose. The same seed and purpose give the same numbers, whatever else is drawn
// meanwhile: activities run beside each other.
func draw(seed uint64, purpose ...any) *rand.Rand {
	h := fnv.New64a()
	_, _ = fmt.Fprintln(h, purpose...)
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

func chance(rng *rand.Rand, p float64) bool { return rng.Float64() < p }

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

// seconds is a whole number of seconds in [from, to).
func seconds(rng *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(rng.Int64N(int64((to-from)/time.Second)))*time.Second
}
