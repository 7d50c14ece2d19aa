package report

import "strings"

// Letter puts the first screen into a mail: the subject, and plain text. The report itself goes along as a file.
func (r *Report) Letter() (subject, text string) {
	d := r.document()
	var b strings.Builder
	b.WriteString(d.title + " · " + d.who + "\n" + d.when + "\n\n")
	for _, n := range d.notices {
		b.WriteString(n + "\n\n")
	}
	for _, f := range d.findings {
		b.WriteString(f.label + "\n  " + f.whole() + "\n\n")
	}
	for _, row := range d.headline.rows {
		b.WriteString(row[0].text + ": " + row[1].text)
		if len(row) > 3 && row[3].text != "" {
			b.WriteString(" (" + row[3].text + ")")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n" + strings.Join(d.footer, "\n") + "\n")
	return d.title + " · " + d.who, b.String()
}
