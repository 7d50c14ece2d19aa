-- +goose Up

-- What quiet hours and maintenance decided. Window and policy are empty, and until is NULL, where a line is not of that.
ALTER TABLE transitions ADD COLUMN question    TEXT NOT NULL DEFAULT '';
ALTER TABLE transitions ADD COLUMN window_name TEXT NOT NULL DEFAULT '';
ALTER TABLE transitions ADD COLUMN until       INTEGER;
ALTER TABLE transitions ADD COLUMN policy      TEXT NOT NULL DEFAULT '';

-- One row per transition that deferred something, so that what still waits is found among millions of transitions.
-- ended is the kind of the transition that ended it; empty while it is open.
CREATE TABLE deferrals (
    incident    TEXT    NOT NULL,
    run         INTEGER NOT NULL,
    key         TEXT    NOT NULL,
    customer    TEXT    NOT NULL,
    question    TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    until       INTEGER NOT NULL,
    window_name TEXT    NOT NULL,
    policy      TEXT    NOT NULL,
    ended       TEXT    NOT NULL,
    PRIMARY KEY (incident, run, key)
);
CREATE INDEX deferrals_open  ON deferrals (until) WHERE ended = '';
CREATE INDEX deferrals_until ON deferrals (customer, until);

-- What figures ask: the windows that deferred or suppressed the present run, as JSON; empty: none did.
ALTER TABLE incidents ADD COLUMN windows TEXT NOT NULL DEFAULT '';

-- While the present run waits for the end of a window.
ALTER TABLE incidents ADD COLUMN deferred_until INTEGER;
CREATE INDEX incidents_deferred ON incidents (created_at) WHERE deferred_until IS NOT NULL;

-- One row per one-off window that was added while the engine ran.
CREATE TABLE maintenances (
    id        TEXT    PRIMARY KEY,
    customer  TEXT    NOT NULL,
    begins_at INTEGER NOT NULL,
    ends_at   INTEGER NOT NULL,
    condition TEXT    NOT NULL,
    contact   TEXT    NOT NULL,
    page      TEXT    NOT NULL,
    recover   TEXT    NOT NULL,
    reason    TEXT    NOT NULL,
    added_by  TEXT    NOT NULL,
    added_at  INTEGER NOT NULL,
    ended_by  TEXT    NOT NULL,
    ended_at  INTEGER
);
CREATE INDEX maintenances_end ON maintenances (ends_at);
