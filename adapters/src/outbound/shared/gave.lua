-- Counts rows that a call was given. KEYS: the principal's, those of all. ARGV: the rows; for each key how many an hour there may
-- be, zero for no limit.
local HOUR = 3600 * 1000000
local YEAR = 365 * 24 * 3600 * 1000000
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
for scope = 1, 2 do
  local an_hour = tonumber(ARGV[scope + 1])
  if an_hour > 0 then
    local full_at = math.max(tonumber(redis.call('GET', KEYS[scope]) or '0'), now)
    full_at = math.min(full_at + tonumber(ARGV[1]) * HOUR / an_hour, now + YEAR)
    redis.call('SET', KEYS[scope], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000) + 1)
  end
end
return 0
