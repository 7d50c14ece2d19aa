package scenario_test

import (
	"strings"
	"testing"

	"shodo/internal/scenario"
)

func BenchmarkParse(b *testing.B) {
	source, known := readGood(b), testActions()
	b.ReportAllocs()
	for b.Loop() {
		if _, problems := scenario.Parse("http-down", "http-down.yaml", source, known); problems.Err() != nil {
			b.Fatal(problems)
		}
	}
}

func BenchmarkMatches(b *testing.B) {
	s, f := parse(b, string(readGood(b))), facts()
	b.ReportAllocs()
	for b.Loop() {
		if matched, why, err := s.Matches(f); !matched || err != nil {
			b.Fatal(why, err)
		}
	}
}

func BenchmarkMatchesOtherService(b *testing.B) {
	s, f := parse(b, string(readGood(b))), facts()
	f.Incident.Service.ID, f.Incident.Service.Name = "PX9", "other-db-1"
	b.ReportAllocs()
	for b.Loop() {
		if matched, why, err := s.Matches(f); matched || err != nil {
			b.Fatal(why, err)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	s, f := parse(b, string(readGood(b))), stepFacts()
	f.Inputs = map[string]any{"url": "https://acme.example", "instance": "i-1", "unit": "nginx"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Gather[0].Render(f); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	s, f := parse(b, string(readGood(b))), stepFacts()
	f.Output = []byte(`{"status": 200, "body": "ok", "headers": {"a": "b"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Check[0].Judge(f); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMatchesPrepared is one of many scenarios that are tried for the same incident.
func BenchmarkMatchesPrepared(b *testing.B) {
	s, f := parse(b, string(readGood(b))), facts().Prepared()
	b.ReportAllocs()
	for b.Loop() {
		if matched, why, err := s.Matches(f); !matched || err != nil {
			b.Fatal(why, err)
		}
	}
}

func BenchmarkMatchesPreparedNot(b *testing.B) {
	s, f := parse(b, strings.Replace(string(readGood(b)), "health check", "disk full", 1)), facts().Prepared()
	b.ReportAllocs()
	for b.Loop() {
		if matched, why, err := s.Matches(f); matched || err != nil {
			b.Fatal(why, err)
		}
	}
}
