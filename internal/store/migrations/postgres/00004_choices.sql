-- +goose Up

-- What people have decided. Choice is empty, and item is 0, where a line is not of that.
ALTER TABLE transitions ADD COLUMN choice TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE transitions ADD COLUMN item   BIGINT           NOT NULL DEFAULT 0;

-- One row per use of the kill switch. resumed_at is NULL while it is in force.
CREATE TABLE pauses (
    id         TEXT COLLATE "C" PRIMARY KEY,
    scope      TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C" NOT NULL,
    cancel     BIGINT           NOT NULL,
    reason     TEXT COLLATE "C" NOT NULL,
    by_whom    TEXT COLLATE "C" NOT NULL,
    at         BIGINT           NOT NULL,
    resumed_by TEXT COLLATE "C" NOT NULL,
    resumed_at BIGINT
);
CREATE INDEX pauses_in_force ON pauses (at) WHERE resumed_at IS NULL;
