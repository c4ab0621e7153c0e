-- Claims pending messages of a stream, oldest first: messages that were delivered and not acknowledged, because their
-- consumer died or its response was lost. A message that has been claimed before is claimed alone, so that a message that
-- crashes its consumers is identified, and not confused with those delivered with it.
-- KEYS: the stream. ARGV: the group, the consumer, the maximum number of traces, the maximum uncompressed size, the
-- maximum number of messages, the number of deliveries from which a message is claimed alone.
-- Returns {number of pending messages, list of {id, number of earlier deliveries, data}}.
local traces, raw = tonumber(ARGV[3]), tonumber(ARGV[4])
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', ARGV[5])
local claimed = {}
for _, entry in ipairs(pending) do
    local id, delivered = entry[1], entry[4]
    local alone = delivered >= tonumber(ARGV[6])
    if traces <= 0 or raw <= 0 or (alone and #claimed > 0) then
        break
    end
    local message = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id)[1]
    if message and message[2] then
        traces = traces - (tonumber(message[2][2]) or 1)
        raw = raw - (tonumber(message[2][4]) or 0)
        claimed[#claimed + 1] = {id, delivered, message[2][6] or ''}
        if alone then
            break
        end
    else
        -- The message was deleted, but is still pending.
        redis.call('XACK', KEYS[1], ARGV[1], id)
    end
end
return {#pending, claimed}
