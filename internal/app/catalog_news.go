package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"shodo/internal/handover"
	"shodo/internal/source"
	"shodo/workflows"
)

// toldProblems is how many of the things that are wrong a message shows.
const toldProblems = 5

// catalogNews tells people in Slack once about each refused commit, and once when the catalog is right again. What was
// told is in a file, so that a restart does not tell it a second time.
type catalogNews struct {
	file    string // holds the id of the refused commit that was told last; it is not there when all is right
	state   func() source.State
	post    func(ctx context.Context, channel string, m handover.Message, key string) (workflows.Posted, error)
	channel string
	log     *slog.Logger
}

// tell tells what is not told yet. After an error it is to be called again.
func (n *catalogNews) tell(ctx context.Context) error {
	text, err := os.ReadFile(n.file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read what was told: %w", err)
	}
	told := strings.TrimSpace(string(text))
	st := n.state()
	switch {
	case st.Commit == nil:
		return nil
	case st.Refused != nil && st.Refused.Commit.ID != told:
		if err := n.send(ctx, refusedNews(st), "catalog/refused/"+st.Refused.Commit.ID); err != nil {
			return err
		}
		if err := os.WriteFile(n.file, []byte(st.Refused.Commit.ID+"\n"), 0o600); err != nil {
			return fmt.Errorf("note what was told: %w", err)
		}
	case st.Refused == nil && told != "" && !st.Kept: // of a kept one it is not known whether it is the newest
		if err := n.send(ctx, rightNews(st), "catalog/right/"+told); err != nil {
			return err
		}
		if err := os.Remove(n.file); err != nil {
			return fmt.Errorf("note what was told: %w", err)
		}
	}
	return nil
}

// send posts a message. One that Slack will never take is not tried again: the log has it.
func (n *catalogNews) send(ctx context.Context, text, key string) error {
	ctx, cancel := context.WithTimeout(ctx, troubleTimeout)
	defer cancel()
	_, err := n.post(ctx, n.channel, handover.Plain(text), key)
	if errors.Is(err, workflows.ErrNotTaken) {
		n.log.Error("Slack does not take the news about the catalog", "text", text, "err", err)
		return nil
	}
	return err
}

func refusedNews(st source.State) string {
	r := st.Refused
	var b strings.Builder
	fmt.Fprintf(&b, "The catalog's new commit %s is refused, as a whole.", r.Commit)
	if r.Commit.Subject != "" {
		fmt.Fprintf(&b, " (%q)", r.Commit.Subject)
	}
	fmt.Fprintf(&b, "\nIn force stays commit %s.\n", st.Commit)
	if len(r.Owners) > 0 {
		fmt.Fprintf(&b, "Owners of what is wrong: %s\n", strings.Join(r.Owners, ", "))
	}
	lines := problemLines(r.Err)
	for _, line := range lines[:min(len(lines), toldProblems)] {
		b.WriteString("• " + line + "\n")
	}
	if more := len(lines) - toldProblems; more > 0 {
		fmt.Fprintf(&b, "and %d more; the log has all of them\n", more)
	}
	fmt.Fprintf(&b, "From: %s", st.From)
	return b.String()
}

func rightNews(st source.State) string {
	return fmt.Sprintf("The catalog is right again: commit %s is in force.\nFrom: %s", st.Commit, st.From)
}
