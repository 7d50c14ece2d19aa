-- +goose Up

-- One row per UTC day that is over, with the facts of its incidents in columns (package analytics, Page): what figures of
-- long times are made of. Day counts from 1970-01-01. Hot and cold are NULL from when somebody begins to make the page
-- until it is made. Whatever changes an incident of the day removes the row, in the same transaction, also while it is made.
CREATE TABLE pages (
    day      INTEGER PRIMARY KEY,
    version  INTEGER NOT NULL,
    begun_at INTEGER NOT NULL,
    hot      BLOB,
    cold     BLOB
);

-- +goose StatementBegin
CREATE TRIGGER pages_insert AFTER INSERT ON incidents BEGIN
    DELETE FROM pages WHERE day = new.created_at / 86400000000;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER pages_update AFTER UPDATE ON incidents BEGIN
    DELETE FROM pages WHERE day IN (old.created_at / 86400000000, new.created_at / 86400000000);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER pages_delete AFTER DELETE ON incidents BEGIN
    DELETE FROM pages WHERE day = old.created_at / 86400000000;
END;
-- +goose StatementEnd
