-- Keeps an answer, if its workspace's answers were not dropped since it began to be computed.
-- What is kept is the generation, a line's end, and the answer: should Redis have evicted the list of the workspace's keys,
-- so that dropping them misses some, those say themselves that they are old.
-- KEYS: the answer, the workspace's keys, its generation. ARGV: the generation before the computation ('' for none), the
-- answer, milliseconds that it is kept, keys of a workspace at most, seconds that the generation is remembered. Answers 1
-- if it was kept.
local generation = redis.call('TYPE', KEYS[3]).ok == 'string' and redis.call('GET', KEYS[3]) or ''
if generation ~= ARGV[1] then
    return 0
end
local kind = redis.call('TYPE', KEYS[2]).ok
local ttl = tonumber(ARGV[3])
if kind ~= 'set' then
    -- Not there, or not ours.
    redis.call('DEL', KEYS[2])
elseif redis.call('SCARD', KEYS[2]) >= tonumber(ARGV[4]) and redis.call('SISMEMBER', KEYS[2], KEYS[1]) == 0 then
    return 0
end
-- First the list, so that nothing is ever kept that could not be dropped. It lasts as long as the last of its keys.
redis.call('SADD', KEYS[2], KEYS[1])
if redis.call('PTTL', KEYS[2]) < ttl then
    redis.call('PEXPIRE', KEYS[2], ttl)
end
if generation == '' then
    -- The time, so that it is none that any answer was ever kept under.
    local time = redis.call('TIME')
    generation = string.format('%d%03d', time[1], math.floor(time[2] / 1000))
    redis.call('SET', KEYS[3], generation)
end
redis.call('EXPIRE', KEYS[3], ARGV[5])
redis.call('SET', KEYS[1], generation .. '\n' .. ARGV[2], 'PX', ttl)
return 1
