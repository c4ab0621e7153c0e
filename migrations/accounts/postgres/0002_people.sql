-- Members of workspaces with their roles, login sessions, invitations, password resets and the audit log, on PostgreSQL.
--
-- Tokens of invitations and password resets are stored as SHA-256 only.

CREATE TABLE members (
    workspace_id UUID        NOT NULL,
    user_id      UUID        NOT NULL,
    role         TEXT        NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    CONSTRAINT members_pkey PRIMARY KEY (workspace_id, user_id),
    CONSTRAINT members_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    CONSTRAINT members_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id),
    CONSTRAINT members_role_check CHECK (role IN ('owner', 'member', 'viewer'))
);

CREATE INDEX members_user ON members (user_id);

-- Until now every user had one workspace, and every workspace one user.
INSERT INTO members (workspace_id, user_id, role, created_at)
SELECT workspace_id, id, 'owner', created_at FROM users;

-- users.workspace_id is the workspace that the user enters at the next login.
ALTER TABLE users ADD COLUMN disabled_at TIMESTAMPTZ;
ALTER TABLE users ADD COLUMN unlocked_at TIMESTAMPTZ; -- failed logins before this time do not count

CREATE TABLE login_sessions (
    id           UUID        NOT NULL,
    user_id      UUID        NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    last_used_at TIMESTAMPTZ NOT NULL,
    address      TEXT        NOT NULL,
    user_agent   TEXT        NOT NULL,
    CONSTRAINT login_sessions_pkey PRIMARY KEY (id),
    CONSTRAINT login_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)
);

CREATE INDEX login_sessions_user ON login_sessions (user_id, created_at);

CREATE TABLE invitations (
    id           UUID             NOT NULL,
    workspace_id UUID             NOT NULL,
    role         TEXT             NOT NULL,
    email        TEXT COLLATE "C",          -- only this address may accept; NULL: anyone with the link
    token_hash   BYTEA            NOT NULL,
    created_at   TIMESTAMPTZ      NOT NULL,
    created_by   UUID,                      -- NULL: from the command line
    expires_at   TIMESTAMPTZ      NOT NULL,
    accepted_at  TIMESTAMPTZ,
    CONSTRAINT invitations_pkey PRIMARY KEY (id),
    CONSTRAINT invitations_token_hash_key UNIQUE (token_hash),
    CONSTRAINT invitations_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
    CONSTRAINT invitations_role_check CHECK (role IN ('owner', 'member', 'viewer'))
);

CREATE INDEX invitations_workspace ON invitations (workspace_id, created_at);

CREATE TABLE password_resets (
    token_hash BYTEA       NOT NULL,
    user_id    UUID        NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT password_resets_pkey PRIMARY KEY (token_hash),
    CONSTRAINT password_resets_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)
);

CREATE INDEX password_resets_user ON password_resets (user_id);

ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT 'ingest'; -- comma-separated
ALTER TABLE api_keys ADD COLUMN expires_at TIMESTAMPTZ;
ALTER TABLE api_keys ADD COLUMN rate_limit BIGINT; -- requests per minute

CREATE TABLE audit_events (
    workspace_id UUID             NOT NULL,
    at           TIMESTAMPTZ      NOT NULL,
    id           UUID             NOT NULL,
    actor_kind   TEXT             NOT NULL,
    actor_id     UUID,
    actor_email  TEXT,
    action       TEXT COLLATE "C" NOT NULL,
    target       TEXT,
    address      TEXT,
    details      TEXT             NOT NULL, -- a JSON object
    CONSTRAINT audit_events_pkey PRIMARY KEY (workspace_id, at, id),
    CONSTRAINT audit_events_actor_kind_check CHECK (actor_kind IN ('user', 'api_key', 'operator'))
);
