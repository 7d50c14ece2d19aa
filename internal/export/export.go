// Package export writes the tables of the store as files for other programs: CSV, JSON Lines and Parquet.
//
// It promises that a file says the same in each format, row by row, that times are UTC to the microsecond, and that the
// memory it takes does not depend on the number of rows. It never changes a text: whoever opens a CSV file in a
// spreadsheet program imports it as text, because titles of alerts come from outside and may begin like a formula.
package export

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"shodo/internal/store"
)

// ErrFormat: there is no such format.
var ErrFormat = errors.New("no such format")

// Formats lists the formats, each of which is the file name's extension, too.
func Formats() []string { return []string{"csv", "jsonl", "parquet"} }

// Writer writes rows. A row has a value for each column, as store.Export gives them. Close ends the file, and does not
// close what it is written to.
type Writer interface {
	Write(row []any) error
	Close() error
}

// New begins a file. ErrFormat: there is no such format.
func New(format string, columns []store.Column, to io.Writer) (Writer, error) {
	switch format {
	case "csv":
		return newCSV(columns, to)
	case "jsonl":
		return newJSONL(columns, to)
	case "parquet":
		return newParquet(columns, to)
	}
	return nil, fmt.Errorf("%w: %q; there are: %s", ErrFormat, format, strings.Join(Formats(), ", "))
}

// timeLayout is RFC 3339 to the microsecond.
const timeLayout = "2006-01-02T15:04:05.000000Z07:00"

// csvFile begins with a line of names. What is not there is an empty field.
type csvFile struct {
	w      *csv.Writer
	fields []string
}

func newCSV(columns []store.Column, to io.Writer) (*csvFile, error) {
	f := &csvFile{w: csv.NewWriter(to)}
	for _, c := range columns {
		f.fields = append(f.fields, c.Name)
	}
	return f, f.w.Write(f.fields)
}

func (f *csvFile) Write(row []any) error {
	for i, value := range row {
		switch v := value.(type) {
		case nil:
			f.fields[i] = ""
		case string:
			f.fields[i] = v
		case int64:
			f.fields[i] = strconv.FormatInt(v, 10)
		case bool:
			f.fields[i] = strconv.FormatBool(v)
		case time.Time:
			f.fields[i] = v.Format(timeLayout)
		}
	}
	return f.w.Write(f.fields)
}

func (f *csvFile) Close() error {
	f.w.Flush()
	return f.w.Error()
}

// jsonlFile has an object in each line, with the columns in their order. What is not there is null.
type jsonlFile struct {
	w    *bufio.Writer
	keys [][]byte
}

func newJSONL(columns []store.Column, to io.Writer) (*jsonlFile, error) {
	f := &jsonlFile{w: bufio.NewWriter(to)}
	for i, c := range columns {
		key := []byte(strconv.Quote(c.Name) + ":")
		f.keys = append(f.keys, slices.Concat([]byte{"{,"[min(i, 1)]}, key))
	}
	return f, nil
}

func (f *jsonlFile) Write(row []any) error {
	for i, value := range row {
		if t, ok := value.(time.Time); ok {
			value = t.Format(timeLayout)
		}
		text, err := json.Marshal(value)
		if err != nil {
			return err
		}
		_, _ = f.w.Write(f.keys[i]) // an error stays, and Close tells it
		_, _ = f.w.Write(text)
	}
	_, err := f.w.WriteString("}\n")
	return err
}

func (f *jsonlFile) Close() error { return f.w.Flush() }
