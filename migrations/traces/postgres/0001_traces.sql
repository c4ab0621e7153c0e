-- Traces and everything that hangs on them, on PostgreSQL, with TimescaleDB or without: whatever both have in common.
--
-- Units, everywhere: latencies are integer microseconds, money is integer nano-dollars, scores are integer millionths of
-- a point. Sums of integers are exact and do not drift when a score is replaced. Names are compared byte by byte, as
-- everywhere else in the program.

-- Of numbers in the order of arrival: a transaction takes 65536 at a time, for its traces and for its payloads.
CREATE SEQUENCE trace_groups AS BIGINT;

-- Which traces there are: a hypertable cannot tell, since its unique indexes would need the time in them. The key is the
-- first half of the SHA-256 of the workspace and the trace's id.
CREATE TABLE trace_keys (
    key       UUID        NOT NULL,
    timestamp TIMESTAMPTZ NOT NULL,
    id        BIGINT      NOT NULL,
    CONSTRAINT trace_keys_pkey PRIMARY KEY (key)
);

-- For retention: keys come in about the order of time, so a few pages say where the old ones are.
CREATE INDEX trace_keys_time ON trace_keys USING brin (timestamp);

-- Hot: what lists, key figures and charts read. One row per run. Wide columns first: no padding between them.
CREATE TABLE traces (
    id             BIGINT           NOT NULL,
    timestamp      TIMESTAMPTZ      NOT NULL,
    latency        BIGINT           NOT NULL,
    payload_id     BIGINT           NOT NULL,
    tokens_input   BIGINT,
    tokens_output  BIGINT,
    tokens_total   BIGINT,
    cost           BIGINT,
    quality_sent   BIGINT,           -- the quality_score that came with the trace
    quality        BIGINT,           -- the mean of all its scores: what the rollups count
    payload_line   INTEGER          NOT NULL,
    status         SMALLINT         NOT NULL, -- 0 success, 1 error, 2 timeout
    latency_bucket SMALLINT         NOT NULL, -- of the histogram, whose buckets grow by 3.5 %
    workspace_id   UUID             NOT NULL,
    trace_id       TEXT COLLATE "C" NOT NULL,
    agent_id       TEXT COLLATE "C" NOT NULL,
    model          TEXT COLLATE "C",
    model_provider TEXT COLLATE "C",
    session_id     TEXT COLLATE "C",
    user_id        TEXT COLLATE "C",
    tags           TEXT,             -- a JSON array, or NULL for none
    error          TEXT
);

CREATE INDEX traces_workspace_time ON traces (workspace_id, timestamp, id);
CREATE INDEX traces_workspace_agent_time ON traces (workspace_id, agent_id, timestamp, id);

CREATE TABLE spans (
    trace          BIGINT           NOT NULL, -- traces.id
    timestamp      TIMESTAMPTZ      NOT NULL,
    latency        BIGINT           NOT NULL,
    payload_id     BIGINT           NOT NULL,
    tokens_input   BIGINT,
    tokens_output  BIGINT,
    cost           BIGINT,
    payload_line   INTEGER          NOT NULL,
    status         SMALLINT         NOT NULL,
    span_id        TEXT COLLATE "C" NOT NULL,
    parent_span_id TEXT COLLATE "C",
    name           TEXT COLLATE "C" NOT NULL,
    kind           TEXT COLLATE "C" NOT NULL,
    model          TEXT COLLATE "C",
    error          TEXT,
    CONSTRAINT spans_pkey PRIMARY KEY (trace, span_id)
);

-- Cold: inputs, outputs, metadata and attributes, read for a detail page alone. Each row is a zstd frame of JSON lines,
-- so that the records of many runs compress together; a trace or span names its row and its line.
CREATE TABLE payloads (
    id     BIGINT      NOT NULL,
    newest TIMESTAMPTZ NOT NULL, -- when the last of its traces started: retention may drop it after that
    data   BYTEA       NOT NULL,
    CONSTRAINT payloads_pkey PRIMARY KEY (id)
);

-- It is compressed already.
ALTER TABLE payloads ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE INDEX payloads_newest ON payloads (newest);

-- A score may come before its trace.
CREATE TABLE scores (
    workspace_id UUID             NOT NULL,
    trace_id     TEXT COLLATE "C" NOT NULL,
    name         TEXT COLLATE "C" NOT NULL,
    score        BIGINT           NOT NULL,
    comment      TEXT,
    timestamp    TIMESTAMPTZ      NOT NULL,
    waiting      BOOLEAN          NOT NULL, -- while the trace has not come
    CONSTRAINT scores_pkey PRIMARY KEY (workspace_id, trace_id, name)
);

CREATE INDEX scores_waiting ON scores (workspace_id, trace_id) WHERE waiting;
CREATE INDEX scores_time ON scores USING brin (timestamp);

-- Rollups of all traces together, kept in the transaction that writes the traces. `bucket` is the time at which the
-- minute, hour or day (UTC) begins.
CREATE TABLE totals_minutely (
    workspace_id UUID        NOT NULL,
    bucket       TIMESTAMPTZ NOT NULL,
    requests     BIGINT      NOT NULL,
    errors       BIGINT      NOT NULL,
    timeouts     BIGINT      NOT NULL,
    latency      BIGINT      NOT NULL,
    tokens       BIGINT      NOT NULL,
    cost         BIGINT      NOT NULL,
    scored       BIGINT      NOT NULL,
    quality      BIGINT      NOT NULL,
    CONSTRAINT totals_minutely_pkey PRIMARY KEY (workspace_id, bucket)
);

CREATE TABLE totals_hourly (
    workspace_id UUID        NOT NULL,
    bucket       TIMESTAMPTZ NOT NULL,
    requests     BIGINT      NOT NULL,
    errors       BIGINT      NOT NULL,
    timeouts     BIGINT      NOT NULL,
    latency      BIGINT      NOT NULL,
    tokens       BIGINT      NOT NULL,
    cost         BIGINT      NOT NULL,
    scored       BIGINT      NOT NULL,
    quality      BIGINT      NOT NULL,
    CONSTRAINT totals_hourly_pkey PRIMARY KEY (workspace_id, bucket)
);

CREATE TABLE totals_daily (
    workspace_id UUID        NOT NULL,
    bucket       TIMESTAMPTZ NOT NULL,
    requests     BIGINT      NOT NULL,
    errors       BIGINT      NOT NULL,
    timeouts     BIGINT      NOT NULL,
    latency      BIGINT      NOT NULL,
    tokens       BIGINT      NOT NULL,
    cost         BIGINT      NOT NULL,
    scored       BIGINT      NOT NULL,
    quality      BIGINT      NOT NULL,
    CONSTRAINT totals_daily_pkey PRIMARY KEY (workspace_id, bucket)
);

-- A bucket's row changes with every batch: room for the next version beside it keeps the index as it is.
ALTER TABLE totals_minutely SET (fillfactor = 70);
ALTER TABLE totals_hourly SET (fillfactor = 50);
ALTER TABLE totals_daily SET (fillfactor = 50);

CREATE TABLE alerts (
    id           UUID             NOT NULL,
    workspace_id UUID             NOT NULL,
    title        TEXT             NOT NULL,
    description  TEXT             NOT NULL,
    severity     TEXT COLLATE "C" NOT NULL,
    metric_value DOUBLE PRECISION,
    created_at   TIMESTAMPTZ      NOT NULL,
    CONSTRAINT alerts_pkey PRIMARY KEY (id)
);

CREATE INDEX alerts_workspace_time ON alerts (workspace_id, created_at);
