-- Caches a response, unless its workspace was invalidated since its computation began.
-- An entry is the generation, a line break and the response: if Redis has evicted the set of the workspace's keys, so that
-- an invalidation misses an entry, the entry is still recognized as outdated.
-- KEYS: the response, the set of the workspace's keys, its generation. ARGV: the generation before the computation ('' for
-- none), the response, its lifetime in milliseconds, the maximum number of keys of a workspace, the lifetime of the
-- generation in seconds. Returns 1 if the response was cached.
local generation = redis.call('TYPE', KEYS[3]).ok == 'string' and redis.call('GET', KEYS[3]) or ''
if generation ~= ARGV[1] then
    return 0
end
local kind = redis.call('TYPE', KEYS[2]).ok
local ttl = tonumber(ARGV[3])
if kind ~= 'set' then
    -- Missing or invalid.
    redis.call('DEL', KEYS[2])
elseif redis.call('SCARD', KEYS[2]) >= tonumber(ARGV[4]) and redis.call('SISMEMBER', KEYS[2], KEYS[1]) == 0 then
    return 0
end
-- Add the key to the set first, so that every entry can be invalidated. The set lives as long as the last of its keys.
redis.call('SADD', KEYS[2], KEYS[1])
if redis.call('PTTL', KEYS[2]) < ttl then
    redis.call('PEXPIRE', KEYS[2], ttl)
end
if generation == '' then
    -- Start from the time, which no earlier entry can have.
    local time = redis.call('TIME')
    generation = string.format('%d%03d', time[1], math.floor(time[2] / 1000))
    redis.call('SET', KEYS[3], generation)
end
redis.call('EXPIRE', KEYS[3], ARGV[5])
redis.call('SET', KEYS[1], generation .. '\n' .. ARGV[2], 'PX', ttl)
return 1
