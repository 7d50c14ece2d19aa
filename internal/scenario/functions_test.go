package scenario_test

import "testing"

// Every function of the language, once.
func TestFunctions(t *testing.T) {
	for _, when := range []string{
		`all([1, 2], # > 0)`, `none([1, 2], # > 2)`, `any([1, 2], # > 1)`, `one([1, 2], # > 1)`,
		`len(filter([1, 2, 3], # > 1)) == 2`, `map([1, 2], # * 2)[1] == 4`, `find([1, 2, 3], # > 1) == 2`,
		`count([1, 2, 3], # > 1) == 2`, `sum([1, 2, 3]) == 6`, `sum([1, 2], # * 2) == 6`,
		`len("abc") == 3`, `first([1, 2]) == 1`, `last([1, 2]) == 2`, `take([1, 2, 3], 2) == [1, 2]`, `reverse([1, 2]) == [2, 1]`,
		`abs(-1) == 1`, `ceil(1.2) == 2`, `floor(1.8) == 1`, `round(1.5) == 2`, `min(1, 2) == 1`, `max([1, 2]) == 2`,
		`int("3") == 3`, `float("3.5") == 3.5`, `string(3) == "3"`, `upper("a") == "A"`, `lower("A") == "a"`,
		`trim(" a ") == "a"`, `trim("xax", "x") == "a"`, `trimPrefix("xa", "x") == "a"`, `trimSuffix("ax", "x") == "a"`,
		`hasPrefix("ab", "a")`, `hasSuffix("ab", "b")`, `indexOf("abc", "b") == 1`, `lastIndexOf("abcb", "b") == 3`,
		`split("a,b", ",")[1] == "b"`, `join(["a", "b"], "-") == "a-b"`, `replace("aXb", "X", "-") == "a-b"`,
		`toJSON({"a": 1}) contains "1"`, `fromJSON("{\"a\": [1]}").a[0] == 1`, `duration("90s") > duration("1m")`,
		`1 in 1..3`, `"a" in {"a": 1}`, `(alert.details.nope?.deeper ?? "x") == "x"`, `"abc"[1:2] == "b"`, `(true ? 1 : 2) == 1`,
		`"abc" matches "^a.c$"`, `"abc" startsWith "a"`, `"abc" endsWith "c"`, `not ("abc" contains "z")`, `7 % 4 == 3`, `2 ** 3 == 8`,
	} {
		matched, why, err := parse(t, "title: T\nmatch:\n  when: |-\n    "+when+"\ngather:\n  - {uses: aws.ssm.read, with: {instance: a}}\n").Matches(facts())
		if !matched || err != nil {
			t.Errorf("%s: got %v, %s, %v", when, matched, why, err)
		}
	}
}
