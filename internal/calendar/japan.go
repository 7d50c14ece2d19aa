package calendar

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"shodo/internal/quiethours"
)

// The years of japan.csv.
const (
	japanFirst = 2019
	japanLast  = 2030
)

//go:embed japan.csv
var japanCSV string

// Japan gives the national holidays of Japan of 2019 to 2030, with the substitute holidays and the days between two
// holidays, as whole days. Up to 2027 they are what the Cabinet Office has announced; from 2028 on they follow from the
// Act on National Holidays as it stands, with computed equinox days. A table is used, not a library: of the one that
// computes them (rickar/cal) six days of 2019 to 2021 are wrong, because special laws had moved them.
func Japan() quiethours.Calendar {
	l, err := parseDays(japanCSV, japanFirst, japanLast)
	if err != nil {
		panic(fmt.Sprintf("read the shipped japan.csv: %v", err)) // it is part of the program
	}
	return l
}

// parseDays reads one day a line: the date, a comma, a name. Lines that begin with "#" are comments.
func parseDays(text string, first, last int) (*list, error) {
	var days []quiethours.Span
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		date, _, _ := strings.Cut(lines.Text(), ",")
		day, err := time.Parse(time.DateOnly, date)
		if err != nil {
			return nil, fmt.Errorf("read the line %q: %w", lines.Text(), err)
		}
		if day.Year() < first || day.Year() > last {
			return nil, fmt.Errorf("read the line %q: outside of %d to %d", lines.Text(), first, last)
		}
		days = append(days, quiethours.Span{Start: day, End: day.AddDate(0, 0, 1)})
	}
	return &list{floating: newIndex(days), first: first, last: last, content: contentName([]byte(text))}, lines.Err()
}

// contentName names what a calendar was read from.
func contentName(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
