-- Invalidates all responses of a workspace, unless that was done a moment ago. The cost depends on the number of the
-- workspace's keys only. With an interval of 0 it is always done.
-- KEYS: the set of the workspace's keys, its generation, the mark of a recent invalidation. ARGV: the interval in
-- milliseconds, the lifetime of the generation in seconds. Returns 0 if it was done, otherwise the milliseconds to wait.
if tonumber(ARGV[1]) > 0 and not redis.call('SET', KEYS[3], 1, 'NX', 'PX', ARGV[1]) then
    return math.max(redis.call('PTTL', KEYS[3]), 1)
end
local generation = redis.call('TYPE', KEYS[2]).ok == 'string' and redis.call('GET', KEYS[2]) or ''
if not generation:match('^%d+$') or #generation > 15 then
    -- Missing or invalid: start from the time, which no computation in flight can have seen.
    local time = redis.call('TIME')
    redis.call('SET', KEYS[2], string.format('%d%03d', time[1], math.floor(time[2] / 1000)))
end
redis.call('INCR', KEYS[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
if redis.call('TYPE', KEYS[1]).ok == 'set' then
    local keys = redis.call('SMEMBERS', KEYS[1])
    for first = 1, #keys, 1000 do
        redis.call('UNLINK', unpack(keys, first, math.min(first + 999, #keys)))
    end
end
redis.call('UNLINK', KEYS[1])
return 0
