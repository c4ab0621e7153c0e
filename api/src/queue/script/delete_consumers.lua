-- Deletes dead consumers of a stream that have no pending messages. Deleting a consumer with pending messages would lose
-- them.
-- KEYS: the stream, the consumers that are alive. ARGV: the group, and a consumer to delete even if it is alive, or ''.
-- Returns the number of deleted consumers.
local deleted = 0
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    local name, pending = consumer[2], consumer[4]
    if pending == 0 and (name == ARGV[2] or not redis.call('ZSCORE', KEYS[2], name)) then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], name)
        deleted = deleted + 1
    end
end
return deleted
