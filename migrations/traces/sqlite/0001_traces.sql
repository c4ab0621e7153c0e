-- Traces and everything that hangs on them, on SQLite.
--
-- Units, everywhere: times and latencies are integer microseconds, money is integer nano-dollars, scores are integer
-- millionths of a point. Sums of integers are exact and do not drift when a score is replaced.

-- Hot: what lists, key figures and charts read. One row per run, in the order of arrival.
CREATE TABLE traces (
    id             INTEGER PRIMARY KEY,
    workspace_id   BLOB    NOT NULL,
    trace_id       TEXT    NOT NULL,
    agent_id       TEXT    NOT NULL,
    timestamp      INTEGER NOT NULL,
    latency        INTEGER NOT NULL,
    status         INTEGER NOT NULL, -- 0 success, 1 error, 2 timeout
    model          TEXT,
    model_provider TEXT,
    tokens_input   INTEGER,
    tokens_output  INTEGER,
    tokens_total   INTEGER,
    cost           INTEGER,
    quality_sent   INTEGER,          -- the quality_score that came with the trace
    quality        INTEGER,          -- the mean of all its scores: what the rollups count
    session_id     TEXT,
    user_id        TEXT,
    tags           TEXT,             -- a JSON array, or NULL for none
    error          TEXT,
    payload_id     INTEGER NOT NULL,
    payload_line   INTEGER NOT NULL
) STRICT;

CREATE UNIQUE INDEX traces_workspace_trace ON traces (workspace_id, trace_id);
CREATE INDEX traces_workspace_time ON traces (workspace_id, timestamp, id);
CREATE INDEX traces_workspace_agent_time ON traces (workspace_id, agent_id, timestamp, id);

CREATE TABLE spans (
    trace          INTEGER NOT NULL, -- traces.id
    span_id        TEXT    NOT NULL,
    parent_span_id TEXT,
    name           TEXT    NOT NULL,
    kind           TEXT    NOT NULL,
    timestamp      INTEGER NOT NULL,
    latency        INTEGER NOT NULL,
    status         INTEGER NOT NULL,
    model          TEXT,
    tokens_input   INTEGER,
    tokens_output  INTEGER,
    cost           INTEGER,
    error          TEXT,
    payload_id     INTEGER NOT NULL,
    payload_line   INTEGER NOT NULL,
    PRIMARY KEY (trace, span_id)
) STRICT, WITHOUT ROWID;

-- Cold: inputs, outputs, metadata and attributes, read for a detail page alone. Each row is a zstd frame of JSON lines,
-- so that the records of many runs compress together; a trace or span names its row and its line.
CREATE TABLE payloads (
    id   INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;

-- A score may come before its trace.
CREATE TABLE scores (
    workspace_id BLOB    NOT NULL,
    trace_id     TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    score        INTEGER NOT NULL,
    comment      TEXT,
    timestamp    INTEGER NOT NULL,
    waiting      INTEGER NOT NULL, -- 1 while the trace has not come
    PRIMARY KEY (workspace_id, trace_id, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX scores_waiting ON scores (workspace_id, trace_id) WHERE waiting = 1;

-- Rollups, kept in the transaction that writes the traces. `bucket` is the time at which the minute, hour or day
-- (UTC) begins. The totals are narrow, for the key figures; the others split by agent and model ('' for none) and
-- carry a histogram of the latencies.
CREATE TABLE totals_minutely (
    workspace_id  BLOB    NOT NULL,
    bucket        INTEGER NOT NULL,
    requests      INTEGER NOT NULL,
    errors        INTEGER NOT NULL,
    timeouts      INTEGER NOT NULL,
    latency       INTEGER NOT NULL,
    tokens        INTEGER NOT NULL,
    cost          INTEGER NOT NULL,
    scored        INTEGER NOT NULL,
    quality       INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE totals_hourly (
    workspace_id  BLOB    NOT NULL,
    bucket        INTEGER NOT NULL,
    requests      INTEGER NOT NULL,
    errors        INTEGER NOT NULL,
    timeouts      INTEGER NOT NULL,
    latency       INTEGER NOT NULL,
    tokens        INTEGER NOT NULL,
    cost          INTEGER NOT NULL,
    scored        INTEGER NOT NULL,
    quality       INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE totals_daily (
    workspace_id  BLOB    NOT NULL,
    bucket        INTEGER NOT NULL,
    requests      INTEGER NOT NULL,
    errors        INTEGER NOT NULL,
    timeouts      INTEGER NOT NULL,
    latency       INTEGER NOT NULL,
    tokens        INTEGER NOT NULL,
    cost          INTEGER NOT NULL,
    scored        INTEGER NOT NULL,
    quality       INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE traces_hourly (
    workspace_id  BLOB    NOT NULL,
    bucket        INTEGER NOT NULL,
    agent_id      TEXT    NOT NULL,
    model         TEXT    NOT NULL,
    requests      INTEGER NOT NULL,
    errors        INTEGER NOT NULL,
    timeouts      INTEGER NOT NULL,
    latency       INTEGER NOT NULL,
    tokens        INTEGER NOT NULL,
    cost          INTEGER NOT NULL,
    scored        INTEGER NOT NULL,
    quality       INTEGER NOT NULL,
    histogram     BLOB    NOT NULL,
    PRIMARY KEY (workspace_id, bucket, agent_id, model)
) STRICT, WITHOUT ROWID;

CREATE TABLE traces_daily (
    workspace_id  BLOB    NOT NULL,
    bucket        INTEGER NOT NULL,
    agent_id      TEXT    NOT NULL,
    model         TEXT    NOT NULL,
    requests      INTEGER NOT NULL,
    errors        INTEGER NOT NULL,
    timeouts      INTEGER NOT NULL,
    latency       INTEGER NOT NULL,
    tokens        INTEGER NOT NULL,
    cost          INTEGER NOT NULL,
    scored        INTEGER NOT NULL,
    quality       INTEGER NOT NULL,
    histogram     BLOB    NOT NULL,
    PRIMARY KEY (workspace_id, bucket, agent_id, model)
) STRICT, WITHOUT ROWID;

CREATE TABLE alerts (
    id           BLOB    PRIMARY KEY,
    workspace_id BLOB    NOT NULL,
    title        TEXT    NOT NULL,
    description  TEXT    NOT NULL,
    severity     TEXT    NOT NULL,
    metric_value REAL,
    created_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX alerts_workspace_time ON alerts (workspace_id, created_at);
