package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

var actionName = regexp.MustCompile(`^[a-z][a-z0-9]*\.[a-z][a-z0-9]*$`)

func newNewAction() *cobra.Command {
	return &cobra.Command{
		Use:   "action FAMILY.VERB",
		Short: "Write the Go package of an action, inside the source of shodo",
		Long: `action writes a package with a whole action that passes the tests which every action must pass, to put other work into.
Actions are compiled into the engine, so it works inside the source tree of shodo only. What can be done with ssh.run,
http.send or local.run needs no action of its own.`,
		Example: "  shodo new action mysql.query",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			if !actionName.MatchString(name) {
				return fmt.Errorf("an action cannot be named %q: family.verb is needed, in small letters and digits, such as mysql.query", name)
			}
			if _, taken := anyActions().Lookup(name); taken {
				return fmt.Errorf("there is an action %q already: shodo actions %s", name, name)
			}
			top, err := sourceTree()
			if err != nil {
				return err
			}
			pkg := strings.ReplaceAll(name, ".", "")
			folder := "internal/action/" + pkg
			w := newWriter(top, map[string]string{"Name": name, "Package": pkg})
			w.add(folder+"/"+pkg+".go", "action.go.tmpl")
			w.add(folder+"/"+pkg+"_test.go", "action_test.go.tmpl")
			return w.write(cmd.OutOrStdout(), fmt.Sprintf(`
Next:
  1. go test ./%[1]s    it passes the contract of actions as it is
  2. Put your work into it: parameters, outputs, effect; a name and its effect are forever.
  3. List it: %[2]s.Actions(...) in internal/action/builtin/builtin.go, and in the test beside it.
  4. make docs, make test
`, folder, pkg))
		},
	}
}

// sourceTree finds the top of shodo's source from the current folder.
func sourceTree() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("look for the source of shodo: %w", err)
	}
	for {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		_, errList := os.Stat(filepath.Join(dir, "internal/action/builtin/builtin.go"))
		switch {
		case err == nil && bytes.HasPrefix(data, []byte("module shodo\n")) && errList == nil:
			return dir, nil
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("look for the source of shodo: %w", err)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("this is not inside the source of shodo: an action is Go code that is compiled into the engine, so clone its repository and run this there")
		}
		dir = parent
	}
}
