package export

import (
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/parquet-go/parquet-go"

	"shodo/internal/store"
)

// groupBytes is about how much of a file is held in memory: a group of rows is written when it has so much.
const groupBytes = 16 << 20

// parquetFile has every column optional, in the order of the table, and times in microseconds, UTC. It is compressed with
// Snappy, which every reader knows.
type parquetFile struct {
	w    *parquet.GenericWriter[any]
	row  parquet.Row
	size int
}

func newParquet(columns []store.Column, to io.Writer) (*parquetFile, error) {
	types := map[store.ColumnType]struct {
		of  reflect.Type
		tag string
	}{
		store.TextColumn: {reflect.TypeFor[string](), "optional"},
		store.IntColumn:  {reflect.TypeFor[int64](), "optional"},
		store.BoolColumn: {reflect.TypeFor[bool](), "optional"},
		store.TimeColumn: {reflect.TypeFor[int64](), "optional,timestamp(microsecond)"},
	}
	// The library takes the order of columns from a struct only.
	var fields []reflect.StructField
	for i, c := range columns {
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("C%d", i), Type: types[c.Type].of,
			Tag: reflect.StructTag(fmt.Sprintf(`parquet:"%s,%s"`, c.Name, types[c.Type].tag))})
	}
	schema := parquet.NewSchema("row", parquet.SchemaOf(reflect.New(reflect.StructOf(fields)).Interface()))
	return &parquetFile{w: parquet.NewGenericWriter[any](to, schema, parquet.Compression(&parquet.Snappy))}, nil
}

func (f *parquetFile) Write(row []any) error {
	f.row = f.row[:0]
	for i, value := range row {
		var v parquet.Value
		f.size += 8
		switch value := value.(type) {
		case nil:
			f.row = append(f.row, parquet.NullValue().Level(0, 0, i))
			continue
		case string:
			v = parquet.ByteArrayValue([]byte(value))
			f.size += len(value)
		case int64:
			v = parquet.Int64Value(value)
		case bool:
			v = parquet.BooleanValue(value)
		case time.Time:
			v = parquet.Int64Value(value.UnixMicro())
		}
		f.row = append(f.row, v.Level(0, 1, i))
	}
	if _, err := f.w.WriteRows([]parquet.Row{f.row}); err != nil {
		return err
	}
	if f.size < groupBytes {
		return nil
	}
	f.size = 0
	return f.w.Flush()
}

func (f *parquetFile) Close() error { return f.w.Close() }
