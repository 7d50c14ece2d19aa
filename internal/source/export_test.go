package source

import "context"

// LookAt makes one look at a folder.
func LookAt(ctx context.Context, dir string) error {
	_, err := folder(dir).mark(ctx)
	return err
}
