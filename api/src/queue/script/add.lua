-- Adds a message to a stream if there is room. Nothing is ever trimmed to make some.
-- KEYS: the stream, the bytes. ARGV: the stream's number, the message's size, bytes in all streams at most, messages in
-- a stream at most, its traces, its raw bytes, its data. Answers 1 if it was added, 0 if there is no room.
local size = tonumber(ARGV[2])
local held = redis.call('HMGET', KEYS[2], ARGV[1], 'total')
local own = tonumber(held[1] or 0)
-- A stream may take as much as it leaves free: one workspace's flood fills half the queue and leaves the others room.
if own + size > tonumber(ARGV[3]) - tonumber(held[2] or 0) or redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[4]) then
    return 0
end
redis.call('XADD', KEYS[1], '*', 'traces', ARGV[5], 'raw', ARGV[6], 'data', ARGV[7])
redis.call('HINCRBY', KEYS[2], ARGV[1], size)
redis.call('HINCRBY', KEYS[2], 'total', size)
return 1
