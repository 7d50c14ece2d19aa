package delivery

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"shodo/internal/config"
	"shodo/internal/handover"
	"shodo/internal/mail"
	"shodo/internal/partial"
	"shodo/internal/report"
	"shodo/internal/slack"
)

// delivering sends what is ready. It says where it is, for people.
type delivering func(context.Context) (result string, err error)

// ready renders a report for a place. Nothing is sent before all that takes time is done.
func (s *Sender) ready(r *report.Report, to config.Destination, key string) (delivering, error) {
	switch {
	case to.Slack != "":
		return s.toSlack(r, to.Slack, key)
	case to.Mail != "":
		return s.toMail(r, to.Mail, key)
	}
	return toFolder(r, to.Folder)
}

// toSlack posts the summary, with the charts and the report in its thread.
func (s *Sender) toSlack(r *report.Report, channel, key string) (delivering, error) {
	page, err := r.HTML()
	if err != nil {
		return nil, err
	}
	pictures, err := r.Pictures()
	if err != nil {
		return nil, err
	}
	summary := r.Summary()
	m := summary.Message
	for _, p := range pictures {
		m.Files = append(m.Files, handover.File{Name: p.Name, Title: p.Title, Content: string(p.PNG)})
	}
	m.Files = append(m.Files, handover.File{Name: summary.Name + ".html", Title: summary.Title, Content: string(page)})
	return func(ctx context.Context) (string, error) {
		if s.Slack == nil {
			return "", fmt.Errorf("%w: set slack.bot_token", errNoSlack)
		}
		posted, err := s.Slack.Post(ctx, channel, m, key)
		result := "posted as " + posted.TS
		if n := len(posted.Missing); n > 0 {
			result += ", without " + posted.Missing[0]
			if n > 1 {
				result += fmt.Sprintf(" (and %d more)", n-1)
			}
		}
		return result, err
	}, nil
}

// toMail sends the first screen, with the report attached.
func (s *Sender) toMail(r *report.Report, to, key string) (delivering, error) {
	page, err := r.HTML()
	if err != nil {
		return nil, err
	}
	subject, text := r.Letter()
	m := mail.Message{To: to, Subject: subject, Text: text, Key: key,
		Files: []mail.File{{Name: r.FileName() + ".html", Type: "text/html; charset=utf-8", Content: page}}}
	return func(ctx context.Context) (string, error) {
		if s.Mail == nil {
			return "", fmt.Errorf("%w: set mail.address", errNoMail)
		}
		return "sent", s.Mail.Send(ctx, m)
	}, nil
}

var (
	errNoSlack = errors.New("there is no Slack app")
	errNoMail  = errors.New("there is no mail server")
)

// neverTaken says whether sending again gives the same error.
func neverTaken(err error) bool {
	for _, final := range []error{errNobody, errNoSlack, slack.ErrChannel, slack.ErrAuth, slack.ErrRefused, slack.ErrGone,
		errNoMail, mail.ErrRecipient, mail.ErrRefused, mail.ErrAuth, mail.ErrTLS, mail.ErrMessage} {
		if errors.Is(err, final) {
			return true
		}
	}
	return false
}

// mayHaveArrived says whether sending again might give somebody the report twice.
func mayHaveArrived(err error) bool {
	return errors.Is(err, slack.ErrUnanswered) || errors.Is(err, mail.ErrUnanswered)
}

// toFolder writes the report in every format. Each file is there as a whole or not at all.
func toFolder(r *report.Report, folder string) (delivering, error) {
	page, err := r.HTML()
	if err != nil {
		return nil, err
	}
	data, err := r.JSON()
	if err != nil {
		return nil, err
	}
	table, err := r.CSV()
	if err != nil {
		return nil, err
	}
	files := []struct {
		ending  string
		content []byte
	}{{".html", page}, {".md", r.Markdown()}, {".json", data}, {".csv", table}}
	return func(context.Context) (string, error) {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return "", err
		}
		name := filepath.Join(folder, r.FileName())
		for _, f := range files {
			if err := partial.Write(name+f.ending, f.content); err != nil {
				return "", err
			}
		}
		return "written as " + filepath.Base(name), nil
	}, nil
}
