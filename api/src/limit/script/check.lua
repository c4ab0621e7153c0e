-- Counts a request if it may pass, with the sliding window of count.rs. Lua numbers are exact up to 2^53, which allows
-- limits up to 150 million per minute.
-- KEYS: the counts. ARGV: the limit, the index of the window, microseconds since its start, its length in microseconds.
-- Returns {1 if the request may pass, the window of the counts, the requests in it, the requests in the previous one}.
local limit, now, elapsed, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local held = redis.call('HMGET', KEYS[1], 'window', 'current', 'previous')
local index = tonumber(held[1]) or now
local current, previous = tonumber(held[2]) or 0, tonumber(held[3]) or 0
-- If this replica's clock is behind another one's, the window of the other one is used.
if now - index == 1 then
    index, current, previous = now, 0, current
elseif now - index > 1 then
    index, current, previous = now, 0, 0
end
local passes = limit * window - current * window - previous * (window - elapsed) >= window
if passes then
    current = current + 1
    redis.call('HSET', KEYS[1], 'window', index, 'current', current, 'previous', previous)
    redis.call('PEXPIRE', KEYS[1], math.ceil(window / 500))
end
return {passes and 1 or 0, index, current, previous}
