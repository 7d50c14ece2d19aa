package handover

import (
	"fmt"
	"strings"

	"shodo/internal/customer"
	"shodo/internal/incident"
)

// InTheirWords gives the message in the customer's own wording. Standard is ours, which the letter may hold.
func InTheirWords(l customer.Letter, rec incident.Record, opts Options, standard ContactMessage) (ContactMessage, error) {
	p := Build(rec, opts)
	said := p.saidToContact()
	at := p.OutcomeAt
	if !p.EndedAt.IsZero() {
		at = p.EndedAt
	}
	subject, text, err := l.Write(customer.LetterFacts{
		Customer: p.Customer, Service: p.Incident.Service, Title: p.Incident.Title, Number: p.Incident.Number, Severity: p.Incident.Severity,
		Since: p.clock(p.Incident.Since), At: p.clock(at), Badge: said.badge, Lead: joined("\n", said.what, said.means),
		Note: p.CloseNote, Standard: standard.Text, Recovered: p.Outcome == incident.Recovered,
	})
	if err != nil {
		return ContactMessage{}, fmt.Errorf("write the customer's own letter: %w", err)
	}
	m := ContactMessage{Subject: oneLine(subject, MaxSubject), Text: cut(text, MaxContactText)}
	m.slack = Message{Text: cutEscaped(m.Subject, MaxFallback), Blocks: []Block{header(m.Subject)}}
	for part := range chunks(strings.TrimSpace(m.Text), MaxSection/2, 4) {
		m.slack.Blocks = append(m.slack.Blocks, sectionBlock(cutEscaped(part, MaxSection)))
	}
	if len([]rune(m.Text)) > MaxSection/2*4 {
		m.slack.Files = []File{{Name: "message.txt", Title: m.Subject, Content: m.Text}}
	}
	return m, nil
}

// chunks cuts a text into pieces of at most size characters, at the ends of lines where that is possible; it gives so many.
func chunks(text string, size, most int) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		rest := []rune(text)
		for n := 0; n < most && len(rest) > 0; n++ {
			end := min(size, len(rest))
			if end < len(rest) {
				for i := end; i > size/2; i-- {
					if rest[i-1] == '\n' {
						end = i
						break
					}
				}
			}
			if !yield(strings.TrimRight(string(rest[:end]), "\n")) {
				return
			}
			rest = rest[end:]
		}
	}
}

// saidToContact says how it stands in words for the customer.
func (p Packet) saidToContact() saying {
	if !p.Outcome.IsAutomatic() && !p.EndedAt.IsZero() {
		return handled(p.Language)
	}
	return p.words.contact.said(p.Outcome)
}
