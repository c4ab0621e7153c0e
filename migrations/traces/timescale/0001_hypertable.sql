-- With TimescaleDB: traces in chunks of a week, the rollups by agent and model ('' for none) as continuous aggregates.
-- What happens to old chunks is a setting, and so not in here.

SELECT create_hypertable('traces', by_range('timestamp', INTERVAL '7 days'), create_default_indexes => false);

ALTER TABLE traces SET (
    timescaledb.compress,
    timescaledb.compress_segmentby = 'workspace_id',
    timescaledb.compress_orderby = 'timestamp DESC, id DESC'
);

-- Hours that an aggregate may hold without the newest of their traces and scores: they are read row by row until they
-- are refreshed. Rows are only added, so that writers never wait for each other here.
CREATE TABLE traces_stale (
    id           BIGINT GENERATED ALWAYS AS IDENTITY,
    workspace_id UUID        NOT NULL,
    hour         TIMESTAMPTZ NOT NULL,
    CONSTRAINT traces_stale_pkey PRIMARY KEY (id)
);

CREATE INDEX traces_stale_workspace_hour ON traces_stale (workspace_id, hour);

-- The histogram counts by bucket number: its first and last elements are for what lies outside, where nothing does, since
-- no run of more than 30 days is taken in.
CREATE MATERIALIZED VIEW traces_hourly
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT
    workspace_id,
    time_bucket(INTERVAL '1 hour', timestamp) AS bucket,
    agent_id,
    COALESCE(model, '') AS model,
    COUNT(*) AS requests,
    COUNT(*) FILTER (WHERE status = 1) AS errors,
    COUNT(*) FILTER (WHERE status = 2) AS timeouts,
    LEAST(SUM(latency), 9223372036854775807)::BIGINT AS latency,
    LEAST(COALESCE(SUM(tokens_total), 0), 9223372036854775807)::BIGINT AS tokens,
    LEAST(COALESCE(SUM(cost), 0), 9223372036854775807)::BIGINT AS cost,
    COUNT(quality) AS scored,
    LEAST(COALESCE(SUM(quality), 0), 9223372036854775807)::BIGINT AS quality,
    histogram(latency_bucket + 0.5, 0, 864, 864) AS histogram
FROM traces
GROUP BY 1, 2, 3, 4
WITH NO DATA;

CREATE INDEX traces_hourly_workspace_bucket ON traces_hourly (workspace_id, bucket);

CREATE MATERIALIZED VIEW traces_daily
WITH (timescaledb.continuous, timescaledb.materialized_only = false, timescaledb.create_group_indexes = false) AS
SELECT
    workspace_id,
    time_bucket(INTERVAL '1 day', timestamp) AS bucket,
    agent_id,
    COALESCE(model, '') AS model,
    COUNT(*) AS requests,
    COUNT(*) FILTER (WHERE status = 1) AS errors,
    COUNT(*) FILTER (WHERE status = 2) AS timeouts,
    LEAST(SUM(latency), 9223372036854775807)::BIGINT AS latency,
    LEAST(COALESCE(SUM(tokens_total), 0), 9223372036854775807)::BIGINT AS tokens,
    LEAST(COALESCE(SUM(cost), 0), 9223372036854775807)::BIGINT AS cost,
    COUNT(quality) AS scored,
    LEAST(COALESCE(SUM(quality), 0), 9223372036854775807)::BIGINT AS quality,
    histogram(latency_bucket + 0.5, 0, 864, 864) AS histogram
FROM traces
GROUP BY 1, 2, 3, 4
WITH NO DATA;

CREATE INDEX traces_daily_workspace_bucket ON traces_daily (workspace_id, bucket);

-- Everything up to three hours ago, and whatever changed in it since: a writer notes as stale what it changes later than
-- an hour after its end, so that there are two hours between.
SELECT add_continuous_aggregate_policy(
    'traces_hourly', start_offset => NULL, end_offset => INTERVAL '3 hours', schedule_interval => INTERVAL '1 hour'
);
SELECT add_continuous_aggregate_policy(
    'traces_daily', start_offset => NULL, end_offset => INTERVAL '3 hours', schedule_interval => INTERVAL '1 hour'
);

-- All of it in one pass, where TimescaleDB would do the newest part first: an aggregate takes whatever lies before its
-- newest part, and is not stored yet, for empty. Versions that know no parts pass over this.
SELECT alter_job(job_id, config => config || '{"buckets_per_batch": 0}')
FROM timescaledb_information.jobs
WHERE proc_name = 'policy_refresh_continuous_aggregate';
