-- Recipients of e-mail channels, who receive notifications once they have confirmed by a link.

CREATE TABLE alert_recipients (
    workspace_id BLOB    NOT NULL,
    address      TEXT    NOT NULL, -- with ASCII letters in lower case
    created_at   INTEGER NOT NULL,
    confirmed_at INTEGER,          -- NULL until the recipient has confirmed
    token_hash   BLOB,             -- of the newest link, until it is used
    expires_at   INTEGER,          -- when the link expires
    PRIMARY KEY (workspace_id, address)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX alert_recipients_token ON alert_recipients (token_hash) WHERE token_hash IS NOT NULL;

-- Recipients of existing channels receive notifications as before.
INSERT OR IGNORE INTO alert_recipients (workspace_id, address, created_at, confirmed_at)
SELECT alert_channels.workspace_id, LOWER(TRIM(recipient.value)), alert_channels.created_at, alert_channels.created_at
FROM alert_channels,
    json_each(CASE WHEN json_valid(alert_channels.channel) THEN alert_channels.channel ELSE '{}' END, '$.to') AS recipient
WHERE recipient.type = 'text';
