-- Accounts, on PostgreSQL: who may log in, whose data they see, and the keys that let agents in.
--
-- Constraints and indexes have the same names on every database.

CREATE TABLE workspaces (
    id         UUID        NOT NULL,
    name       TEXT        NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT workspaces_pkey PRIMARY KEY (id)
);

CREATE TABLE users (
    id            UUID             NOT NULL,
    email         TEXT COLLATE "C" NOT NULL, -- in lower case: the store sees to it, since SQL's lower() differs by database
    password_hash TEXT             NOT NULL,
    full_name     TEXT             NOT NULL,
    workspace_id  UUID             NOT NULL,
    created_at    TIMESTAMPTZ      NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
);

CREATE TABLE api_keys (
    id           UUID        NOT NULL,
    workspace_id UUID        NOT NULL,
    name         TEXT        NOT NULL,
    prefix       TEXT        NOT NULL,
    key_hash     BYTEA       NOT NULL, -- SHA-256 of the key; the key itself is kept nowhere
    created_at   TIMESTAMPTZ NOT NULL,
    created_by   UUID        NOT NULL,
    last_used_at TIMESTAMPTZ,
    revoked_at   TIMESTAMPTZ,
    CONSTRAINT api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash),
    CONSTRAINT api_keys_key_hash_check CHECK (length(key_hash) = 32),
    CONSTRAINT api_keys_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    CONSTRAINT api_keys_created_by_fkey FOREIGN KEY (created_by) REFERENCES users (id)
);

CREATE INDEX api_keys_workspace_live ON api_keys (workspace_id, created_at) WHERE revoked_at IS NULL;
