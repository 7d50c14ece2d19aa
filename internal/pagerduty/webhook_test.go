package pagerduty

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shodo/internal/incident"
	"shodo/internal/pagerduty/pagerdutytest"
	"shodo/internal/secret"
)

var receivedAt = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)

// The secrets and signatures of testdata/webhooks are published test vectors, of two public PagerDuty libraries
// (Aldaviva/PagerDuty's tests and go-pagerduty's webhookv3 tests). The bodies are as delivered, byte for byte.
const (
	capturedSecret = "HvPtlQNKMPpHSSqJpCdndXfo7HnGXa1pnH6w5axpxLFn9aRBNBGh4e8/HlonK5mz"
	librarySecret  = "lDQHScfUeXUKaQRNF+8XIiDKZ7XX3itBAYzwU0TARw8lJqRnkKl2iB1anSb0Z+IK"
)

var vectors = map[string]string{
	"ping.json":             "v1=0e83584cbab86f98c51517cf96a70c90e910532d3d2f067d58c753cc8980a05b",
	"triggered.json":        "v1=3e3032b45bbe1801c13f182b0e0a7f4f3f530225cef07e3e90cbc57874d01c49",
	"acknowledged.json":     "v1=91f533c0411d09f3e68622e2b57fdb561e7113ce7635318a2bbf5cde45d3d876",
	"resolved.json":         "v1=60a745384fb05b03acfc592b157b05e105e498da2f72f53c437c9d7c8d9aa879",
	"annotated.json":        "v1=7b1cc279d644e35511cfca431696498477e97d46f2403ed46d426435e0efef2b",
	"priority-updated.json": "v1=0c0b9495b893a39e70d1fea2fe11fbe0a825f88b9f67846f6cc07dd2bc5476cd",
}

func captured(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "webhooks", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func secretsOf(texts ...string) []secret.Value {
	var list []secret.Value
	for _, text := range texts {
		list = append(list, secret.New(text))
	}
	return list
}

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

func TestVerifyAcceptsPublishedVectors(t *testing.T) {
	secrets := secretsOf(librarySecret, capturedSecret)
	for name, signature := range vectors {
		body := captured(t, name)
		if !Verify(secrets, body, []string{signature}) {
			t.Errorf("%s: its published signature is refused", name)
		}
		if Verify(secrets, append(bytes.Clone(body), '\n'), []string{signature}) {
			t.Errorf("%s: accepted with one more byte", name)
		}
		if Verify(secretsOf("another"), body, []string{signature}) {
			t.Errorf("%s: accepted with another secret", name)
		}
	}
}

func TestVerify(t *testing.T) {
	body := []byte(`{"event":{}}`)
	right := sign("new", body)
	wrong := sign("stranger", body)
	secrets := secretsOf("old", "new")

	for name, test := range map[string]struct {
		secrets []secret.Value
		header  []string
		want    bool
	}{
		"right":                             {secrets, []string{right}, true},
		"signed with the first secret":      {secrets, []string{sign("old", body)}, true},
		"two, first right":                  {secrets, []string{right + "," + wrong}, true},
		"two, second right":                 {secrets, []string{wrong + "," + right}, true},
		"both right while being replaced":   {secrets, []string{sign("old", body) + "," + right}, true},
		"spaces around the comma":           {secrets, []string{" " + wrong + " , " + right + " "}, true},
		"header sent twice":                 {secrets, []string{wrong, right}, true},
		"digits in capitals":                {secrets, []string{"v1=" + strings.ToUpper(right[3:])}, true},
		"wrong":                             {secrets, []string{wrong}, false},
		"no header":                         {secrets, nil, false},
		"empty header":                      {secrets, []string{""}, false},
		"no secrets":                        {nil, []string{right}, false},
		"empty secret":                      {secretsOf(""), []string{sign("", body)}, false},
		"another version":                   {secrets, []string{"v0=" + right[3:]}, false},
		"another version beside a right v1": {secrets, []string{"v2=00," + right}, true},
		"no version":                        {secrets, []string{right[3:]}, false},
		"cut off":                           {secrets, []string{right[:40]}, false},
		"too long":                          {secrets, []string{right + "00"}, false},
		"not hexadecimal":                   {secrets, []string{"v1=" + strings.Repeat("zz", 32)}, false},
		"semicolons":                        {secrets, []string{wrong + ";" + right}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Verify(test.secrets, body, test.header); got != test.want {
				t.Errorf("Verify = %v, want %v", got, test.want)
			}
		})
	}
}

func TestDecodeCaptures(t *testing.T) {
	ben := incident.Agent{ID: "PVE0ZR9", Name: "Ben", Type: "user_reference"}
	at := func(s string) time.Time { return parseTime(s) }
	for name, want := range map[string]incident.Event{
		"triggered.json": {ID: "01FKZSRAPTMF55RE69G8BQHGC6", Type: incident.EventTriggered, OccurredAt: at("2025-04-07T03:47:13.414Z"),
			Agent: ben, Incident: "Q2CKYRLH85UNN4", Service: "PNE3JZM"},
		"acknowledged.json": {ID: "01FKZSRAQJLP9S3OPM2VALGUPJ", Type: incident.EventAcknowledged, OccurredAt: at("2025-04-07T03:47:13.546Z"),
			Agent: ben, Incident: "Q2CKYRLH85UNN4", Service: "PNE3JZM"},
		"resolved.json": {ID: "01FKZSYE5HCMM576S6JUVIGLQT", Type: incident.EventResolved, OccurredAt: at("2025-04-07T03:49:36.358Z"),
			Agent: ben, Incident: "Q2CKYRLH85UNN4", Service: "PNE3JZM"},
		"annotated.json": {ID: "01FKZSYEOK0YQYTT9OZQJDS1P4", Type: "incident.annotated", OccurredAt: at("2025-04-07T03:49:36.680Z"),
			Agent: ben, Incident: "Q2CKYRLH85UNN4"},
		"ping.json": {ID: "01FKZOXA868SHYEE4DVNWB5P9W", Type: incident.EventPing, OccurredAt: at("2025-04-07T03:00:55.532Z"),
			Agent: incident.Agent{ID: "PVE0ZR9", Type: "user_reference"}},
		"priority-updated.json": {ID: "01BWDWL3NYY7LUFPZCC28QUCMK", Type: "incident.priority_updated", OccurredAt: at("2021-04-26T17:36:27.458Z"),
			Agent: incident.Agent{ID: "PLH1HKV", Name: "Tenex Engineer", Type: "user_reference"}, Incident: "PGR0VU2", Service: "PF9KMXH"},
	} {
		want.ReceivedAt = receivedAt
		got, err := Decode(captured(t, name), receivedAt)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestDecode(t *testing.T) {
	wrap := func(eventType, data string) string {
		return `{"event":{"id":"E1","event_type":"` + eventType + `","occurred_at":"2026-11-20T02:59:59.123Z","agent":null,"client":null,"data":` + data + `}}`
	}
	base := incident.Event{ID: "E1", OccurredAt: parseTime("2026-11-20T02:59:59.123Z"), ReceivedAt: receivedAt}
	event := func(change func(*incident.Event)) incident.Event {
		e := base
		change(&e)
		return e
	}
	for name, test := range map[string]struct {
		body string
		want incident.Event
	}{
		"a merge": {
			wrap("incident.resolved", `{"id":"P1","type":"incident","service":{"id":"S1"},"resolve_reason":{"type":"merge_resolve_reason","incident":{"id":"P2","type":"incident_reference"}}}`),
			event(func(e *incident.Event) {
				e.Type, e.Incident, e.Service, e.MergedInto = incident.EventResolved, "P1", "S1", "P2"
			}),
		},
		"a resolve reason that is not a merge": {
			wrap("incident.resolved", `{"id":"P1","type":"incident","resolve_reason":{"type":"other_reason","incident":{"id":"P2"}}}`),
			event(func(e *incident.Event) { e.Type, e.Incident = incident.EventResolved, "P1" }),
		},
		"roles": {
			wrap("incident.role.assigned", `{"type":"incident_role_assignment","incident_role_assignments":[{"id":"x","incident":null},{"id":"y","incident":{"id":"P1","summary":null}}]}`),
			event(func(e *incident.Event) { e.Type, e.Incident = "incident.role.assigned", "P1" }),
		},
		"ids and phone numbers as numbers": {
			`{"event":{"id":12345678901234567890123456789012345678,"event_type":"incident.triggered","occurred_at":"2026-11-20T02:59:59.123Z",
			  "agent":{"id":7,"type":"inbound_integration_reference","summary":null},
			  "data":{"id":42,"type":"incident","number":"37","service":{"id":9},"conference_bridge":{"conference_number":1000},"resolve_reason":null}}}`,
			event(func(e *incident.Event) {
				e.ID, e.Type, e.Incident, e.Service = "12345678901234567890123456789012345678", incident.EventTriggered, "42", "9"
				e.Agent = incident.Agent{ID: "7", Type: "inbound_integration_reference"}
			}),
		},
		"an unknown event type": {
			wrap("incident.teleported", `{"id":"P1","type":"incident","service":{"id":"S1"}}`),
			event(func(e *incident.Event) { e.Type, e.Incident, e.Service = "incident.teleported", "P1", "S1" }),
		},
		"unknown data with a reference": {
			wrap("incident.dream.started", `{"id":"D1","type":"incident_dream","incident":{"id":"P1"}}`),
			event(func(e *incident.Event) { e.Type, e.Incident = "incident.dream.started", "P1" }),
		},
		"unknown data without a reference": {
			wrap("incident.dream.started", `{"id":"D1","type":"incident_dream"}`),
			event(func(e *incident.Event) { e.Type = "incident.dream.started" }),
		},
		"data of another shape": {
			wrap("account.closed", `["everything"]`),
			event(func(e *incident.Event) { e.Type = "account.closed" }),
		},
		"a service": {
			wrap("service.updated", `{"id":"S1","type":"service","summary":"web"}`),
			event(func(e *incident.Event) { e.Type, e.Service = "service.updated", "S1" }),
		},
		"fields of other types than expected": {
			`{"event":{"id":"E1","event_type":"incident.triggered","occurred_at":17,"agent":"nobody","data":{"id":"P1","type":"incident","service":"S1","resolve_reason":"none","incident_role_assignments":{}}}}`,
			event(func(e *incident.Event) { e.Type, e.Incident, e.OccurredAt = incident.EventTriggered, "P1", receivedAt }),
		},
		"no time": {
			`{"event":{"id":"E1","event_type":"incident.triggered","data":{"id":"P1","type":"incident"}}}`,
			event(func(e *incident.Event) { e.Type, e.Incident, e.OccurredAt = incident.EventTriggered, "P1", receivedAt }),
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Decode([]byte(test.body), receivedAt)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecodeUnreadable(t *testing.T) {
	whole := string(captured(t, "triggered.json"))
	cutAfter := func(mark string) string { return whole[:strings.Index(whole, mark)+len(mark)] }
	for name, test := range map[string]struct {
		body string
		want incident.ID
	}{
		"empty":                             {"", ""},
		"not JSON":                          {"hello", ""},
		"another object":                    {`{"hello":"world"}`, ""},
		"an array":                          {`[1,2]`, ""},
		"no id but an incident":             {`{"event":{"event_type":"incident.triggered","data":{"id":"P1","type":"incident"}}}`, "P1"},
		"no event type but an incident":     {`{"event":{"id":"E1","data":{"type":"incident","id":"P1"}}}`, "P1"},
		"cut off after the type":            {cutAfter(`"type":"incident",`), "Q2CKYRLH85UNN4"},
		"cut off after the incident's id":   {cutAfter(`"data":{"id":"Q2CKYRLH85UNN4",`), "Q2CKYRLH85UNN4"},
		"cut off before the incident's id":  {cutAfter(`"data":{"id":`), ""},
		"cut off inside a note":             {`{"event":{"event_type":"incident.annotated","data":{"id":"N1","incident":{"id":"P1","type":"incid`, "P1"},
		"a note's id is not the incident's": {`{"event":{"event_type":"incident.annotated","data":{"id":"N1","content":"wri`, ""},
		"a stray quote in the title":        {strings.Replace(whole, `"title":"Test"`, `"title":"Te"st"`, 1), "Q2CKYRLH85UNN4"},
		"damaged before the id":             {strings.Replace(whole, `"client":null`, `"client":nul`, 1), "Q2CKYRLH85UNN4"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Decode([]byte(test.body), receivedAt)
			if !errors.Is(err, ErrUnreadable) {
				t.Errorf("error %v, want ErrUnreadable", err)
			}
			if got.Type != incident.EventUnreadable || got.Incident != test.want || got.ReceivedAt != receivedAt || got.OccurredAt != receivedAt {
				t.Errorf("event %+v, want an unreadable one of incident %q", got, test.want)
			}
			again, _ := Decode([]byte(test.body), receivedAt.Add(time.Hour))
			if again.ID != got.ID || got.ID == "" {
				t.Errorf("ids %q and %q of the same body differ", got.ID, again.ID)
			}
		})
	}
}

// The samples are real deliveries and documentation examples, collected outside this repository.
func TestDecodeSamples(t *testing.T) {
	dir, err := pagerdutytest.Shared("pagerduty/samples")
	if err != nil {
		t.Skip(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) < 20 {
		t.Fatalf("found %d samples: %v", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(name, "docs-data-") { // only event.data
			body = []byte(`{"event":{"id":"E1","event_type":"incident.sample","occurred_at":"2026-11-20T00:00:00Z","agent":null,"data":` + string(body) + `}}`)
		}
		event, err := Decode(body, receivedAt)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if event.ID == "" || event.OccurredAt == receivedAt {
			t.Errorf("%s: no id or time in %+v", name, event)
		}
		aboutService := strings.Contains(name, "docs-data-service") || strings.HasPrefix(string(event.Type), "service.")
		if event.Incident == "" && !aboutService && event.Type != incident.EventPing {
			t.Errorf("%s: no incident in %+v", name, event)
		}
		if event.Service == "" && aboutService {
			t.Errorf("%s: no service in %+v", name, event)
		}
		if got := IncidentOf(body); got != event.Incident {
			t.Errorf("%s: IncidentOf = %q, Decode says %q", name, got, event.Incident)
		}
	}
}

// A signed body of any content is read in one go. Were the work to grow faster than the body, this would not end.
func TestDecodeDeepBody(t *testing.T) {
	for name, body := range map[string]string{
		"arrays in arrays":      strings.Repeat("[", 200_000) + strings.Repeat("1,", 300_000),
		"objects in objects":    strings.Repeat(`{"event":`, 100_000),
		"many role assignments": `{"event":{"data":{"incident_role_assignments":[` + strings.Repeat(`{"incident":{"id":1}},`, 40_000),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Decode([]byte(body), receivedAt); !errors.Is(err, ErrUnreadable) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for name := range vectors {
		body := captured(f, name)
		f.Add(body)
		f.Add(body[:len(body)/2])
	}
	f.Add([]byte(`{"event":{"id":1,"event_type":2,"data":[[[{"incident":{"id":{}}}]]]}}`))
	f.Add([]byte(`{"event":[{"data":]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		event, err := Decode(body, receivedAt)
		if event.ID == "" || event.Type == "" || event.OccurredAt.IsZero() {
			t.Errorf("event %+v has no id, type or time", event)
		}
		if (err != nil) != (event.Type == incident.EventUnreadable) && event.Type != incident.EventUnreadable {
			t.Errorf("type %q with error %v", event.Type, err)
		}
		if _, err := json.Marshal(event); err != nil && event.OccurredAt.Year() < 10000 {
			t.Errorf("event %+v cannot be stored: %v", event, err)
		}
	})
}

func FuzzVerify(f *testing.F) {
	f.Add("v1=00", "secret", []byte("body"))
	f.Add(",,v1=,v1", "", []byte{})
	f.Add(vectors["ping.json"], capturedSecret, captured(f, "ping.json"))
	f.Fuzz(func(t *testing.T, header, key string, body []byte) {
		if Verify(secretsOf(key), body, []string{header}) && !strings.Contains(strings.ToLower(header), sign(key, body)) {
			t.Errorf("header %q is accepted without the right signature", header)
		}
		if key != "" && !Verify(secretsOf(key), body, []string{header, sign(key, body)}) {
			t.Errorf("the right signature is refused beside %q", header)
		}
	})
}

func BenchmarkWebhook(b *testing.B) {
	body := captured(b, "triggered.json")
	signature := []string{vectors["triggered.json"]}
	secrets := secretsOf(librarySecret, capturedSecret)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if !Verify(secrets, body, signature) {
			b.Fatal("refused")
		}
		if _, err := Decode(body, receivedAt); err != nil {
			b.Fatal(err)
		}
	}
}
