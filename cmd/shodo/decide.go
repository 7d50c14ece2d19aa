package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"shodo/internal/incident"
	"shodo/internal/terminal"
	"shodo/internal/web"
)

// decision is a choice as it goes to the engine.
type decision struct {
	Kind    incident.ChoiceKind `json:"kind"`
	Run     int                 `json:"run,omitempty"`
	Number  int                 `json:"number,omitempty"`
	Attempt int                 `json:"attempt,omitempty"`
	Item    int                 `json:"item,omitempty"`
	On      *bool               `json:"on,omitempty"`
	Note    string              `json:"note,omitempty"`
}

// decisionCommands are the buttons of Slack as commands: for whoever has no Slack, and for when Slack is away.
func decisionCommands() []*cobra.Command {
	plain := func(use, short, long string, kind incident.ChoiceKind, said string) *cobra.Command {
		d := &decision{Kind: kind}
		return d.command(use, short, long, said, cobra.ExactArgs(1), nil)
	}
	return []*cobra.Command{
		plain("take ID", "Take an incident over",
			`take makes the incident yours: the engine stops what it does and changes nothing more, and no tier is told any more. In PagerDuty
it is acknowledged.`, incident.TakeOver, "taken over"),
		newAnswer("approve ID", "Approve the attempt that the engine asks for",
			`approve answers the question that waits: the attempt is made, exactly as it was shown. "shodo incident show ID" shows it.`, incident.Grant, "approved"),
		newAnswer("not-now ID", "Refuse the attempt that the engine asks for",
			`not-now answers the question that waits: the attempt is not made, and what follows is what the scenario says.`, incident.NotNow, "refused"),
		newRunAttempt(),
		plain("next-tier ID", "Have the next tier told now",
			`next-tier tells the customer's next tier at once, instead of when its time has come.`, incident.NextTier, "the next tier is told"),
		plain("done ID", "Say that the first response is finished",
			`done ends the first response: the clock of its time stops. The incident itself stays as it is in PagerDuty.`, incident.Done, "finished"),
		plain("noise ID", "Say that nobody was needed, and resolve the incident",
			`noise ends the first response and resolves the incident in PagerDuty: nobody was needed. Reports count it.`, incident.Noise, "noise: finished, and resolved in PagerDuty"),
		newTick(),
	}
}

// newAnswer answers a question of the engine.
func newAnswer(use, short, long string, kind incident.ChoiceKind, said string) *cobra.Command {
	d := &decision{Kind: kind}
	cmd := d.command(use, short, long, said, cobra.ExactArgs(1), nil)
	cmd.Flags().IntVar(&d.Number, "question", 0, "`number` of the question; without it, the one that waits")
	return cmd
}

func newRunAttempt() *cobra.Command {
	d := &decision{Kind: incident.RunAttempt}
	return d.command("run ID ATTEMPT", "Have one attempt of the scenario made, and verified",
		`run has the engine make one attempt of the scenario: 1 is the first. Budgets, windows and pauses hold for it as always, and
nothing is changed that the scenario does not change. How it ended is told in the thread, and "shodo incident show ID" tells it.
Where the customer demands two people, somebody else has to approve it first.`,
		"asked for", cobra.ExactArgs(2), func(args []string) (err error) {
			d.Attempt, err = ordinal("attempt", args[1])
			return err
		})
}

func newTick() *cobra.Command {
	d := &decision{Kind: incident.Tick}
	var off bool
	cmd := d.command("tick ID POINT", "Tick a point of the checklist",
		`tick notes that a point of the hand-over's checklist is done: 1 is the first. With --off it is not done after all.`,
		"noted", cobra.ExactArgs(2), func(args []string) (err error) {
			on := !off
			d.On = &on
			d.Item, err = ordinal("point", args[1])
			return err
		})
	cmd.Flags().BoolVar(&off, "off", false, "it is not done after all")
	return cmd
}

// ordinal reads a number that counts from 1.
func ordinal(what, text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%s: %q is no number; they count from 1", what, text)
	}
	return n, nil
}

// command sends the decision about the incident that the first argument names.
func (d *decision) command(use, short, long, said string, args cobra.PositionalArgs, read func([]string) error) *cobra.Command {
	var engine engineFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use: use, Short: short, Args: args,
		Long: long + "\n\nIt talks to the running engine; where that is: \"shodo maintenance --help\" tells. Who does it stands in the record.",
		RunE: func(cmd *cobra.Command, args []string) error {
			if read != nil {
				if err := read(args); err != nil {
					return err
				}
			}
			var answer web.ChoiceAnswer
			path := "/api/v1/incidents/" + url.PathEscape(args[0]) + "/choices"
			if err := engine.ask(cmd.Context(), http.MethodPost, path, d, &answer); err != nil {
				return fmt.Errorf("incident %q: %w", args[0], err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), answer)
			}
			text := said
			switch {
			case answer.Again:
				text += ": it was so already"
			case answer.Waits:
				text += ": somebody else has to approve it within ten minutes (shodo incident approve " + string(answer.Incident) + ")"
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, by %s\n", answer.Incident, text, terminal.OneLine(answer.By.Name))
			return nil
		},
	}
	flags := cmd.Flags()
	engine.register(flags)
	flags.IntVar(&d.Run, "run", 0, "only if this is still the incident's present run, by its `number`")
	flags.StringVar(&d.Note, "note", "", "a `line` in your own words, for the record")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
