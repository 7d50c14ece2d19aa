package scenario

import (
	"regexp/syntax"
	"slices"
)

// patternNeeds says which texts a field must hold for a regular expression to match it: "(?i)disk .*(full|failing)" needs
// "disk ", and one of "full" and "failing". Nothing is needed where that is not simple.
func patternNeeds(field Field, pattern string) Needs {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil
	}
	var needs Needs
	for _, words := range wordsOf(re.Simplify()) { // x{2,3} becomes xx(x)?
		var c Clause
		for _, w := range words {
			c = append(c, foldTest(field, w))
		}
		needs = append(needs, c)
	}
	return needs.withoutWild()
}

// wordsOf gives lists of words of which every match holds at least one each.
func wordsOf(re *syntax.Regexp) [][]string {
	switch re.Op {
	case syntax.OpLiteral:
		return [][]string{{string(re.Rune)}}
	case syntax.OpCapture, syntax.OpPlus:
		return wordsOf(re.Sub[0])
	case syntax.OpConcat:
		var all [][]string
		for _, sub := range re.Sub {
			all = append(all, wordsOf(sub)...)
		}
		return all[:min(len(all), maxClauses)]
	case syntax.OpAlternate:
		var union []string
		for _, sub := range re.Sub {
			words := best(wordsOf(sub))
			if len(words) == 0 || len(union)+len(words) > maxTests {
				return nil
			}
			union = append(union, words...)
		}
		return [][]string{union}
	}
	return nil
}

// best gives the list whose shortest word is the longest: it tells the most.
func best(lists [][]string) []string {
	if len(lists) == 0 {
		return nil
	}
	return slices.MaxFunc(lists, func(a, b []string) int { return shortest(a) - shortest(b) })
}

func shortest(words []string) int {
	n := len(words[0])
	for _, w := range words {
		n = min(n, len(w))
	}
	return n
}
