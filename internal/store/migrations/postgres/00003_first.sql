-- +goose Up

-- PostgreSQL begins with version 3, and then has a file of each version, as SQLite has. Tables and columns are the same.
--
-- Times are microseconds since 1970-01-01 UTC; NULL means "not yet". JSON and raw bodies are BYTEA, kept byte for byte.
-- Texts are compared byte by byte (COLLATE "C"), as in SQLite, whatever the language of the database.

-- One row per webhook delivery, deduplicated by PagerDuty's event id. A number is never used again. Claimed_by and
-- claimed_until say which engine is handing it over, when several share the database.
CREATE TABLE deliveries (
    seq           BIGINT           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event         TEXT COLLATE "C" NOT NULL UNIQUE,
    type          TEXT COLLATE "C" NOT NULL,
    incident      TEXT COLLATE "C" NOT NULL,
    service       TEXT COLLATE "C" NOT NULL,
    lane          TEXT COLLATE "C" NOT NULL,
    merged_into   TEXT COLLATE "C" NOT NULL,
    agent         TEXT COLLATE "C" NOT NULL,
    agent_name    TEXT COLLATE "C" NOT NULL,
    agent_type    TEXT COLLATE "C" NOT NULL,
    subscription  TEXT COLLATE "C" NOT NULL,
    occurred_at   BIGINT,
    received_at   BIGINT           NOT NULL,
    state         TEXT COLLATE "C" NOT NULL,
    attempts      BIGINT           NOT NULL,
    detail        TEXT COLLATE "C" NOT NULL,
    settled_at    BIGINT,
    body          BYTEA            NOT NULL,
    claimed_by    BIGINT,
    claimed_until TIMESTAMPTZ
);
CREATE INDEX deliveries_lane     ON deliveries (lane, seq)     WHERE state = 'pending';
CREATE INDEX deliveries_parked   ON deliveries (seq)           WHERE state = 'parked';
CREATE INDEX deliveries_pings    ON deliveries (received_at)   WHERE type = 'pagey.ping';
CREATE INDEX deliveries_incident ON deliveries (incident, state) WHERE incident <> '';
CREATE INDEX deliveries_settled  ON deliveries (settled_at)    WHERE settled_at IS NOT NULL;

-- One row per incident: what its present run is and has come to. What lists and figures ask for are columns; all
-- else is in runs.doc. In attempted, bit 0 is attempt 1 of the present run. Windows are those that deferred or suppressed
-- it, as JSON; empty: none did. Deferred_until is set while it waits for the end of a window.
CREATE TABLE incidents (
    incident       TEXT COLLATE "C" PRIMARY KEY,
    run            BIGINT           NOT NULL,
    workflow_run   TEXT COLLATE "C" NOT NULL,
    customer       TEXT COLLATE "C" NOT NULL,
    department     TEXT COLLATE "C" NOT NULL,
    service        TEXT COLLATE "C" NOT NULL,
    scenario       TEXT COLLATE "C" NOT NULL,
    target         TEXT COLLATE "C" NOT NULL,
    urgency        TEXT COLLATE "C" NOT NULL,
    priority       TEXT COLLATE "C" NOT NULL,
    phase          TEXT COLLATE "C" NOT NULL,
    outcome        TEXT COLLATE "C" NOT NULL,
    reason         TEXT COLLATE "C" NOT NULL,
    why            TEXT COLLATE "C" NOT NULL,
    created_at     BIGINT           NOT NULL,
    received_at    BIGINT,
    started_at     BIGINT,
    outcome_at     BIGINT,
    taken_at       BIGINT,
    taken_by       TEXT COLLATE "C" NOT NULL,
    ended_at       BIGINT,
    title          TEXT COLLATE "C" NOT NULL,
    alert_count    BIGINT           NOT NULL,
    attempted      BIGINT           NOT NULL DEFAULT 0,
    windows        TEXT COLLATE "C" NOT NULL DEFAULT '',
    deferred_until BIGINT
);
CREATE INDEX incidents_created  ON incidents (created_at);
CREATE INDEX incidents_customer ON incidents (customer, created_at);
CREATE INDEX incidents_scenario ON incidents (scenario, created_at);
CREATE INDEX incidents_outcome  ON incidents (outcome, created_at);
CREATE INDEX incidents_open     ON incidents (created_at) WHERE ended_at IS NULL;
CREATE INDEX incidents_deferred ON incidents (created_at) WHERE deferred_until IS NOT NULL;

-- One row per run of an incident: the record as it was when the run began, as JSON.
CREATE TABLE runs (
    incident     TEXT COLLATE "C" NOT NULL,
    run          BIGINT           NOT NULL,
    workflow_run TEXT COLLATE "C" NOT NULL,
    doc          BYTEA            NOT NULL,
    PRIMARY KEY (incident, run),
    UNIQUE (incident, workflow_run)
);

-- The alerts as received, for backtests. Position is the alert's place in the incident, from 0.
CREATE TABLE alerts (
    incident TEXT COLLATE "C" NOT NULL,
    run      BIGINT           NOT NULL,
    position BIGINT           NOT NULL,
    raw      BYTEA            NOT NULL,
    PRIMARY KEY (incident, run, position)
);

-- Append-only. Question, window_name, until and policy are what quiet hours and maintenance decided.
CREATE TABLE transitions (
    seq         BIGINT           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    incident    TEXT COLLATE "C" NOT NULL,
    run         BIGINT           NOT NULL,
    key         TEXT COLLATE "C" NOT NULL,
    at          BIGINT           NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    phase       TEXT COLLATE "C" NOT NULL,
    attempt     BIGINT           NOT NULL,
    outcome     TEXT COLLATE "C" NOT NULL,
    reason      TEXT COLLATE "C" NOT NULL,
    by_whom     TEXT COLLATE "C" NOT NULL,
    why         TEXT COLLATE "C" NOT NULL,
    question    TEXT COLLATE "C" NOT NULL,
    window_name TEXT COLLATE "C" NOT NULL,
    until       BIGINT,
    policy      TEXT COLLATE "C" NOT NULL,
    UNIQUE (incident, run, key)
);

-- Short outputs are in the row, long ones in outputs.
CREATE TABLE steps (
    incident   TEXT COLLATE "C" NOT NULL,
    run        BIGINT           NOT NULL,
    phase      TEXT COLLATE "C" NOT NULL,
    attempt    BIGINT           NOT NULL,
    round      BIGINT           NOT NULL,
    place      BIGINT           NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    action     TEXT COLLATE "C" NOT NULL,
    status     TEXT COLLATE "C" NOT NULL,
    healthy    BIGINT,
    params     BYTEA,
    output     BYTEA,
    error      TEXT COLLATE "C" NOT NULL,
    error_kind TEXT COLLATE "C" NOT NULL,
    started_at BIGINT,
    ended_at   BIGINT,
    note       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (incident, run, phase, attempt, round, place)
);

CREATE TABLE outputs (
    incident TEXT COLLATE "C" NOT NULL,
    run      BIGINT           NOT NULL,
    phase    TEXT COLLATE "C" NOT NULL,
    attempt  BIGINT           NOT NULL,
    round    BIGINT           NOT NULL,
    place    BIGINT           NOT NULL,
    gzip     BYTEA            NOT NULL,
    PRIMARY KEY (incident, run, phase, attempt, round, place)
);

-- One row per recovery attempt that was allowed to change something: what budgets count.
CREATE TABLE attempts (
    incident   TEXT COLLATE "C" NOT NULL,
    run        BIGINT           NOT NULL,
    attempt    BIGINT           NOT NULL,
    customer   TEXT COLLATE "C" NOT NULL,
    scenario   TEXT COLLATE "C" NOT NULL,
    target     TEXT COLLATE "C" NOT NULL,
    started_at BIGINT           NOT NULL,
    PRIMARY KEY (incident, run, attempt)
);
CREATE INDEX attempts_target   ON attempts (customer, target, started_at);
CREATE INDEX attempts_scenario ON attempts (customer, scenario, started_at, target);

-- One row that Ping writes: a disk that is full or read-only shows before an event is refused.
CREATE TABLE pulse (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    at BIGINT NOT NULL
);
INSERT INTO pulse (id, at) VALUES (1, 0);

-- One row per transition that deferred something, so that what still waits is found among millions of transitions.
-- ended is the kind of the transition that ended it; empty while it is open.
CREATE TABLE deferrals (
    incident    TEXT COLLATE "C" NOT NULL,
    run         BIGINT           NOT NULL,
    key         TEXT COLLATE "C" NOT NULL,
    customer    TEXT COLLATE "C" NOT NULL,
    question    TEXT COLLATE "C" NOT NULL,
    at          BIGINT           NOT NULL,
    until       BIGINT           NOT NULL,
    window_name TEXT COLLATE "C" NOT NULL,
    policy      TEXT COLLATE "C" NOT NULL,
    ended       TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (incident, run, key)
);
CREATE INDEX deferrals_open  ON deferrals (until) WHERE ended = '';
CREATE INDEX deferrals_until ON deferrals (customer, until);

-- One row per one-off window that was added while the engine ran.
CREATE TABLE maintenances (
    id        TEXT COLLATE "C" PRIMARY KEY,
    customer  TEXT COLLATE "C" NOT NULL,
    begins_at BIGINT           NOT NULL,
    ends_at   BIGINT           NOT NULL,
    condition TEXT COLLATE "C" NOT NULL,
    contact   TEXT COLLATE "C" NOT NULL,
    page      TEXT COLLATE "C" NOT NULL,
    recover   TEXT COLLATE "C" NOT NULL,
    reason    TEXT COLLATE "C" NOT NULL,
    added_by  TEXT COLLATE "C" NOT NULL,
    added_at  BIGINT           NOT NULL,
    ended_by  TEXT COLLATE "C" NOT NULL,
    ended_at  BIGINT
);
CREATE INDEX maintenances_end ON maintenances (ends_at);
