//go:build unix

package breakable

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Usage is how full a directory with a quota is.
type Usage struct {
	Used  int64 // bytes
	Limit int64 // bytes
}

// Percent is the used part of the limit, rounded down.
func (u Usage) Percent() int { return int(u.Used * 100 / u.Limit) }

type quota struct {
	Limit int64 `json:"limit"`
}

// DefineQuota adds a directory that may hold limit bytes, and gives its path. The limit is not the file system's: it
// is what Usage measures against.
func (l Lab) DefineQuota(name string, limit int64) (dir string, err error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	if limit <= 0 {
		return "", fmt.Errorf("define quota %q: a limit of %d bytes holds nothing", name, limit)
	}
	if err := l.write(name, quotaFile, quota{limit}); err != nil {
		return "", fmt.Errorf("define quota %q: %w", name, err)
	}
	dir = l.path(name, dataDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("define quota %q: %w", name, err)
	}
	return dir, nil
}

// Usage measures a directory with a quota.
func (l Lab) Usage(name string) (Usage, error) {
	var q quota
	if err := l.read(name, quotaFile, &q); err != nil {
		return Usage{}, fmt.Errorf("measure %q: %w", name, err)
	}
	u := Usage{Limit: q.Limit}
	err := l.files(name, func(_ string, info fs.FileInfo) error {
		u.Used += info.Size()
		return nil
	})
	if err != nil {
		return Usage{}, fmt.Errorf("measure %q: %w", name, err)
	}
	return u, nil
}

// files calls do for every file of the directory.
func (l Lab) files(name string, do func(path string, info fs.FileInfo) error) error {
	return filepath.WalkDir(l.path(name, dataDir), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, os.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil {
			return err
		}
		return do(path, info)
	})
}

// fillPieces is how many old logs Fill writes.
const fillPieces = 12

// Fill breaks a directory: it writes one new log, and old ones of the days before until the directory is full to percent.
func (l Lab) Fill(name string, percent int) error {
	u, err := l.Usage(name)
	if err != nil {
		return fmt.Errorf("fill %q: %w", name, err)
	}
	const newest = "app.log"
	if err := l.writeLog(name, newest, u.Limit/50, time.Now()); err != nil {
		return fmt.Errorf("fill %q: %w", name, err)
	}
	if u, err = l.Usage(name); err != nil {
		return fmt.Errorf("fill %q: %w", name, err)
	}
	missing := u.Limit*int64(percent)/100 - u.Used
	for day := 1; day <= fillPieces && missing > 0; day++ {
		size := missing / int64(fillPieces-day+1)
		at := time.Now().AddDate(0, 0, -day-7)
		if err := l.writeLog(name, "app.log."+at.Format("20060102"), size, at); err != nil {
			return fmt.Errorf("fill %q: %w", name, err)
		}
		missing -= size
	}
	return l.log(name, name, "disk quota almost used up")
}

// writeLog writes a file of log lines with a time of last change.
func (l Lab) writeLog(name, file string, size int64, at time.Time) error {
	line := []byte(at.Format(time.RFC3339) + " INFO request handled path=/cart status=200 duration_ms=12\n")
	content := bytes.Repeat(line, int(size)/len(line)+1)[:size]
	path := filepath.Join(l.path(name, dataDir), file)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		return err
	}
	return os.Chtimes(path, at, at)
}

// Clean repairs a directory: it removes the logs ("*.log", "*.log.*") that were last changed longer ago than age, and
// nothing else.
func (l Lab) Clean(name string, age time.Duration) (removed int, freed int64, err error) {
	if _, err := l.Usage(name); err != nil {
		return 0, 0, fmt.Errorf("clean %q: %w", name, err)
	}
	limit := time.Now().Add(-age)
	err = l.files(name, func(path string, info fs.FileInfo) error {
		base := filepath.Base(path)
		if !(strings.HasSuffix(base, ".log") || strings.Contains(base, ".log.")) || !info.ModTime().Before(limit) {
			return nil
		}
		if err := os.Remove(path); err != nil {
			return err
		}
		removed, freed = removed+1, freed+info.Size()
		return nil
	})
	if err != nil {
		return removed, freed, fmt.Errorf("clean %q: %w", name, err)
	}
	return removed, freed, l.log(name, name, "removed %d old logs, %d bytes", removed, freed)
}
