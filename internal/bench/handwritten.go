package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"shodo/internal/incident"
)

// What somebody who knows Temporal would write by hand for this one kind of incident: the same seven activities in the
// same order, against the same outside world. It keeps no record, knows no customers, and nobody can step in.

// The ways to write it.
const (
	normal = "handwritten_normal" // every activity is a normal one
	local  = "handwritten_local"  // the reading ones and the bookkeeping are local, the repair is a normal one
	locked = "handwritten_locked" // the same, with repair and verification in a child workflow that is the machine's lock

	lockedRepair = "handwritten_repair" // the child
)

// handwritten is one of them with its worker.
type handwritten struct {
	*engine
	worker worker.Worker
	flow   string
}

func newHandwritten(e *engine, flow string) *handwritten {
	h := &handwritten{engine: e, worker: worker.New(e.temporal, flow, e.workerOptions()), flow: flow}
	a := &hands{e.outside}
	h.worker.RegisterActivity(a)
	h.worker.RegisterWorkflowWithOptions(handwrittenNormal, workflow.RegisterOptions{Name: normal})
	h.worker.RegisterWorkflowWithOptions(handwrittenLocal, workflow.RegisterOptions{Name: local})
	h.worker.RegisterWorkflowWithOptions(handwrittenLocked, workflow.RegisterOptions{Name: locked})
	h.worker.RegisterWorkflowWithOptions(handwrittenRepair, workflow.RegisterOptions{Name: lockedRepair})
	return h
}

// respond plays one incident.
func (h *handwritten) respond(ctx context.Context, id incident.ID) error {
	inc, _ := h.breakDown(id)
	defer h.forget(inc)
	opts := client.StartWorkflowOptions{ID: h.flow + "/" + string(id), TaskQueue: h.flow}
	if _, err := h.temporal.ExecuteWorkflow(ctx, opts, h.flow, eventOf(inc)); err != nil {
		return err
	}
	return await(ctx, inc)
}

func (h *handwritten) result(ctx context.Context, id incident.ID) error {
	return h.temporal.GetWorkflow(ctx, h.flow+"/"+string(id), "").Get(ctx, nil)
}

// hands are the activities.
type hands struct{ world *outside }

func (h *hands) Intake(ctx context.Context, id incident.ID) (incident.Incident, error) {
	inc, err := h.world.Read(ctx, id)
	if err != nil {
		return inc, err
	}
	return inc, h.world.Acknowledge(ctx, id)
}

func (h *hands) Probe(_ context.Context, host string) (json.RawMessage, error) {
	return h.world.do("/usr/bin/probe", host)
}

func (h *hands) Status(_ context.Context, host string) (json.RawMessage, error) {
	return h.world.do("/usr/bin/status", host)
}

func (h *hands) Journal(_ context.Context, host string) (json.RawMessage, error) {
	return h.world.do("/usr/bin/journal", host)
}

func (h *hands) Repair(ctx context.Context, host string) (json.RawMessage, error) {
	activity.RecordHeartbeat(ctx)
	return h.world.do("/usr/bin/repair", host)
}

func (h *hands) Close(ctx context.Context, id incident.ID) error {
	return h.world.Resolve(ctx, id, "repaired")
}

// steps runs activities, in one way or another.
type steps func(ctx workflow.Context, name string, arg any) workflow.Future

func allNormal(ctx workflow.Context, name string, arg any) workflow.Future {
	return workflow.ExecuteActivity(ctx, name, arg)
}

func mostLocal(ctx workflow.Context, name string, arg any) workflow.Future {
	if name == "Repair" {
		return workflow.ExecuteActivity(ctx, name, arg)
	}
	return workflow.ExecuteLocalActivity(ctx, name, arg)
}

func handwrittenNormal(ctx workflow.Context, e incident.Event) error {
	return byHand(withTimeouts(ctx), e, allNormal, steps(allNormal).repair)
}

func handwrittenLocal(ctx workflow.Context, e incident.Event) error {
	return byHand(withTimeouts(ctx), e, mostLocal, steps(mostLocal).repair)
}

func handwrittenLocked(ctx workflow.Context, e incident.Event) error {
	return byHand(withTimeouts(ctx), e, mostLocal, func(ctx workflow.Context, host string) error {
		ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{WorkflowID: "lock/" + host})
		return workflow.ExecuteChildWorkflow(ctx, lockedRepair, host).Get(ctx, nil)
	})
}

func handwrittenRepair(ctx workflow.Context, host string) error {
	return steps(mostLocal).repair(withTimeouts(ctx), host)
}

func withTimeouts(ctx workflow.Context) workflow.Context {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: 10 * time.Second})
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 30 * time.Second,
		HeartbeatTimeout: 10 * time.Second, WaitForCancellation: true})
}

// byHand is the first response: is it broken, what is to be seen, repair it, close.
func byHand(ctx workflow.Context, e incident.Event, do steps, repair func(workflow.Context, string) error) error {
	var inc incident.Incident
	if err := do(ctx, "Intake", e.Incident).Get(ctx, &inc); err != nil {
		return err
	}
	host := inc.First().Source
	broken, err := do.probe(ctx, host)
	if err != nil || !broken {
		return errors.Join(err, errors.New("it is not broken"))
	}
	evidence := []workflow.Future{do(ctx, "Status", host), do(ctx, "Journal", host)}
	for _, f := range evidence {
		if err := f.Get(ctx, nil); err != nil {
			return err
		}
	}
	if err := repair(ctx, host); err != nil {
		return err
	}
	return do(ctx, "Close", inc.ID).Get(ctx, nil)
}

// repair repairs the machine and looks whether it helped.
func (do steps) repair(ctx workflow.Context, host string) error {
	if err := do(ctx, "Repair", host).Get(ctx, nil); err != nil {
		return err
	}
	broken, err := do.probe(ctx, host)
	if err == nil && broken {
		err = errors.New("the repair did not help")
	}
	return err
}

// probe asks whether the machine is broken.
func (do steps) probe(ctx workflow.Context, host string) (bool, error) {
	var output struct {
		ExitCode int `json:"exit_code"`
	}
	if err := do(ctx, "Probe", host).Get(ctx, &output); err != nil {
		return false, fmt.Errorf("probe: %w", err)
	}
	return output.ExitCode != 0, nil
}
