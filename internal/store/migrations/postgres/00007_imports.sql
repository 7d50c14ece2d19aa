-- +goose Up

-- One row per reading of PagerDuty's history. Everything created in [since, done_to) is in the record; ended_at is NULL while
-- an import is not finished. Services are ids with spaces between; empty: all.
CREATE TABLE imports (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    since      BIGINT NOT NULL,
    until      BIGINT NOT NULL,
    services   TEXT COLLATE "C" NOT NULL,
    done_to    BIGINT NOT NULL,
    begun_at   BIGINT NOT NULL,
    ended_at   BIGINT,
    imported   BIGINT NOT NULL,
    unchanged  BIGINT NOT NULL,
    engine     BIGINT NOT NULL,
    left_open  BIGINT NOT NULL,
    unreadable BIGINT NOT NULL
);

-- One row per incident that an import wrote, with what the list of PagerDuty looked like then.
CREATE TABLE imported (
    incident    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    fingerprint TEXT COLLATE "C" NOT NULL
);
