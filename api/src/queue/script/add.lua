-- Adds a message to a stream if there is space. Messages are never trimmed to make space.
-- KEYS: the stream, the sizes. ARGV: the number of the stream, the size of the message, the maximum size of all streams, the
-- maximum number of messages of a stream, the number of traces, the raw size, the data. Returns 1 if the message was added.
local size = tonumber(ARGV[2])
local held = redis.call('HMGET', KEYS[2], ARGV[1], 'total')
local own = tonumber(held[1] or 0)
-- A stream may use as much as it leaves free: one workspace can fill at most half of the queue.
if own + size > tonumber(ARGV[3]) - tonumber(held[2] or 0) or redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[4]) then
    return 0
end
redis.call('XADD', KEYS[1], '*', 'traces', ARGV[5], 'raw', ARGV[6], 'data', ARGV[7])
redis.call('HINCRBY', KEYS[2], ARGV[1], size)
redis.call('HINCRBY', KEYS[2], 'total', size)
return 1
