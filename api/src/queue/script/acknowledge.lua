-- Acknowledges and deletes messages of a stream, and subtracts their size. Messages that another consumer has deleted are
-- not subtracted again.
-- KEYS: the stream, the sizes. ARGV: the group, the number of the stream, then the id and the size of each message.
-- Returns the number of freed bytes.
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
