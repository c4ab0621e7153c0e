-- The rollups by agent and model ('' for none), where there is no TimescaleDB: tables, kept in the transaction that writes
-- the traces. They carry a histogram of the latencies.

CREATE TABLE traces_hourly (
    workspace_id UUID             NOT NULL,
    bucket       TIMESTAMPTZ      NOT NULL,
    agent_id     TEXT COLLATE "C" NOT NULL,
    model        TEXT COLLATE "C" NOT NULL,
    requests     BIGINT           NOT NULL,
    errors       BIGINT           NOT NULL,
    timeouts     BIGINT           NOT NULL,
    latency      BIGINT           NOT NULL,
    tokens       BIGINT           NOT NULL,
    cost         BIGINT           NOT NULL,
    scored       BIGINT           NOT NULL,
    quality      BIGINT           NOT NULL,
    histogram    BYTEA            NOT NULL,
    CONSTRAINT traces_hourly_pkey PRIMARY KEY (workspace_id, bucket, agent_id, model)
) WITH (fillfactor = 50);

CREATE TABLE traces_daily (
    workspace_id UUID             NOT NULL,
    bucket       TIMESTAMPTZ      NOT NULL,
    agent_id     TEXT COLLATE "C" NOT NULL,
    model        TEXT COLLATE "C" NOT NULL,
    requests     BIGINT           NOT NULL,
    errors       BIGINT           NOT NULL,
    timeouts     BIGINT           NOT NULL,
    latency      BIGINT           NOT NULL,
    tokens       BIGINT           NOT NULL,
    cost         BIGINT           NOT NULL,
    scored       BIGINT           NOT NULL,
    quality      BIGINT           NOT NULL,
    histogram    BYTEA            NOT NULL,
    CONSTRAINT traces_daily_pkey PRIMARY KEY (workspace_id, bucket, agent_id, model)
) WITH (fillfactor = 50);

-- For retention: traces come in about the order of time, so a few pages say where the old ones are.
CREATE INDEX traces_time ON traces USING brin (timestamp);
