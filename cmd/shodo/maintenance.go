package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/terminal"
	"shodo/internal/web"
)

func newMaintenance() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "maintenance",
		Short: "Add, list and end one-off windows while the engine runs",
		Long: `maintenance adds one-off windows to those of the customers' files, lists them and ends them. While one is open the
engine tells nobody and changes nothing, or whatever the window says; every incident is recorded.

It talks to the running engine. Where that is: the settings of the engine (-c FILE or SHODO_CONFIG; SHODO_LISTEN,
SHODO_DATA_DIR), with the token that it keeps in data_dir/api.token, which its own user and root can read. Or, from
elsewhere: --url and --token-file, with a token of the setting api.tokens.`,
	}
	cmd.AddCommand(newMaintenanceAdd(), newMaintenanceList(), newMaintenanceEnd())
	return cmd
}

func newMaintenanceAdd() *cobra.Command {
	var engine engineFlags
	var asked struct {
		Customer string `json:"customer"`
		From     string `json:"from,omitempty"`
		To       string `json:"to,omitempty"`
		For      string `json:"for,omitempty"`
		Match    string `json:"match,omitempty"`
		Contact  string `json:"contact,omitempty"`
		Page     string `json:"page,omitempty"`
		Recover  string `json:"recover,omitempty"`
		Reason   string `json:"reason"`
	}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "add CUSTOMER",
		Short: "Add a window",
		Long: `add adds a window of maintenance for a customer. Times are instants (2026-12-01T01:00:00+09:00), or what the
customer's clocks show (2026-12-01T01:00). What is longer than 31 days belongs into the customer's file.

Without more, the customer is not told, nobody is woken and nothing is changed while it is open. "defer" keeps what is
to be told until the end of the window.`,
		Example: `  shodo maintenance add acme --for 2h --reason "release 42"
  shodo maintenance add acme --from 2026-12-01T01:00 --to 2026-12-01T04:00 --page defer \
    --match 'incident.service.id == "PX5678"' --reason "release 42"`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case asked.To == "" && asked.For == "":
				return fmt.Errorf("add maintenance for %q: until when? (such as --for 2h, or --to 2026-12-01T04:00)", args[0])
			case asked.Reason == "":
				return fmt.Errorf("add maintenance for %q: why? (--reason \"release 42\": it stands in the record of each incident)", args[0])
			}
			asked.Customer = args[0]
			var added web.Window
			if err := engine.ask(cmd.Context(), http.MethodPost, "/api/v1/maintenance", asked, &added); err != nil {
				return fmt.Errorf("add maintenance for %q: %w", args[0], err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), added)
			}
			printWindow(cmd.OutOrStdout(), added)
			fmt.Fprintf(cmd.OutOrStdout(), "\nTo end it before: shodo maintenance end %s\n", added.ID)
			return nil
		},
	}
	flags := cmd.Flags()
	engine.register(flags)
	flags.StringVar(&asked.From, "from", "", "`time` at which it begins (default: now)")
	flags.StringVar(&asked.To, "to", "", "`time` at which it ends")
	flags.StringVar(&asked.For, "for", "", "how long it lasts, instead of --to: 90m, 2h, 3d")
	flags.StringVar(&asked.Match, "match", "", "only for incidents for which this `condition` over incident, alert and customer holds")
	flags.StringVar(&asked.Contact, "contact", "", "tell the customer? allow, defer or suppress (default suppress)")
	flags.StringVar(&asked.Page, "page", "", "wake a tier? allow, defer or suppress (default suppress)")
	flags.StringVar(&asked.Recover, "recover", "", "may actions change things? allow or forbid (default forbid)")
	flags.StringVar(&asked.Reason, "reason", "", "why, in one `line`: it stands in the record of each incident")
	flags.BoolVar(&asJSON, "json", false, "print JSON")
	cmd.MarkFlagsMutuallyExclusive("to", "for")
	return cmd
}

func newMaintenanceList() *cobra.Command {
	var engine engineFlags
	var since string
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "list [CUSTOMER]",
		Short:   "List the windows that are running or planned",
		Example: "  shodo maintenance list\n  shodo maintenance list acme --since 30d",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			query := url.Values{}
			if len(args) == 1 {
				query.Set("customer", args[0])
			}
			at, err := parseSince(since, time.Now())
			if err != nil {
				return err
			}
			if !at.IsZero() {
				query.Set("since", at.Format(time.RFC3339))
			}
			var list web.WindowList
			if err := engine.ask(cmd.Context(), http.MethodGet, "/api/v1/maintenance?"+query.Encode(), nil, &list); err != nil {
				return fmt.Errorf("list maintenance: %w", err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), list.Maintenance)
			}
			printWindows(cmd.OutOrStdout(), list.Maintenance)
			return nil
		},
	}
	engine.register(cmd.Flags())
	cmd.Flags().StringVar(&since, "since", "", "those, too, that are over since: an age (24h, 30d), a day (2026-11-20) or an instant (RFC 3339)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func newMaintenanceEnd() *cobra.Command {
	var engine engineFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "end ID",
		Short: "End a window now, before its time",
		Long: `end ends a window now, also one that has not begun. What waits for its end is decided again at once. Windows of the
customers' files are ended by changing the file.`,
		Example: "  shodo maintenance end MQ3K7ZXW2AABC",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var ended web.Window
			if err := engine.ask(cmd.Context(), http.MethodDelete, "/api/v1/maintenance/"+url.PathEscape(args[0]), nil, &ended); err != nil {
				return fmt.Errorf("end maintenance %q: %w", args[0], err)
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), ended)
			}
			printWindow(cmd.OutOrStdout(), ended)
			return nil
		},
	}
	engine.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// printWindow tells everything about one window, by the customer's clocks.
func printWindow(w io.Writer, m web.Window) {
	lines := [][2]string{
		{"maintenance", m.ID},
		{"customer", string(m.Customer)},
		{"state", m.State},
		{"from", onClock(m.From, m.TimeZone)},
		{"to", onClock(m.To, m.TimeZone)},
		{"match", cmp.Or(m.Match, "every incident")},
		{"contact", string(m.Contact)},
		{"page", string(m.Page)},
		{"recover", string(m.Recover)},
		{"reason", m.Reason},
		{"added", onClock(m.AddedAt, m.TimeZone) + " by " + m.AddedBy},
	}
	if !m.EndedAt.IsZero() {
		lines = append(lines, [2]string{"ended", onClock(m.EndedAt, m.TimeZone) + " by " + m.EndedBy})
	}
	for _, l := range lines {
		fmt.Fprintf(w, "%-12s %s\n", l[0], terminal.OneLine(l[1]))
	}
}

// printWindows prints a table. Its columns are as wide as what is in them.
func printWindows(w io.Writer, list []web.Window) {
	if len(list) == 0 {
		fmt.Fprintln(w, "no maintenance")
		return
	}
	rows := [][]string{{"ID", "CUSTOMER", "STATE", "FROM", "TO", "CONTACT", "PAGE", "RECOVER", "ADDED BY", "REASON"}}
	for _, m := range list {
		state := m.State
		if m.EndedBy != "" {
			state = "ended by " + m.EndedBy
		}
		rows = append(rows, []string{m.ID, string(m.Customer), terminal.OneLine(state), onClock(m.From, m.TimeZone), onClock(m.To, m.TimeZone),
			string(m.Contact), string(m.Page), string(m.Recover), terminal.OneLine(m.AddedBy), terminal.Cut(terminal.OneLine(m.Reason), 60)})
	}
	printRows(w, rows)
}

// onClock shows a time by the clocks of a zone.
func onClock(t time.Time, zone string) string {
	if loc, err := time.LoadLocation(zone); err == nil {
		t = t.In(loc)
	}
	return t.Format("2006-01-02 15:04 MST")
}
