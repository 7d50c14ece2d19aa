// Package partial writes files that appear under their name when they are complete.
//
// Until then what is written is in NAME.partial, which only its owner may read. It promises that a name never stands for half
// a file, whenever the process or the machine dies; that of two processes which write the same name the second is refused; and
// that what a killed process has left is overwritten by the next one that writes the name, so that it does not pile up.
//
// A lock on NAME.partial says that it is being written. A program that is given the open file, as pg_dump is for its output,
// holds it too, and so goes on alone when the process that started it is killed. Where a file system knows no locks there is none.
package partial

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrBusy: another process is writing a file of that name.
var ErrBusy = errors.New("another process is writing it")

// Suffix ends the name of a file that is not complete.
const Suffix = ".partial"

// File is a file that is not complete. Write to it, give it its name with Place or Replace, and always Close it.
type File struct {
	*os.File
	path  string // its name when it is complete
	named bool
}

// Create begins a file. Its folder must be there. ErrBusy: another process is writing it.
func Create(path string) (*File, error) {
	for {
		// A file that is there is never written to: somebody else may have made it, for others to read.
		file, err := os.OpenFile(path+Suffix, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			err = removeLeft(path + Suffix)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := lock(file); err != nil {
			file.Close()
			return nil, err
		}
		if isStill(file) { // another process may have taken it, before it was locked, for one that was left
			return &File{File: file, path: path}, nil
		}
		file.Close()
	}
}

// removeLeft removes what a process has left that was killed.
func removeLeft(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := lock(file); err != nil {
		return err
	}
	if !isStill(file) { // it is complete: whoever wrote it has given it its name since it was opened
		return nil
	}
	return os.Remove(path)
}

func lock(file *os.File) error {
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("%s: %w", file.Name(), ErrBusy)
	}
	return nil
}

// isStill says whether an open file is the one that has its name.
func isStill(file *os.File) bool {
	named, err := os.Stat(file.Name())
	if err != nil {
		return false
	}
	open, err := file.Stat()
	return err == nil && os.SameFile(named, open)
}

// Place gives the file its name, once it is safe on the disk. fs.ErrExist: there is a file of that name, which stays.
func (f *File) Place() error {
	if err := f.Sync(); err != nil {
		return err
	}
	err := os.Link(f.Name(), f.path) // unlike a rename it overwrites nothing
	switch {
	case err == nil:
		f.named = true
		return errors.Join(os.Remove(f.Name()), f.syncDir())
	case errors.Is(err, fs.ErrExist):
		return fs.ErrExist
	}
	if _, err := os.Lstat(f.path); !errors.Is(err, fs.ErrNotExist) { // some file systems know no links
		return errors.Join(err, fs.ErrExist)
	}
	return f.rename()
}

// Replace gives the file its name, once it is safe on the disk, in place of an earlier one.
func (f *File) Replace() error {
	if err := f.Sync(); err != nil {
		return err
	}
	return f.rename()
}

func (f *File) rename() error {
	if err := os.Rename(f.Name(), f.path); err != nil {
		return err
	}
	f.named = true
	return f.syncDir()
}

func (f *File) syncDir() error {
	dir, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// Close ends the writing. A file that was given no name is removed.
func (f *File) Close() error {
	if f.named {
		return f.File.Close()
	}
	return errors.Join(os.Remove(f.Name()), f.File.Close())
}
