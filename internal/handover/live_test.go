package handover_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"shodo/internal/handover"
	"shodo/internal/incident"
)

// moment is one state of the live message: the record, and what the message is told beside it.
type moment struct {
	rec incident.Record
	set func(*handover.Options)
}

var onCall = []incident.Person{{ID: "slack:U0SATO", Name: "佐藤 花子"}, {ID: "pagerduty:PX", Name: "Tanaka <!channel>"}}

func offers() []handover.Offer {
	return []handover.Offer{
		{Attempt: 1, Name: "restart the unit", Commands: []string{handover.Command("ssh.run", asJSON(object{"host": "web1.acme.example", "command": []string{"systemctl", "restart", "nginx"}}))}},
		{Attempt: 2, Name: "start the previous release", Commands: []string{
			handover.Command("ssh.run", asJSON(object{"host": "web1.acme.example", "command": []string{"sh", "-c", "release rollback && echo it's done"}})),
			handover.Command("http.request", asJSON(object{"method": "POST", "url": "https://lb.acme.example/drain?x=<1>&y=2"})),
		}},
	}
}

func question(number int) *handover.Question {
	o := offers()[1]
	return &handover.Question{Number: number, Attempt: o.Attempt, Name: o.Name, Commands: o.Commands, Until: at(700),
		Otherwise: "hand_over", Tier: "first_tier"}
}

// did adds lines to the record's history.
func did(rec incident.Record, lines ...incident.Transition) incident.Record {
	for _, n := range lines {
		n.Run = 1
		rec.Transitions = append(slices.Clone(rec.Transitions), n)
	}
	return rec
}

func chosen(from float64, kind incident.ChoiceKind, by string) incident.Transition {
	return incident.Transition{Kind: incident.Chosen, Choice: kind, By: by, At: at(from), Why: by + " (slack:U0SATO) chose " + string(kind)}
}

func asking() incident.Record {
	r := base()
	r.Phase, r.Match.Autonomy = incident.Recover, incident.Approve
	r.Steps = []incident.Step{probe(incident.Check, 0, 0, 502, 2), journal(3)}
	return did(r, incident.Transition{Kind: incident.Asked, By: "first_tier", Attempt: 2, Item: 1, At: at(5), Until: at(700)})
}

func taken() incident.Record {
	return did(verifyFailed(), incident.Transition{Kind: incident.PersonTook, Choice: incident.TakeOver, By: "佐藤 花子", At: at(120)})
}

func wish(from float64, attempt int) incident.Transition {
	n := chosen(from, incident.RunAttempt, "佐藤 花子")
	n.Attempt = attempt
	return n
}

func result(from float64, attempt int, reason incident.Reason, why string) incident.Transition {
	outcome := incident.HandedOver
	if reason == "" {
		outcome = incident.Recovered
	}
	return incident.Transition{Kind: incident.Acted, Choice: incident.RunAttempt, Attempt: attempt, By: "佐藤 花子", Outcome: outcome, Reason: reason, Why: why, At: at(from)}
}

// again is one more time of the first attempt, at a person's wish, with its verification.
func again(rec incident.Record, status int) incident.Record {
	s := restart(1, "restart the unit", []string{"systemctl", "restart", "nginx"}, 131)
	s.Round = 1
	rec.Steps = append(slices.Clone(rec.Steps), s, probe(incident.Verify, 1, 2, status, 133))
	return rec
}

func ticked(from float64, item int, by string) incident.Transition {
	n := chosen(from, incident.Tick, by)
	n.Item = item
	return n
}

func moments() map[string]moment {
	ended := func(rec incident.Record, n incident.Transition) incident.Record {
		n.Kind, n.At, rec.EndedAt, rec.Phase = incident.ResponseEnd, at(300), at(300), incident.End
		return did(rec, n)
	}
	asks := func(o *handover.Options) { o.Question, o.Offers = question(1), nil }
	granted := asking()
	granted.Transitions = append(granted.Transitions, incident.Transition{Run: 1, Kind: incident.Chosen, Choice: incident.Grant, Item: 1, Attempt: 2, By: "佐藤 花子", At: at(60)})
	no := verifyFailed()
	no.Reason, no.Why, no.Transitions = incident.NotApproved, "佐藤 花子 (slack:U0SATO) did not approve attempt 2 in Slack", nil
	no = did(no, asking().Transitions[0])
	expired := no
	expired.Why = `nobody approved attempt "start the previous release" within 11m35s`
	refusedRun := did(taken(), wish(130, 1), result(131, 1, incident.OverBudget, `attempt 1 ("restart the unit"), which 佐藤 花子 asked for, was not made: "i-0abc123" had 3 repairs within 1h0m0s, and limits.recoveries allows 3: the fix does not hold`))
	stopped := result(140, 1, "", `attempt 1 ("restart the unit") was made at the wish of 佐藤 花子: Suzuki (slack:U2) took it over in Slack`)
	stopped.Outcome = incident.TakenOver
	two := did(taken(), wish(130, 2), incident.Transition{Kind: incident.Asked, By: "first_tier", Attempt: 2, Item: 1, At: at(130), Until: at(730)})
	paused := forbidden()
	paused.Reason, paused.Why, paused.Transitions = incident.Paused, `Suzuki has paused everything for customer "acme": release 42`, nil
	partial := recovered()
	partial.Phase, partial.Outcome, partial.Reason, partial.EndedAt = incident.HandOver, incident.HandedOver, incident.Partial, time.Time{}
	partial.Why = `"restart the unit" was done, and verified; what remains is a person's to do`
	suggested := observed()
	suggested.Match.Autonomy = incident.Suggest
	return map[string]moment{
		"approval_waits":   {asking(), asks},
		"approval_granted": {granted, asks}, // the question is answered: it is not shown any more
		"approval_refused": {did(no, incident.Transition{Kind: incident.Chosen, Choice: incident.NotNow, Item: 1, Attempt: 2, By: "佐藤 花子", At: at(60)}), nil},
		"approval_expired": {did(expired, incident.Transition{Kind: incident.Expired, Item: 1, Attempt: 2, At: at(700)}), nil},
		"approval_held":    {did(recovered(), granted.Transitions...), nil},
		"handed_over":      {verifyFailed(), nil},
		"suggested":        {suggested, nil},
		"partial":          {did(partial, ticked(150, 1, "佐藤 花子")), nil},
		"told_tier_2": {did(verifyFailed(), incident.Transition{Kind: incident.ToldTier, By: "second_tier", At: at(700)}), func(o *handover.Options) {
			o.Tier, o.Next, o.NextAt, o.CanCall = "second_tier", "first_tier", at(2500), false
		}},
		"taken":               {taken(), nil},
		"released":            {did(taken(), incident.Transition{Kind: incident.EventSeen, Key: incident.ReleasedKey + "E9", At: at(1920)}), nil},
		"manual_run_running":  {did(taken(), wish(130, 1)), nil},
		"manual_run_verified": {again(did(taken(), wish(130, 1), result(140, 1, "", `attempt 1 ("restart the unit") was made at the wish of 佐藤 花子, and verified`)), 200), nil},
		"manual_run_not_held": {again(did(taken(), wish(130, 1), result(140, 1, incident.VerifyFailed, `attempt 1 ("restart the unit") was made at the wish of 佐藤 花子: the attempt did not hold`)), 502), nil},
		"manual_run_refused":  {refusedRun, nil},
		"manual_run_stopped":  {again(did(taken(), wish(130, 1), stopped), 502), nil},
		"two_people": {two, func(o *handover.Options) {
			o.Question = question(1)
			o.Question.AskedBy, o.Question.Otherwise = "佐藤 花子", handover.OtherwiseDrop
		}},
		"ticks":    {did(taken(), ticked(150, 1, "佐藤 花子"), ticked(160, 2, "Suzuki"), ticked(170, 2, "Suzuki"), ticked(180, -2, "Suzuki")), nil},
		"done":     {ended(did(taken(), ticked(150, 1, "佐藤 花子"), chosen(300, incident.Done, "佐藤 花子")), incident.Transition{By: "佐藤 花子", Choice: incident.Done}), nil},
		"noise":    {ended(did(taken(), chosen(300, incident.Noise, "佐藤 花子")), incident.Transition{By: "佐藤 花子", Choice: incident.Noise}), nil},
		"resolved": {ended(taken(), incident.Transition{By: "Suzuki"}), nil},
		"paused": {paused, func(o *handover.Options) {
			o.Paused = &incident.Pause{Scope: incident.PauseCustomer, Name: "acme", By: "Suzuki", Reason: "release 42 <!channel>", At: at(-600)}
		}},
		"moved":                     {did(expired, incident.Transition{Kind: incident.Expired, Item: 1, Attempt: 2, At: at(700)}), func(o *handover.Options) { o.Moved = true }},
		"no_interactivity":          {verifyFailed(), func(o *handover.Options) { o.Buttons = false }},
		"approval_no_interactivity": {asking(), func(o *handover.Options) { asks(o); o.Buttons = false }},
	}
}

func (m moment) options(language string) handover.Options {
	o := options(language, m.rec)
	o.Buttons, o.Mentions, o.Offers, o.Next, o.NextAt, o.CanCall = true, onCall, offers(), "second_tier", at(695), true
	if m.rec.Outcome.IsAutomatic() {
		o.Offers, o.Next = nil, ""
	}
	if m.set != nil {
		m.set(&o)
	}
	return o
}

func TestGoldenLive(t *testing.T) {
	all := moments()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, language := range []string{"en", "ja"} {
			t.Run(name+"_"+language, func(t *testing.T) {
				p := handover.Build(all[name].rec, all[name].options(language))
				checkLimits(t, p)
				m := p.Slack()
				golden(t, "live_"+name+"."+language+".txt", readable(m)+"\n=== note ===\n"+p.Note())
				m.Thread = nil
				golden(t, "live_"+name+"."+language+".json", pretty(t, m))
			})
		}
	}
}

// readable draws a message as a person sees it, for whoever reads the golden files.
func readable(m handover.Message) string {
	var b strings.Builder
	b.WriteString(m.Text + "\n")
	for _, block := range m.Blocks {
		b.WriteString("--- " + block.Type + "\n")
		if block.Text != nil {
			b.WriteString(block.Text.Text + "\n")
		}
		for _, e := range block.Elements {
			switch {
			case e.Button != nil:
				fmt.Fprintf(&b, "( %s )", e.Button.Text.Text)
				if c := e.Button.Confirm; c != nil {
					fmt.Fprintf(&b, "  ? %s", c.Text.Text)
				}
				b.WriteString("\n")
			case e.Checkboxes != nil:
				for _, o := range e.Checkboxes.Options {
					box := "[ ]"
					for _, on := range e.Checkboxes.InitialOptions {
						if on.Value == o.Value {
							box = "[x]"
						}
					}
					fmt.Fprintf(&b, "%s %s\n", box, o.Text.Text)
					if o.Description != nil {
						fmt.Fprintf(&b, "    %s\n", o.Description.Text)
					}
				}
			case e.Text != nil:
				b.WriteString(e.Text.Text + "\n")
			}
		}
	}
	for _, f := range m.Files {
		fmt.Fprintf(&b, "file %s: %s (%d bytes)\n", f.Name, f.Title, len(f.Content))
	}
	return b.String()
}

func kinds(m handover.Message) []incident.ChoiceKind {
	var list []incident.ChoiceKind
	for _, b := range m.Blocks {
		for _, e := range b.Elements {
			switch {
			case e.Button != nil:
				c, err := handover.ParseChoice(e.Button.ActionID, e.Button.Value)
				if err != nil {
					panic(err)
				}
				list = append(list, c.Kind)
			case e.Checkboxes != nil:
				list = append(list, incident.Tick)
			}
		}
	}
	return list
}

// What can be pressed is what the workflow takes in that state.
func TestButtonsOfEachState(t *testing.T) {
	all := moments()
	open := []incident.ChoiceKind{incident.Tick, incident.TakeOver, incident.RunAttempt, incident.RunAttempt, incident.NextTier, incident.Done, incident.Noise}
	question := []incident.ChoiceKind{incident.Grant, incident.NotNow, incident.TakeOver}
	for name, want := range map[string][]incident.ChoiceKind{
		"approval_waits": question, "approval_granted": {incident.TakeOver}, "approval_held": nil, "handed_over": open, "taken": open,
		"manual_run_running": {incident.Tick, incident.TakeOver}, "manual_run_verified": open, "two_people": question,
		"done": nil, "noise": nil, "resolved": nil, "no_interactivity": nil, "approval_no_interactivity": nil,
	} {
		got := kinds(handover.Build(all[name].rec, all[name].options("en")).Slack())
		if !slices.Equal(want, got) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestOnlyThoseOnCallAreMentioned(t *testing.T) {
	o := moments()["handed_over"].options("en")
	o.Mentions = []incident.Person{
		{ID: "slack:U0SATO", Name: "Sato"}, {ID: "slack:U0> <!channel>", Name: "Evil <!here>"}, {ID: "slack:channel", Name: "Wrong"},
		{ID: "slack:!here", Name: ""}, {ID: "pagerduty:P1", Name: "Suzuki"},
	}
	rec := verifyFailed()
	m := handover.Build(rec, o).Slack()
	text := pretty(t, m.Blocks) + m.Text
	for _, want := range []string{"<@U0SATO>", "Evil &lt;!here&gt;", "Wrong", "Suzuki"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in it", want)
		}
	}
	if n := strings.Count(text, "<@"); n != 2 { // in the message and in what the phone shows
		t.Errorf("%d mentions", n)
	}
	// It is over: nobody is called any more.
	if text := pretty(t, handover.Build(moments()["done"].rec, o).Slack()); strings.Contains(text, "<@") {
		t.Error("people are mentioned though it is over")
	}
}

func TestWhatIsApprovedIsShownWhole(t *testing.T) {
	m := moments()["approval_waits"]
	o := m.options("en")
	o.Question.Commands = []string{handover.Command("ssh.run", asJSON(object{"command": []string{"rm", "-rf", "/data/\u202Egpj.x", "a b", "$(reboot)"}}))}
	text := pretty(t, handover.Build(m.rec, o).Slack())
	if want := `rm -rf '/data/\\u202egpj.x' 'a b' '$(reboot)'`; !strings.Contains(text, strings.ReplaceAll(want, `'/data/\\u202egpj.x'`, `/data/\\u202egpj.x`)) && !strings.Contains(text, want) {
		t.Errorf("the command is not in it: %s", text)
	}
	long := strings.Repeat("0123456789", 1000) + " && the end"
	o.Question.Commands = []string{"ssh.run\n  script: " + long}
	live := handover.Build(m.rec, o).Slack()
	if len(live.Files) == 0 || live.Files[0].Name != "approve-1.txt" || !strings.Contains(live.Files[0].Content, long) {
		t.Errorf("a long command is not whole in a file: %d files", len(live.Files))
	}
	if text := pretty(t, live.Blocks); !strings.Contains(text, "approve-1.txt") {
		t.Error("the message does not say where all of it is")
	}
	checkMessage(t, live, 0)
}

// A button that is read again gives the same commands, whatever the parameters hold.
func FuzzCommand(f *testing.F) {
	f.Add("ssh.run", []byte(`{"command":["a","b c"],"host":"x"}`))
	f.Add("\u202e", []byte(`[1]`))
	f.Add("x", []byte(`{"url":"https://u:p@h/","script":"a\nb\u0000"}`))
	f.Fuzz(func(t *testing.T, action string, params []byte) {
		text := handover.Command(action, json.RawMessage(params))
		if strings.ContainsAny(text, "\x00\x1b\u202e\u200b\r") {
			t.Errorf("it hides something: %q", text)
		}
	})
}

// Whatever a record and people's names and commands hold, the message is within its limits and nobody else is mentioned.
func FuzzLive(f *testing.F) {
	for name, m := range moments() {
		f.Add([]byte(asJSON(m.rec)), name, []byte(`{"command":["reboot"]}`))
	}
	f.Add([]byte(asJSON(hostile())), evil, []byte(evil))
	f.Fuzz(func(t *testing.T, data []byte, text string, params []byte) {
		var rec incident.Record
		if json.Unmarshal(data, &rec) != nil {
			rec = taken()
			rec.Incident.ID, rec.TakenBy, rec.Why = incident.ID(text), text, text
		}
		opts := handover.Options{Language: []string{"en", "ja"}[len(data)%2], Tier: text, Remaining: []string{text, "x"}, Buttons: len(text)%3 > 0,
			Next: text, CanCall: true, Mentions: []incident.Person{{ID: "slack:" + text, Name: text}},
			Offers: []handover.Offer{{Attempt: 1, Name: text, Commands: []string{handover.Command(text, params), text}}}}
		checkMessage(t, handover.Build(rec, opts).Slack(), 0)
		checkDigest(t, handover.Grouped([]incident.Record{rec, rec}, opts))
		opts.Question = &handover.Question{Number: 1, Attempt: 1, Name: text, Commands: []string{text}, AskedBy: text}
		opts.Paused = &incident.Pause{Scope: incident.PauseCustomer, Name: text, By: text, Reason: text}
		p := handover.Build(rec, opts)
		checkMessage(t, p.Slack(), 0)
		if n := units(p.Note()); n > 2*handover.MaxNote {
			t.Errorf("note has %d characters", n)
		}
		for _, n := range rec.Transitions {
			if m := handover.News(rec, opts, n); m.Text != "" {
				checkMessage(t, m, 0)
			}
		}
	})
}

// Points that a person has ticked stay the same ones, whatever runs at somebody's wish meanwhile.
func TestAWishDoesNotMoveThePointsOfTheChecklist(t *testing.T) {
	rec := did(taken(), wish(130, 1))
	before := handover.Build(rec, options("en", rec))
	rec = did(again(rec, 502), result(140, 1, incident.Inconclusive, "it is not known whether it took effect"))
	rec.Steps[len(rec.Steps)-2].ErrorKind = incident.UnknownEffect
	after := handover.Build(rec, options("en", rec))
	if !slices.Equal(before.Remaining, after.Remaining) || len(after.First) != 1 || len(before.First) != 0 {
		t.Errorf("before %q and %q, after %q and %q", before.First, before.Remaining, after.First, after.Remaining)
	}
}

func TestAnEarlierMessageTakesNoChoice(t *testing.T) {
	for name, m := range moments() {
		for _, buttons := range []bool{true, false} {
			o := m.options("en")
			o.Moved, o.Buttons = true, buttons
			got := handover.Build(m.rec, o).Slack()
			if len(kinds(got)) > 0 || strings.Contains(got.Text, "<@") {
				t.Errorf("%s: it offers %v and says %q", name, kinds(got), got.Text)
			}
			isOver := !m.rec.EndedAt.IsZero() || m.rec.Outcome.IsAutomatic()
			if points := strings.Contains(readable(got), "the newest message"); points == isOver {
				t.Errorf("%s: it says where to go on: %t", name, points)
			}
		}
	}
}

// A point stands once, ticked or not: at its box, with who ticked it. Only one that is too long for its box stands above it,
// too, and what no box has is told with its state.
func TestEachPointStandsOnce(t *testing.T) {
	long := strings.Repeat("長い項目 ", 20)
	fits := strings.Repeat("x", handover.MaxOption-len("4. "))
	rec := did(taken(), ticked(150, 1, "佐藤 花子"), ticked(160, 2, "Suzuki"))
	o := moment{rec: rec}.options("ja")
	o.Remaining = []string{"リリースを確認する", long, "顧客へ連絡する", fits, fits + "yz"}
	m := handover.Build(rec, o).Slack()
	text := readable(m)
	for want, times := range map[string]int{"リリースを確認する": 1, "顧客へ連絡する": 1, strings.TrimSpace(long): 1, "    佐藤 花子 さん、03:02:30": 1,
		"    Suzuki さん、03:02:40": 1, fits + "\n": 1, fits + "yz": 1, "☑": 0} {
		if n := strings.Count(text, want); n != times {
			t.Errorf("%q stands there %d times, want %d:\n%s", want, n, times, text)
		}
	}
	checkMessage(t, m, 0)
}

func TestManyPointsAreSplit(t *testing.T) {
	rec := verifyFailed()
	o := moment{rec: rec}.options("ja")
	o.Remaining = nil
	for i := range 35 {
		o.Remaining = append(o.Remaining, fmt.Sprintf("%d 番目の確認: %s", i+1, strings.Repeat("ログを見る ", i)))
	}
	for i := range 20 {
		rec = did(rec, ticked(200+float64(i), i+1, "佐藤 花子"))
	}
	m := handover.Build(rec, o).Slack()
	checkMessage(t, m, 0)
	var sizes []int
	for _, b := range m.Blocks {
		for _, e := range b.Elements {
			if e.Checkboxes != nil {
				sizes = append(sizes, len(e.Checkboxes.Options))
			}
		}
	}
	if len(sizes) == 0 || slices.Max(sizes) > handover.MaxOptions || !strings.Contains(pretty(t, m.Blocks), "shodo incident tick") {
		t.Errorf("boxes %v", sizes)
	}
}

// Whatever is long, the message is within every limit.
func TestHugeLiveMessages(t *testing.T) {
	for name, fill := range map[string]string{"ampersands": "&", "backslashes": `\`, "emoji": "🔥", "mentions": "<!channel>@here ", "broken": "\xff", "nothing": ""} {
		t.Run(name, func(t *testing.T) {
			text := strings.Repeat(fill, 1<<12/max(1, len(fill)))
			all := moments()
			for _, state := range []string{"approval_waits", "two_people", "handed_over", "ticks", "paused", "done"} {
				m, rec := all[state], filled(text)
				rec.Phase, rec.Outcome, rec.Reason, rec.EndedAt = m.rec.Phase, m.rec.Outcome, m.rec.Reason, m.rec.EndedAt
				for _, n := range m.rec.Transitions {
					n.By, n.Why = text, text
					rec.Transitions = append(rec.Transitions, n)
				}
				o := m.options("en")
				o.Remaining, o.Next, o.Tier, o.Runbook = slices.Repeat([]string{text}, 40), text, text, text
				for i := range 12 {
					o.Offers = append(o.Offers, handover.Offer{Attempt: i + 3, Name: text, Commands: []string{text, text}})
				}
				if o.Question != nil {
					o.Question.Commands, o.Question.Name, o.Question.AskedBy = []string{text, text}, text, text
				}
				o.Mentions = slices.Repeat([]incident.Person{{ID: "slack:U0SATO", Name: text}, {ID: text, Name: text}}, 30)
				if o.Paused != nil {
					o.Paused.By, o.Paused.Reason, o.Paused.Name = text, text, text
				}
				checkLimits(t, handover.Build(rec, o))
			}
		})
	}
}

func TestThreeMegabytesOfEvidence(t *testing.T) {
	rec := verifyFailed()
	rec.Steps[1].Output = asJSON(object{"stdout": strings.Repeat("@channel <!here> "+strings.Repeat("x", 80)+"\n", 3<<20/100)})
	p := handover.Build(rec, moment{rec: rec}.options("en"))
	checkLimits(t, p)
	if files := p.Slack().Files; len(files) == 0 || len(files[0].Content) < handover.MaxFile/2 {
		t.Errorf("%d files", len(files))
	}
}

func TestTheClockIsLeftOutOfWhatIsOver(t *testing.T) {
	m := moments()["done"]
	text := pretty(t, handover.Build(m.rec, m.options("en")).Slack().Blocks)
	if strings.Contains(text, "next:") || strings.Contains(text, "nobody yet") {
		t.Errorf("it tells who is next: %s", text)
	}
}
