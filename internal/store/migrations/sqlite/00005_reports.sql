-- +goose Up

-- One row per report, turn and place: what was sent is not sent again. ended_at is NULL while it is not known whether it
-- arrived.
CREATE TABLE report_deliveries (
    report   TEXT    NOT NULL,
    turn     INTEGER NOT NULL,
    again    TEXT    NOT NULL,
    place    TEXT    NOT NULL,
    begun_at INTEGER NOT NULL,
    ended_at INTEGER,
    result   TEXT    NOT NULL,
    PRIMARY KEY (report, turn, again, place)
);
