-- +goose Up

-- One row per UTC day that is over, with the facts of its incidents in columns (package analytics, Page): what figures of
-- long times are made of. Day counts from 1970-01-01. Hot and cold are NULL from when somebody begins to make the page
-- until it is made. Whatever changes an incident of the day removes the row, in the same transaction, also while it is made.
CREATE TABLE pages (
    day      BIGINT PRIMARY KEY,
    version  BIGINT NOT NULL,
    begun_at BIGINT NOT NULL,
    hot      BYTEA,
    cold     BYTEA
);
-- A page is dense already: compressing it costs time and saves nothing.
ALTER TABLE pages ALTER COLUMN hot SET STORAGE EXTERNAL, ALTER COLUMN cold SET STORAGE EXTERNAL;

-- +goose StatementBegin
CREATE FUNCTION forget_page() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM pages WHERE day = old.created_at / 86400000000;
    END IF;
    IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND new.created_at <> old.created_at THEN
        DELETE FROM pages WHERE day = new.created_at / 86400000000;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER pages_change AFTER INSERT OR UPDATE OR DELETE ON incidents FOR EACH ROW EXECUTE FUNCTION forget_page();
