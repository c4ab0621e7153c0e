-- A workspace's own prices of models, and pricings anew of what is stored.

CREATE TABLE model_prices (
    id           BLOB    NOT NULL,
    workspace_id BLOB    NOT NULL,
    model        TEXT    NOT NULL,
    provider     TEXT,
    model_key    TEXT    NOT NULL, -- both as they are compared
    provider_key TEXT    NOT NULL, -- '' for any provider
    input        REAL    NOT NULL, -- US dollars for a million tokens, as they were given
    output       REAL    NOT NULL,
    cache_read   REAL,
    cache_write  REAL,
    updated_at   INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, model_key, provider_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE reprices (
    id             BLOB    PRIMARY KEY,
    workspace_id   BLOB    NOT NULL,
    window_start   INTEGER NOT NULL,
    window_end     INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    finished_at    INTEGER,          -- NULL while it is under way
    last_start     INTEGER,          -- where the last trace that is done stands in time
    last_trace     INTEGER,          -- and its traces.id
    traces_seen    INTEGER NOT NULL,
    traces_changed INTEGER NOT NULL,
    worker         BLOB,             -- who works on it, and until when nobody else does
    leased_until   INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX reprices_workspace_time ON reprices (workspace_id, created_at);
-- The same window is gone over by one at a time.
CREATE UNIQUE INDEX reprices_open ON reprices (workspace_id, window_start, window_end) WHERE finished_at IS NULL;
