-- Traces that are put together of spans which come by themselves, and where each cost comes from.

ALTER TABLE traces ADD COLUMN name TEXT;             -- of the outermost span
ALTER TABLE traces ADD COLUMN assembly INTEGER;      -- NULL sent whole, 1 put together of spans, 2 the same without its outermost span
ALTER TABLE traces ADD COLUMN unpriced INTEGER;      -- calls of models without a price; NULL for none
ALTER TABLE traces ADD COLUMN cost_basis INTEGER;    -- NULL unknown, 1 reported, 2 computed, 3 no price
ALTER TABLE traces ADD COLUMN price TEXT;            -- what was applied where computed, as JSON

CREATE INDEX traces_workspace_session_time ON traces (workspace_id, session_id, timestamp, id) WHERE session_id IS NOT NULL;
CREATE INDEX traces_workspace_user_time ON traces (workspace_id, user_id, timestamp, id) WHERE user_id IS NOT NULL;

ALTER TABLE spans ADD COLUMN model_provider TEXT;
ALTER TABLE spans ADD COLUMN tokens_cache_read INTEGER;
ALTER TABLE spans ADD COLUMN tokens_cache_write INTEGER;
ALTER TABLE spans ADD COLUMN tokens_reasoning INTEGER;
ALTER TABLE spans ADD COLUMN cost_basis INTEGER;
ALTER TABLE spans ADD COLUMN price TEXT;
-- What the span says of its trace, where it came by itself.
ALTER TABLE spans ADD COLUMN agent_id TEXT;
ALTER TABLE spans ADD COLUMN service TEXT;
ALTER TABLE spans ADD COLUMN session_id TEXT;
ALTER TABLE spans ADD COLUMN user_id TEXT;
ALTER TABLE spans ADD COLUMN tags TEXT;

-- Traces whose outermost span has not come: their spans stand under this id.
CREATE TABLE waiting_traces (
    workspace_id BLOB    NOT NULL,
    trace_id     TEXT    NOT NULL,
    id           INTEGER NOT NULL, -- will be traces.id
    last_seen    INTEGER NOT NULL, -- when the last of its spans arrived
    PRIMARY KEY (workspace_id, trace_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX waiting_traces_id ON waiting_traces (id);
CREATE INDEX waiting_traces_last_seen ON waiting_traces (last_seen);
