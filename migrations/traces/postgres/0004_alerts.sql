-- Rules that watch a workspace, the life of the alerts that they raise, and whom those are told.

-- Workspaces that were given the rules that every workspace begins with.
CREATE TABLE alert_workspaces (
    workspace_id UUID             NOT NULL CONSTRAINT alert_workspaces_pkey PRIMARY KEY,
    begun_at     TIMESTAMPTZ      NOT NULL
);

CREATE TABLE alert_rules (
    id           UUID             NOT NULL CONSTRAINT alert_rules_pkey PRIMARY KEY,
    workspace_id UUID             NOT NULL,
    rule         TEXT             NOT NULL, -- what it says, as JSON
    created_at   TIMESTAMPTZ      NOT NULL,
    updated_at   TIMESTAMPTZ      NOT NULL,
    version      BIGINT           NOT NULL, -- grows with every change of the rule
    deleted      BIGINT           NOT NULL, -- 1: its alerts are to be ended, then it goes
    state        TEXT             NOT NULL, -- what the evaluation remembers, as JSON
    evaluated_at TIMESTAMPTZ,
    due_at       TIMESTAMPTZ, -- when it is evaluated next; NULL for never
    worker       UUID, -- who evaluates it, and until when nobody else does
    leased_until TIMESTAMPTZ
);

CREATE INDEX alert_rules_workspace ON alert_rules (workspace_id, created_at);
CREATE INDEX alert_rules_due ON alert_rules (due_at) WHERE due_at IS NOT NULL;

ALTER TABLE alerts ADD COLUMN rule_id         UUID;
ALTER TABLE alerts ADD COLUMN group_key       TEXT COLLATE "C"; -- the agent or model that it is about; '' for all together
ALTER TABLE alerts ADD COLUMN details         TEXT; -- the rest of what it says, as JSON
ALTER TABLE alerts ADD COLUMN acknowledged_at TIMESTAMPTZ;
ALTER TABLE alerts ADD COLUMN acknowledged_by TEXT;
ALTER TABLE alerts ADD COLUMN resolved_at     TIMESTAMPTZ;
-- What was kept before there were rules is over.
UPDATE alerts SET resolved_at = created_at;

CREATE UNIQUE INDEX alerts_open ON alerts (rule_id, group_key) WHERE resolved_at IS NULL;
CREATE INDEX alerts_workspace_open ON alerts (workspace_id, created_at) WHERE resolved_at IS NULL;

CREATE TABLE alert_channels (
    id           UUID             NOT NULL CONSTRAINT alert_channels_pkey PRIMARY KEY,
    workspace_id UUID             NOT NULL,
    channel      TEXT             NOT NULL, -- what it is, as JSON
    secret       TEXT             NOT NULL, -- what webhooks are signed with
    created_at   TIMESTAMPTZ      NOT NULL,
    updated_at   TIMESTAMPTZ      NOT NULL,
    version      BIGINT           NOT NULL
);

CREATE INDEX alert_channels_workspace ON alert_channels (workspace_id, created_at);

CREATE TABLE alert_deliveries (
    id              UUID             NOT NULL CONSTRAINT alert_deliveries_pkey PRIMARY KEY,
    workspace_id    UUID             NOT NULL,
    channel_id      UUID             NOT NULL,
    alert_id        UUID, -- NULL for a test
    event           TEXT COLLATE "C" NOT NULL,
    notice          TEXT             NOT NULL, -- what is told, as JSON
    created_at      TIMESTAMPTZ      NOT NULL,
    attempts        BIGINT           NOT NULL,
    next_attempt_at TIMESTAMPTZ,
    finished_at     TIMESTAMPTZ, -- when it arrived or was given up
    delivered       BIGINT           NOT NULL,
    status_code     BIGINT,
    error           TEXT,
    worker          UUID, -- who delivers it, and until when nobody else does
    leased_until    TIMESTAMPTZ
);

CREATE INDEX alert_deliveries_channel ON alert_deliveries (channel_id, created_at);
CREATE INDEX alert_deliveries_alert ON alert_deliveries (alert_id, created_at) WHERE alert_id IS NOT NULL;
CREATE INDEX alert_deliveries_pending ON alert_deliveries (channel_id, created_at, id) WHERE finished_at IS NULL;
