-- Lets a call begin, or says which limit keeps it from that: {scope, measure, microseconds to wait}, {-1, 0, 0} if none.
-- Scopes: 0 the principal, 1 all together. Measures: 0 calls a second, 1 calls in flight, 2 rows an hour.
-- KEYS, for each scope: calls, places, rows.
-- ARGV: the call, its lease; for each scope: calls a second, calls that may come at once, calls in flight, rows an hour. Zero is
-- no limit. Times are microseconds of this store's clock.
local HOUR = 3600 * 1000000
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local call, lease = ARGV[1], tonumber(ARGV[2])

local scopes = {}
for scope = 0, 1 do
  local key, value = scope * 3, 2 + scope * 4
  local rate, an_hour = tonumber(ARGV[value + 1]), tonumber(ARGV[value + 4])
  scopes[scope] = {
    calls = KEYS[key + 1], places = KEYS[key + 2], rows = KEYS[key + 3],
    -- Between two calls, and until a row comes back.
    interval = rate > 0 and 1000000 / rate or 0, per_row = an_hour > 0 and HOUR / an_hour or 0,
    burst = tonumber(ARGV[value + 2]), most = tonumber(ARGV[value + 3]),
  }
end

for scope = 0, 1 do
  local is = scopes[scope]
  if is.most > 0 then
    -- Of processes that are gone.
    redis.call('ZREMRANGEBYSCORE', is.places, '-inf', now)
    if redis.call('ZCARD', is.places) >= is.most then return {scope, 1, 1000000} end
  end
  if is.per_row > 0 then
    local full_at = tonumber(redis.call('GET', is.rows) or '0')
    local owed = full_at - now + is.per_row - HOUR
    if owed > 0 then return {scope, 2, math.ceil(owed)} end
  end
  if is.interval > 0 then
    is.due = math.max(tonumber(redis.call('GET', is.calls) or '0'), now)
    local early = is.due - now - (is.burst - 1) * is.interval
    if early > 0 then return {scope, 0, math.ceil(early)} end
  end
end

for scope = 0, 1 do
  local is = scopes[scope]
  if is.interval > 0 then
    local due = is.due + is.interval
    redis.call('SET', is.calls, string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000) + 1)
  end
  if is.most > 0 then
    redis.call('ZADD', is.places, string.format('%.0f', now + lease), call)
    redis.call('PEXPIRE', is.places, math.ceil(lease / 1000))
  end
end
return {-1, 0, 0}
