-- Forgets consumers of a stream that are dead and have nothing left: to forget one that has would lose it.
-- KEYS: the stream, the consumers that are alive. ARGV: the group, and a consumer to forget though it is alive, or ''.
local gone = 0
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    local name, pending = consumer[2], consumer[4]
    if pending == 0 and (name == ARGV[2] or not redis.call('ZSCORE', KEYS[2], name)) then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], name)
        gone = gone + 1
    end
end
return gone
