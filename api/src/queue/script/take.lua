-- Reads new messages from several streams, up to limits in traces and bytes. A plain XREADGROUP limits only the number of
-- messages, and one message may be as large as ten thousand others.
-- Reads only streams on which the consumer holds the lease: whoever takes one over finds everything delivered before.
-- KEYS: the streams, then their leases. ARGV: the group, the consumer, the maximum number of traces, the maximum raw size,
-- the maximum number of messages.
-- Returns a list of {stream (from 1), id, data}.
local traces, raw, messages = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local taken = {}
local open = {}
for number = 1, #KEYS / 2 do
    if redis.call('GET', KEYS[#KEYS / 2 + number]) == ARGV[2] then
        open[#open + 1] = {number, KEYS[number]}
    end
end
while #open > 0 do
    local more = {}
    for _, source in ipairs(open) do
        if traces <= 0 or raw <= 0 or #taken >= messages then
            return taken
        end
        local found = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', 1, 'STREAMS', source[2], '>')
        if found then
            local id, fields = found[1][2][1][1], found[1][2][1][2]
            -- A malformed message counts as one; decoding it fails and makes it a dead letter.
            traces = traces - (tonumber(fields[2]) or 1)
            raw = raw - (tonumber(fields[4]) or 0)
            taken[#taken + 1] = {source[1], id, fields[6] or ''}
            more[#more + 1] = source
        end
    end
    open = more
end
return taken
