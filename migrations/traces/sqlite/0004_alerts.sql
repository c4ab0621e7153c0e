-- Rules that watch a workspace, the life of the alerts that they raise, and whom those are told.

-- Workspaces that were given the rules that every workspace begins with.
CREATE TABLE alert_workspaces (
    workspace_id BLOB    PRIMARY KEY,
    begun_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_rules (
    id           BLOB    PRIMARY KEY,
    workspace_id BLOB    NOT NULL,
    rule         TEXT    NOT NULL, -- what it says, as JSON
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL, -- grows with every change of the rule
    deleted      INTEGER NOT NULL, -- 1: its alerts are to be ended, then it goes
    state        TEXT    NOT NULL, -- what the evaluation remembers, as JSON
    evaluated_at INTEGER,
    due_at       INTEGER,          -- when it is evaluated next; NULL for never
    worker       BLOB,             -- who evaluates it, and until when nobody else does
    leased_until INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX alert_rules_workspace ON alert_rules (workspace_id, created_at);
CREATE INDEX alert_rules_due ON alert_rules (due_at) WHERE due_at IS NOT NULL;

ALTER TABLE alerts ADD COLUMN rule_id         BLOB;
ALTER TABLE alerts ADD COLUMN group_key       TEXT; -- the agent or model that it is about; '' for all together
ALTER TABLE alerts ADD COLUMN details         TEXT; -- the rest of what it says, as JSON
ALTER TABLE alerts ADD COLUMN acknowledged_at INTEGER;
ALTER TABLE alerts ADD COLUMN acknowledged_by TEXT;
ALTER TABLE alerts ADD COLUMN resolved_at     INTEGER;
-- What was kept before there were rules is over.
UPDATE alerts SET resolved_at = created_at;

CREATE UNIQUE INDEX alerts_open ON alerts (rule_id, group_key) WHERE resolved_at IS NULL;
CREATE INDEX alerts_workspace_open ON alerts (workspace_id, created_at) WHERE resolved_at IS NULL;

CREATE TABLE alert_channels (
    id           BLOB    PRIMARY KEY,
    workspace_id BLOB    NOT NULL,
    channel      TEXT    NOT NULL, -- what it is, as JSON
    secret       TEXT    NOT NULL, -- what webhooks are signed with
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX alert_channels_workspace ON alert_channels (workspace_id, created_at);

CREATE TABLE alert_deliveries (
    id              BLOB    PRIMARY KEY,
    workspace_id    BLOB    NOT NULL,
    channel_id      BLOB    NOT NULL,
    alert_id        BLOB,             -- NULL for a test
    event           TEXT    NOT NULL,
    notice          TEXT    NOT NULL, -- what is told, as JSON
    created_at      INTEGER NOT NULL,
    attempts        INTEGER NOT NULL,
    next_attempt_at INTEGER,
    finished_at     INTEGER,          -- when it arrived or was given up
    delivered       INTEGER NOT NULL,
    status_code     INTEGER,
    error           TEXT,
    worker          BLOB,             -- who delivers it, and until when nobody else does
    leased_until    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX alert_deliveries_channel ON alert_deliveries (channel_id, created_at);
CREATE INDEX alert_deliveries_alert ON alert_deliveries (alert_id, created_at) WHERE alert_id IS NOT NULL;
CREATE INDEX alert_deliveries_pending ON alert_deliveries (channel_id, created_at, id) WHERE finished_at IS NULL;
