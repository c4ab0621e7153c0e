-- Makes deliveries count as if they had not been: their consumer was told to stop and could not finish them, which is no
-- fault of theirs. They stay pending, to be taken over. What was taken out meanwhile is left alone.
-- KEYS: the stream. ARGV: the group, the consumer, then each message's id and how often it was delivered before.
for i = 3, #ARGV, 2 do
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'RETRYCOUNT', ARGV[i + 1], 'JUSTID')
end
return 1
