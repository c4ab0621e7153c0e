-- Logins over OpenID Connect, on PostgreSQL.

-- Accounts by the identity at the provider.
CREATE TABLE oidc_identities (
    issuer     TEXT COLLATE "C" NOT NULL,
    subject    TEXT COLLATE "C" NOT NULL,
    user_id    UUID             NOT NULL,
    created_at TIMESTAMPTZ      NOT NULL,
    CONSTRAINT oidc_identities_pkey PRIMARY KEY (issuer, subject),
    CONSTRAINT oidc_identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)
);

CREATE INDEX oidc_identities_user ON oidc_identities (user_id);

-- Workspaces that a login created under the name in OIDC_WORKSPACE.
CREATE TABLE oidc_workspaces (
    name         TEXT COLLATE "C" NOT NULL,
    workspace_id UUID             NOT NULL,
    CONSTRAINT oidc_workspaces_pkey PRIMARY KEY (name),
    CONSTRAINT oidc_workspaces_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
);

-- Completed logins whose page does not have its token yet.
CREATE TABLE oidc_codes (
    code_hash  BYTEA       NOT NULL,
    user_id    UUID        NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT oidc_codes_pkey PRIMARY KEY (code_hash),
    CONSTRAINT oidc_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)
);
