-- Balances the leases on streams: registers this consumer as alive, renews its leases, takes free ones up to its share, and
-- returns those beyond its share.
-- KEYS: the consumers, then the lease of each stream. ARGV: the consumer, the lifetime of leases and of the registration in
-- milliseconds. Returns {streams within the share, streams beyond it}, as lists of numbers from 0.
local name, ttl = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ttl, name)
redis.call('PEXPIRE', KEYS[1], 10 * ttl)

-- Shares differ by at most one; the order of the names determines which consumers have one more.
local streams, rank = #KEYS - 1, 0
local consumers = redis.call('ZRANGE', KEYS[1], 0, -1)
for _, consumer in ipairs(consumers) do
    if consumer < name then
        rank = rank + 1
    end
end
local share = math.floor(streams / #consumers)
if rank < streams % #consumers then
    share = share + 1
end

local held, free, kept, beyond = {}, {}, {}, {}
for number = 0, streams - 1 do
    local owner = redis.call('GET', KEYS[number + 2])
    if owner == name then
        held[#held + 1] = number
    elseif not owner then
        free[#free + 1] = number
    end
end
for _, number in ipairs(held) do
    redis.call('PEXPIRE', KEYS[number + 2], ttl)
    local list = #kept < share and kept or beyond
    list[#list + 1] = number
end
for _, number in ipairs(free) do
    if #kept >= share then
        break
    end
    redis.call('SET', KEYS[number + 2], name, 'PX', ttl)
    kept[#kept + 1] = number
end
return {kept, beyond}
