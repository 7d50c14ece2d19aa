package action_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"shodo/internal/action"
	"shodo/internal/scenario"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"plain\ttext\r\n":     "plain\ttext\r\n",
		"日本語":                 "日本語",
		"a\x00b\x1b[31mc\x7f": "a␀b␛[31mc␡",
		"a\xff\xfeb":          "a\ufffdb",
		"a\u0085b":            "a\ufffdb",
		"":                    "",
	} {
		if got := action.Text([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// However the bytes arrive, the first 48 KiB and the last 16 KiB are kept.
func TestOutputKeepsBothEnds(t *testing.T) {
	const head, tail = 48 << 10, 16 << 10
	for _, size := range []int{0, 1, head - 1, head, head + 1, head + tail, head + tail + 1, head + tail + 7, 1 << 20} {
		whole := make([]byte, size)
		for i := range whole {
			whole[i] = byte('a' + (i/7+i/1000)%26)
		}
		want := string(whole)
		if size > head+tail {
			want = string(whole[:head]) + "\n[... " + itoa(size-head-tail) + " bytes left out ...]\n" + string(whole[size-tail:])
		}
		for _, step := range []int{1, 1000, 4096, tail, tail + 1, 1 << 20} {
			var o action.Output
			for rest := whole; len(rest) > 0; {
				n := min(step, len(rest))
				if wrote, err := o.Write(rest[:n]); wrote != n || err != nil {
					t.Fatal(wrote, err)
				}
				rest = rest[n:]
			}
			if got := o.String(); got != want || o.Truncated() != (size > head+tail) {
				t.Errorf("%d bytes in steps of %d: %d bytes, want %d", size, step, len(got), len(want))
			}
		}
	}
}

func itoa(n int) string {
	var b []byte
	for ; n > 0; n /= 10 {
		b = append([]byte{byte('0' + n%10)}, b...)
	}
	return string(b)
}

func FuzzText(f *testing.F) {
	f.Add([]byte("a\x00\x1b\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		got := action.Text(in)
		if !utf8.ValidString(got) || len(got) > 3*len(in) {
			t.Errorf("%q: %q", in, got)
		}
		if strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune("\n\t\r", r) }) {
			t.Errorf("%q: %q holds a control character", in, got)
		}
	})
}

func TestCheckArgv(t *testing.T) {
	long := strings.Repeat("a", action.MaxArgument+1)
	for name, tc := range map[string]struct {
		argv []string
		ok   bool
	}{
		"usual":       {[]string{"ls", "-l", "", "a\nb", long[1:]}, true},
		"none":        {nil, false},
		"no program":  {[]string{"", "a"}, false},
		"a NUL byte":  {[]string{"ls", "a\x00b"}, false},
		"a long one":  {[]string{"ls", long}, false},
		"long enough": {[]string{long[1:]}, true},
	} {
		if err := action.CheckArgv(tc.argv); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, ok := range map[string]bool{"A": true, "_a1": true, "": false, "1A": false, "A-B": false, "A=B": false, "A\n": false, "A;B": false} {
		if err := action.CheckEnv(scenario.Env{name: "x"}); (err == nil) != ok {
			t.Errorf("%q: %v", name, err)
		}
	}
}
