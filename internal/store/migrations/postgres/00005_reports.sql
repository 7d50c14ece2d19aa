-- +goose Up

-- One row per report, turn and place: what was sent is not sent again. ended_at is NULL while it is not known whether it
-- arrived.
CREATE TABLE report_deliveries (
    report   TEXT COLLATE "C" NOT NULL,
    turn     BIGINT           NOT NULL,
    again    TEXT COLLATE "C" NOT NULL,
    place    TEXT COLLATE "C" NOT NULL,
    begun_at BIGINT           NOT NULL,
    ended_at BIGINT,
    result   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (report, turn, again, place)
);
