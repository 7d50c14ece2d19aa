-- +goose Up

-- Times are microseconds since 1970-01-01 UTC; NULL means "not yet". JSON and raw bodies are BLOBs, kept byte for byte.

-- One row per webhook delivery, deduplicated by PagerDuty's event id. AUTOINCREMENT: a number is never used again,
-- because the inbox remembers how far it has read.
CREATE TABLE deliveries (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    event        TEXT    NOT NULL UNIQUE,
    type         TEXT    NOT NULL,
    incident     TEXT    NOT NULL,
    service      TEXT    NOT NULL,
    lane         TEXT    NOT NULL,
    merged_into  TEXT    NOT NULL,
    agent        TEXT    NOT NULL,
    agent_name   TEXT    NOT NULL,
    agent_type   TEXT    NOT NULL,
    subscription TEXT    NOT NULL,
    occurred_at  INTEGER,
    received_at  INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    attempts     INTEGER NOT NULL,
    detail       TEXT    NOT NULL,
    settled_at   INTEGER,
    body         BLOB    NOT NULL
);
CREATE INDEX deliveries_lane     ON deliveries (lane, seq)     WHERE state = 'pending';
CREATE INDEX deliveries_parked   ON deliveries (seq)           WHERE state = 'parked';
CREATE INDEX deliveries_pings    ON deliveries (received_at)   WHERE type = 'pagey.ping';
CREATE INDEX deliveries_incident ON deliveries (incident, state) WHERE incident <> '';
CREATE INDEX deliveries_settled  ON deliveries (settled_at)    WHERE settled_at IS NOT NULL;

-- One row per incident: what its present run is and has come to. What lists and figures ask for are columns; all
-- else is in runs.doc.
CREATE TABLE incidents (
    incident     TEXT    PRIMARY KEY,
    run          INTEGER NOT NULL,
    workflow_run TEXT    NOT NULL,
    customer     TEXT    NOT NULL,
    department   TEXT    NOT NULL,
    service      TEXT    NOT NULL,
    scenario     TEXT    NOT NULL,
    target       TEXT    NOT NULL,
    urgency      TEXT    NOT NULL,
    priority     TEXT    NOT NULL,
    phase        TEXT    NOT NULL,
    outcome      TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    why          TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    received_at  INTEGER,
    started_at   INTEGER,
    outcome_at   INTEGER,
    taken_at     INTEGER,
    taken_by     TEXT    NOT NULL,
    ended_at     INTEGER
);
CREATE INDEX incidents_created  ON incidents (created_at);
CREATE INDEX incidents_customer ON incidents (customer, created_at);
CREATE INDEX incidents_scenario ON incidents (scenario, created_at);
CREATE INDEX incidents_outcome  ON incidents (outcome, created_at);
CREATE INDEX incidents_open     ON incidents (created_at) WHERE ended_at IS NULL;

-- One row per run of an incident: the record as it was when the run began, as JSON.
CREATE TABLE runs (
    incident     TEXT    NOT NULL,
    run          INTEGER NOT NULL,
    workflow_run TEXT    NOT NULL,
    doc          BLOB    NOT NULL,
    PRIMARY KEY (incident, run),
    UNIQUE (incident, workflow_run)
);

-- The alerts as received, for backtests. Position is the alert's place in the incident, from 0.
CREATE TABLE alerts (
    incident TEXT    NOT NULL,
    run      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    raw      BLOB    NOT NULL,
    PRIMARY KEY (incident, run, position)
);

-- Append-only.
CREATE TABLE transitions (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    incident TEXT    NOT NULL,
    run      INTEGER NOT NULL,
    key      TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    kind     TEXT    NOT NULL,
    phase    TEXT    NOT NULL,
    attempt  INTEGER NOT NULL,
    outcome  TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    by_whom  TEXT    NOT NULL,
    why      TEXT    NOT NULL,
    UNIQUE (incident, run, key)
);

-- Short outputs are in the row, long ones in outputs.
CREATE TABLE steps (
    incident   TEXT    NOT NULL,
    run        INTEGER NOT NULL,
    phase      TEXT    NOT NULL,
    attempt    INTEGER NOT NULL,
    round      INTEGER NOT NULL,
    place      INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    healthy    INTEGER,
    params     BLOB,
    output     BLOB,
    error      TEXT    NOT NULL,
    error_kind TEXT    NOT NULL,
    started_at INTEGER,
    ended_at   INTEGER,
    note       TEXT    NOT NULL,
    PRIMARY KEY (incident, run, phase, attempt, round, place)
);

CREATE TABLE outputs (
    incident TEXT    NOT NULL,
    run      INTEGER NOT NULL,
    phase    TEXT    NOT NULL,
    attempt  INTEGER NOT NULL,
    round    INTEGER NOT NULL,
    place    INTEGER NOT NULL,
    gzip     BLOB    NOT NULL,
    PRIMARY KEY (incident, run, phase, attempt, round, place)
);

-- One row per recovery attempt that was allowed to change something: what budgets count.
CREATE TABLE attempts (
    incident   TEXT    NOT NULL,
    run        INTEGER NOT NULL,
    attempt    INTEGER NOT NULL,
    customer   TEXT    NOT NULL,
    scenario   TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    started_at INTEGER NOT NULL,
    PRIMARY KEY (incident, run, attempt)
);
CREATE INDEX attempts_target   ON attempts (customer, target, started_at);
CREATE INDEX attempts_scenario ON attempts (customer, scenario, started_at, target);

-- One row that Ping writes: a disk that is full or read-only shows before an event is refused.
CREATE TABLE pulse (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    at INTEGER NOT NULL
);
INSERT INTO pulse (id, at) VALUES (1, 0);
