-- +goose Up

-- What people have decided. Choice is empty, and item is 0, where a line is not of that.
ALTER TABLE transitions ADD COLUMN choice TEXT    NOT NULL DEFAULT '';
ALTER TABLE transitions ADD COLUMN item   INTEGER NOT NULL DEFAULT 0;

-- One row per use of the kill switch. resumed_at is NULL while it is in force.
CREATE TABLE pauses (
    id         TEXT    PRIMARY KEY,
    scope      TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    cancel     INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    by_whom    TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    resumed_by TEXT    NOT NULL,
    resumed_at INTEGER
);
CREATE INDEX pauses_in_force ON pauses (at) WHERE resumed_at IS NULL;
