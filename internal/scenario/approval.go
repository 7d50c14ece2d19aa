package scenario

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"

	"shodo/internal/incident"
	"shodo/internal/yamldoc"
)

// Approval says who has to agree before an attempt is made. What they agree to is the attempt's commands as they are shown
// to them; no answer ever means that the attempt is made.
type Approval struct {
	From      string        // a tier of the customer's file; empty: the first one
	Within    time.Duration // how long an answer is waited for; the wait does not count against limits.timeout
	Otherwise Otherwise     // without one, and when the answer is no
}

// Otherwise is what follows when an attempt is not approved.
type Otherwise string

// What can follow.
const (
	OtherwiseHandOver    Otherwise = "hand_over"    // the default
	OtherwiseNextAttempt Otherwise = "next_attempt" // the attempt is passed over
)

// The limits of approval.within, both allowed, and the default: shorter than the least nobody reads what he approves.
const (
	DefaultApprovalWithin = 10 * time.Minute
	minApprovalWithin     = 30 * time.Second
	maxApprovalWithin     = 24 * time.Hour
)

// DefaultApproval is asked for where autonomy is approve and the attempt says nothing.
func DefaultApproval() Approval {
	return Approval{Within: DefaultApprovalWithin, Otherwise: OtherwiseHandOver}
}

// ApprovalAt gives what the attempt needs under an autonomy, after the customer's lowering: nil is no approval. Under approve
// every attempt needs one; under automatic those that say so. Under observe and suggest the engine makes no attempt of its
// own accord, so there is nothing to approve.
func (a *Attempt) ApprovalAt(autonomy incident.Autonomy) *Approval {
	switch {
	case autonomy != incident.Approve && autonomy != incident.Automatic:
		return nil
	case a.Approval != nil:
		given := *a.Approval
		return &given
	case autonomy == incident.Approve:
		given := DefaultApproval()
		return &given
	}
	return nil
}

// otherwises are the words of approval.otherwise, the default first. There is no "run": silence approves nothing.
func otherwises() []string { return []string{string(OtherwiseHandOver), string(OtherwiseNextAttempt)} }

type approvalDocument struct {
	From      string                          `yaml:"from" doc:"A tier of the customer's file: who is asked. The default is first_tier."`
	Within    yamldoc.Located[*time.Duration] `yaml:"within" doc:"How long an answer is waited for, 30s to 24h. The default is 10m."`
	Otherwise yaml.Node                       `yaml:"otherwise" schema:"otherwise" doc:"What follows without an answer, and after a no: hand_over (the default) or next_attempt."`
}

// DecodeYAML reads {from, within, otherwise}, of which each may be left out.
func (a *approvalDocument) DecodeYAML(n *yaml.Node, d *yamldoc.Decoder) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!bool" && n.Value == "true":
		d.Problem(n, "found true, expected a mapping (key: value)", `write "approval: {}" to ask the first tier for 10m`)
		return
	case n.Kind == yaml.ScalarNode && n.Tag == "!!bool" && n.Value == "false":
		d.Problem(n, "found false, expected a mapping (key: value)", "leave the key out: without it nobody is asked, unless autonomy is approve")
		return
	}
	type plain approvalDocument
	d.Decode(n, (*plain)(a))
}

// approval reads who has to agree; nil: nobody is named.
func (r *reader) approval(d *yamldoc.Decoder, doc *approvalDocument) *Approval {
	if doc == nil {
		return nil
	}
	a := &Approval{From: doc.From, Otherwise: OtherwiseHandOver}
	a.Within = r.duration(d.At("within"), doc.Within, DefaultApprovalWithin, minApprovalWithin, maxApprovalWithin)
	if n := &doc.Otherwise; n.Kind == yaml.ScalarNode && (n.Value == "run" || n.Value == "approve") {
		d.At("otherwise").Problem(n, fmt.Sprintf("found %q: what nobody has approved is never run", n.Value), "it is hand_over or next_attempt")
		return a
	}
	a.Otherwise = Otherwise(r.word(d.At("otherwise"), &doc.Otherwise, otherwises()...))
	return a
}
