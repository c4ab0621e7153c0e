-- Counts a request if it may pass: the sliding window of count.rs. Numbers here are exact up to 2^53, so up to a limit of
-- 150 million in a minute.
-- KEYS: the counts. ARGV: the limit, the window's number, microseconds into it, its length in microseconds.
-- Answers {1 if it may pass, the window of the counts, requests in it, requests in the one before}.
local limit, now, elapsed, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local held = redis.call('HMGET', KEYS[1], 'window', 'current', 'previous')
local index = tonumber(held[1]) or now
local current, previous = tonumber(held[2]) or 0, tonumber(held[3]) or 0
-- A clock that is behind another replica's stays in the window of that one.
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
