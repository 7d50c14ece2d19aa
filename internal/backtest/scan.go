package backtest

import (
	"encoding/json"
	"unicode/utf8"
)

// This file goes over JSON (RFC 8259) byte by byte. Whatever is not JSON makes the decoder odd; from then on nothing is read.

// peek passes white space over and gives the next byte; 0: there is none.
func (d *decoder) peek() byte {
	d.space()
	if d.odd || d.i >= len(d.b) {
		d.odd = true
		return 0
	}
	return d.b[d.i]
}

func (d *decoder) space() {
	for d.i < len(d.b) {
		switch d.b[d.i] {
		case ' ', '\t', '\n', '\r':
			d.i++
		default:
			return
		}
	}
}

// take passes that byte over.
func (d *decoder) take(c byte) {
	if d.peek() != c {
		d.odd = true
		return
	}
	d.i++
}

func (d *decoder) literal(word string) bool {
	if d.odd || len(d.b)-d.i < len(word) || string(d.b[d.i:d.i+len(word)]) != word {
		return false
	}
	d.i += len(word)
	return true
}

// members goes through a mapping. The function has to read the value that comes after the key.
func (d *decoder) members(value func(key []byte)) {
	d.inside('{', '}', func() {
		if d.peek() != '"' {
			d.odd = true
			return
		}
		key := d.quoted()
		d.odd = d.odd || d.escaped
		d.take(':')
		if !d.odd {
			d.space()
			value(key)
		}
	}, func() {})
}

// list goes through a list. The function has to read an element; the other one is called for an empty list.
func (d *decoder) list(element, empty func()) { d.inside('[', ']', element, empty) }

func (d *decoder) inside(open, end byte, one, empty func()) {
	if d.depth++; d.depth > maxNested {
		d.odd = true
	}
	d.take(open)
	if !d.odd && d.peek() == end {
		d.i++
		d.depth--
		empty()
		return
	}
	for !d.odd {
		d.space()
		one()
		if d.odd {
			return
		}
		c := d.peek()
		d.i++
		switch c {
		case ',':
		case end:
			d.depth--
			return
		default:
			d.odd = true
		}
	}
}

// quoted reads a text. Without escapes it is a part of the document.
func (d *decoder) quoted() []byte {
	begin := d.i + 1
	high := d.pass()
	if d.odd {
		return nil
	}
	if !d.escaped {
		text := d.b[begin : d.i-1]
		d.odd = high && !utf8.Valid(text)
		return text
	}
	var text string
	if err := json.Unmarshal(d.b[begin-1:d.i], &text); err != nil {
		d.odd = true
	}
	return []byte(text)
}

// pass passes a text over, and says whether it holds more than ASCII.
func (d *decoder) pass() (high bool) {
	d.escaped = false
	if d.odd || d.i >= len(d.b) || d.b[d.i] != '"' {
		d.odd = true
		return false
	}
	for d.i++; d.i < len(d.b); d.i++ {
		switch c := d.b[d.i]; {
		case c == '"':
			d.i++
			return high
		case c == '\\':
			d.escaped = true
			d.i += d.escape()
		case c < ' ':
			d.odd = true
			return high
		case c >= utf8.RuneSelf:
			high = true
		}
	}
	d.odd = true
	return high
}

// escape gives how long the escape is, without its backslash.
func (d *decoder) escape() int {
	rest := d.b[d.i+1:]
	if len(rest) == 0 {
		d.odd = true
		return 0
	}
	switch rest[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		if len(rest) >= 5 && isHex(rest[1]) && isHex(rest[2]) && isHex(rest[3]) && isHex(rest[4]) {
			return 5
		}
	}
	d.odd = true
	return 1
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// number passes a number over, and says whether it is written as a whole one.
func (d *decoder) number() (digits []byte, whole bool) {
	begin := d.i
	at := func() byte {
		if d.i < len(d.b) {
			return d.b[d.i]
		}
		return 0
	}
	run := func() {
		if c := at(); c < '0' || c > '9' {
			d.odd = true
		}
		for c := at(); c >= '0' && c <= '9'; c = at() {
			d.i++
		}
	}
	if at() == '-' {
		d.i++
	}
	if at() == '0' {
		d.i++
	} else {
		run()
	}
	whole = true
	if at() == '.' {
		whole = false
		d.i++
		run()
	}
	if c := at(); c == 'e' || c == 'E' {
		whole = false
		d.i++
		if c := at(); c == '+' || c == '-' {
			d.i++
		}
		run()
	}
	return d.b[begin:d.i], whole
}

// skip passes a value over that nobody needs.
func (d *decoder) skip() {
	switch d.peek() {
	case '{':
		d.members(func([]byte) { d.skip() })
	case '[':
		d.list(d.skip, func() {})
	case '"':
		d.pass()
	case 't':
		d.odd = d.odd || !d.literal("true")
	case 'f':
		d.odd = d.odd || !d.literal("false")
	case 'n':
		d.odd = d.odd || !d.literal("null")
	default:
		if !d.odd {
			d.number()
		}
	}
}
