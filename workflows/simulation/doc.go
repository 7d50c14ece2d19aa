// Package simulation proves by trial that nothing vanishes: its tests let 50 customers live through three months in which
// 10,000 incidents happen, while windows open and close, policies change and the engine breaks down, and then judge what
// came of it.
//
// What is real: the workflows, their activities, the store on a disk, the catalog, the rules of quiet hours. Each
// customer is one environment of Temporal's tests with one clock, which is skipped; the incidents and digests are
// workflows in it that run beside each other. What is simulated: PagerDuty with snoozes that end and page, people who
// answer late or never, monitors, webhooks that come late, twice or in the wrong order, Slack, mail, and the customers'
// windows.
//
// A breakdown is one of four: an activity is not run, its answer is lost after it has had its effect, the process dies in
// the middle of it right after something was sent outside, or the engine is away for hours. At times PagerDuty resolves
// nothing, while people go on.
//
// The judge (judge_test.go) looks only at what was seen outside and at the record, never into a workflow. Whether a
// window was open it finds out by itself, from the windows' pieces. For each fault that it has to find there is a
// sabotage (sabotage_test.go) that it must catch.
//
// Everything is drawn from one number, the seed. SHODO_SIMULATION_SEED sets another one, and every message of a failure
// names it. The same seed gives the same windows, troubles, people and breakdowns; in which order two activities of one
// instant run is up to the machine.
//
// The package holds tests only, and nothing imports it.
package simulation
