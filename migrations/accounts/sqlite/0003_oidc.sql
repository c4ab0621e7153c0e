-- Logins over OpenID Connect, on SQLite.

-- Accounts by the identity at the provider.
CREATE TABLE oidc_identities (
    issuer     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    user_id    BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT oidc_identities_pkey PRIMARY KEY (issuer, subject),
    CONSTRAINT oidc_identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX oidc_identities_user ON oidc_identities (user_id);

-- Workspaces that a login created under the name in OIDC_WORKSPACE.
CREATE TABLE oidc_workspaces (
    name         TEXT NOT NULL,
    workspace_id BLOB NOT NULL,
    CONSTRAINT oidc_workspaces_pkey PRIMARY KEY (name),
    CONSTRAINT oidc_workspaces_workspace_id_fkey FOREIGN KEY (workspace_id) REFERENCES workspaces (id)
) STRICT, WITHOUT ROWID;

-- Completed logins whose page does not have its token yet.
CREATE TABLE oidc_codes (
    code_hash  BLOB    NOT NULL,
    user_id    BLOB    NOT NULL,
    expires_at INTEGER NOT NULL,
    CONSTRAINT oidc_codes_pkey PRIMARY KEY (code_hash),
    CONSTRAINT oidc_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT, WITHOUT ROWID;
