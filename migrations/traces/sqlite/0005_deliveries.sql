-- Deliveries are leased by channel, without reading those that are not due, and a notification can concern several alerts.

ALTER TABLE alert_deliveries ADD COLUMN ready_at    INTEGER; -- when a worker may lease it; NULL if finished or after another
ALTER TABLE alert_deliveries ADD COLUMN thread_id   BLOB;    -- the rule: within it, deliveries about one alert are in order
ALTER TABLE alert_deliveries ADD COLUMN group_id    BLOB;    -- NULL for a notification of one alert
ALTER TABLE alert_deliveries ADD COLUMN alert_count INTEGER NOT NULL DEFAULT 1;

UPDATE alert_deliveries SET alert_count = 0 WHERE alert_id IS NULL;
UPDATE alert_deliveries SET
    thread_id = COALESCE((SELECT rule_id FROM alerts WHERE alerts.id = alert_id), alert_id, id),
    ready_at = CASE WHEN NOT EXISTS (
        SELECT 1 FROM alert_deliveries AS earlier
        WHERE earlier.channel_id = alert_deliveries.channel_id AND earlier.finished_at IS NULL
        AND earlier.alert_id = alert_deliveries.alert_id
        AND (earlier.created_at, earlier.id) < (alert_deliveries.created_at, alert_deliveries.id)
    ) THEN COALESCE(leased_until, next_attempt_at) END
WHERE finished_at IS NULL;

-- The alerts of the notifications that concern several.
CREATE TABLE alert_groups (
    alert_id   BLOB    NOT NULL,
    group_id   BLOB    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (alert_id, group_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX alert_groups_time ON alert_groups (created_at);

DROP INDEX alert_deliveries_pending;
CREATE INDEX alert_deliveries_ready ON alert_deliveries (channel_id, ready_at, created_at, id) WHERE ready_at IS NOT NULL;
CREATE INDEX alert_deliveries_leased ON alert_deliveries (channel_id, leased_until) WHERE worker IS NOT NULL;
CREATE INDEX alert_deliveries_thread ON alert_deliveries (channel_id, thread_id, created_at, id) WHERE finished_at IS NULL;
CREATE INDEX alert_deliveries_workspace ON alert_deliveries (workspace_id) WHERE finished_at IS NULL;
CREATE INDEX alert_deliveries_group ON alert_deliveries (group_id, created_at) WHERE group_id IS NOT NULL;
CREATE INDEX alert_deliveries_finished ON alert_deliveries (finished_at) WHERE finished_at IS NOT NULL;
