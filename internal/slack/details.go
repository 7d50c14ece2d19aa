package slack

import (
	"context"
	"encoding/json"
	"fmt"

	slackgo "github.com/slack-go/slack"

	"shodo/internal/handover"
)

// details posts what goes with a message into its thread, and tells what was not taken. The message itself stands, so
// nothing here is an error to the caller; trying again would post the message twice.
func (c *Client) details(ctx context.Context, to Posted, m handover.Message, key string) (missing []string) {
	lacks := func(what string, err error) {
		missing = append(missing, fmt.Sprintf("%s: %v", what, err))
		c.log.Warn("a detail of a slack message is missing", "channel", to.Channel, "key", key, "detail", what, "err", err)
	}
	for i, reply := range m.Thread {
		if _, err := c.post(ctx, to.Channel, to.TS, reply, ""); err != nil {
			lacks(fmt.Sprintf("reply %d", i+1), err)
		}
	}
	if err := c.upload(ctx, to, m.Files, lacks); err != nil {
		lacks("files", err)
	}
	return missing
}

// upload shares files in a thread.
func (c *Client) upload(ctx context.Context, to Posted, files []handover.File, lacks func(string, error)) error {
	var ready []slackgo.FileSummary
	for _, f := range files {
		if f.Content == "" {
			continue
		}
		id, err := c.send(ctx, f.Name, []byte(f.Content))
		if err != nil {
			lacks("file "+f.Name, err)
			continue
		}
		ready = append(ready, slackgo.FileSummary{ID: id, Title: f.Title})
	}
	if len(ready) == 0 {
		return nil
	}
	return c.share(ctx, slackgo.CompleteUploadExternalParameters{Files: ready, Channel: to.Channel, ThreadTimestamp: to.TS})
}

// block is a block of ours in slack-go's interface.
type block struct{ handover.Block }

func (b block) BlockType() slackgo.MessageBlockType { return slackgo.MessageBlockType(b.Type) }
func (b block) ID() string                          { return b.BlockID }

// MarshalJSON gives the block as it is.
func (b block) MarshalJSON() ([]byte, error) { return json.Marshal(b.Block) }

func blocks(list []handover.Block) []slackgo.Block {
	out := make([]slackgo.Block, len(list))
	for i, b := range list {
		out[i] = block{b}
	}
	return out
}
