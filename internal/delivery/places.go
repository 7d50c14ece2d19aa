package delivery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"shodo/internal/handover"
	"shodo/internal/mail"
	"shodo/internal/report"
	"shodo/workflows"
)

// toSlack posts the summary, with the charts and the report in its thread.
func (s *Sender) toSlack(ctx context.Context, r *report.Report, channel, key string) (string, error) {
	if s.Slack == nil {
		return "", fmt.Errorf("%w: Slack is not configured (set slack.bot_token)", workflows.ErrNotTaken)
	}
	page, pictures, err := rendered(r)
	if err != nil {
		return "", err
	}
	summary := r.Summary()
	m := summary.Message
	for _, p := range pictures {
		m.Files = append(m.Files, handover.File{Name: p.Name, Title: p.Title, Content: string(p.PNG)})
	}
	m.Files = append(m.Files, handover.File{Name: summary.Name + ".html", Title: summary.Title, Content: string(page)})
	posted, err := s.Slack.Post(ctx, channel, m, key)
	if err != nil {
		return "", err
	}
	return "posted as " + posted.TS, nil
}

// toMail sends the first screen, with the report attached.
func (s *Sender) toMail(ctx context.Context, r *report.Report, to, key string) (string, error) {
	if s.Mail == nil {
		return "", fmt.Errorf("%w: there is no mail server (set mail.address)", workflows.ErrNotTaken)
	}
	page, _, err := rendered(r)
	if err != nil {
		return "", err
	}
	subject, text := r.Letter()
	m := mail.Message{To: to, Subject: subject, Text: text, Key: key,
		Files: []mail.File{{Name: r.FileName() + ".html", Type: "text/html; charset=utf-8", Content: page}}}
	if err := s.Mail.Send(ctx, m); err != nil {
		return "", err
	}
	return "sent", nil
}

func rendered(r *report.Report) (page []byte, pictures []report.Picture, err error) {
	if page, err = r.HTML(); err != nil {
		return nil, nil, fmt.Errorf("render the report: %w", err)
	}
	if pictures, err = r.Pictures(); err != nil {
		return nil, nil, fmt.Errorf("render the report: %w", err)
	}
	return page, pictures, nil
}

// toFolder writes the report in every format. Each file is there as a whole or not at all.
func toFolder(r *report.Report, folder string) (string, error) {
	page, err := r.HTML()
	if err != nil {
		return "", fmt.Errorf("render the report: %w", err)
	}
	data, err := r.JSON()
	if err != nil {
		return "", fmt.Errorf("render the report: %w", err)
	}
	table, err := r.CSV()
	if err != nil {
		return "", fmt.Errorf("render the report: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", fmt.Errorf("write the report: %w", err)
	}
	name := filepath.Join(folder, r.FileName())
	for _, f := range []struct {
		ending  string
		content []byte
	}{{".html", page}, {".md", r.Markdown()}, {".json", data}, {".csv", table}} {
		if err := writeWhole(name+f.ending, f.content); err != nil {
			return "", fmt.Errorf("write the report: %w", err)
		}
	}
	return "written as " + filepath.Base(name), nil
}

// writeWhole writes beside the file and then takes its place.
func writeWhole(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
