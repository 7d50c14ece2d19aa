package analytics

import (
	"math/bits"
	"slices"
	"time"
)

// durations collects lengths of time for their mean and percentiles: exactly up to exactMost of them, then in a
// histogram of fixed size.
type durations struct {
	count   int
	sum     time.Duration
	exact   []time.Duration
	buckets []int // nil while exact
}

const (
	exactMost = 20_000
	// fine is how many bits of a length, in milliseconds, tell its bucket: 128 buckets to each power of two, each at
	// most 1/128 of its times wide, so its middle is off by 0.4 % at most.
	fine = 7
)

func (d *durations) add(v time.Duration) {
	d.count++
	d.sum += v
	if d.buckets == nil && len(d.exact) < exactMost {
		d.exact = append(d.exact, v)
		return
	}
	d.coarsen()
	d.bucket(v)
}

// measured adds a length, if there is one.
func (d *durations) measured(s span) {
	if s.ok {
		d.add(s.long)
	}
}

// merge adds what another one has collected. An approximate one makes the sum approximate.
func (d *durations) merge(o *durations) {
	d.count += o.count
	d.sum += o.sum
	if o.buckets != nil || len(d.exact)+len(o.exact) > exactMost {
		d.coarsen()
	}
	if d.buckets == nil {
		d.exact = append(d.exact, o.exact...)
		return
	}
	for _, v := range o.exact {
		d.bucket(v)
	}
	if len(o.buckets) > len(d.buckets) {
		d.buckets = append(d.buckets, make([]int, len(o.buckets)-len(d.buckets))...)
	}
	for i, n := range o.buckets {
		d.buckets[i] += n
	}
}

// coarsen goes over to the histogram.
func (d *durations) coarsen() {
	if d.buckets != nil {
		return
	}
	d.buckets = []int{}
	for _, v := range d.exact {
		d.bucket(v)
	}
	d.exact = nil
}

func (d *durations) bucket(v time.Duration) {
	i := bucketOf(v)
	if i >= len(d.buckets) {
		d.buckets = append(d.buckets, make([]int, i+1-len(d.buckets))...)
	}
	d.buckets[i]++
}

// bucketOf numbers buckets without a gap: one for each millisecond up to 256, then 128 for each power of two.
func bucketOf(v time.Duration) int {
	ms := uint64(max(v, 0) / time.Millisecond)
	shift := max(bits.Len64(ms)-fine-1, 0)
	return shift<<fine + int(ms>>shift)
}

// middleOf is the time that stands for a bucket.
func middleOf(i int) time.Duration {
	if i < 2<<fine {
		return time.Duration(i) * time.Millisecond
	}
	shift := i>>fine - 1
	low := uint64(i-shift<<fine) << shift
	return time.Duration(low+1<<shift/2) * time.Millisecond
}

// times gives the figures of what was collected.
func (d *durations) times() Times {
	t := Times{Count: d.count, Sum: d.sum, Approximate: d.buckets != nil}
	if d.count == 0 {
		return t
	}
	t.Mean = d.sum / time.Duration(d.count)
	if d.buckets == nil {
		t.P50, t.P95, t.P99 = exactly(d.exact)
		return t
	}
	t.P50, t.P95, t.P99 = d.percentile(50), d.percentile(95), d.percentile(99)
	return t
}

// sortMost is up to how many it takes no longer to sort all.
const sortMost = 200

// exactly gives the percentiles of a list, which it may reorder. Of a long one only those are sorted that share a bucket
// with a percentile.
func exactly(list []time.Duration) (p50, p95, p99 time.Duration) {
	if len(list) <= sortMost {
		slices.Sort(list)
		return list[rank(len(list), 50)-1], list[rank(len(list), 95)-1], list[rank(len(list), 99)-1]
	}
	counts := make([]int32, bucketOf(slices.Max(list))+1)
	for _, v := range list {
		counts[bucketOf(v)]++
	}
	at := func(p int) time.Duration {
		left, bucket := rank(len(list), p), 0
		for ; left > int(counts[bucket]); bucket++ {
			left -= int(counts[bucket])
		}
		same := make([]time.Duration, 0, counts[bucket])
		for _, v := range list {
			if bucketOf(v) == bucket {
				same = append(same, v)
			}
		}
		slices.Sort(same)
		return same[left-1]
	}
	return at(50), at(95), at(99)
}

// rank is the nearest rank of a percentile, from 1.
func rank(count, p int) int { return (count*p + 99) / 100 }

// percentile is that of the histogram.
func (d *durations) percentile(p int) time.Duration {
	left := rank(d.count, p)
	for i, n := range d.buckets {
		if left -= n; left <= 0 {
			return middleOf(i)
		}
	}
	return middleOf(len(d.buckets) - 1)
}
