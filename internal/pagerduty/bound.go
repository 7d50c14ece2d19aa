package pagerduty

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxDepth = 32        // levels of nested details that are kept
	maxKey   = 256       // characters of a detail's key
	maxText  = 16 << 10  // bytes of one text, once the details are too large as a whole
	cutMark  = "… (cut)" // ends a text that was cut
	cutKey   = "_cut"    // the detail that says that others were left out
)

// cut gives the text with at most n characters; one that was longer ends with a mark, within n.
func cut(s string, n int) string {
	if len(s) <= n || utf8.RuneCountInString(s) <= n {
		return s
	}
	keep := n - utf8.RuneCountInString(cutMark)
	for i := range s {
		if keep == 0 {
			return s[:i] + cutMark
		}
		keep--
	}
	return s
}

// cutBytes is cut with a size in bytes, for texts whose stored size matters.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	keep := max(0, n-len(cutMark))
	for keep > 0 && !utf8.RuneStart(s[keep]) {
		keep--
	}
	return s[:keep] + cutMark
}

// clean takes out what no database and no message accepts: bytes that are not UTF-8, and NUL.
func clean(s string) string {
	if strings.IndexByte(s, 0) < 0 && utf8.ValidString(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// boundDetails copies details so that they take about limit bytes as JSON at most. Small values are kept before large
// ones, so that a long text never crowds out an instance's id; what had to go is counted under "_cut".
func boundDetails(details map[string]any, limit int) map[string]any {
	b := budget{left: limit - 128} // for the "_cut" detail
	b.textLimit = limit
	if size(details, 0) > limit {
		b.textLimit = maxText
	}
	kept := b.object(details, 0)
	if b.dropped > 0 {
		kept[cutKey] = fmt.Sprintf("%d values are left out or cut: details are kept up to %d KiB", b.dropped, limit>>10)
	}
	return kept
}

type budget struct {
	left      int
	textLimit int
	dropped   int
}

func (b *budget) object(object map[string]any, depth int) map[string]any {
	kept := make(map[string]any, len(object))
	sizes := make(map[string]int, len(object))
	for key, value := range object {
		sizes[key] = size(value, depth)
	}
	keys := slices.SortedFunc(maps.Keys(object), func(a, c string) int {
		return cmp.Or(cmp.Compare(sizes[a], sizes[c]), cmp.Compare(a, c))
	})
	for _, key := range keys {
		name := cut(clean(key), maxKey)
		if b.left -= len(name) + 4; b.left < 0 {
			b.dropped++
			continue
		}
		if value, ok := b.value(object[key], depth+1); ok {
			kept[name] = value
		}
	}
	return kept
}

func (b *budget) value(value any, depth int) (any, bool) {
	if depth > maxDepth {
		b.dropped++
		return nil, false
	}
	switch value := value.(type) {
	case map[string]any:
		b.left -= 2
		return b.object(value, depth), true
	case []any:
		b.left -= 2
		list := make([]any, 0, min(len(value), 1024))
		for _, element := range value {
			if b.left < 0 {
				b.dropped++
				break
			}
			if kept, ok := b.value(element, depth+1); ok {
				list = append(list, kept)
			}
		}
		return list, true
	case string:
		return b.text(clean(value))
	default:
		if b.left -= 8; b.left < 0 {
			b.dropped++
			return nil, false
		}
		return value, true
	}
}

func (b *budget) text(s string) (any, bool) {
	room := min(b.left, b.textLimit)
	if len(s) <= room {
		b.left -= len(s) + 3
		return s, true
	}
	b.dropped++
	if room < 64 {
		return nil, false
	}
	s = cutBytes(s, room)
	b.left -= len(s) + 3
	return s, true
}

// size is about how many bytes a value takes as JSON.
func size(value any, depth int) int {
	switch value := value.(type) {
	case string:
		return len(value) + 3
	case map[string]any:
		if depth > maxDepth {
			return 0
		}
		total := 2
		for key, element := range value {
			total += len(key) + 4 + size(element, depth+1)
		}
		return total
	case []any:
		if depth > maxDepth {
			return 0
		}
		total := 2
		for _, element := range value {
			total += size(element, depth+1) + 1
		}
		return total
	}
	return 8
}
