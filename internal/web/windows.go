package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"shodo/internal/customer"
	"shodo/internal/incident"
	"shodo/internal/scenario"
	"shodo/internal/yamldoc"
)

// The bounds of a window. What is longer, or farther away, belongs into the customer's file, where it is reviewed.
const (
	MaxWindow  = 31 * 24 * time.Hour
	maxAhead   = 366 * 24 * time.Hour
	maxReason  = 200  // characters
	maxMatch   = 2000 // bytes
	maxKeySize = 255  // bytes of an Idempotency-Key
)

// ErrNoMaintenance says that there is no window with that id.
var ErrNoMaintenance = errors.New("no such maintenance")

// Maintenance keeps the one-off windows that are added while the engine runs. What it has answered without an error is
// durable and in force.
type Maintenance interface {
	// AddMaintenance keeps a window. An id that is there already changes nothing.
	AddMaintenance(context.Context, incident.Maintenance) error
	// EndMaintenance ends a window before its time; the first end counts. ErrNoMaintenance: there is none with that id.
	EndMaintenance(ctx context.Context, id, by string, at time.Time) (incident.Maintenance, error)
	// Maintenances lists the windows of a customer ("": of all) that are not over at that time (zero: all that ever were).
	Maintenances(ctx context.Context, customer incident.CustomerID, endingAfter time.Time) ([]incident.Maintenance, error)
}

// Customers knows the customers, and which scenarios there are.
type Customers interface {
	Customer(incident.CustomerID) (*customer.Customer, bool)
	Customers() []*customer.Customer
	Scenarios() []*scenario.Scenario
}

// windows says what people may do with windows of maintenance, by whichever way they come.
type windows struct {
	keep      Maintenance
	customers func() Customers
	now       func() time.Time
	log       *slog.Logger
}

// request is a window as a person asks for it.
type request struct {
	Customer string `json:"customer"`
	From     string `json:"from"` // empty: now
	To       string `json:"to"`
	For      string `json:"for"` // instead of To
	Match    string `json:"match"`
	Contact  string `json:"contact"`
	Page     string `json:"page"`
	Recover  string `json:"recover"`
	Reason   string `json:"reason"`
}

// add keeps the window that is asked for. The same key of the same person gives the same window again, and says so.
func (w *windows) add(ctx context.Context, r request, by, key string) (m incident.Maintenance, again bool, _ *problem) {
	m, p := w.build(r)
	if p != nil {
		return m, false, p
	}
	m.ID, m.AddedBy = newID("M", by, key), by
	if key != "" {
		before, found, p := w.find(ctx, m.ID)
		if p != nil {
			return m, false, p
		}
		if found {
			return before, true, sameRequest(r, m, before)
		}
	}
	if err := w.keep.AddMaintenance(ctx, m); err != nil {
		w.log.Error("add maintenance", "customer", m.Customer, "by", by, "err", err)
		return m, false, unavailable()
	}
	w.log.Info("maintenance added", "customer", m.Customer, "maintenance", m.ID, "by", by, "from", m.From, "to", m.To, "match", m.Match,
		"contact", m.Contact, "page", m.Page, "recover", m.Recover, "reason", m.Reason)
	if key == "" {
		return m, false, nil
	}
	// Of two requests with one key at the same moment the store has taken one.
	stored, found, p := w.find(ctx, m.ID)
	if p == nil && found {
		return stored, false, sameRequest(r, m, stored)
	}
	return m, false, nil
}

// build reads and checks what is asked for.
func (w *windows) build(r request) (incident.Maintenance, *problem) {
	c, p := w.customer(r.Customer)
	if p != nil {
		return incident.Maintenance{}, p
	}
	now := w.now()
	m := incident.Maintenance{Customer: c.ID, Match: strings.TrimSpace(r.Match), Reason: strings.TrimSpace(r.Reason), AddedAt: now.Truncate(time.Microsecond).In(c.TimeZone)}
	for _, check := range []func() *problem{
		func() *problem { return setTimes(&m, r, c.TimeZone, now) },
		func() *problem { return setAnswers(&m, r) },
		func() *problem { return checkMatch(m.Match) },
		func() *problem { return checkReason(m.Reason) },
	} {
		if p := check(); p != nil {
			return m, p
		}
	}
	return m, nil
}

func (w *windows) customer(id string) (*customer.Customer, *problem) {
	all := w.customers()
	if c, ok := all.Customer(incident.CustomerID(id)); ok {
		return c, nil
	}
	var ids []string
	for _, c := range all.Customers() {
		ids = append(ids, string(c.ID))
	}
	message := say("there is no customer %q", "顧客 %q はありません", id)
	if id == "" {
		message = say("the customer is missing", "顧客が指定されていません")
	}
	hint := meant(id, ids)
	if hint.en == "" {
		hint = say("it is the base name of the customer's file in the catalog", "カタログにある顧客ファイルの名前 (拡張子なし) を指定してください")
	}
	return nil, wrong(message, hint)
}

func setTimes(m *incident.Maintenance, r request, zone *time.Location, now time.Time) *problem {
	how := say(`write it as 2026-12-01T01:00:00+09:00, or as 2026-12-01T01:00 by the customer's clocks (%s)`,
		`2026-12-01T01:00:00+09:00 のように、または顧客の現地時刻 (%s) で 2026-12-01T01:00 のように書いてください`, zone)
	read := func(name, given string, end bool) (time.Time, *problem) {
		t, ok := readTime(given, zone, end)
		if !ok {
			return t, wrong(say("%s: %q is not a time", "%s: %q は日時ではありません", name, given), how)
		}
		return t, nil
	}
	m.From = now.Truncate(time.Second).In(zone)
	if r.From != "" {
		var p *problem
		if m.From, p = read("from", r.From, false); p != nil {
			return p
		}
	}
	switch {
	case (r.To == "") == (r.For == ""):
		return wrong(say("the end is missing, or given twice", "終わりが指定されていないか、二重に指定されています"),
			say(`give either "to" or "for", such as 2h`, `"to" と "for" (例: 2h) のどちらか一方を指定してください`))
	case r.To != "":
		var p *problem
		if m.To, p = read("to", r.To, true); p != nil {
			return p
		}
	default:
		d, ok := readDuration(r.For)
		if !ok || d <= 0 {
			return wrong(say("for: %q is not a duration", "for: %q は時間の長さではありません", r.For),
				say("such as 90m, 2h, 1h30m or 3d", "例: 90m、2h、1h30m、3d"))
		}
		m.To = m.From.Add(min(d, 2*MaxWindow)) // what is too long is told below
	}
	return checkTimes(*m, now)
}

func checkTimes(m incident.Maintenance, now time.Time) *problem {
	const form = "2006-01-02 15:04 MST"
	long := say("what is longer belongs into the customer's file", "それより長いものは顧客ファイルに書いてください")
	switch {
	case !m.To.After(m.From):
		return wrong(say("it ends (%s) before it begins (%s)", "終わり (%s) が始まり (%s) より前です", m.To.Format(form), m.From.Format(form)),
			say("the end comes after the beginning", "終わりは始まりより後にしてください"))
	case !m.To.After(now):
		return wrong(say("it is over already: it ends %s", "すでに終わっています (%s まで)", m.To.Format(form)),
			say("give an end in the future", "終わりを未来の日時にしてください"))
	case m.To.Sub(m.From) > MaxWindow:
		return wrong(say("it is longer than 31 days", "31日を超えています"), long)
	case m.From.Sub(now) > maxAhead:
		return wrong(say("it begins more than a year from now: %s", "始まりが1年より先です (%s)", m.From.Format(form)),
			say("what is that far away belongs into the customer's file", "それほど先のものは顧客ファイルに書いてください"))
	}
	return nil
}

// setAnswers takes the answers, and for those that are not given what maintenance usually wants: no news, no pages, and
// nothing is changed.
func setAnswers(m *incident.Maintenance, r request) *problem {
	for _, a := range []struct {
		name, given string
		into        *incident.Answer
		allowed     []incident.Answer // the default first
	}{
		{"contact", r.Contact, &m.Contact, []incident.Answer{incident.Suppress, incident.Defer, incident.Allow}},
		{"page", r.Page, &m.Page, []incident.Answer{incident.Suppress, incident.Defer, incident.Allow}},
		{"recover", r.Recover, &m.Recover, []incident.Answer{incident.Forbid, incident.Allow}},
	} {
		*a.into = a.allowed[0]
		if a.given == "" {
			continue
		}
		if *a.into = incident.Answer(a.given); !slices.Contains(a.allowed, *a.into) {
			var names []string
			for _, one := range slices.Backward(a.allowed) {
				names = append(names, string(one))
			}
			list := strings.Join(names, ", ")
			return wrong(say("%s: %q is no answer", "%s: %q という答えはありません", a.name, a.given), say("one of %s", "%s のいずれか", list))
		}
	}
	if m.Contact == incident.Allow && m.Page == incident.Allow && m.Recover == incident.Allow {
		return wrong(say("the window allows everything, so it has no effect", "すべてを許すので、効果がありません"),
			say("let contact or page be defer or suppress, or recover be forbid", "contact か page を defer か suppress に、または recover を forbid にしてください"))
	}
	return nil
}

func checkMatch(source string) *problem {
	if source == "" {
		return nil
	}
	if len(source) > maxMatch {
		return wrong(say("match: it is longer than %d bytes", "match: %d バイトを超えています", maxMatch), text{})
	}
	if _, bad := scenario.CompileCondition(yamldoc.Place{}, source); bad != nil {
		return wrong(say("match: %s", "match: %s", bad.Message), text{bad.Hint, bad.Hint})
	}
	return nil
}

func checkReason(reason string) *problem {
	switch {
	case reason == "":
		return wrong(say("the reason is missing", "理由が指定されていません"),
			say("it stands in the record of each incident that the window holds back", "理由は、この時間帯に当たった各インシデントの記録に残ります"))
	case !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl):
		return wrong(say("the reason is not one line of text", "理由が一行の文になっていません"), text{})
	case utf8.RuneCountInString(reason) > maxReason:
		return wrong(say("the reason is longer than %d characters", "理由が %d 文字を超えています", maxReason), text{})
	}
	return nil
}

// sameRequest tells whether a request that came again asks for the window that it got the first time.
func sameRequest(r request, m, before incident.Maintenance) *problem {
	same := m.Customer == before.Customer && m.Match == before.Match && m.Reason == before.Reason &&
		m.Contact == before.Contact && m.Page == before.Page && m.Recover == before.Recover &&
		(r.From == "" || m.From.Equal(before.From)) && // without "from" it begins when it is asked for
		(r.To == "" || m.To.Equal(before.To)) &&
		(r.For == "" || m.To.Sub(m.From) == before.To.Sub(before.From))
	if same {
		return nil
	}
	return newProblem(http.StatusConflict,
		say("the Idempotency-Key was used for another window, %s", "この Idempotency-Key は別のメンテナンス %s に使われています", before.ID),
		say("take a new key for each window", "ウィンドウごとに新しいキーを使ってください"))
}

// end ends a window now. One that is over stays as it is.
func (w *windows) end(ctx context.Context, id, by string) (incident.Maintenance, *problem) {
	id = strings.ToUpper(id)
	m, found, p := w.find(ctx, id)
	if p != nil {
		return m, p
	}
	if !found {
		return m, noMaintenance(id)
	}
	if stateOf(m, w.now()) == over || !m.EndedAt.IsZero() {
		return m, nil
	}
	m, err := w.keep.EndMaintenance(ctx, id, by, w.now())
	switch {
	case errors.Is(err, ErrNoMaintenance):
		return m, noMaintenance(id)
	case err != nil:
		w.log.Error("end maintenance", "maintenance", id, "by", by, "err", err)
		return m, unavailable()
	}
	w.log.Info("maintenance ended", "customer", m.Customer, "maintenance", m.ID, "by", by, "from", m.From, "to", m.To, "reason", m.Reason)
	return w.inZone(m), nil
}

func noMaintenance(id string) *problem {
	return newProblem(http.StatusNotFound, say("there is no maintenance %q", "メンテナンス %q はありません", id),
		say("the list of them shows the ids", "一覧に ID があります"))
}

// list gives the windows that are not over at that time, the next to begin first. An empty id means all customers.
func (w *windows) list(ctx context.Context, id string, since time.Time) ([]incident.Maintenance, *problem) {
	if id != "" {
		if _, p := w.customer(id); p != nil {
			return nil, p
		}
	}
	all, err := w.keep.Maintenances(ctx, incident.CustomerID(id), since)
	if err != nil {
		w.log.Error("list maintenance", "customer", id, "err", err)
		return nil, unavailable()
	}
	for i := range all {
		all[i] = w.inZone(all[i])
	}
	return all, nil
}

func (w *windows) find(ctx context.Context, id string) (incident.Maintenance, bool, *problem) {
	all, err := w.keep.Maintenances(ctx, "", time.Time{})
	if err != nil {
		w.log.Error("find maintenance", "maintenance", id, "err", err)
		return incident.Maintenance{}, false, unavailable()
	}
	i := slices.IndexFunc(all, func(m incident.Maintenance) bool { return m.ID == id })
	if i < 0 {
		return incident.Maintenance{}, false, nil
	}
	return w.inZone(all[i]), true, nil
}

// inZone shows the window's times by the customer's clocks.
func (w *windows) inZone(m incident.Maintenance) incident.Maintenance {
	zone := w.zoneOf(m.Customer)
	for _, t := range []*time.Time{&m.From, &m.To, &m.AddedAt, &m.EndedAt} {
		if !t.IsZero() {
			*t = t.In(zone)
		}
	}
	return m
}

// zoneOf gives the customer's zone; UTC when the catalog no longer has the customer.
func (w *windows) zoneOf(id incident.CustomerID) *time.Location {
	if c, ok := w.customers().Customer(id); ok {
		return c.TimeZone
	}
	return time.UTC
}

// The states of a window.
const (
	planned = "planned"
	running = "running"
	over    = "over"
)

func stateOf(m incident.Maintenance, now time.Time) string {
	switch {
	case !m.EndedAt.IsZero() || !now.Before(m.To):
		return over
	case now.Before(m.From):
		return planned
	}
	return running
}

// newID gives an id that begins with a letter: by chance, or by who sent which key.
func newID(letter, by, key string) string {
	if key == "" {
		return letter + rand.Text()[:12]
	}
	sum := sha256.Sum256([]byte(by + "\x00" + key))
	return letter + base32.StdEncoding.EncodeToString(sum[:])[:12]
}
