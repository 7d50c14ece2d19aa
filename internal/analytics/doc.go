// Package analytics answers questions about the record with figures: what share was handled automatically, how long the
// first response took, which repairs hold, what weighs on people.
//
// The unit of counting is one PagerDuty incident, and a period holds the incidents that PagerDuty created in it: from
// its first instant, included, to its end, excluded, in the reader's zone. Definitions gives each figure's definition;
// Version is theirs, and whoever changes one changes it. What the definitions leave open is decided here:
//
//   - An incident whose first response goes on past the period's end belongs, with all its times, to the period in
//     which it was created. So an answer about a period can still change while incidents of it are open.
//   - Open incidents count as incidents, and as what has been decided about them. They have no first response time: they
//     are listed. Those about which nothing is decided are counted as undecided, and stay in the denominators.
//   - A reopened incident is one incident, and its latest run counts: the last word, not the first. Its times are
//     measured from when that run's first event was received, because created_at is the first run's; repairs
//     are the latest run's.
//   - Clocks differ. An end up to a minute before its beginning is no time at all (0 s); one that is earlier still
//     is counted as clock disorder, and that one time is left out of means and percentiles.
//   - Incidents of no customer, of no department, of no scenario count. As groups they have the empty name.
//   - The time to a person is of incidents that were handed over (handed_over, unmatched). Those that ended without
//     anybody taking them in PagerDuty have none and are counted as not taken.
//   - A person's time is from taking an incident to its end. It is an upper bound of work, and the only trace of work
//     that the record has.
//   - An automatic close came back when an incident with the same customer, target and scenario was created within 24
//     hours after its end. It belongs to the period of the close; closes whose 24 hours are not over are counted beside
//     it. Incidents without a scenario or a target have nothing to come back to.
//   - An incident that had to wait for the end of a window is deferred. Its wait is in its first response time, because
//     that is how long the customer waited; the waits are told beside it. What became of it is what came first after the
//     wait began: a tier was told, it was listed in a digest, or a person took it. Of windows, each one that an incident
//     waited for counts it, with the time for which it was that window's; windows of the same name count as one.
//   - Lost is of the services that customers have now. What waits in the inbox, or is on its way for less than Grace, is
//     accounted for, and so is what was imported. It is the one figure that takes more than the record: see Compare.
//   - A figure of nothing is no data, never 0 and never 0/0.
//   - A period that is not over is compared with the same part of the previous one.
//
// Mean, sum and count are exact, always. Percentiles are the nearest rank: the smallest time that so many percent of all
// times do not exceed. They are exact for up to 20,000 incidents of a group; above, times are kept in a histogram and a
// percentile is off by at most 0.4 % (Times.Approximate says so).
//
// The package reads each incident once and keeps counters per group, not incidents: of at most 50,000 groups, of which it
// tells the 10,000 that weigh most. It reads several stretches of days at the same time, and says the same however many.
// It is pure: it never reads a clock, a file or a database by itself.
package analytics

// Version is the version of the definitions.
const Version = "v1"
