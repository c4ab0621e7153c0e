-- A workspace's own prices of models, and pricings anew of what is stored.

CREATE TABLE model_prices (
    id           UUID             NOT NULL,
    workspace_id UUID             NOT NULL,
    model        TEXT COLLATE "C" NOT NULL,
    provider     TEXT COLLATE "C",
    model_key    TEXT COLLATE "C" NOT NULL, -- both as they are compared
    provider_key TEXT COLLATE "C" NOT NULL, -- '' for any provider
    input        DOUBLE PRECISION NOT NULL, -- US dollars for a million tokens, as they were given
    output       DOUBLE PRECISION NOT NULL,
    cache_read   DOUBLE PRECISION,
    cache_write  DOUBLE PRECISION,
    updated_at   TIMESTAMPTZ      NOT NULL,
    CONSTRAINT model_prices_pkey PRIMARY KEY (workspace_id, model_key, provider_key)
);

CREATE TABLE reprices (
    id             UUID        NOT NULL,
    workspace_id   UUID        NOT NULL,
    window_start   TIMESTAMPTZ NOT NULL,
    window_end     TIMESTAMPTZ NOT NULL,
    created_at     TIMESTAMPTZ NOT NULL,
    finished_at    TIMESTAMPTZ,          -- NULL while it is under way
    last_start     TIMESTAMPTZ,          -- where the last trace that is done stands in time
    last_trace     BIGINT,               -- and its traces.id
    traces_seen    BIGINT      NOT NULL,
    traces_changed BIGINT      NOT NULL,
    worker         UUID,                 -- who works on it, and until when nobody else does
    leased_until   TIMESTAMPTZ,
    CONSTRAINT reprices_pkey PRIMARY KEY (id)
);

CREATE INDEX reprices_workspace_time ON reprices (workspace_id, created_at);
-- The same window is gone over by one at a time.
CREATE UNIQUE INDEX reprices_open ON reprices (workspace_id, window_start, window_end) WHERE finished_at IS NULL;
