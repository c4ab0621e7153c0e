-- Deletes leases that the consumer still owns.
-- KEYS: the leases. ARGV: the consumer.
for _, key in ipairs(KEYS) do
    if redis.call('GET', key) == ARGV[1] then
        redis.call('DEL', key)
    end
end
return #KEYS
