-- Adds a message to a stream if there is room. Messages are never trimmed to make room.
-- KEYS: the stream, the sizes. ARGV: the number of the stream, the size of the message, the maximum size of all streams,
-- the maximum number of messages of a stream, then the message: number of traces, uncompressed size, data.
-- Returns 1 if the message was added, and 0 if there is no room.
local size = tonumber(ARGV[2])
local sizes = redis.call('HMGET', KEYS[2], ARGV[1], 'total')
local own = tonumber(sizes[1] or 0)
-- A stream may use as much as it leaves free: a workspace with much traffic fills at most half of the queue.
if own + size > tonumber(ARGV[3]) - tonumber(sizes[2] or 0) or redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[4]) then
    return 0
end
redis.call('XADD', KEYS[1], '*', 'traces', ARGV[5], 'raw', ARGV[6], 'data', ARGV[7])
redis.call('HINCRBY', KEYS[2], ARGV[1], size)
redis.call('HINCRBY', KEYS[2], 'total', size)
return 1
