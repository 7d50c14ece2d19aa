package partial

import "errors"

// Write writes a whole file that everybody may read, in place of an earlier one. ErrBusy: another process is writing it.
func Write(path string, content []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	if _, err = f.Write(content); err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Replace()
	}
	return errors.Join(err, f.Close())
}
