-- Distributes the streams evenly: registers the consumer as alive, renews its leases, leases free streams up to its share,
-- and returns the excess streams.
-- KEYS: the consumers, then the lease of each stream. ARGV: the consumer, the duration of a lease in milliseconds, after
-- which a consumer counts as dead, too.
-- Returns {leased streams within the share, excess streams}, two lists of stream numbers from 0.
local name, ttl = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZADD', KEYS[1], now + ttl, name)
redis.call('PEXPIRE', KEYS[1], 10 * ttl)

-- Shares differ by at most one stream; the first consumers by name have the larger share.
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

local owned, free, leased, excess = {}, {}, {}, {}
for number = 0, streams - 1 do
    local owner = redis.call('GET', KEYS[number + 2])
    if owner == name then
        owned[#owned + 1] = number
    elseif not owner then
        free[#free + 1] = number
    end
end
for _, number in ipairs(owned) do
    redis.call('PEXPIRE', KEYS[number + 2], ttl)
    local list = #leased < share and leased or excess
    list[#list + 1] = number
end
for _, number in ipairs(free) do
    if #leased >= share then
        break
    end
    redis.call('SET', KEYS[number + 2], name, 'PX', ttl)
    leased[#leased + 1] = number
end
return {leased, excess}
