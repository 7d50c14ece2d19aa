// Package report writes the ops-analysis report of a week, a month or any period: for the whole operation, for a
// department, or for a customer. It is made so that somebody who has five minutes knows from the first screen whether the
// period was better than the one before, why, and what to do.
//
// How it works: Build asks package analytics a handful of questions and keeps the answers, with what the catalog says, in
// a [Report], which has no words. Each rendering puts it into the words of its language: Markdown and HTML (one file, no
// script, charts as SVG, for screens by day and night and for A4) by way of one document, JSON and CSV for other programs,
// and Summary for Slack.
//
// What it promises:
//
//   - The same input gives the same bytes. When it was written, and by whom, is not in it; how far the record had come
//     is, while the period is not over.
//   - A customer's own edition holds nothing of anybody else: neither names nor ids nor figures.
//   - Every figure is one of analytics.Definitions, whose version the report names, and each that counts incidents can be
//     listed with "shodo stats --ids".
//   - What came from outside (titles of alerts, names) is never taken for markup or for a formula.
//
// What it never does: I/O, reading the clock, sending anything.
//
// # Adding a language
//
// Write words_xx.go like words_en.go, add it to wordsFor and to the golden tests. A test tells which text is missing.
package report

// The languages. Any other is English.
const (
	Japanese = "ja"
	English  = "en"
)
