-- Moves a message to the dead letters, with the reason. Too many of them push the oldest out: whoever can send what
-- cannot be stored must not be able to fill Redis with it.
-- KEYS: the stream, the bytes, the dead letters. ARGV: the group, the stream's number, the message's id, its size, the
-- reason, its data, bytes of dead letters at most. Answers how many old ones went.
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
if redis.call('XDEL', KEYS[1], ARGV[3]) == 0 then
    return 0
end
local size = tonumber(ARGV[4])
redis.call('HINCRBY', KEYS[2], ARGV[2], -size)
redis.call('HINCRBY', KEYS[2], 'total', -size)
redis.call('XADD', KEYS[3], '*', 'reason', ARGV[5], 'stream', KEYS[1], 'id', ARGV[3], 'size', size, 'data', ARGV[6])
local dead = redis.call('HINCRBY', KEYS[2], 'dead', size)
local gone = 0
while dead > tonumber(ARGV[7]) and redis.call('XLEN', KEYS[3]) > 1 do
    local oldest = redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
    redis.call('XDEL', KEYS[3], oldest[1])
    dead = redis.call('HINCRBY', KEYS[2], 'dead', -tonumber(oldest[2][8]))
    gone = gone + 1
end
return gone
