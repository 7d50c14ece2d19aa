package analytics

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestPercentilesAreTheNearestRank(t *testing.T) {
	for _, c := range []struct {
		n             int // 1 to n seconds
		p50, p95, p99 int
	}{{1, 1, 1, 1}, {2, 1, 2, 2}, {3, 2, 3, 3}, {20, 10, 19, 20}, {100, 50, 95, 99}, {101, 51, 96, 100}} {
		var d durations
		for i := c.n; i > 0; i-- {
			d.add(time.Duration(i) * time.Second)
		}
		got := d.times()
		if got.P50 != time.Duration(c.p50)*time.Second || got.P95 != time.Duration(c.p95)*time.Second || got.P99 != time.Duration(c.p99)*time.Second {
			t.Errorf("1 to %d: %s %s %s, want %d %d %d", c.n, got.P50, got.P95, got.P99, c.p50, c.p95, c.p99)
		}
	}
}

// Every length is at most 0.4 % from what stands for its bucket, and buckets are in order.
func TestBuckets(t *testing.T) {
	last := -1
	for _, ms := range []int64{0, 1, 127, 128, 255, 256, 257, 511, 512, 1000, 60_000, 3_600_000, 86_400_000, 31 * 86_400_000, 1 << 52} {
		v := time.Duration(ms) * time.Millisecond
		if ms == 1<<52 {
			v = 1<<63 - 1
		}
		i := bucketOf(v)
		if i <= last && ms > 1 && ms != 257 {
			t.Errorf("%s is in bucket %d, after %d", v, i, last)
		}
		last = i
		if diff := (middleOf(i) - v.Truncate(time.Millisecond)).Abs(); float64(diff) > 0.004*float64(v) {
			t.Errorf("bucket %d stands for %s, and holds %s", i, middleOf(i), v)
		}
	}
	if last > 8000 {
		t.Errorf("the longest time is in bucket %d", last)
	}
}

func TestManyTimes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	all, parts := durations{}, [7]durations{}
	var list []time.Duration
	for i := range 7 * exactMost {
		v := time.Duration(random.ExpFloat64() * float64(5*time.Minute))
		list = append(list, v)
		all.add(v)
		parts[i%len(parts)].add(v)
	}
	slices.Sort(list)
	var merged durations
	for i := range parts {
		merged.merge(&parts[i])
	}
	if got, want := merged.times(), all.times(); got != want {
		t.Errorf("merged %+v, together %+v", got, want)
	}
	got := all.times()
	if !got.Approximate || got.Count != len(list) {
		t.Errorf("%+v", got)
	}
	var sum time.Duration
	for _, v := range list {
		sum += v
	}
	if got.Mean != sum/time.Duration(len(list)) {
		t.Errorf("the mean is %s, not %s", got.Mean, sum/time.Duration(len(list)))
	}
	for p, v := range map[int]time.Duration{50: got.P50, 95: got.P95, 99: got.P99} {
		exact := list[(len(list)*p+99)/100-1]
		if off := float64((v - exact).Abs()) / float64(exact); off > 0.004 {
			t.Errorf("p%d is %s, exactly %s", p, v, exact)
		}
	}
}

func TestExactUpToItsSize(t *testing.T) {
	var a, b durations
	for i := range exactMost {
		[]*durations{&a, &b}[i%2].add(time.Duration(i))
	}
	a.merge(&b)
	if got := a.times(); got.Approximate || got.P50 != exactMost/2-1 {
		t.Errorf("%+v", got)
	}
	a.add(1)
	if !a.times().Approximate {
		t.Error("one more is exact, too")
	}
}

// However long a list is, and whatever is in it, its percentiles are those of the sorted list.
func TestPercentilesOfLists(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for n := range 400 {
		list := make([]time.Duration, 1+random.IntN(2_000))
		width := time.Duration(1) << random.IntN(55)
		for i := range list {
			list[i] = time.Duration(random.Int64N(int64(width)))
		}
		sorted := slices.Sorted(slices.Values(list))
		p50, p95, p99 := exactly(list)
		for p, got := range map[int]time.Duration{50: p50, 95: p95, 99: p99} {
			if want := sorted[(len(sorted)*p+99)/100-1]; got != want {
				t.Fatalf("list %d: p%d of %d times below %s is %s, want %s", n, p, len(list), width, got, want)
			}
		}
	}
}
