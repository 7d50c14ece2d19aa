package report

import (
	"fmt"
	"strings"
)

// Markdown renders the report as GitHub's Markdown. Titles of alerts and names are shown as they are, never as markup.
func (r *Report) Markdown() []byte {
	d := r.document()
	var b strings.Builder
	fmt.Fprintf(&b, "# %s · %s\n\n%s\n", escaped(d.title), escaped(d.who), escaped(d.when))
	for _, n := range d.notices {
		fmt.Fprintf(&b, "\n> %s\n", escaped(n))
	}
	b.WriteString("\n")
	for _, f := range d.findings {
		fmt.Fprintf(&b, "- **%s** %s\n", escaped(f.label), escaped(f.whole()))
	}
	b.WriteString("\n")
	d.headline.markdown(&b)
	for _, s := range d.sections {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", escaped(s.title), escaped(s.lead))
		for _, p := range s.parts {
			p.markdown(&b)
		}
	}
	b.WriteString("\n---\n\n")
	for _, line := range d.footer {
		fmt.Fprintf(&b, "%s  \n", escaped(line))
	}
	return []byte(b.String())
}

func (p part) markdown(b *strings.Builder) {
	if p.text != "" {
		b.WriteString("\n")
		for line := range strings.SplitSeq(p.text, "\n") {
			fmt.Fprintf(b, "- %s\n", escaped(line))
		}
	}
	if p.table != nil && len(p.table.rows) > 0 {
		b.WriteString("\n")
		p.table.markdown(b)
	}
	for _, d := range p.drafts {
		fmt.Fprintf(b, "\n### %s\n\n%s\n%s\n", escaped(d.title), escaped(d.facts), escaped(d.file))
		if d.yaml != "" {
			fence := fenceFor(d.yaml)
			fmt.Fprintf(b, "\n%syaml\n%s\n%s\n", fence, strings.TrimRight(d.yaml, "\n"), fence)
		}
	}
}

func (t *table) markdown(b *strings.Builder) {
	b.WriteString("|")
	for _, h := range t.head {
		b.WriteString(" " + escaped(h) + " |")
	}
	b.WriteString("\n|")
	for i := range t.head {
		if i < t.left {
			b.WriteString("---|")
		} else {
			b.WriteString("---:|")
		}
	}
	b.WriteString("\n")
	for _, row := range t.rows {
		b.WriteString("|")
		for _, c := range row {
			b.WriteString(" " + escaped(c.text) + " |")
		}
		b.WriteString("\n")
	}
	if t.more != "" {
		b.WriteString("\n" + escaped(t.more) + "\n")
	}
}

// markup is what means something in Markdown, also within a line.
var markup = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "|", `\|`, "~", `\~`,
	"#", `\#`, "&", "&amp;", "$", `\$`, "@", "@\u2060", "://", ":\u2060//")

// escaped shows a text as it is: nothing of it is markup, a mention or a link.
func escaped(s string) string { return markup.Replace(s) }

// fenceFor is longer than any row of backticks in the text.
func fenceFor(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence
}
