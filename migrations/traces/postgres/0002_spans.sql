-- Traces that are put together of spans which come by themselves, and where each cost comes from.

ALTER TABLE traces
    ADD COLUMN name       TEXT COLLATE "C", -- of the outermost span
    ADD COLUMN assembly   SMALLINT,         -- NULL sent whole, 1 put together of spans, 2 the same without its outermost span
    ADD COLUMN unpriced   INTEGER,          -- calls of models without a price; NULL for none
    ADD COLUMN cost_basis SMALLINT,         -- NULL unknown, 1 reported, 2 computed, 3 no price
    ADD COLUMN price      TEXT;             -- what was applied where computed, as JSON

CREATE INDEX traces_workspace_session_time ON traces (workspace_id, session_id, timestamp, id) WHERE session_id IS NOT NULL;
CREATE INDEX traces_workspace_user_time ON traces (workspace_id, user_id, timestamp, id) WHERE user_id IS NOT NULL;

ALTER TABLE spans
    ADD COLUMN model_provider     TEXT COLLATE "C",
    ADD COLUMN tokens_cache_read  BIGINT,
    ADD COLUMN tokens_cache_write BIGINT,
    ADD COLUMN tokens_reasoning   BIGINT,
    ADD COLUMN cost_basis         SMALLINT,
    ADD COLUMN price              TEXT,
    -- What the span says of its trace, where it came by itself.
    ADD COLUMN agent_id           TEXT COLLATE "C",
    ADD COLUMN service            TEXT COLLATE "C",
    ADD COLUMN session_id         TEXT COLLATE "C",
    ADD COLUMN user_id            TEXT COLLATE "C",
    ADD COLUMN tags               TEXT;

-- Traces whose outermost span has not come: their spans stand under this id.
CREATE TABLE waiting_traces (
    id           BIGINT           NOT NULL, -- will be traces.id
    last_seen    TIMESTAMPTZ      NOT NULL, -- when the last of its spans arrived
    workspace_id UUID             NOT NULL,
    trace_id     TEXT COLLATE "C" NOT NULL,
    CONSTRAINT waiting_traces_pkey PRIMARY KEY (workspace_id, trace_id)
);

CREATE UNIQUE INDEX waiting_traces_id ON waiting_traces (id);
CREATE INDEX waiting_traces_last_seen ON waiting_traces (last_seen);
