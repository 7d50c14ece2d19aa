package source

import "context"

// LookAt makes one look at a folder.
func LookAt(ctx context.Context, dir string) error {
	_, err := folder(dir).mark(ctx)
	return err
}

// Unpack is what becomes of a pack that a server sends.
func Unpack(path, dir string) error {
	_, err := unpack(path, dir)
	return err
}
