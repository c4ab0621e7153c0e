-- Moves a message to the dead letters, with the reason. If they exceed their maximum size, the oldest are deleted, so that
-- a client that sends invalid data cannot fill Redis.
-- KEYS: the stream, the sizes, the dead letters. ARGV: the group, the number of the stream, the id of the message, its
-- size, the reason, its data, the maximum size of the dead letters.
-- Returns the number of deleted dead letters.
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
if redis.call('XDEL', KEYS[1], ARGV[3]) == 0 then
    return 0
end
local size = tonumber(ARGV[4])
redis.call('HINCRBY', KEYS[2], ARGV[2], -size)
redis.call('HINCRBY', KEYS[2], 'total', -size)
redis.call('XADD', KEYS[3], '*', 'reason', ARGV[5], 'stream', KEYS[1], 'id', ARGV[3], 'size', size, 'data', ARGV[6])
local dead = redis.call('HINCRBY', KEYS[2], 'dead', size)
local deleted = 0
while dead > tonumber(ARGV[7]) and redis.call('XLEN', KEYS[3]) > 1 do
    local oldest = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
    redis.call('XDEL', KEYS[3], oldest[1])
    dead = redis.call('HINCRBY', KEYS[2], 'dead', -tonumber(oldest[2][8]))
    deleted = deleted + 1
end
return deleted
