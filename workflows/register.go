package workflows

import (
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/workflow"
)

// Registry is where workflows and activities are made known: a worker, or Temporal's test environment.
type Registry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
	RegisterActivityWithOptions(a any, options activity.RegisterOptions)
}

// Register makes everything of this package known. Each action gets an activity of its own name.
func Register(r Registry, world World, actions []string) {
	a := &Activities{World: world}
	r.RegisterWorkflowWithOptions(Incident, workflow.RegisterOptions{Name: IncidentWorkflow})
	r.RegisterWorkflowWithOptions(Recovery, workflow.RegisterOptions{Name: RecoveryWorkflow})
	for _, named := range []struct {
		name string
		do   any
	}{
		{intakeActivity, a.Intake},
		{stepsActivity, a.Steps},
		{attemptActivity, a.Attempt},
		{planActivity, a.Plan},
		{concludeActivity, a.Conclude},
		{recordActivity, a.Record},
		{tellSlackActivity, a.TellSlack},
		{tellPagerDutyActivity, a.TellPagerDuty},
		{statusActivity, a.Status},
	} {
		r.RegisterActivityWithOptions(named.do, activity.RegisterOptions{Name: named.name})
	}
	for _, name := range actions {
		r.RegisterActivityWithOptions(a.Step, activity.RegisterOptions{Name: name})
	}
}
