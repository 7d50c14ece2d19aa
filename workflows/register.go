package workflows

import (
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// WorkerOptions says how a worker of ours runs. Running steps have the time of stop to end when it stops; broken is told
// the error that ends it before.
func WorkerOptions(stop time.Duration, broken func(error)) worker.Options {
	return worker.Options{
		WorkerStopTimeout: stop,
		// Cancelling a running step reaches it with its next heartbeat: a person who steps in does not wait long.
		MaxHeartbeatThrottleInterval:     time.Second,
		DefaultHeartbeatThrottleInterval: time.Second,
		MaxConcurrentWorkflowTaskPollers: 8,
		MaxConcurrentActivityTaskPollers: 8,
		OnFatalError:                     broken,
	}
}

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
	r.RegisterWorkflowWithOptions(Digest, workflow.RegisterOptions{Name: DigestWorkflow})
	r.RegisterWorkflowWithOptions(Report, workflow.RegisterOptions{Name: ReportWorkflow})
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
		{followSlackActivity, a.FollowSlack},
		{tellPagerDutyActivity, a.TellPagerDuty},
		{takePagerDutyActivity, a.TakePagerDuty},
		{finishActivity, a.Finish},
		{statusActivity, a.Status},
		{askActivity, a.Ask},
		{tellQuestionActivity, a.TellQuestion},
		{noteQuestionActivity, a.NoteQuestion},
		{mayPageActivity, a.MayPage},
		{snoozeActivity, a.Snooze},
		{stillSilentActivity, a.StillSilent},
		{resumeActivity, a.Resume},
		{mayContactActivity, a.MayContact},
		{tellContactActivity, a.TellContact},
		{digestDueActivity, a.DigestDue},
		{tellDigestActivity, a.TellDigest},
		{tellContactDigestActivity, a.TellContactDigest},
		{reportDueActivity, a.ReportDue},
		{deliverReportActivity, a.DeliverReport},
	} {
		r.RegisterActivityWithOptions(named.do, activity.RegisterOptions{Name: named.name})
	}
	for _, name := range actions {
		r.RegisterActivityWithOptions(a.Step, activity.RegisterOptions{Name: name})
	}
}
