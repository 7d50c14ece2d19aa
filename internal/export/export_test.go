package export_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"shodo/internal/export"
	"shodo/internal/store"
)

var columns = []store.Column{{Name: "title", Type: store.TextColumn}, {Name: "count", Type: store.IntColumn},
	{Name: "healthy", Type: store.BoolColumn}, {Name: "at", Type: store.TimeColumn}}

var rows = [][]any{
	{"ディスク \"/data\", 95%\n=1+1", int64(-3), true, time.Date(2026, 11, 20, 8, 15, 30, 123456000, time.UTC)},
	{"", int64(1) << 62, false, time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC)},
	{"x", nil, nil, nil},
}

// readers give back what was written, nil where nothing is there.
var readers = map[string]func(t *testing.T, data []byte) [][]any{
	"csv": func(t *testing.T, data []byte) [][]any {
		lines, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(lines[0], " "); got != "title count healthy at" {
			t.Errorf("the names are %s", got)
		}
		var list [][]any
		for _, fields := range lines[1:] {
			row := []any{fields[0], nil, nil, nil}
			if fields[1] != "" {
				n, err := strconv.ParseInt(fields[1], 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				row[1], row[2], row[3] = n, fields[2] == "true", instant(t, fields[3])
			}
			list = append(list, row)
		}
		return list
	},
	"jsonl": func(t *testing.T, data []byte) [][]any {
		var list [][]any
		for line := range strings.Lines(string(data)) {
			var v struct {
				Title   *string
				Count   *int64
				Healthy *bool
				At      *string
			}
			d := json.NewDecoder(strings.NewReader(line))
			d.DisallowUnknownFields()
			if err := d.Decode(&v); err != nil {
				t.Fatalf("%v in %s", err, line)
			}
			row := []any{*v.Title, nil, nil, nil}
			if v.Count != nil {
				row[1], row[2], row[3] = *v.Count, *v.Healthy, instant(t, *v.At)
			}
			list = append(list, row)
		}
		return list
	},
	"parquet": func(t *testing.T, data []byte) [][]any {
		type line struct {
			Title   *string    `parquet:"title,optional"`
			Count   *int64     `parquet:"count,optional"`
			Healthy *bool      `parquet:"healthy,optional"`
			At      *time.Time `parquet:"at,optional,timestamp(microsecond)"`
		}
		lines, err := parquet.Read[line](bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		var list [][]any
		for _, v := range lines {
			row := []any{*v.Title, nil, nil, nil}
			if v.Count != nil {
				row[1], row[2], row[3] = *v.Count, *v.Healthy, v.At.UTC()
			}
			list = append(list, row)
		}
		return list
	},
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func write(t *testing.T, format string, to io.Writer, rows [][]any) {
	t.Helper()
	w, err := export.New(format, columns, to)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// What was written is read again, the same in every format.
func TestRoundTrip(t *testing.T) {
	for _, format := range export.Formats() {
		t.Run(format, func(t *testing.T) {
			var b bytes.Buffer
			write(t, format, &b, rows)
			if diff := cmp.Diff(rows, readers[format](t, b.Bytes())); diff != "" {
				t.Errorf("(-written +read):\n%s", diff)
			}
			b.Reset()
			write(t, format, &b, nil)
			if got := readers[format](t, b.Bytes()); len(got) != 0 {
				t.Errorf("of no rows %v is read", got)
			}
		})
	}
	if _, err := export.New("xlsx", columns, io.Discard); !errors.Is(err, export.ErrFormat) {
		t.Errorf("error %v", err)
	}
}

// full fails from some byte on, as a full disk does.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

// A file that could not be written to its end is told of.
func TestFullDisk(t *testing.T) {
	for _, format := range export.Formats() {
		w, err := export.New(format, columns, &full{left: 10})
		if err == nil {
			for n := 0; n < 100_000 && err == nil; n++ {
				err = w.Write(rows[0])
			}
			if err == nil {
				err = w.Close()
			}
		}
		if err == nil {
			t.Errorf("%s: nobody was told", format)
		}
	}
}

// A long table takes no more memory than a short one.
func TestMemory(t *testing.T) {
	long := strings.Repeat("long ", 2000)
	for _, format := range export.Formats() {
		w, err := export.New(format, columns, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		var most uint64
		for n := range 15_000 { // 150 MB
			if err := w.Write([]any{fmt.Sprint(n, long), int64(n), true, nil}); err != nil {
				t.Fatal(err)
			}
			if n%3000 == 2999 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if most > 90<<20 {
			t.Errorf("%s: %d MB in use", format, most>>20)
		}
	}
}
