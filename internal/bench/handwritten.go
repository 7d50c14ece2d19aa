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
// same order, against the same outside world. It keeps no record, knows no lock, and nobody can step in.

const handwrittenQueue = "handwritten"

// The two ways to write it.
const (
	normal = "handwritten_normal" // every activity is a normal one
	local  = "handwritten_local"  // the reading ones and the bookkeeping are local, the repair is a normal one
)

// handwritten is the worker of both.
type handwritten struct {
	*engine
	worker worker.Worker
	flow   string
}

func newHandwritten(e *engine, flow string) *handwritten {
	h := &handwritten{engine: e, worker: worker.New(e.temporal, handwrittenQueue+flow, e.workerOptions()), flow: flow}
	a := &hands{e.outside}
	h.worker.RegisterActivity(a)
	h.worker.RegisterWorkflowWithOptions(handwrittenNormal, workflow.RegisterOptions{Name: normal})
	h.worker.RegisterWorkflowWithOptions(handwrittenLocal, workflow.RegisterOptions{Name: local})
	return h
}

// respond plays one incident.
func (h *handwritten) respond(ctx context.Context, id incident.ID) error {
	inc, _ := h.breakDown(id)
	defer h.forget(inc)
	opts := client.StartWorkflowOptions{ID: h.flow + "/" + string(id), TaskQueue: handwrittenQueue + h.flow}
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

func handwrittenNormal(ctx workflow.Context, e incident.Event) error {
	ctx = withTimeouts(ctx)
	return byHand(ctx, e, func(name string, arg any) workflow.Future { return workflow.ExecuteActivity(ctx, name, arg) })
}

func handwrittenLocal(ctx workflow.Context, e incident.Event) error {
	ctx = withTimeouts(ctx)
	var h *hands
	functions := map[string]any{"Intake": h.Intake, "Probe": h.Probe, "Status": h.Status, "Journal": h.Journal, "Close": h.Close}
	return byHand(ctx, e, func(name string, arg any) workflow.Future {
		if f, ok := functions[name]; ok {
			return workflow.ExecuteLocalActivity(ctx, f, arg)
		}
		return workflow.ExecuteActivity(ctx, name, arg)
	})
}

func withTimeouts(ctx workflow.Context) workflow.Context {
	ctx = workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: 10 * time.Second})
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 30 * time.Second,
		HeartbeatTimeout: 10 * time.Second, WaitForCancellation: true})
}

// byHand is the first response: is it broken, what is to be seen, repair it, did it help, close.
func byHand(ctx workflow.Context, e incident.Event, do func(name string, arg any) workflow.Future) error {
	var inc incident.Incident
	if err := do("Intake", e.Incident).Get(ctx, &inc); err != nil {
		return err
	}
	host := inc.First().Source
	if broken, err := isBroken(ctx, do("Probe", host)); err != nil || !broken {
		return errors.Join(err, errors.New("it is not broken"))
	}
	evidence := []workflow.Future{do("Status", host), do("Journal", host)}
	for _, f := range evidence {
		if err := f.Get(ctx, nil); err != nil {
			return err
		}
	}
	if err := do("Repair", host).Get(ctx, nil); err != nil {
		return err
	}
	if broken, err := isBroken(ctx, do("Probe", host)); err != nil || broken {
		return errors.Join(err, errors.New("the repair did not help"))
	}
	return do("Close", inc.ID).Get(ctx, nil)
}

func isBroken(ctx workflow.Context, probe workflow.Future) (bool, error) {
	var output struct {
		ExitCode int `json:"exit_code"`
	}
	if err := probe.Get(ctx, &output); err != nil {
		return false, fmt.Errorf("probe: %w", err)
	}
	return output.ExitCode != 0, nil
}
