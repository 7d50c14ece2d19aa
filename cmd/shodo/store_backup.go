package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"shodo/internal/partial"
	"shodo/internal/store"
)

func newStoreBackup() *cobra.Command {
	var flags storeFlags
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the database to a file while the engine runs",
		Long: `Copy the database to a file, as of one moment, while the engine runs.

Of SQLite the file is a database that can be put in place as it is; of which version the database is does not matter, so make
one before an upgrade. Of PostgreSQL it is an archive that pg_restore reads;
pg_dump makes it, and has to be on the path. A file that is there already is never overwritten. The file appears when it is
complete. It holds customers' alerts: only its owner may read it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			url, err := flags.url()
			if err != nil {
				return err
			}
			if store.IsPostgres(url) {
				err = dump(cmd, url, args[0])
			} else {
				err = atNoDatabase(store.Backup(cmd.Context(), url, args[0]), url)
			}
			if err != nil {
				return err
			}
			file, err := os.Stat(args[0])
			if err != nil {
				return fmt.Errorf("look at the backup: %w", err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", args[0], size(file.Size()))
			return nil
		},
	}
	flags.register(c.Flags())
	return c
}

// dump has pg_dump copy PostgreSQL. The password goes by its environment, where other users of the machine do not see it.
func dump(cmd *cobra.Command, url, path string) (err error) {
	d, err := store.DumpOf(url)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("back up to %q: %w; take another name", path, store.ErrExists)
	}
	program, err := exec.LookPath("pg_dump")
	if err != nil {
		return fmt.Errorf("pg_dump is not on the path. Where it is, run (the password in PGPASSWORD):\n  pg_dump --file=%s %s", quoted(path), quotedAll(d.Args))
	}
	file, err := partial.Create(path)
	if err != nil {
		return fmt.Errorf("back up to %q: %w", path, err)
	}
	defer func() {
		err = errors.Join(err, file.Close())
	}()
	run := exec.CommandContext(cmd.Context(), program, d.Args...)
	run.Env, run.Stdout, run.Stderr = append(os.Environ(), d.Environ...), file.File, cmd.ErrOrStderr()
	if err := run.Run(); err != nil {
		return fmt.Errorf("back up with pg_dump: %w; it tells above why", err)
	}
	if err := file.Place(); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("back up to %q: %w; take another name", path, store.ErrExists)
	} else if err != nil {
		return fmt.Errorf("back up to %q: %w", path, err)
	}
	return nil
}

// quoted is a word as a shell reads it.
func quoted(word string) string {
	if !strings.ContainsAny(word, " '\"$&?*;()<>|\\") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func quotedAll(words []string) string {
	var list []string
	for _, word := range words {
		list = append(list, quoted(word))
	}
	return strings.Join(list, " ")
}
