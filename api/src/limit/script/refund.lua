-- Refunds one request, the newest first; counts never become negative. KEYS: the counts. ARGV: the index of the window.
local held = redis.call('HMGET', KEYS[1], 'window', 'current', 'previous')
local index, current, previous = tonumber(held[1]), tonumber(held[2]), tonumber(held[3])
local now = tonumber(ARGV[1])
if not index then
    return 0
end
if now - index == 1 then
    index, current, previous = now, 0, current
elseif now - index > 1 then
    return 0
end
if current > 0 then
    current = current - 1
else
    previous = math.max(previous - 1, 0)
end
redis.call('HSET', KEYS[1], 'window', index, 'current', current, 'previous', previous)
return 1
