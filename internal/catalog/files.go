package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"shodo/internal/incident"
	"shodo/internal/yamldoc"
)

// file is one file of the catalog.
type file struct {
	path string // in the catalog, for problems
	name string // base name without .yaml; of a calendar with .ics
	data []byte
}

// files is what a catalog is made of, ordered by path.
type files struct {
	scenarios []file
	customers []file
	own       map[string][]file              // customers' own scenarios, by the customer's name
	calendars []file                         // .ics files beside the customers'
	runbooks  map[string][]byte              // by file name
	tested    map[incident.ScenarioName]bool // the scenarios that have a file of tests
	sum       []byte                         // of everything that was read
}

func (f files) hash() string { return hex.EncodeToString(f.sum)[:12] }

// reader reads files and collects what is wrong with them.
type reader struct {
	fsys     fs.FS
	problems yamldoc.Problems
	hash     io.Writer
}

func readFiles(fsys fs.FS) (files, yamldoc.Problems) {
	sum := sha256.New()
	r := &reader{fsys: fsys, hash: sum}
	out := files{own: map[string][]file{}, runbooks: map[string][]byte{}, tested: map[incident.ScenarioName]bool{}}
	found := 0
	for _, dir := range []string{"scenarios", "customers", "runbooks"} {
		entries, err := fs.ReadDir(fsys, dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if found++; err != nil {
			r.problem(dir, fmt.Sprintf("read folder: %v", err), "")
			continue
		}
		for _, e := range entries {
			r.entry(dir, e, &out)
		}
	}
	if found == 0 {
		r.problem(".", "this is not a catalog: there is no folder scenarios, customers or runbooks in it", "check catalog.dir")
	}
	out.sum = sum.Sum(nil)
	return out, r.problems
}

// entry reads one entry of a top folder.
func (r *reader) entry(dir string, e fs.DirEntry, out *files) {
	name := path.Join(dir, e.Name())
	if subject, ok := strings.CutSuffix(e.Name(), "_test.yaml"); ok && dir == "scenarios" {
		out.tested[incident.ScenarioName(subject)] = true
	}
	if isPassedOver(e.Name()) {
		return
	}
	info, err := fs.Stat(r.fsys, name) // follows symbolic links
	switch {
	case err != nil:
		r.problem(name, fmt.Sprintf("read: %v", err), "symbolic links must stay inside the catalog")
	case info.IsDir() && dir == "customers":
		if base, ok := r.baseName(name, e.Name(), ""); ok {
			out.own[base] = r.ownScenarios(name, base, out)
		}
	case info.IsDir():
		r.problem(name, "a folder is not read here", fmt.Sprintf("put the files into %s itself; folders named testdata are passed over", dir))
	case dir == "runbooks":
		if _, ok := r.baseName(name, e.Name(), ".md"); ok {
			if data, ok := r.read(name, info); ok {
				out.runbooks[e.Name()] = data
			}
		}
	case dir == "customers" && strings.EqualFold(path.Ext(name), ".ics"):
		out.calendars = append(out.calendars, r.calendar(name, info)...)
	case dir == "scenarios":
		out.scenarios = append(out.scenarios, r.yamlFile(name, info)...)
	default:
		out.customers = append(out.customers, r.yamlFile(name, info)...)
	}
}

// ownScenarios reads the scenarios of one customer.
func (r *reader) ownScenarios(dir, customer string, out *files) []file {
	entries, err := fs.ReadDir(r.fsys, dir)
	if err != nil {
		r.problem(dir, fmt.Sprintf("read folder: %v", err), "")
	}
	var list []file
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if subject, ok := strings.CutSuffix(e.Name(), "_test.yaml"); ok {
			out.tested[incident.ScenarioName(customer+"/"+subject)] = true
		}
		if isPassedOver(e.Name()) {
			continue
		}
		info, err := fs.Stat(r.fsys, name)
		switch {
		case err != nil:
			r.problem(name, fmt.Sprintf("read: %v", err), "symbolic links must stay inside the catalog")
		case info.IsDir():
			r.problem(name, "a folder is not read here", "put the files into "+dir+" itself")
		default:
			list = append(list, r.yamlFile(name, info)...)
		}
	}
	return list
}

// isPassedOver says whether an entry is none of ours: hidden files, what editors and people leave, tests, and the Go
// file by which a program embeds the folder.
func isPassedOver(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || strings.HasSuffix(name, "_test.yaml") || strings.HasSuffix(name, ".go") ||
		strings.EqualFold(name, "readme.md") || name == "testdata"
}

// yamlFile reads one YAML file; the list is empty when it cannot be used.
func (r *reader) yamlFile(name string, info fs.FileInfo) []file {
	base, ok := r.baseName(name, path.Base(name), ".yaml")
	if !ok {
		return nil
	}
	data, ok := r.read(name, info)
	if !ok {
		return nil
	}
	return []file{{path: name, name: base, data: data}}
}

// calendar reads one .ics file; the list is empty when it cannot be used.
func (r *reader) calendar(name string, info fs.FileInfo) []file {
	if _, ok := r.baseName(name, path.Base(name), ".ics"); !ok {
		return nil
	}
	data, ok := r.read(name, info)
	if !ok {
		return nil
	}
	return []file{{path: name, name: path.Base(name), data: data}}
}

var plainName = regexp.MustCompile(`^[\p{Ll}\p{Lo}\p{Lm}\p{Nd}-]{1,60}$`)

// baseName gives a file's name without its end, when it is a good one.
func (r *reader) baseName(file, name, end string) (string, bool) {
	base, ok := strings.CutSuffix(name, end)
	if !ok {
		r.problem(file, fmt.Sprintf("the file's name does not end in %s, so it would not be read", end), "rename it, or move it out of this folder")
		return "", false
	}
	if message, hint := badName(base, end); message != "" {
		r.problem(file, message, hint)
		return "", false
	}
	return base, true
}

// CheckName says what is wrong with the name of a scenario or customer: that of its file, without .yaml.
func CheckName(name string) error {
	if message, hint := badName(name, ""); message != "" {
		return fmt.Errorf("%s (%s)", message, hint)
	}
	return nil
}

// badName tells what is wrong with the name of a file that has that end; empty: nothing.
func badName(base, end string) (message, hint string) {
	switch {
	case strings.ContainsFunc(base, func(c rune) bool { return unicode.Is(unicode.M, c) }):
		return "the file's name holds letters in several parts, as macOS writes them", "rename it on another system, or without voiced marks and accents"
	case strings.ToLower(base) != base:
		return "the file's name holds capital letters", "rename it to " + strings.ToLower(base+end)
	case !plainName.MatchString(base):
		return fmt.Sprintf("the file's name %q cannot be used as a name", base+end), "small letters, digits and - are allowed"
	}
	return "", ""
}

// read gives a file's content and counts it into the version.
func (r *reader) read(name string, info fs.FileInfo) ([]byte, bool) {
	if !info.Mode().IsRegular() { // a pipe would block
		r.problem(name, "this is not a plain file", "")
		return nil, false
	}
	f, err := r.fsys.Open(name)
	if err != nil {
		r.problem(name, fmt.Sprintf("read: %v", err), "")
		return nil, false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, yamldoc.MaxSize+1))
	switch {
	case err != nil:
		r.problem(name, fmt.Sprintf("read: %v", err), "")
		return nil, false
	case len(data) > yamldoc.MaxSize:
		r.problem(name, fmt.Sprintf("the file is larger than %d KiB", yamldoc.MaxSize>>10), "")
		return nil, false
	case strings.HasSuffix(name, ".md") && !utf8.Valid(data):
		r.problem(name, "the file is not UTF-8 text", "save it in the encoding UTF-8")
		return nil, false
	}
	fmt.Fprintf(r.hash, "%d %s %d\n", len(name), name, len(data))
	_, _ = r.hash.Write(data)
	return data, true
}

func (r *reader) problem(file, message, hint string) {
	r.problems = append(r.problems, yamldoc.Problem{File: file, Message: message, Hint: hint})
}
