package analytics

import (
	"encoding/binary"
	"maps"
	"testing"
)

// FuzzTable compares it with Go's own map.
func FuzzTable(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x02"))
	many := []byte{}
	for i := range uint64(1000) {
		many = append(binary.LittleEndian.AppendUint64(many, i%300<<42), byte(i))
	}
	f.Add(many)
	f.Fuzz(func(t *testing.T, in []byte) {
		var got table
		want := map[uint64]int32{}
		for ; len(in) >= 9; in = in[9:] {
			key, n := binary.LittleEndian.Uint64(in), int32(in[8])
			if n == 99 {
				got.forget()
				clear(want)
			}
			if got.at(key) != want[key] {
				t.Fatalf("%d is %d, want %d", key, got.at(key), want[key])
			}
			*got.of(key) += n
			want[key] += n
		}
		maps.DeleteFunc(want, func(_ uint64, n int32) bool { return n == 0 })
		if all := maps.Collect(got.all()); !maps.Equal(all, want) {
			t.Fatalf("%v, want %v", all, want)
		}
	})
}

// BenchmarkTable looks up 13,000 keys, one after the other.
func BenchmarkTable(b *testing.B) {
	const keys = 13_000
	key := func(i int) uint64 { return uint64(i*7919%keys) << 21 }
	b.Run("table", func(b *testing.B) {
		var t table
		for i := range b.N {
			*t.of(key(i))++
		}
	})
	b.Run("map", func(b *testing.B) {
		t := map[uint64]int32{}
		for i := range b.N {
			t[key(i)]++
		}
	})
}
