package scenario

import (
	"fmt"
	"strings"
	"time"

	"shodo/internal/incident"
	"shodo/internal/yamldoc"
)

// step reads one step. What it can read at run time is known.
func (r *reader) step(d *yamldoc.Decoder, doc *stepDocument, known scope, at place) Step {
	st := Step{ID: doc.ID.Value, Uses: doc.Uses.Value, Phase: at.phase, Attempt: at.attempt, Place: r.place(doc.node)}
	if doc.node == nil {
		return st
	}
	st.If = r.condition(d.At("if"), &doc.If, known)
	st.OnError = r.onError(d.At("on_error"), doc, at.phase)
	action, ok := r.action(d.At("uses"), doc, at.phase)
	if !ok {
		action.Output = anyType
	}
	st.Healthy = r.healthy(d, doc, action, known, at.phase)
	if !ok {
		return st
	}
	st.Action = action
	st.params = r.params(d.At("with"), doc, action, known)
	st.Timeout = r.duration(d.At("timeout"), doc.Timeout, action.Timeout, 100*time.Millisecond, at.limit)
	st.Retry = r.retry(d.At("retry"), doc, action)
	return st
}

func (r *reader) action(d *yamldoc.Decoder, doc *stepDocument, phase incident.Phase) (Action, bool) {
	name := doc.Uses.Value
	if name == "" {
		return Action{}, false // told when the file was decoded
	}
	action, ok := r.actions.Lookup(name)
	if !ok {
		hint := yamldoc.Suggest(name, r.actions.Names())
		if hint == "" {
			hint = "known actions: " + strings.Join(r.actions.Names(), ", ")
		}
		d.Problem(nodeAt(doc.Uses.Place), fmt.Sprintf("unknown action %q", clipTo(name, 60)), hint)
		return Action{}, false
	}
	if action.Effect == Changes && phase != incident.Recover {
		d.Problem(nodeAt(doc.Uses.Place), fmt.Sprintf("%s changes something, and %s only reads", name, phase), "changing actions belong into recover")
	}
	return action, true
}

func (r *reader) params(d *yamldoc.Decoder, doc *stepDocument, action Action, known scope) params {
	node := &doc.With
	if node.Kind == 0 { // a missing parameter is told at "uses"
		node = nodeAt(doc.Uses.Place)
	}
	return withReader{r.file, known}.fields(d, node, action.Params)
}

func (r *reader) healthy(d *yamldoc.Decoder, doc *stepDocument, action Action, known scope, phase incident.Phase) *Condition {
	judged := phase == incident.Check || phase == incident.Verify
	switch {
	case judged && doc.Healthy.Kind == 0:
		d.Problem(doc.node, `the key "healthy" is missing`, fmt.Sprintf(`each step of %s says when its output is healthy, such as "healthy: output.ok"`, phase))
		return nil
	case !judged && doc.Healthy.Kind != 0:
		d.At("healthy").Problem(&doc.Healthy, fmt.Sprintf(`"healthy" is only for the steps of check and verify, not of %s`, phase), "")
		return nil
	}
	known.output = action.Output
	return r.condition(d.At("healthy"), &doc.Healthy, known)
}

func (r *reader) retry(d *yamldoc.Decoder, doc *stepDocument, action Action) Retry {
	once := action.Effect == Changes && !action.Idempotent
	switch {
	case doc.Retry == nil && once:
		return Retry{Attempts: 1, Every: DefaultRetryEvery, Backoff: DefaultRetryFactor}
	case doc.Retry == nil:
		return Retry{}
	case once:
		d.Problem(nodeAt(doc.Retry.Place), fmt.Sprintf("%s changes something and is not idempotent, so it is never retried", action.Name), "remove retry; write a further attempt under recover")
	}
	given := doc.Retry.Value
	retry := Retry(given)
	at := nodeAt(doc.Retry.Place)
	if retry.Attempts < 1 || retry.Attempts > maxAttempts {
		d.At("attempts").Problem(at, fmt.Sprintf("found %d, expected 1 to %d", retry.Attempts, maxAttempts), "")
	}
	if retry.Every == 0 {
		retry.Every = DefaultRetryEvery
	}
	if retry.Every < 0 {
		d.At("every").Problem(at, fmt.Sprintf("found %s, expected more than 0s", retry.Every), "")
	}
	if retry.Backoff == 0 {
		retry.Backoff = DefaultRetryFactor
	}
	if !(retry.Backoff >= 1 && retry.Backoff <= 10) {
		d.At("backoff").Problem(at, fmt.Sprintf("found %g, expected 1 to 10", retry.Backoff), "the wait is multiplied by it each time")
	}
	return retry
}

// onError gives what a failed step of the phase means.
func (r *reader) onError(d *yamldoc.Decoder, doc *stepDocument, phase incident.Phase) OnError {
	return OnError(r.word(d, &doc.OnError, onErrors(phase)...))
}

// onErrors gives what a failed step of the phase may mean, the default first. In verify a step that fails is not
// healthy yet.
func onErrors(phase incident.Phase) []string {
	switch phase {
	case incident.Check:
		return []string{string(HandOverNow), string(Continue)}
	case incident.Gather:
		return []string{string(Continue), string(HandOverNow)}
	case incident.Recover:
		return []string{string(NextAttempt), string(HandOverNow), string(Continue)}
	}
	return []string{string(Continue), string(HandOverNow), string(NextAttempt)}
}
