package slack

import (
	"bytes"
	"context"
	"fmt"
	"regexp"

	slackgo "github.com/slack-go/slack"

	"shodo/internal/handover"
)

// channelID is how Slack writes the id of a channel, a group or a conversation of two.
var channelID = regexp.MustCompile(`^[CGD][A-Z0-9]{7,}$`)

// PostFile posts a file of any kind, such as a PNG of a chart or a PDF, with a comment in mrkdwn. Files are shared by the
// channel's id alone: when a name is given that the client has not posted to before, the comment goes ahead as a message of
// its own, by whose answer Slack tells the id, and the file follows it. An error says which of them is not known to be there.
// The bot has to be in the channel. Scopes: files:write, chat:write.
func (c *Client) PostFile(ctx context.Context, channel, comment, name string, content []byte) error {
	if len(content) == 0 {
		return fmt.Errorf("post the file %q to %q: it is empty", name, channel)
	}
	id, err := c.send(ctx, name, content)
	if err != nil {
		return fmt.Errorf("post the file %q to %q: %w", name, channel, err)
	}
	to := c.pace.idOf(channel)
	if !channelID.MatchString(to) {
		posted, err := c.post(ctx, channel, "", handover.Message{Text: first(comment, name)}, "")
		if err != nil {
			return fmt.Errorf("post the comment of %q to %q: %w", name, channel, err)
		}
		to, comment = posted.Channel, ""
	}
	err = c.share(ctx, slackgo.CompleteUploadExternalParameters{
		Files: []slackgo.FileSummary{{ID: id, Title: name}}, Channel: to, InitialComment: comment})
	if err != nil {
		return fmt.Errorf("post the file %q to %q: %w", name, channel, err)
	}
	return nil
}

// send brings one file to Slack, where it is not shared with anyone yet, and gives its id.
func (c *Client) send(ctx context.Context, name string, content []byte) (id string, err error) {
	var place *slackgo.GetUploadURLExternalResponse
	err = c.call(ctx, "files.getUploadURLExternal", func(ctx context.Context) error {
		place, err = c.api.GetUploadURLExternalContext(ctx, slackgo.GetUploadURLExternalParameters{FileName: name, FileSize: len(content)})
		return err
	})
	if err != nil {
		return "", err
	}
	err = c.call(ctx, "file upload", func(ctx context.Context) error {
		return c.api.UploadToURL(ctx, slackgo.UploadToURLParameters{
			UploadURL: place.UploadURL, Reader: bytes.NewReader(content), Filename: name,
		})
	})
	return place.FileID, err
}

// share shows files that were sent, all in one message: https://docs.slack.dev/messaging/working-with-files
func (c *Client) share(ctx context.Context, p slackgo.CompleteUploadExternalParameters) error {
	return c.call(ctx, "files.completeUploadExternal", func(ctx context.Context) error {
		_, err := c.api.CompleteUploadExternalContext(ctx, p)
		return err
	}, p.Channel)
}
