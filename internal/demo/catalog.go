package demo

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"

	"shodo/internal/partial"
)

//go:embed catalog
var catalogFiles embed.FS

// places is what the customers' files cannot know before the demo runs.
type places struct {
	Shodo string            // absolute path of the program
	Lab   string            // folder of the breakable things
	Addr  map[string]string // host:port of each service
	Quiet time.Time         // the end of the quiet hours of one customer, which began an hour ago
}

// writeCatalog writes the catalog into a folder, with the customers' files filled in.
func writeCatalog(dir string, p places) error {
	root, err := fs.Sub(catalogFiles, "catalog")
	if err != nil {
		return fmt.Errorf("write the demo's catalog: %w", err)
	}
	err = fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(root, path)
		if err != nil {
			return err
		}
		name, isTemplate := strings.CutSuffix(path, ".tmpl")
		if isTemplate {
			if data, err = p.fill(path, data); err != nil {
				return err
			}
		}
		target := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o644)
	})
	if err != nil {
		return fmt.Errorf("write the demo's catalog: %w", err)
	}
	return nil
}

// writeNight writes the calendar of the quiet hours anew, as a whole: the engine watches the folder.
func writeNight(dir string, end time.Time) error {
	const name = "customers/night.ics"
	source, err := catalogFiles.ReadFile("catalog/" + name + ".tmpl")
	if err != nil {
		return fmt.Errorf("write the quiet hours: %w", err)
	}
	data, err := places{Quiet: end}.fill(name, source)
	if err != nil {
		return fmt.Errorf("write the quiet hours: %w", err)
	}
	if err := partial.Write(filepath.Join(dir, filepath.FromSlash(name)), data); err != nil {
		return fmt.Errorf("write the quiet hours: %w", err)
	}
	return nil
}

func (p places) fill(name string, text []byte) ([]byte, error) {
	t, err := template.New(name).Funcs(template.FuncMap{"quote": strconv.Quote, "began": began, "utc": utc}).Option("missingkey=error").Parse(string(text))
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	if err := t.Execute(&b, p); err != nil {
		return nil, err
	}
	return []byte(b.String()), nil
}

// began is when the quiet hours began.
func began(end time.Time) time.Time { return end.Add(-time.Hour) }

// utc writes an instant as calendars do.
func utc(t time.Time) string { return t.UTC().Format("20060102T150405Z") }
