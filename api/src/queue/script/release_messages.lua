-- Resets the delivery counts of messages that a consumer did not finish before it stopped, since they did not fail. They
-- stay pending, to be claimed. Deleted messages are skipped.
-- KEYS: the stream. ARGV: the group, the consumer, then the id and the number of earlier deliveries of each message.
for i = 3, #ARGV, 2 do
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'RETRYCOUNT', ARGV[i + 1], 'JUSTID')
end
return 1
