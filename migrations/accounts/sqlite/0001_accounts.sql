-- Accounts, on SQLite: who may log in, whose data they see, and the keys that let agents in.
--
-- Ids are UUIDs in 16 bytes; times are integer microseconds since the Unix epoch. Constraints and indexes have the same
-- names on every database.

CREATE TABLE workspaces (
    id         BLOB    NOT NULL,
    name       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT workspaces_pkey PRIMARY KEY (id),
    CONSTRAINT workspaces_id_check CHECK (length(id) = 16)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    id            BLOB    NOT NULL,
    email         TEXT    NOT NULL, -- in lower case: the store sees to it, since SQL's lower() differs by database
    password_hash TEXT    NOT NULL,
    full_name     TEXT    NOT NULL,
    workspace_id  BLOB    NOT NULL,
    created_at    INTEGER NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_id_check CHECK (length(id) = 16),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    id           BLOB    NOT NULL,
    workspace_id BLOB    NOT NULL,
    name         TEXT    NOT NULL,
    prefix       TEXT    NOT NULL,
    key_hash     BLOB    NOT NULL, -- SHA-256 of the key; the key itself is kept nowhere
    created_at   INTEGER NOT NULL,
    created_by   BLOB    NOT NULL,
    last_used_at INTEGER,
    revoked_at   INTEGER,
    CONSTRAINT api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT api_keys_id_check CHECK (length(id) = 16),
    CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash),
    CONSTRAINT api_keys_key_hash_check CHECK (length(key_hash) = 32),
    CONSTRAINT api_keys_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    CONSTRAINT api_keys_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX api_keys_workspace_live ON api_keys (workspace_id, created_at) WHERE revoked_at IS NULL;
