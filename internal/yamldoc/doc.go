// Package yamldoc reads one strict YAML document into Go values and tells everything that is wrong with it at once.
//
// It reads what people write by hand: scenarios, customers, settings. It promises:
//
//   - Every problem carries file, line, column, the key path, what was found, what was expected and, where one is
//     known, what to do. It does not stop at the first one.
//   - What is not known is an error: unknown and duplicate keys, keys without a value, a second document.
//   - No surprise: text is never read as a number or the other way round, "yes" is not a bool, 017 is not fifteen.
//     Anchors, aliases, merge keys and tags are errors, so what is read is what is written, and no file can grow
//     while it is read.
//   - No input makes it panic, run for long or repeat what stands where a secret may have been meant.
//
// It never reads files, environment variables or clocks; the caller gives the bytes.
//
// Go types that can be read: structs whose fields have a yaml tag, pointers to them, slices, maps with string keys,
// strings, bools, integers, floats, time.Duration ("90s"), time.Time (RFC 3339), any (nil, bool, int, float64,
// string, []any, map[string]any), yaml.Node, [Located], and every [Unmarshaler] and encoding.TextUnmarshaler (whose
// errors may repeat the text). Field tags:
//
//	yaml:"name"       the key; a field without it is left alone
//	required:"true"   the key must be there, and a text, list or mapping must not be empty
//	enum:"a,b"        the texts that are allowed (also for each element of a list of texts)
//
// A field whose key is absent keeps the value that it had: give defaults by filling the struct beforehand.
package yamldoc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// The limits of one file.
const (
	MaxSize     = 1 << 20 // bytes
	MaxDepth    = 50      // lists and mappings inside each other
	MaxProblems = 200     // told of one file; further ones are only counted
)

// Decode reads the one document of data into what the pointer into points to. The file name is only for the
// problems. When there are problems (that are not warnings), into may be filled in part and is not to be used.
func Decode(file string, data []byte, into any) Problems {
	d := NewDecoder(file)
	if root := d.parse(data); root != nil && d.checkTree(root) {
		d.Decode(root, into)
	}
	return d.Problems()
}

// parse gives the root value of the one document, or nil after telling why there is none.
func (d *Decoder) parse(data []byte) *yaml.Node {
	if len(data) > MaxSize {
		d.fileProblem(0, fmt.Sprintf("the file is larger than %d KiB", MaxSize>>10), "split it, or move data out of it")
		return nil
	}
	if !utf8.Valid(data) {
		d.fileProblem(lineOfInvalidUTF8(data), "the file is not UTF-8 text", "save it in the encoding UTF-8")
		return nil
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // a byte order mark, as Windows editors write it

	docs, err := parseAll(data)
	if err != nil {
		d.syntaxProblem(data, err)
		return nil
	}
	if len(docs) == 0 || isNull(docs[0].Content[0]) {
		d.fileProblem(1, "the file is empty", "")
		return nil
	}
	if len(docs) > 1 {
		d.Problem(docs[1], "a second document begins here; a file holds one", `remove the line "---", or split the file`)
	}
	return docs[0].Content[0]
}

// parseAll gives the first two documents; who has two has one too many.
func parseAll(data []byte) (docs []*yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil { // the parser panics on some broken input
			err = fmt.Errorf("%v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for len(docs) < 2 {
		var n yaml.Node
		if err := dec.Decode(&n); errors.Is(err, io.EOF) {
			return docs, nil
		} else if err != nil {
			return nil, err
		}
		if n.Kind != yaml.DocumentNode || len(n.Content) != 1 {
			return nil, errors.New("not a document")
		}
		docs = append(docs, &n)
	}
	return docs, nil
}

var errorPrefix = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)

// syntaxProblem tells what the parser did not understand, at the line where the trouble begins.
func (d *Decoder) syntaxProblem(data []byte, err error) {
	message := errorPrefix.ReplaceAllString(err.Error(), "")
	lines := bytes.SplitAfter(data, []byte("\n"))
	line := firstBrokenLine(data, lines)
	if line == 0 {
		line = 1
		if m := errorPrefix.FindStringSubmatch(err.Error()); m[1] != "" {
			fmt.Sscan(m[1], &line)
		}
		line = min(line, len(lines))
	}
	text := strings.TrimRight(string(lines[line-1]), "\r\n")
	indent := text[:len(text)-len(strings.TrimLeft(text, " \t"))]
	p := Problem{File: d.state.file, Line: line, Column: len(indent) + 1, Message: "not valid YAML: " + message}
	if tab := strings.Index(indent, "\t"); tab >= 0 {
		p.Column = tab + 1
		p.Message = "a tab in the indentation; YAML allows only spaces there"
		p.Hint = "replace the tab with spaces"
	} else {
		p.Hint = syntaxHint(message, text)
	}
	d.Add(p)
}

// syntaxHint says what usually makes the parser stop with that message at that line.
func syntaxHint(message, line string) string {
	has := func(part string) bool { return strings.Contains(message, part) }
	switch {
	case strings.Contains(line, "{{"):
		return `text with "${{ }}" needs quotes here`
	case strings.Contains(line, " #") && has("did not find expected"):
		return `"#" begins a comment here; text that begins with it needs quotes`
	case has("mapping values are not allowed"):
		return `text that holds ": " needs quotes; or the indentation is wrong`
	case has("cannot start any token"):
		return "text that begins with @, `, % or a tab needs quotes"
	case has("alphabetic or numeric"), has("unknown anchor"):
		return "text that begins with * or & needs quotes"
	case has("end of stream"):
		return "a quote is not closed"
	case has("',' or '}'"), has("',' or ']'"):
		return `inside { } and [ ], text with ":", ",", "?" or brackets needs quotes; or a bracket is not closed`
	case has("did not find expected"), has("could not find expected"):
		return "a bracket or quote is not closed, or the indentation is wrong"
	}
	return ""
}

// maxSearch bounds the bytes that are parsed again to find the line of a syntax error.
const maxSearch = 1 << 20

// firstBrokenLine gives the line (from 1) after the longest run of first lines that is valid by itself. The parser's
// own line is often where the surrounding block began. It is 0 when the search would take too long.
func firstBrokenLine(data []byte, lines [][]byte) int {
	if len(data)*len(lines)/2 > maxSearch {
		return 0
	}
	end := len(data)
	for n := len(lines); n > 0; n-- {
		end -= len(lines[n-1])
		if _, err := parseAll(data[:end]); err == nil {
			return n
		}
	}
	return 0
}

// checkTree tells what is not allowed anywhere in the document. It gives false when the document must not be read
// any further.
func (d *Decoder) checkTree(root *yaml.Node) bool {
	return d.checkNode(root, 1)
}

func (d *Decoder) checkNode(n *yaml.Node, depth int) bool {
	if depth > MaxDepth {
		d.Problem(n, fmt.Sprintf("more than %d lists and mappings inside each other", MaxDepth), "")
		return false
	}
	if n.Kind == yaml.AliasNode {
		d.Problem(n, fmt.Sprintf("an alias (*%s) is not allowed", clip(n.Value)), "write the value again, or put it in quotes if it is text")
		return true
	}
	if n.Anchor != "" {
		d.Problem(n, fmt.Sprintf("an anchor (&%s) is not allowed", clip(n.Anchor)), "remove it, or put the value in quotes if it is text")
	}
	if n.Style&yaml.TaggedStyle != 0 {
		d.Problem(n, fmt.Sprintf("a tag (%s) is not allowed", clip(n.Tag)), "remove it, or put the value in quotes if it is text")
	}
	switch n.Kind {
	case yaml.SequenceNode:
		for i, item := range n.Content {
			if !d.AtIndex(i).checkNode(item, depth+1) {
				return false
			}
		}
	case yaml.MappingNode:
		return d.checkMapping(n, depth)
	}
	return true
}

func (d *Decoder) checkMapping(n *yaml.Node, depth int) bool {
	first := make(map[string]int, len(n.Content)/2) // the line of each key
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if d.checkKey(key) {
			if line, twice := first[key.Value]; twice {
				d.At(key.Value).Problem(key, fmt.Sprintf("the key %q is given twice, first in line %d", clip(key.Value), line), "keep one of them")
			} else {
				first[key.Value] = key.Line
			}
		}
		if isNull(value) {
			value.LineComment = key.LineComment // for the hint; the parser gives it to the key
		}
		if !d.At(key.Value).checkNode(value, depth+1) {
			return false
		}
	}
	return true
}

// checkKey says whether a key is text.
func (d *Decoder) checkKey(key *yaml.Node) bool {
	switch {
	case key.Anchor != "" || key.Style&yaml.TaggedStyle != 0 || key.Kind == yaml.AliasNode:
		d.Problem(key, "an anchor, alias or tag is not allowed in a key", "put the key in quotes if it is text")
	case key.Kind != yaml.ScalarNode:
		d.Problem(key, "found "+describe(key)+" as a key, expected text", `a value that begins with "${{" or "{" needs quotes`)
	case key.Tag == "!!merge":
		d.Problem(key, "a merge key (<<) is not allowed", "write the keys out")
	case key.Tag != "!!str":
		d.Problem(key, "found "+describe(key)+" as a key, expected text", "put it in quotes")
	case key.Value == "":
		d.Problem(key, "an empty key", "")
	default:
		return true
	}
	return false
}

// fileProblem tells of something that has no node.
func (d *Decoder) fileProblem(line int, message, hint string) {
	d.Add(Problem{File: d.state.file, Line: line, Column: min(line, 1), Message: message, Hint: hint})
}

func lineOfInvalidUTF8(data []byte) int {
	line := 1
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == utf8.RuneError && size == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		data = data[size:]
	}
	return line
}
