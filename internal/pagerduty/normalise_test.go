package pagerduty

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
)

// Each case is an alert as PagerDuty's REST API gives it, with all that Read adds, and beside it the normal form.
// UPDATE_GOLDEN=1 writes the normal forms anew.
func TestNormalise(t *testing.T) {
	seen := map[string]bool{}
	for _, file := range alertFiles(t) {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			raw := readFile(t, file)
			alert := Normalise(raw)
			seen[alert.Monitor] = true
			if !bytes.Equal(alert.Raw, raw) {
				t.Error("the alert as received was not kept")
			}
			if family := strings.SplitN(name, "-", 2)[0]; slices.Contains(Monitors(), family) && alert.Monitor != family {
				t.Errorf("monitor %q, want %q", alert.Monitor, family)
			}
			got, err := json.MarshalIndent(alert, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, ".json") + ".golden"
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(readFile(t, golden)), string(got)+"\n"); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	for _, monitor := range Monitors() {
		if !seen[monitor] {
			t.Errorf("no case of %q", monitor)
		}
	}
}

func alertFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/alerts/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	return files
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestNormaliseNeverOverwritesWhatWasSaid(t *testing.T) {
	said := map[string]any{
		"client": "x", "source_origin": "said source", "source_component": "said component",
		"service_group": "said group", "event_class": "said class",
	}
	for _, file := range alertFiles(t) {
		var alert map[string]any
		if err := json.Unmarshal(readFile(t, file), &alert); err != nil {
			t.Fatal(err)
		}
		body, ok := alert["body"].(map[string]any)
		if !ok {
			continue
		}
		cef := maps.Clone(said)
		if before, ok := body["cef_details"].(map[string]any); ok {
			cef["client"] = before["client"]
		}
		body["cef_details"] = cef
		raw, err := json.Marshal(alert)
		if err != nil {
			t.Fatal(err)
		}
		got := Normalise(raw)
		// Zabbix writes the host into the source; its details say the host alone.
		if got.Monitor != "zabbix" && got.Source != "said source" || got.Component != "said component" || got.Group != "said group" || got.Class != "said class" {
			t.Errorf("%s: %q %q %q %q", file, got.Source, got.Component, got.Group, got.Class)
		}
	}
}

func TestSeverityWords(t *testing.T) {
	for word, want := range map[string]string{
		"CRITICAL": "critical", " fatal ": "critical", "Disaster": "critical", "P1": "critical",
		"error": "error", "High": "error", "major": "error",
		"Warn": "warning", "average": "warning", "minor": "warning",
		"info": "info", "Not classified": "info", "notice": "info",
		"": "", "purple": "", "0": "",
	} {
		if got := severity(word); got != want {
			t.Errorf("severity(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestNormaliseBoundsTexts(t *testing.T) {
	alert := func(summary string, details any) incident.Alert {
		raw, err := json.Marshal(map[string]any{"id": "A1", "summary": summary, "alert_key": summary, "body": map[string]any{"details": details}})
		if err != nil {
			t.Fatal(err)
		}
		return Normalise(raw)
	}
	t.Run("a summary of a megabyte", func(t *testing.T) {
		got := alert(strings.Repeat("語", 1<<20), nil)
		if n := utf8.RuneCountInString(got.Summary); n != maxSummary || !strings.HasSuffix(got.Summary, cutMark) || !utf8.ValidString(got.Summary) {
			t.Errorf("summary of %d characters ending in %q", n, got.Summary[len(got.Summary)-12:])
		}
		if utf8.RuneCountInString(got.DedupKey) > maxField {
			t.Error("key was not cut")
		}
	})
	t.Run("a log of a megabyte beside an id", func(t *testing.T) {
		got := alert("x", map[string]any{"aaa_log": strings.Repeat("x", 1<<20), "zzz_id": "i-1"})
		if got.Details["zzz_id"] != "i-1" {
			t.Error("the id is gone")
		}
		if log := got.Details["aaa_log"].(string); len(log) > maxText || !strings.HasSuffix(log, cutMark) {
			t.Errorf("log of %d bytes", len(log))
		}
		if !strings.Contains(got.Details[cutKey].(string), "1 values") {
			t.Errorf("_cut = %v", got.Details[cutKey])
		}
	})
	t.Run("ten thousand keys", func(t *testing.T) {
		many := map[string]any{}
		for i := range 10_000 {
			many[fmt.Sprintf("key_%05d", i)] = strings.Repeat("v", 20)
		}
		got := alert("x", many)
		data, err := json.Marshal(got.Details)
		if err != nil || len(data) > maxDetails {
			t.Errorf("details of %d bytes, %v", len(data), err)
		}
		if len(got.Details) < 1000 || got.Details[cutKey] == nil {
			t.Errorf("%d details, _cut %v", len(got.Details), got.Details[cutKey])
		}
		if diff := cmp.Diff(got.Details, alert("x", many).Details); diff != "" {
			t.Errorf("not the same twice: %s", diff)
		}
	})
	t.Run("a text that fits exactly is not cut", func(t *testing.T) {
		got := alert("x", map[string]any{"log": strings.Repeat("x", maxDetails/2)})
		if len(got.Details["log"].(string)) != maxDetails/2 || got.Details[cutKey] != nil {
			t.Errorf("cut: %v", got.Details[cutKey])
		}
	})
	t.Run("deep nesting", func(t *testing.T) {
		raw := []byte(`{"summary":"x","body":{"details":` + strings.Repeat(`{"a":[`, 2000) + `1` + strings.Repeat(`]}`, 2000) + `}}`)
		got := Normalise(raw)
		if got.Details[cutKey] == nil {
			t.Errorf("details %v", got.Details)
		}
	})
}

func FuzzNormalise(f *testing.F) {
	for _, file := range alertFiles(f) {
		f.Add(readFile(f, file))
	}
	f.Add([]byte(`{"body":{"details":{"firing":"Labels:\n - a = b\nLabels:"}}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		alert := Normalise(raw)
		if alert.Details == nil {
			t.Error("details are not a map")
		}
		for _, s := range []string{alert.Summary, alert.Source, alert.Component, alert.Group, alert.Class, alert.DedupKey} {
			if !utf8.ValidString(s) || strings.Contains(s, "\x00") || utf8.RuneCountInString(s) > maxSummary {
				t.Errorf("text %q", s)
			}
		}
		for _, link := range alert.Links {
			if !strings.HasPrefix(link, "http://") && !strings.HasPrefix(link, "https://") {
				t.Errorf("link %q", link)
			}
		}
		if _, err := json.Marshal(alert); err != nil && alert.CreatedAt.Year() < 10000 {
			t.Errorf("cannot be stored: %v", err)
		}
		if n := size(alert.Details, 0); n > maxDetails {
			t.Errorf("details of %d bytes", n)
		}
	})
}

func BenchmarkNormalise(b *testing.B) {
	for _, name := range []string{"events-v2", "cloudwatch-sns", "cloudwatch-mail", "prometheus"} {
		b.Run(name, func(b *testing.B) {
			raw := readFile(b, "testdata/alerts/"+name+".json")
			b.ReportAllocs()
			for b.Loop() {
				Normalise(raw)
			}
		})
	}
}
