package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shodo/internal/config"
	"shodo/internal/sandbox"
)

// The addresses at which the sandbox is when nobody says otherwise. The engine's own default is 8080.
const (
	sandboxPagerDuty = 8181
	sandboxSlack     = 8182
	sandboxEngine    = "http://127.0.0.1:8080/webhooks/pagerduty"
)

func newSandbox() *cobra.Command {
	var pagerduty, slack uint16
	var past int
	var slackURL string
	var limits bool
	opts := sandbox.Options{From: "shodo@example.com"}
	cmd := &cobra.Command{
		Use:   "sandbox",
		Short: "Run a local PagerDuty and Slack, to try an engine on",
		Long: `sandbox runs a local PagerDuty (REST API, Events API v2, signed V3 webhooks, escalations, paging) and a local
Slack (messages, threads, files, buttons, checkboxes, slash commands, Socket Mode) on the loopback interface, each
with a page: on the one people press PagerDuty's buttons, on the other they read Slack's channels, press the buttons of
messages and type slash commands, as whoever they choose to be. It prints the settings with which "shodo serve" works
on it, and runs until Ctrl-C. Nothing leaves this machine, and nothing is kept.

Aiko Tanaka, Ben Carter and Chie Mori are there in both (in Slack U0AIKO00001, U0BEN000001 and U0CHIE00001; the first
two are the group S0ONCALL001). PagerDuty has the service "Web shop" (PWEB001), Slack the channels #incidents and
#managers. "shodo sandbox send" makes an incident.

What people press in Slack goes over Socket Mode as long as the engine has a connection open (slack.app_token), and
otherwise to --slack-url, signed with --signing-secret.`,
		Example: "  shodo sandbox\n  shodo sandbox --webhook-url http://127.0.0.1:9000/webhooks/pagerduty\n  shodo sandbox send deploy/example/incident.json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.PagerDutyAddr = ":" + strconv.Itoa(int(pagerduty))
			opts.SlackAddr = ":" + strconv.Itoa(int(slack))
			opts.Log = newLog(config.Log{Format: "text"}, cmd.ErrOrStderr())
			if limits {
				opts.PostInterval, opts.TierLimits = time.Second, true
			}
			if !cmd.Flags().Changed("slack-url") && opts.WebhookURL != "" {
				slackURL = "http://" + engineAddress(opts.WebhookURL) + "/webhooks/slack"
			}
			if base := strings.TrimSuffix(slackURL, "/"); base != "" {
				opts.InteractionsURL, opts.CommandsURL = base+"/interactions", base+"/commands"
			}
			server, err := sandbox.New(opts)
			if err != nil {
				return fmt.Errorf("%w (choose other ports with --pagerduty-port and --slack-port)", err)
			}
			if past > 0 {
				now := time.Now()
				if _, err := server.PagerDuty.AddHistory(sandbox.History{Since: now.AddDate(-1, 0, 0), Until: now.AddDate(0, 0, -1), Count: past}); err != nil {
					return err
				}
			}
			describeSandbox(cmd.OutOrStdout(), server, opts)
			return server.Run(cmd.Context())
		},
	}
	flags := cmd.Flags()
	flags.Uint16Var(&pagerduty, "pagerduty-port", sandboxPagerDuty, "`port` of PagerDuty and its page; 0 takes a free one")
	flags.Uint16Var(&slack, "slack-port", sandboxSlack, "`port` of Slack and its page; 0 takes a free one")
	flags.StringVar(&opts.WebhookURL, "webhook-url", sandboxEngine, "where PagerDuty's webhooks go: the engine's `URL`; empty sends none")
	flags.StringSliceVar(&opts.WebhookSecrets, "webhook-secret", []string{"sandbox-webhook-secret"}, "what webhooks are signed with; several are several signatures")
	flags.StringVar(&slackURL, "slack-url", "", "where Slack sends presses (URL/interactions) and commands (URL/commands); by itself /webhooks/slack at the host of --webhook-url")
	flags.StringVar(&opts.SigningSecret, "signing-secret", "sandbox-signing-secret", "what Slack signs them with")
	flags.StringVar(&opts.AppToken, "app-token", "xapp-sandbox", "the app-level token that Slack takes for Socket Mode; empty: any")
	flags.BoolVar(&limits, "slack-limits", false, "let Slack refuse what is too much, as the real one does: one message a second and channel, and each method by its tier")
	flags.StringVar(&opts.Token, "token", "sandbox-token", "the REST API token that PagerDuty takes; empty: any")
	flags.StringVar(&opts.BotToken, "bot-token", "xoxb-sandbox", "the bot token that Slack takes; empty: any")
	flags.StringVar(&opts.From, "from", opts.From, "e-mail address of the engine's user in PagerDuty")
	flags.IntVar(&past, "past", 0, "also so many resolved incidents of the last year, for \"shodo import pagerduty\"")
	cmd.AddCommand(newSandboxSend())
	return cmd
}

// describeSandbox prints where everything is, and how an engine is pointed at it.
func describeSandbox(w io.Writer, s *sandbox.Server, o sandbox.Options) {
	fmt.Fprintf(w, `PagerDuty   %[1]s   (open it in a browser: incidents, and who is paged)
Slack       %[9]s   (open it in a browser: channels, buttons, slash commands)
webhooks    %[3]s
presses     %[10]s

An engine works on it with these settings, in shodo.yaml:

  listen: %[8]s
  catalog: {dir: catalog}
  pagerduty:
    api_url: %[1]s
    token: {env: SANDBOX_TOKEN}
    from: %[4]s
    webhook_secrets: [{env: SANDBOX_WEBHOOK_SECRET}]
  slack:
    api_url: %[2]s
    bot_token: {env: SANDBOX_BOT_TOKEN}
    signing_secret: {env: SANDBOX_SIGNING_SECRET}   # or app_token: {env: SANDBOX_APP_TOKEN}, for Socket Mode
    channel: "#incidents"
    operators: [U0AIKO00001]                        # Aiko Tanaka may press every button, Ben Carter when he is on call

and then:

  export SANDBOX_TOKEN=%[5]s SANDBOX_WEBHOOK_SECRET=%[6]s SANDBOX_BOT_TOKEN=%[7]s
  export SANDBOX_SIGNING_SECRET=%[11]s SANDBOX_APP_TOKEN=%[12]s
  shodo serve -c shodo.yaml

A customer's file in the catalog takes the incidents when it names the service: pagerduty: {services: [PWEB001]}.
Make one:

  shodo sandbox send deploy/example/incident.json --url %[1]s

Ctrl-C ends the sandbox.
`, s.PagerDutyURL(), s.SlackURL(), orNone(o.WebhookURL), o.From, orAny(o.Token), first(o.WebhookSecrets), orAny(o.BotToken), engineAddress(o.WebhookURL),
		s.SlackPageURL(), orNone(o.InteractionsURL), orAny(o.SigningSecret), firstOf(o.AppToken, "xapp-anything"))
}

// engineAddress is where an engine has to listen so that webhooks reach it.
func engineAddress(webhooks string) string {
	if u, err := url.Parse(webhooks); err == nil && u.Port() != "" {
		return u.Host
	}
	return "127.0.0.1:8080"
}

func orNone(s string) string { return firstOf(s, "none are sent") }
func orAny(s string) string  { return firstOf(s, "anything") }

func first(list []string) string { return firstOf(append(list, "anything")...) }

func newSandboxSend() *cobra.Command {
	var address string
	cmd := &cobra.Command{
		Use:   "send FILE",
		Short: "Make an incident in a running sandbox",
		Long: `send makes an incident in the PagerDuty of a running "shodo sandbox" or "shodo demo" from a JSON file ("-": standard
input), and prints its id and the address of its page. The file has one of three forms.

The sandbox's own; only service and title are needed:

  {
    "service":  "Web shop",                  id or name of the service
    "title":    "Checkout does not answer",
    "severity": "critical",                  critical, error, warning or info
    "source": "web-1", "component": "nginx", "group": "shop", "class": "http",
    "dedup_key": "checkout",                 the same key joins an open incident
    "details":  {"url": "https://..."},      anything, as the monitor would send it
    "links":    [{"href": "https://...", "text": "graph"}],
    "client": "Prometheus", "client_url": "https://...",
    "urgency": "high", "priority": "P1"
  }

Or the body of an Events API v2 request, as monitors send it: {"event_action": "trigger", "payload": {...}}. Without
a routing_key it goes to the service that an additional "service" names, or to the only one. With "resolve" and the
dedup_key it says that all is well again. Or an incident as "shodo incident export" prints it: its first alert is sent,
to the service with the same id.`,
		Example: "  shodo sandbox send deploy/example/incident.json\n  shodo sandbox send --url http://127.0.0.1:40123 - <incident.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			data, err := readFileOrStdin(cmd.InOrStdin(), args[0])
			if err != nil {
				return err
			}
			sent, err := sandbox.SendTo(cmd.Context(), address, data)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n", sent.Incident, sent.URL)
			return nil
		},
	}
	cmd.Flags().StringVar(&address, "url", fmt.Sprintf("http://127.0.0.1:%d", sandboxPagerDuty), "address of the sandbox's PagerDuty")
	return cmd
}

func readFileOrStdin(stdin io.Reader, path string) ([]byte, error) {
	if path == "-" {
		data, err := io.ReadAll(stdin)
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		return data, nil
	}
	return os.ReadFile(path)
}
