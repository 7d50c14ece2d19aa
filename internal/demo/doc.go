// Package demo plays the product's main job on this machine, with real input: it starts the whole product, a local
// PagerDuty and Slack (package sandbox) and real services that really break (package breakable), breaks them, and
// shows how the engine answers eight incidents.
//
// It promises:
//
//   - Nothing is staged but the trouble. The engine is app.New and Run, as in "shodo serve"; it hears of each incident
//     by PagerDuty's signed webhook, and reads, repairs and tells by the same requests as anywhere.
//   - It looks for itself. An incident counts as right when its outcome and reason are right, and when PagerDuty, Slack
//     and the broken thing itself say so too (see [proof]).
//   - It ends: after Options.Within at the latest, and with everything that it started, also on Ctrl-C.
//   - It changes nothing outside its folder but the one file of its report, and needs no network but the loopback interface.
//
// The catalog in catalog/ is a real one: "shodo check" passes it once the customers' addresses are filled in.
//
// The data flow is stage (what is started) → story (what happens) → board (what is known, from the store's changes) →
// live or plain view → proof → summary.
package demo
