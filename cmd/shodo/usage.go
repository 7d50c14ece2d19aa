package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// answerWrongCalls lets every command below cmd say how it is called when it is called wrongly. A command that only holds
// others refuses what is none of them: else "shodo report wekly" in a crontab would print the help, and pass for done.
func answerWrongCalls(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		answerWrongCalls(c)
	}
	if cmd.HasParent() && cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.DisableFlagsInUseLine, cmd.Args = true, cobra.ArbitraryArgs
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		}
		return
	}
	if right := cmd.Args; right != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			switch {
			case right(cmd, args) == nil:
				return nil
			case cmd.HasSubCommands() && len(args) > 0:
				return unknownCommand(cmd, args[0])
			default:
				return fmt.Errorf("%s is called as %q (%q tells more)", cmd.CommandPath(), cmd.UseLine(), cmd.CommandPath()+" --help")
			}
		}
	}
}

// unknownCommand is the answer to a word that is no command of a folder of commands.
func unknownCommand(cmd *cobra.Command, word string) error {
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		return fmt.Errorf("unknown command %q for %q (did you mean %q?)", word, cmd.CommandPath(), near[0])
	}
	var known []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			known = append(known, c.Name())
		}
	}
	return fmt.Errorf("unknown command %q for %q (it has %s)", word, cmd.CommandPath(), strings.Join(known, ", "))
}

// wrongFlag is the answer to a flag that is not there, or has a wrong value.
func wrongFlag(cmd *cobra.Command, err error) error {
	return fmt.Errorf("%w (%q lists the flags)", err, cmd.CommandPath()+" --help")
}

// addGroup adds commands to the root, which lists them under a title.
func addGroup(root *cobra.Command, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, c := range commands {
		c.GroupID = title
		root.AddCommand(c)
	}
}
