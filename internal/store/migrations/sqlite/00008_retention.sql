-- +goose Up

-- What has ended long ago is found along this index, to be pruned.
CREATE INDEX incidents_ended ON incidents (ended_at) WHERE ended_at IS NOT NULL;
