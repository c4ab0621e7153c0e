-- Resets the delivery count of messages that their consumer could not process because it was stopped. They remain pending
-- and are claimed by another consumer. Messages that were removed meanwhile are ignored.
-- KEYS: the stream. ARGV: the group, the consumer, then the id and the earlier deliveries of each message.
for i = 3, #ARGV, 2 do
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'RETRYCOUNT', ARGV[i + 1], 'JUSTID')
end
return 1
