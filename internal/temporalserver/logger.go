//go:build !no_embedded_temporal

package temporalserver

import (
	"context"
	"log/slog"
	"sync/atomic"

	"go.temporal.io/server/common/log/tag"
)

// logger passes the server's warnings and errors on. The rest is about the server's own inside, of use to nobody who
// runs this product.
type logger struct {
	log      *slog.Logger
	stopping *atomic.Bool // while it stops, the server reports each of its own broken connections as an error
}

func (l logger) write(level slog.Level, msg string, tags []tag.Tag) {
	if l.stopping.Load() || !l.log.Enabled(context.Background(), level) {
		return
	}
	attrs := make([]slog.Attr, 0, len(tags))
	for _, t := range tags {
		if t.Key() == "system-stack-trace" || t.Key() == "stacktrace" {
			continue
		}
		attrs = append(attrs, slog.Any(t.Key(), t.Value()))
	}
	l.log.LogAttrs(context.Background(), level, "temporal server: "+msg, attrs...)
}

func (l logger) Debug(string, ...tag.Tag)           {}
func (l logger) Info(string, ...tag.Tag)            {}
func (l logger) Warn(msg string, tags ...tag.Tag)   { l.write(slog.LevelDebug, msg, tags) }
func (l logger) Error(msg string, tags ...tag.Tag)  { l.write(slog.LevelWarn, msg, tags) }
func (l logger) DPanic(msg string, tags ...tag.Tag) { l.write(slog.LevelError, msg, tags) }
func (l logger) Panic(msg string, tags ...tag.Tag)  { l.write(slog.LevelError, msg, tags); panic(msg) }
func (l logger) Fatal(msg string, tags ...tag.Tag)  { panic(fatal{msg: msg, tags: tags}) }

// fatal is what the server would end the process for.
type fatal struct {
	msg  string
	tags []tag.Tag
}

// Error is the server's message and what it says of the reason.
func (f fatal) Error() string {
	if err := f.Unwrap(); err != nil {
		return f.msg + ": " + err.Error()
	}
	return f.msg
}

// Unwrap is the error that the server gives as the reason, or nil.
func (f fatal) Unwrap() error {
	for _, t := range f.tags {
		if zap, ok := t.(tag.ZapTag); ok {
			if err, ok := zap.Field().Interface.(error); ok { // its Value is only the text
				return err
			}
		}
	}
	return nil
}
