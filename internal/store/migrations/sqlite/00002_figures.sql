-- +goose Up

-- What figures ask of every incident, out of runs.doc.
ALTER TABLE incidents ADD COLUMN title       TEXT    NOT NULL DEFAULT '';
ALTER TABLE incidents ADD COLUMN alert_count INTEGER NOT NULL DEFAULT 0;

UPDATE incidents SET
    title       = coalesce(json_extract(CAST(r.doc AS TEXT), '$.incident.title'), ''),
    alert_count = coalesce(json_extract(CAST(r.doc AS TEXT), '$.incident.alert_count'), 0)
FROM runs r WHERE r.incident = incidents.incident AND r.run = incidents.run;
