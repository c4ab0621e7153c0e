-- Reads new messages from several streams, up to a number of traces and an uncompressed size: XREADGROUP itself is limited
-- only in messages, and one message may be as large as ten thousand others.
-- Skips streams that are not leased to the consumer: their new owner claims all messages that were delivered before.
-- KEYS: the streams, then their leases. ARGV: the group, the consumer, the maximum number of traces, the maximum
-- uncompressed size, the maximum number of messages.
-- Returns a list of {position of the stream in KEYS, id, data}.
local traces, raw, messages = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local read = {}
local open = {}
for number = 1, #KEYS / 2 do
    if redis.call('GET', KEYS[#KEYS / 2 + number]) == ARGV[2] then
        open[#open + 1] = {number, KEYS[number]}
    end
end
while #open > 0 do
    local more = {}
    for _, source in ipairs(open) do
        if traces <= 0 or raw <= 0 or #read >= messages then
            return read
        end
        local found = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', 1, 'STREAMS', source[2], '>')
        if found then
            local id, fields = found[1][2][1][1], found[1][2][1][2]
            -- A message in an unknown format counts as one trace; decoding it fails, and it becomes a dead letter.
            traces = traces - (tonumber(fields[2]) or 1)
            raw = raw - (tonumber(fields[4]) or 0)
            read[#read + 1] = {source[1], id, fields[6] or ''}
            more[#more + 1] = source
        end
    end
    open = more
end
return read
