package config

import (
	"fmt"
	"net/mail"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"shodo/internal/yamldoc"
)

// Report is one report that is made and sent by itself.
type Report struct {
	Name         string        `yaml:"name" required:"true" doc:"Its name: lower-case letters, digits and -. Its deliveries are remembered under it."`
	Kind         string        `yaml:"kind" required:"true" doc:"weekly: of the last whole week, Monday to Sunday; monthly: of the last whole month."`
	Cron         string        `yaml:"cron" required:"true" doc:"When it is sent, as five fields of cron, such as \"0 9 * * MON\"."`
	TimeZone     string        `yaml:"time_zone" doc:"The zone of cron and of the report, such as Asia/Tokyo. The default is UTC."`
	SkipHolidays string        `yaml:"skip_holidays" doc:"japan: on a national holiday or a weekend it waits until the next working day, same time."`
	Customer     string        `yaml:"customer" doc:"The customer's own edition, which shows nobody else. With department left out, too, it is of the whole operation."`
	Department   string        `yaml:"department" doc:"The edition of one department."`
	Language     string        `yaml:"language" doc:"ja or en. The default is the customer's, or else en."`
	To           []Destination `yaml:"to" required:"true" doc:"Where it is sent, such as [{slack: \"#ops\"}, {mail: ops@example.com}, {folder: reports}]."`
}

// Destination is one place where a report is sent. Exactly one of the fields is given.
type Destination struct {
	Slack  string `yaml:"slack" doc:"A channel: \"#name\" or its id. It gets a summary, the charts as images, and the report as a file."`
	Mail   string `yaml:"mail" doc:"An address. It gets the summary with the report attached."`
	Folder string `yaml:"folder" doc:"A folder: the report is written there in every format."`
}

// String names the destination as it is remembered.
func (d Destination) String() string {
	switch {
	case d.Slack != "":
		return "slack " + d.Slack
	case d.Mail != "":
		return "mail " + d.Mail
	}
	return "folder " + d.Folder
}

// Zone is the zone of the report. It is valid once Load has checked it.
func (r Report) Zone() *time.Location {
	zone, err := time.LoadLocation(r.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Report gives the report of that name.
func (c *Config) Report(name string) (Report, bool) {
	for _, r := range c.Reports {
		if r.Name == name {
			return r, true
		}
	}
	return Report{}, false
}

var (
	reportName  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,60}$`)
	reportSlack = regexp.MustCompile(`^(#[^\s#,@A-Z]{1,80}|[CG][A-Z0-9]{6,20})$`)
)

// checkReports tells what is wrong with each report, and makes the paths of folders absolute to the file's.
func (l *loader) checkReports(c *Config) {
	seen := map[string]bool{}
	for i := range c.Reports {
		r := &c.Reports[i]
		wrong := func(message, hint string) {
			l.report("reports", fmt.Sprintf("report %q: %s", r.Name, message), hint)
		}
		switch {
		case !reportName.MatchString(r.Name):
			wrong("this is not a name", "lower-case letters, digits and -, such as weekly-operation")
		case seen[r.Name]:
			wrong("the name is given twice", "give each report its own")
		}
		seen[r.Name] = true
		if kinds := []string{"weekly", "monthly"}; !slices.Contains(kinds, r.Kind) {
			wrong(fmt.Sprintf("kind: found %q, expected weekly or monthly", r.Kind), yamldoc.Suggest(r.Kind, kinds))
		}
		if _, err := cron.ParseStandard(r.Cron); err != nil || len(r.Cron) > 0 && (r.Cron[0] == '@' || len(r.Cron) > 2 && r.Cron[:2] == "TZ") {
			wrong(fmt.Sprintf("cron: %q is not five fields of cron", r.Cron), `such as "0 9 * * MON"; the zone stands in time_zone`)
		}
		if _, err := time.LoadLocation(r.TimeZone); err != nil {
			wrong(fmt.Sprintf("time_zone: %q is not a time zone", r.TimeZone), "such as Asia/Tokyo")
		}
		if r.SkipHolidays != "" && r.SkipHolidays != "japan" {
			wrong(fmt.Sprintf("skip_holidays: found %q, expected japan", r.SkipHolidays), "")
		}
		if r.Language != "" && r.Language != "ja" && r.Language != "en" {
			wrong(fmt.Sprintf("language: found %q, expected ja or en", r.Language), "")
		}
		if r.Customer != "" && r.Department != "" {
			wrong("it has both customer and department", "make two reports")
		}
		l.checkDestinations(c, r, wrong)
		for _, other := range c.Reports[:i] {
			if folder := sameFiles(r, &other); folder != "" {
				wrong(fmt.Sprintf("it writes the same files into the folder %s as the report %q", folder, other.Name), "give one of them another folder")
			}
		}
	}
}

// sameFiles gives the folder in which one report would write over the other: files are named by what a report is of.
func sameFiles(a, b *Report) string {
	if a.Kind != b.Kind || a.Customer != b.Customer || a.Department != b.Department {
		return ""
	}
	for _, d := range a.To {
		if d.Folder != "" && slices.Contains(b.To, d) {
			return d.Folder
		}
	}
	return ""
}

func (l *loader) checkDestinations(c *Config, r *Report, wrong func(message, hint string)) {
	if len(r.To) == 0 {
		wrong("it is sent nowhere: to is empty", `such as to: [{folder: reports}]`)
	}
	for i := range r.To {
		d := &r.To[i]
		given := 0
		for _, text := range []string{d.Slack, d.Mail, d.Folder} {
			if text != "" {
				given++
			}
		}
		switch {
		case given != 1:
			wrong("a destination is exactly one of slack, mail and folder", "write one entry for each")
		case d.Slack != "" && !reportSlack.MatchString(d.Slack):
			wrong(fmt.Sprintf("%q is not a Slack channel", d.Slack), `write "#name" with the quotes, or the channel's id`)
		case d.Slack != "" && c.Slack.BotToken.IsZero() && !l.broken["slack.bot_token"]:
			wrong("it is sent to Slack, and slack.bot_token is not set", "set slack.bot_token")
		case d.Mail != "" && c.Mail.Address == "" && !l.broken["mail.address"]:
			wrong("it is sent by mail, and mail.address is not set", "set mail.address")
		case d.Mail != "" && !isAddress(d.Mail):
			wrong(fmt.Sprintf("%q is not an e-mail address", d.Mail), "the address alone, such as ops@example.com")
		case d.Folder != "" && !filepath.IsAbs(d.Folder) && l.from.File != "":
			d.Folder = filepath.Join(filepath.Dir(l.from.File), d.Folder)
		}
		if slices.Contains(r.To[:i], *d) {
			wrong(fmt.Sprintf("%s is given twice", *d), "keep one of them")
		}
	}
}

// isAddress says whether the text is an address alone, without a name.
func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

// reportsReference is the part of the reference page about the settings of a report.
func reportsReference() string {
	var b strings.Builder
	b.WriteString(`
## Reports

Each entry of ` + "`reports`" + ` is one report; [report.md](report.md) tells what stands in it, and how it is sent.

` + "```yaml" + `
reports:
  - name: weekly-operation
    kind: weekly
    cron: "0 9 * * MON"
    time_zone: Asia/Tokyo
    skip_holidays: japan
    language: ja
    to: [{slack: "#ops"}, {mail: ops@example.com}, {folder: reports}]
` + "```" + `

| key | what it is |
|---|---|
`)
	for _, t := range []reflect.Type{reflect.TypeFor[Report](), reflect.TypeFor[Destination]()} {
		prefix := ""
		if t == reflect.TypeFor[Destination]() {
			prefix = "to[]."
		}
		for f := range t.Fields() {
			fmt.Fprintf(&b, "| `%s%s` | %s |\n", prefix, f.Tag.Get("yaml"), f.Tag.Get("doc"))
		}
	}
	return b.String()
}
