package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"shodo/internal/customer"
)

const (
	// settling is how much later than the window the digest looks: clocks differ, and what waits has begun to end by then.
	settling = 5 * time.Second
	// firstAsk and lastAsk bound the wait between two looks for incidents that are not over.
	firstAsk = 30 * time.Second
	lastAsk  = 5 * time.Minute
	// forOthers is how long the list waits for incidents that are not over; what comes later has a list of its own.
	forOthers = 2 * time.Hour
	// forgotten is when no incident is waited for any more: a run that was terminated by hand never ends.
	forgotten = 7 * 24 * time.Hour
)

// Digest tells what was deferred to the end of a window: one message to the customer's first tier about the incidents that
// waited and never needed a person, and one to each of the customer's contacts. It is made from the record when the window
// ends; the workflow itself remembers nothing of what it has to tell.
func Digest(ctx workflow.Context, in DigestInput) error {
	d := &digest{ctx: ctx, in: in, policy: workflow.GetSignalChannel(ctx, policySignal)}
	end := in.End.Add(settling)
	d.sleep(end)
	others := workflow.Now(ctx).Add(forOthers) // what the engine has to do after an outage begins now, too
	for pause := firstAsk; ; pause = min(2*pause, lastAsk) {
		due, err := d.due()
		switch now := workflow.Now(ctx); {
		case err != nil:
			workflow.GetLogger(ctx).Error("look for what was deferred", "err", err)
			d.sleep(now.Add(pause))
			continue
		case due.Open > 0 && !now.Before(end) && now.Before(others):
			d.sleep(now.Add(pause))
			continue
		}
		d.tell(due)
		switch now := workflow.Now(ctx); {
		case due.More:
		case now.Before(end):
			d.sleep(end)
			pause, others = firstAsk, workflow.Now(ctx).Add(forOthers)
		case due.Open > 0 && now.Before(in.End.Add(forgotten)):
			d.sleep(now.Add(lastAsk))
		case due.Again.IsZero():
			return nil
		default:
			d.sleep(due.Again)
		}
	}
}

// digest is one run of the workflow.
type digest struct {
	ctx      workflow.Context
	in       DigestInput
	policy   workflow.ReceiveChannel
	messages int
}

// sleep waits until a moment, or until the customer's windows may have changed. Of a window that was removed when nothing
// waited for it any more nobody tells the digest: so it looks once a day.
func (d *digest) sleep(until time.Time) {
	left := min(until.Sub(workflow.Now(d.ctx)), 24*time.Hour)
	if _, err := workflow.AwaitWithTimeout(d.ctx, left, func() bool { return d.policy.Len() > 0 }); err != nil {
		workflow.GetLogger(d.ctx).Warn("wait for the end of the window", "err", err)
	}
}

// due asks the record what there is to tell at the moment.
func (d *digest) due() (DigestDue, error) {
	for d.policy.ReceiveAsync(nil) {
		// what the signals tell of is decided now
	}
	var due DigestDue
	err := workflow.ExecuteLocalActivity(reading(d.ctx), digestDueActivity, d.in).Get(d.ctx, &due)
	return due, err
}

// tell tells all at once, and waits until everything is told.
func (d *digest) tell(due DigestDue) {
	var told []workflow.Future
	send := func(activity string, entries []DigestEntry, to customer.Contact, receiver int) {
		d.messages++
		told = append(told, workflow.ExecuteActivity(writing(d.ctx), activity, TellDigestInput{Digest: d.in, Number: d.messages,
			Entries: entries, Contact: to, Receiver: receiver}))
	}
	if len(due.Tier) > 0 {
		send(tellDigestActivity, due.Tier, customer.Contact{}, 0)
	}
	if len(due.Contact) > 0 {
		for i, contact := range due.Contacts {
			send(tellContactDigestActivity, due.Contact, contact, i+1)
		}
	}
	for _, f := range told {
		if err := f.Get(d.ctx, nil); err != nil {
			workflow.GetLogger(d.ctx).Error("tell what was deferred", "err", err)
		}
	}
}
