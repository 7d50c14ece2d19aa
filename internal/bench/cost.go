package main

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"

	"shodo/workflows"
	"shodo/workflows/workflowstest"
)

// measureCost counts what one incident takes in Temporal.
func measureCost(ctx context.Context, s settings, t *table) error {
	e, err := newEngine(ctx, s)
	if err != nil {
		return err
	}
	defer e.close()
	if err := e.work(); err != nil {
		return err
	}
	id := new(ids).next()
	if _, err := alone(ctx, e, id); err != nil {
		return err
	}
	histories, err := workflowstest.Histories(ctx, e.temporal, workflows.WorkflowID(id))
	if err != nil {
		return err
	}
	events, actions, size := 0, 0, 0
	for _, h := range histories {
		events += len(h.Events)
		actions += workflowstest.Actions(h)
		size += proto.Size(h)
	}
	t.aim("history events per incident, with its recovery", fmt.Sprint(events), "at most 30", events <= 30)
	t.aim("Temporal actions per incident, with its recovery", fmt.Sprint(actions), "at most 12", actions <= 12)
	t.add("size of the histories of an incident", fmt.Sprintf("%.1f KiB", float64(size)/1024))
	return nil
}
