package report

import (
	"fmt"
	"reflect"
	"testing"
	"time"
)

// No text is missing in a language, and each language has the columns of the other.
func TestWordsAreComplete(t *testing.T) {
	for name, w := range map[string]*words{English: english(), Japanese: japanese()} {
		for _, missing := range missing(reflect.ValueOf(*w), name) {
			t.Errorf("%s is empty", missing)
		}
		for kind, stretches := range english().stretch {
			for s := range stretches {
				if w.stretch[kind][s] == "" {
					t.Errorf("%s: no word for column %s", name, s)
				}
			}
		}
	}
}

func missing(v reflect.Value, path string) []string {
	switch v.Kind() {
	case reflect.String, reflect.Func, reflect.Map:
		if v.IsZero() {
			return []string{path}
		}
	case reflect.Struct:
		var all []string
		for i := range v.NumField() {
			all = append(all, missing(v.Field(i), path+"."+v.Type().Field(i).Name)...)
		}
		return all
	case reflect.Array:
		var all []string
		for i := range v.Len() {
			all = append(all, missing(v.Index(i), fmt.Sprintf("%s[%d]", path, i))...)
		}
		return all
	}
	return nil
}

func TestLengths(t *testing.T) {
	w := english()
	for text, seconds := range map[string]float64{"0s": 0, "6.2s": 6.2, "10s": 10.2, "59s": 59.4, "1m00s": 59.6, "59m59s": 3599, "1h00m": 3599.6, "47h59m": 47*3600 + 59*60, "2d0h": 48 * 3600, "1,000d5h": (1000*24 + 5) * 3600} {
		if got := w.length(time.Duration(seconds*float64(time.Second)), true); got != text {
			t.Errorf("%v seconds: %s, want %s", seconds, got, text)
		}
	}
	if got := w.length(0, false); got != w.noData {
		t.Errorf("nothing: %s", got)
	}
}
