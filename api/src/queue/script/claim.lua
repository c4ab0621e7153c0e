-- Takes over what was delivered in a stream and never taken out: the consumer is dead, or its answer was lost. Oldest
-- first; what was taken over before comes alone, so that a message that kills its consumers is found among those that
-- were only beside it.
-- KEYS: the stream. ARGV: the group, the consumer, traces at most, raw bytes at most, messages at most, how often one was
-- delivered to come alone. Answers {how many are pending, a list of {id, times delivered before, data}}.
local traces, raw = tonumber(ARGV[3]), tonumber(ARGV[4])
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', ARGV[5])
local taken = {}
for _, entry in ipairs(pending) do
    local id, delivered = entry[1], entry[4]
    local alone = delivered >= tonumber(ARGV[6])
    if traces <= 0 or raw <= 0 or (alone and #taken > 0) then
        break
    end
    local message = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id)[1]
    if message and message[2] then
        traces = traces - (tonumber(message[2][2]) or 1)
        raw = raw - (tonumber(message[2][4]) or 0)
        taken[#taken + 1] = {id, delivered, message[2][6] or ''}
        if alone then
            break
        end
    else
        -- Taken out, but still on the list.
        redis.call('XACK', KEYS[1], ARGV[1], id)
    end
end
return {#pending, taken}
