-- +goose Up

-- One row per reading of PagerDuty's history. Everything created in [since, done_to) is in the record; ended_at is NULL while
-- an import is not finished. Services are ids with spaces between; empty: all.
CREATE TABLE imports (
    id         TEXT    NOT NULL PRIMARY KEY,
    since      INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    services   TEXT    NOT NULL,
    done_to    INTEGER NOT NULL,
    begun_at   INTEGER NOT NULL,
    ended_at   INTEGER,
    imported   INTEGER NOT NULL,
    unchanged  INTEGER NOT NULL,
    engine     INTEGER NOT NULL,
    left_open  INTEGER NOT NULL,
    unreadable INTEGER NOT NULL
);

-- One row per incident that an import wrote, with what the list of PagerDuty looked like then.
CREATE TABLE imported (
    incident    TEXT    NOT NULL PRIMARY KEY,
    fingerprint TEXT    NOT NULL
);
