-- +goose Up

-- What figures ask of every incident, from runs.doc and attempts. A million rows are read for a year, so it is in the
-- row. In attempted, bit 0 is attempt 1 of the present run.
ALTER TABLE incidents ADD COLUMN title       TEXT    NOT NULL DEFAULT '';
ALTER TABLE incidents ADD COLUMN alert_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incidents ADD COLUMN attempted   INTEGER NOT NULL DEFAULT 0;

UPDATE incidents SET
    title       = coalesce(json_extract(CAST(r.doc AS TEXT), '$.incident.title'), ''),
    alert_count = coalesce(json_extract(CAST(r.doc AS TEXT), '$.incident.alert_count'), 0)
FROM runs r WHERE r.incident = incidents.incident AND r.run = incidents.run;

UPDATE incidents SET attempted = coalesce((SELECT sum(1 << (a.attempt - 1)) FROM attempts a
    WHERE a.incident = incidents.incident AND a.run = incidents.run AND a.attempt BETWEEN 1 AND 62), 0);
