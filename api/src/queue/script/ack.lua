-- Takes messages out of a stream for good, and their bytes off the count. One that somebody else took out meanwhile is
-- not counted again.
-- KEYS: the stream, the bytes. ARGV: the group, the stream's number, then each message's id and size.
local freed = 0
for i = 3, #ARGV, 2 do
    redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
    if redis.call('XDEL', KEYS[1], ARGV[i]) == 1 then
        freed = freed + tonumber(ARGV[i + 1])
    end
end
if freed > 0 then
    redis.call('HINCRBY', KEYS[2], ARGV[2], -freed)
    redis.call('HINCRBY', KEYS[2], 'total', -freed)
end
return freed
