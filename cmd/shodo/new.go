package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"go/format"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"shodo/internal/catalog"
)

func newNew() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Start a scenario, a customer or an action from a template",
		Long: `new writes files to begin with, which pass "shodo check" and "shodo test" as they are, and says what to do next.
It never writes over a file.`,
	}
	cmd.AddCommand(newNewScenario(), newNewCustomer(), newNewAction())
	return cmd
}

func newNewScenario() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "scenario NAME",
		Short: "Write a scenario with its runbook and its test",
		Long: `scenario writes scenarios/NAME.yaml, its test, the customer of the test and its runbook into a catalog, and the
schemas for editors when there are none. The scenario only observes: it says what it would do, until you change that.`,
		Example: "  shodo new scenario queue-stuck\n  shodo new scenario --catalog ./catalog queue-stuck",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			if err := catalog.CheckName(name); err != nil {
				return fmt.Errorf("a scenario cannot be named %q: %w", name, err)
			}
			w := newWriter(dir, map[string]string{"Name": name})
			w.add("scenarios/"+name+".yaml", "scenario.yaml")
			w.add("scenarios/"+name+"_test.yaml", "scenario_test.yaml")
			w.add("scenarios/testdata/"+name+".yaml", "scenario_customer.yaml")
			w.add("runbooks/"+name+".md", "runbook.md")
			w.addSchemas()
			return w.write(cmd.OutOrStdout(), fmt.Sprintf(`
Next:
  1. Say in scenarios/%[1]s.yaml which incidents it is for and what to do, and in runbooks/%[1]s.md what a person does.
  2. shodo check %[2]s    is it right?
  3. shodo test --run '^%[1]s:' %[2]s    does it do what scenarios/%[1]s_test.yaml expects?
  4. Let a customer adopt it: under "scenarios" of a file in customers/.
`, name, dir))
		},
	}
	cmd.Flags().StringVar(&dir, "catalog", ".", "the folder of the catalog")
	return cmd
}

func newNewCustomer() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "customer NAME",
		Short: "Write a customer's file",
		Long: `customer writes customers/NAME.yaml into a catalog, and the schemas for editors when there are none. The customer has a
service that does not exist and adopts nothing, until you change that.`,
		Example: "  shodo new customer acme",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			if err := catalog.CheckName(name); err != nil {
				return fmt.Errorf("a customer cannot be named %q: %w", name, err)
			}
			service, err := freeService(dir)
			if err != nil {
				return err
			}
			w := newWriter(dir, map[string]string{"Name": name, "Service": service})
			w.add("customers/"+name+".yaml", "customer.yaml")
			w.addSchemas()
			return w.write(cmd.OutOrStdout(), fmt.Sprintf(`
Next:
  1. Put the customer's PagerDuty services in place of %[3]s, and say who is told, in customers/%[1]s.yaml.
  2. Adopt scenarios there; the shipped ones are disk-full, http-down, service-down and tcp-port-closed.
  3. shodo check %[2]s    is it right?
  4. shodo explain --catalog %[2]s ALERT.json    what would an alert of theirs get?
`, name, dir, service))
		},
	}
	cmd.Flags().StringVar(&dir, "catalog", ".", "the folder of the catalog")
	return cmd
}

// freeService gives the id of a service that no customer's file names: two customers cannot have the same one.
func freeService(dir string) (string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "customers", "*.yaml"))
	if err != nil {
		return "", fmt.Errorf("look for the other customers: %w", err)
	}
	var all []byte
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("look at the other customers: %w", err)
		}
		all = append(all, data...)
	}
	for n := 1; ; n++ {
		if id := fmt.Sprintf("PREPLACE%03d", n); !bytes.Contains(all, []byte(id)) {
			return id, nil
		}
	}
}

// templates are what new files begin with. Their actions are [[ ]], because ours are ${{ }}.
//
//go:embed template
var templates embed.FS

// writer writes the files of one command: all of them, or none when one is there already.
type writer struct {
	dir   string
	data  map[string]string
	files []newFile
	err   error
}

type newFile struct {
	path     string
	text     []byte
	optional bool // one that is there already is left as it is
}

func newWriter(dir string, data map[string]string) *writer { return &writer{dir: dir, data: data} }

// add fills in a template. A path is relative to the folder, with slashes.
func (w *writer) add(path, from string) {
	t, err := template.New(from).Delims("[[", "]]").ParseFS(templates, "template/"+from)
	var b bytes.Buffer
	if err == nil {
		err = t.Execute(&b, w.data)
	}
	text := b.Bytes()
	if err == nil && strings.HasSuffix(path, ".go") {
		text, err = format.Source(text)
	}
	if err != nil {
		w.err = errors.Join(w.err, fmt.Errorf("fill in the template of %s: %w", path, err))
		return
	}
	w.files = append(w.files, newFile{path: path, text: text})
}

// addSchemas adds what the first lines of the files lead editors to.
func (w *writer) addSchemas() {
	for _, k := range documentKinds() {
		text, err := k.schema(anyActions()).Text()
		w.err = errors.Join(w.err, err)
		w.files = append(w.files, newFile{path: "schema/" + k.file(), text: text, optional: true})
	}
}

// write writes the files and tells which, and what to do next.
func (w *writer) write(out io.Writer, next string) error {
	if w.err != nil {
		return w.err
	}
	if info, err := os.Stat(w.dir); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %q to write into", w.dir)
	}
	for _, f := range w.files {
		if _, err := os.Lstat(w.place(f)); err == nil && !f.optional {
			return fmt.Errorf("%s is there already; nothing was written", w.place(f))
		}
	}
	for _, f := range w.files {
		switch err := w.create(f); {
		case errors.Is(err, fs.ErrExist) && f.optional:
		case err != nil:
			return fmt.Errorf("write a new file: %w", err)
		default:
			fmt.Fprintln(out, w.place(f))
		}
	}
	_, err := io.WriteString(out, next)
	return err
}

func (w *writer) place(f newFile) string { return filepath.Join(w.dir, filepath.FromSlash(f.path)) }

// create never writes over a file, also when one has come meanwhile.
func (w *writer) create(f newFile) error {
	place := w.place(f)
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(place, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := file.Write(f.text); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}
