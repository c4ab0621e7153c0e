-- Recipients of e-mail channels, who receive notifications once they have confirmed by a link.

CREATE TABLE alert_recipients (
    workspace_id UUID             NOT NULL,
    address      TEXT COLLATE "C" NOT NULL, -- with ASCII letters in lower case
    created_at   TIMESTAMPTZ      NOT NULL,
    confirmed_at TIMESTAMPTZ,               -- NULL until the recipient has confirmed
    token_hash   BYTEA,                     -- of the newest link, until it is used
    expires_at   TIMESTAMPTZ,               -- when the link expires
    CONSTRAINT alert_recipients_pkey PRIMARY KEY (workspace_id, address)
);

CREATE UNIQUE INDEX alert_recipients_token ON alert_recipients (token_hash) WHERE token_hash IS NOT NULL;

-- Recipients of existing channels receive notifications as before.
DO $$
DECLARE
    stored RECORD;
BEGIN
    FOR stored IN SELECT workspace_id, channel, created_at FROM alert_channels LOOP
        BEGIN
            INSERT INTO alert_recipients (workspace_id, address, created_at, confirmed_at)
            SELECT stored.workspace_id, LOWER(TRIM(address) COLLATE "C"), stored.created_at, stored.created_at
            FROM jsonb_array_elements_text(stored.channel::JSONB -> 'to') AS address
            ON CONFLICT DO NOTHING;
        EXCEPTION WHEN OTHERS THEN
            -- Channels that cannot be read receive no notifications.
            NULL;
        END;
    END LOOP;
END
$$;
