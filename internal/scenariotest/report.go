package scenariotest

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Passed counts the cases that went as expected.
func Passed(results []Result) int {
	n := 0
	for _, r := range results {
		if r.Passed() {
			n++
		}
	}
	return n
}

// WriteText tells the results to a person: a line for each file, then every case that failed.
func WriteText(w io.Writer, results []Result) error {
	var b strings.Builder
	files := byFile(results)
	wide := 0
	for _, f := range files {
		wide = max(wide, width(f[0].File))
	}
	for _, f := range files {
		if failed := len(f) - Passed(f); failed > 0 {
			fmt.Fprintf(&b, "FAIL  %s  %d of %d\n", pad(f[0].File, wide), failed, len(f))
		} else {
			fmt.Fprintf(&b, "ok    %s  %d\n", pad(f[0].File, wide), len(f))
		}
	}
	for _, r := range results {
		if !r.Passed() {
			fmt.Fprintf(&b, "\n%s: %s\n  %s:%d\n%s", r.Scenario, r.Name, r.File, r.Line, r.explain("  "))
		}
	}
	fmt.Fprintf(&b, "\n%d of %d passed\n", Passed(results), len(results))
	_, err := io.WriteString(w, b.String())
	return err
}

func byFile(results []Result) [][]Result {
	var files [][]Result
	for _, r := range results {
		if n := len(files); n > 0 && files[n-1][0].File == r.File {
			files[n-1] = append(files[n-1], r)
		} else {
			files = append(files, []Result{r})
		}
	}
	return files
}

// explain tells what was not as expected.
func (r Result) explain(indent string) string {
	var b strings.Builder
	for _, f := range r.Failures {
		f.explain(&b, indent)
	}
	if r.Why != "" {
		labelled(&b, indent, "why", r.Why)
	}
	for _, u := range r.Unused {
		labelled(&b, indent, "unused", u)
	}
	return b.String()
}

func (f Failure) explain(w io.Writer, indent string) {
	what := f.What
	if f.Want != f.Got {
		labelled(w, indent, what, "expected  "+f.Want)
		labelled(w, indent, strings.Repeat(" ", width(what)), "actual    "+f.Got)
		what = ""
	}
	if f.Sequence != nil {
		fmt.Fprintf(w, "%s%s\n", indent, f.What)
		writeSideBySide(w, indent, f.Sequence.Expected, f.Sequence.Actual)
	}
	if f.Detail != "" {
		labelled(w, indent, what, f.Detail)
	}
	for _, text := range f.Texts {
		const most = 8
		lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
		if len(lines) > most {
			lines = append(lines[:most:most], "...")
		}
		for i, line := range lines {
			bar := "| "
			if i == 0 {
				bar = "┌ " // a text begins
			}
			labelled(w, indent, "", bar+clip(line))
		}
	}
}

// clip shortens a line so that it fits on a screen.
func clip(line string) string {
	const most = 120
	if r := []rune(line); len(r) > most {
		return string(r[:most]) + "..."
	}
	return line
}

// labelled writes a line with its label, in two columns.
func labelled(w io.Writer, indent, label, text string) {
	fmt.Fprintln(w, strings.TrimRight(indent+pad(label, 8)+"  "+text, " "))
}

// WriteJSON gives the results as one JSON document: {"passed": N, "failed": N, "cases": [...]}.
func WriteJSON(w io.Writer, results []Result) error {
	passed := Passed(results)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Passed int      `json:"passed"`
		Failed int      `json:"failed"`
		Cases  []Result `json:"cases"`
	}{passed, len(results) - passed, slices.Concat([]Result{}, results)})
}

// The form that CI systems read, as Jenkins and GitLab describe it (https://github.com/testmoapp/junitxml).
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr"`
		Line    int           `xml:"line,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit gives the results as JUnit XML, one suite for each file.
func WriteJUnit(w io.Writer, results []Result) error {
	all := junitSuites{Tests: len(results), Failures: len(results) - Passed(results)}
	for _, f := range byFile(results) {
		suite := junitSuite{Name: f[0].File, Tests: len(f), Failures: len(f) - Passed(f)}
		total := 0.0
		for _, r := range f {
			total += r.Seconds
			one := junitCase{Name: r.Name, Class: string(r.Scenario), File: r.File, Line: r.Line, Time: seconds(r.Seconds)}
			if !r.Passed() {
				one.Failure = &junitFailure{Message: r.summary(), Text: "\n" + r.explain("")}
			}
			suite.Cases = append(suite.Cases, one)
		}
		suite.Time = seconds(total)
		all.Suites = append(all.Suites, suite)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// summary names what failed, in one line.
func (r Result) summary() string {
	var what []string
	for _, f := range r.Failures {
		if !slices.Contains(what, f.What) {
			what = append(what, f.What)
		}
	}
	return "not as expected: " + strings.Join(what, ", ")
}

func seconds(s float64) string { return fmt.Sprintf("%.3f", s) }
