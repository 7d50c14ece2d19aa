package app_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/encoding/protojson"

	"shodo/internal/app/apptest"
	"shodo/internal/incident"
	"shodo/workflows"
	"shodo/workflows/workflowstest"
)

var record = flag.String("record-histories", "", "write the histories of incidents into this folder of workflows/testdata/histories")

// TestRecordHistories writes what package workflows replays ever after. It is run by hand when a release changes the order
// of what the workflows do; what was recorded before stays as it is.
func TestRecordHistories(t *testing.T) {
	if *record == "" {
		t.Skip("only with -record-histories=FOLDER")
	}
	for _, c := range []struct {
		name    string
		outcome incident.Outcome
		pause   *incident.Pause // in force from the beginning
		healthy bool            // from the beginning
		set     func(o *apptest.Options)
		act     func(*apptest.Harness, *lab, string)
	}{
		{name: "recovered", outcome: incident.Recovered},
		{name: "recovered-and-told", outcome: incident.Recovered, set: func(o *apptest.Options) {
			edit(o, "scenarios/web.yaml", "close: {", "close: {tell_customer: true, ")
			edit(o, "customers/acme.yaml", "tiers:", "contacts: [{slack: \"#incidents\"}]\ntiers:")
		}},
		{name: "cleared", outcome: incident.Cleared, healthy: true},
		{name: "unmatched", outcome: incident.Unmatched, act: resolve, set: func(o *apptest.Options) {
			edit(o, "scenarios/web.yaml", `== "critical"`, `== "info"`)
		}},
		{name: "verify-failed", outcome: incident.HandedOver, set: breaksOn, act: takeAndResolve},
		{name: "observed", outcome: incident.HandedOver, act: resolve, set: func(o *apptest.Options) {
			edit(o, "scenarios/web.yaml", "autonomy: automatic", "autonomy: observe")
		}},
		{name: "reported", outcome: incident.Reported, set: onlyReports},
		{name: "resolved-upstream", outcome: incident.ResolvedUpstream, set: func(o *apptest.Options) {
			edit(o, "scenarios/web.yaml", `[/bin/echo, "second"]`, `[/bin/sleep, "2"]`)
		}, act: func(h *apptest.Harness, _ *lab, id string) {
			h.Await(id, "gather", func(r incident.Record) bool { return r.Phase == incident.Gather })
			must(t, h.Sandbox.PagerDuty.ResolveByMonitor(id))
		}},
		{name: "taken-over", outcome: incident.TakenOver, set: func(o *apptest.Options) {
			edit(o, "scenarios/web.yaml", `[/usr/bin/touch, "${{ inputs.flag }}"]`, `[/bin/sleep, "15"]`)
		}, act: func(h *apptest.Harness, l *lab, id string) {
			h.Await(id, "the repair", incident.Record.Changed)
			must(t, h.Sandbox.PagerDuty.AcknowledgeAs("Aiko Tanaka", id))
			resolve(h, l, id)
		}},
		{name: "deferred-cleared", outcome: incident.Cleared, set: within(12*time.Second, "page: defer", onlyChecks),
			act: func(h *apptest.Harness, l *lab, id string) {
				h.Await(id, "a wait", waits)
				must(t, os.WriteFile(l.flag, nil, 0o600))
			}},
		{name: "deferred-recovered", outcome: incident.Recovered, set: within(12*time.Second, "page: defer, recover: forbid", nil)},
		{name: "deferred-handed-over", outcome: incident.HandedOver, set: within(12*time.Second, "page: defer", breaksOn), act: takeAndResolve},
		{name: "deferred-taken-over", outcome: incident.TakenOver, set: within(time.Hour, "page: defer", onlyChecks),
			act: func(h *apptest.Harness, l *lab, id string) {
				h.Await(id, "a wait", waits)
				must(t, h.Sandbox.PagerDuty.AcknowledgeAs("Aiko Tanaka", id))
				resolve(h, l, id)
			}},
		{name: "suppressed", outcome: incident.Suppressed, set: within(time.Hour, "contact: suppress, page: suppress, recover: forbid", nil), act: resolve},
		{name: "suppressed-after-the-check", outcome: incident.Suppressed, set: within(time.Hour, "page: suppress", onlyChecks), act: resolve},
		{name: "forbidden", outcome: incident.HandedOver, set: within(time.Hour, "recover: forbid", nil), act: takeAndResolve},
		{name: "approved", outcome: incident.Recovered, set: asks, act: answers(t, incident.Grant)},
		{name: "not-approved", outcome: incident.HandedOver, set: asks, act: func(h *apptest.Harness, l *lab, id string) {
			answers(t, incident.NotNow)(h, l, id)
			takeAndResolve(h, l, id)
		}},
		{name: "not-answered", outcome: incident.HandedOver, set: func(o *apptest.Options) {
			asks(o)
			edit(o, "scenarios/web.yaml", "- name: restart", "- name: restart\n    approval: {within: 30s}")
		}, act: takeAndResolve},
		{name: "taken-over-in-slack", outcome: incident.TakenOver, set: asks, act: func(h *apptest.Harness, l *lab, id string) {
			answers(t, incident.TakeOver)(h, l, id)
			resolve(h, l, id)
		}},
		{name: "suggested-and-made-at-a-wish", outcome: incident.HandedOver, set: func(o *apptest.Options) {
			edit(o, "scenarios/web.yaml", "autonomy: automatic", "autonomy: suggest")
		}, act: func(h *apptest.Harness, l *lab, id string) {
			h.Ended(id)
			decides(t, h, incident.Choice{Kind: incident.RunAttempt, Attempt: 1, Incident: incident.ID(id)})
			h.Await(id, "what came of the wish", func(r incident.Record) bool { return hasLine(r, "manual/1/result") })
			decides(t, h, incident.Choice{Kind: incident.Done, Incident: incident.ID(id)})
			h.Await(id, "the end", func(r incident.Record) bool { return !r.EndedAt.IsZero() })
			resolve(h, l, id)
		}},
		{name: "made-at-a-wish-of-two", outcome: incident.HandedOver, set: func(o *apptest.Options) {
			edit(o, "scenarios/web.yaml", "autonomy: automatic", "autonomy: suggest")
			o.Catalog["customers/acme.yaml"] += "two_people: true\n"
		}, act: func(h *apptest.Harness, l *lab, id string) {
			h.Ended(id)
			decides(t, h, incident.Choice{Kind: incident.TakeOver, Incident: incident.ID(id)})
			decides(t, h, incident.Choice{Kind: incident.RunAttempt, Attempt: 1, Incident: incident.ID(id)})
			h.Await(id, "a question", func(r incident.Record) bool { return hasLine(r, "asked/1") })
			decides(t, h, incident.Choice{Kind: incident.Grant, Incident: incident.ID(id), By: incident.Person{ID: "slack:U2", Name: "Suzuki"}})
			h.Await(id, "what came of the wish", func(r incident.Record) bool { return hasLine(r, "manual/1/result") })
			decides(t, h, incident.Choice{Kind: incident.Noise, Incident: incident.ID(id)})
		}},
		{name: "partial", outcome: incident.HandedOver, set: func(o *apptest.Options) {
			o.Catalog["scenarios/web.yaml"] += "hand_over: {always: true, remaining: [look at the disk, tell the customer]}\n"
		}, act: func(h *apptest.Harness, l *lab, id string) {
			h.Ended(id)
			for item := range 2 {
				decides(t, h, incident.Choice{Kind: incident.Tick, Item: item + 1, On: true, Incident: incident.ID(id)})
			}
			decides(t, h, incident.Choice{Kind: incident.Done, Incident: incident.ID(id)})
			h.Await(id, "the end", func(r incident.Record) bool { return !r.EndedAt.IsZero() })
			resolve(h, l, id)
		}},
		{name: "paused", outcome: incident.HandedOver, pause: &incident.Pause{ID: "P1", Scope: incident.PauseAll, By: "Sato", Reason: "release"}, act: takeAndResolve},
		{name: "paused-while-it-works", outcome: incident.HandedOver, set: func(o *apptest.Options) {
			edit(o, "scenarios/web.yaml", `[/usr/bin/touch, "${{ inputs.flag }}"]`, `[/bin/sleep, "15"]`)
		}, act: func(h *apptest.Harness, l *lab, id string) {
			h.Await(id, "the repair", incident.Record.Changed)
			p := incident.Pause{ID: "P1", Scope: incident.PauseAll, By: "Sato", Reason: "release", Cancel: true, At: time.Now()}
			must(t, h.Store().AddPause(t.Context(), p))
			must(t, workflows.NewStarter(temporal(t, h), nil).Paused(t.Context(), incident.ID(id), p))
			takeAndResolve(h, l, id)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t)
			o := l.options("/usr/bin/touch")
			o.Programs = append(o.Programs, "/bin/sleep")
			if c.set != nil {
				c.set(&o)
			}
			if c.healthy {
				must(t, os.WriteFile(l.flag, nil, 0o600))
			}
			h := apptest.Start(t, o)
			if c.pause != nil {
				c.pause.At = time.Now()
				must(t, h.Store().AddPause(t.Context(), *c.pause))
			}
			id := trigger(t, h, "critical")
			if c.act != nil {
				c.act(h, l, id)
			}
			rec := h.Await(id, "its end", func(r incident.Record) bool { return !r.EndedAt.IsZero() })
			if rec.Outcome != c.outcome {
				t.Fatalf("ended as %s: %s", rec.Outcome, rec.Why)
			}
			found := h.Completed(id)
			if strings.HasPrefix(c.name, "deferred-cleared") {
				maps.Copy(found, digest(t, h, rec))
			}
			for name, history := range found {
				kind, _, _ := strings.Cut(name, "/")
				keep(t, filepath.Join("../../workflows/testdata/histories", *record, c.name+"."+kind+".json"), history, filepath.Dir(l.flag), l.url)
			}
		})
	}
}

// digest gives the history of the digest that lists the incident, once it has ended.
func digest(t *testing.T, h *apptest.Harness, rec incident.Record) map[string]*historypb.History {
	t.Helper()
	var end time.Time
	for _, line := range rec.Transitions {
		if line.Kind == incident.Deferred {
			end = line.Until
		}
	}
	c := temporal(t, h)
	id := workflows.DigestID(rec.Customer.ID, end)
	must(t, c.GetWorkflow(t.Context(), id, "").Get(t.Context(), nil))
	found, err := workflowstest.Histories(t.Context(), c, id)
	must(t, err)
	return found
}

// temporal connects with the product's Temporal.
func temporal(t *testing.T, h *apptest.Harness) client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: h.TemporalAddress(), Namespace: h.Config.Temporal.Namespace,
		Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	must(t, err)
	t.Cleanup(c.Close)
	return c
}

// decides has somebody choose.
func decides(t *testing.T, h *apptest.Harness, c incident.Choice) {
	t.Helper()
	if c.By.ID == "" {
		c.By = incident.Person{ID: "slack:U1", Name: "Sato"}
	}
	c.ID = fmt.Sprint(c.Kind, " ", c.Attempt, c.Item, c.Number)
	_, err := workflows.NewChooser(temporal(t, h)).Choose(t.Context(), c)
	must(t, err)
}

// asks has the repair approved.
func asks(o *apptest.Options) {
	edit(o, "scenarios/web.yaml", "autonomy: automatic", "autonomy: approve")
}

// answers waits for the first question and answers it.
func answers(t *testing.T, kind incident.ChoiceKind) func(*apptest.Harness, *lab, string) {
	return func(h *apptest.Harness, _ *lab, id string) {
		h.Await(id, "a question", func(r incident.Record) bool { return hasLine(r, "asked/1") })
		decides(t, h, incident.Choice{Kind: kind, Incident: incident.ID(id)})
	}
}

func hasLine(r incident.Record, key string) bool {
	return slices.ContainsFunc(r.Transitions, func(t incident.Transition) bool { return t.Key == key })
}

func edit(o *apptest.Options, file, from, to string) {
	o.Catalog[file] = strings.ReplaceAll(o.Catalog[file], from, to)
}

func onlyReports(o *apptest.Options) {
	text, _, _ := strings.Cut(o.Catalog["scenarios/web.yaml"], "recover:")
	o.Catalog["scenarios/web.yaml"] = text + "unrecovered: report\n"
}

func onlyChecks(o *apptest.Options) {
	text, _, _ := strings.Cut(o.Catalog["scenarios/web.yaml"], "recover:")
	o.Catalog["scenarios/web.yaml"] = text
}

// breaksOn has the repair change nothing.
func breaksOn(o *apptest.Options) { edit(o, "scenarios/web.yaml", "[/usr/bin/touch, ", "[/bin/echo, ") }

// within opens a window that ends after a while.
func within(ends time.Duration, answers string, also func(*apptest.Options)) func(*apptest.Options) {
	return func(o *apptest.Options) {
		if also != nil {
			also(o)
		}
		now := time.Now()
		o.Catalog["customers/acme.yaml"] += fmt.Sprintf("maintenance:\n  - {name: release 42, from: %s, to: %s, %s}\n",
			now.Add(-time.Hour).Format(time.RFC3339), now.Add(ends).Format(time.RFC3339), answers)
	}
}

func resolve(h *apptest.Harness, _ *lab, id string) {
	h.Ended(id)
	_ = h.Sandbox.PagerDuty.ResolveAs("Aiko Tanaka", id, "") // it may be resolved
}

func takeAndResolve(h *apptest.Harness, l *lab, id string) {
	h.Ended(id)
	_ = h.Sandbox.PagerDuty.AcknowledgeAs("Aiko Tanaka", id)
	h.Await(id, "who has it", func(r incident.Record) bool { return r.TakenBy != "" })
	resolve(h, l, id)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// keep writes a history without what is this machine's.
func keep(t *testing.T, path string, h *historypb.History, dir, url string) {
	t.Helper()
	text, err := protojson.Marshal(h)
	must(t, err)
	var doc any
	must(t, json.Unmarshal(text, &doc))
	host, err := os.Hostname()
	must(t, err)
	text, err = json.Marshal(scrub(doc, strings.NewReplacer(dir, "/srv/lab", url, "http://www.acme.example", host, "host")))
	must(t, err)
	var out bytes.Buffer
	must(t, json.Indent(&out, text, "", " "))
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, append(out.Bytes(), '\n'), 0o644))
}

// scrub replaces in all texts, and in the data of payloads.
func scrub(v any, r *strings.Replacer) any {
	switch v := v.(type) {
	case string:
		return r.Replace(v)
	case []any:
		for i := range v {
			v[i] = scrub(v[i], r)
		}
	case map[string]any:
		for k := range v {
			text, isText := v[k].(string)
			data, err := base64.StdEncoding.DecodeString(text)
			switch {
			case k == "data" && isText && err == nil:
				v[k] = base64.StdEncoding.EncodeToString([]byte(r.Replace(string(data))))
			case k == "identity":
				v[k] = "worker"
			default:
				v[k] = scrub(v[k], r)
			}
		}
	}
	return v
}
