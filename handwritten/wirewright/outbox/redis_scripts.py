"""What `wirewright.outbox.redis` asks of the server: scripts, so that each step happens whole or not at all."""

from __future__ import annotations

ADD = """
-- KEYS: totals, ids, keys, then the streams
-- ARGV: stream number, id, key, size, now, call, max count, max bytes, oldest?, group
local totals, ids, keys = KEYS[1], KEYS[2], KEYS[3]
if redis.call('HEXISTS', ids, ARGV[2]) == 1 then return {'kept'} end
redis.call('HINCRBY', totals, 'total', 1)
local size, most, room = tonumber(ARGV[4]), tonumber(ARGV[7]), tonumber(ARGV[8])
local function field(entry, name)
  for i = 1, #entry[2], 2 do if entry[2][i] == name then return entry[2][i + 1] end end
end
local function full()
  local queued = tonumber(redis.call('HGET', totals, 'queued') or '0')
  local bytes = tonumber(redis.call('HGET', totals, 'bytes') or '0')
  return (most >= 0 and queued + 1 > most) or (room >= 0 and bytes + size > room)
end
local function oldest()
  local found, where
  for i = 4, #KEYS do
    local first = redis.call('XRANGE', KEYS[i], '-', '+', 'COUNT', 1)[1]
    local leased = redis.call('EXISTS', string.gsub(KEYS[i], ':stream:', ':lease:')) == 1
    if first and not leased and (not found or field(first, 't') < field(found, 't')) then
      found, where = first, KEYS[i]
    end
  end
  return found, where
end
local answer = {'kept'}
if (most >= 0 and most < 1) or (room >= 0 and size > room) then
  redis.call('HINCRBY', totals, 'dropped:too_large', 1)
  return {'too_large'}
end
while full() do
  local entry, stream
  if ARGV[9] == '1' then entry, stream = oldest() end
  if not entry then
    redis.call('HINCRBY', totals, 'dropped:full', 1)
    answer[1] = 'full'
    return answer
  end
  redis.call('XACK', stream, ARGV[10], entry[1])
  redis.call('XDEL', stream, entry[1])
  redis.call('HINCRBY', totals, 'dropped:full', 1)
  redis.call('HINCRBY', totals, 'queued', -1)
  redis.call('HINCRBY', totals, 'bytes', -tonumber(field(entry, 's')))
  redis.call('HDEL', ids, field(entry, 'i'))
  if redis.call('HINCRBY', keys, field(entry, 'k'), -1) <= 0 then redis.call('HDEL', keys, field(entry, 'k')) end
  answer[#answer + 1] = field(entry, 'c')
end
local stream = KEYS[4 + tonumber(ARGV[1])]
redis.call('XADD', stream, '*', 'i', ARGV[2], 'k', ARGV[3], 's', ARGV[4], 't', ARGV[5], 'c', ARGV[6])
redis.call('HINCRBY', totals, 'queued', 1)
redis.call('HINCRBY', totals, 'bytes', size)
redis.call('HSET', ids, ARGV[2], 1)
redis.call('HINCRBY', keys, ARGV[3], 1)
return answer
"""

CLAIM = """
-- KEYS: stream, lease, due, tries; ARGV: group, consumer, owner, lease in ms, how many
if redis.call('EXISTS', KEYS[1]) == 0 then return {} end
if not redis.call('SET', KEYS[2], ARGV[3], 'NX', 'PX', ARGV[4]) then return {} end
redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
local entries = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, '0-0', 'COUNT', ARGV[5])[2]
local more = tonumber(ARGV[5]) - #entries
if more > 0 then
  local fresh = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', more, 'STREAMS', KEYS[1], '>')
  if fresh then for _, entry in ipairs(fresh[1][2]) do entries[#entries + 1] = entry end end
end
if #entries == 0 then redis.call('DEL', KEYS[2]) end
local answer = {}
for _, entry in ipairs(entries) do
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  local due = redis.call('HGET', KEYS[3], fields.k) or '0'
  local tries = redis.call('HGET', KEYS[4], entry[1]) or '0'
  answer[#answer + 1] = {entry[1], fields.k, fields.s, fields.t, fields.c, due, tries}
end
return answer
"""

FINISH = """
-- KEYS: stream, due, tries, totals, ids, keys; ARGV: group, entry, id, key, size, what is counted
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
if redis.call('XDEL', KEYS[1], ARGV[2]) == 0 then return 0 end
redis.call('HDEL', KEYS[2], ARGV[4])
redis.call('HDEL', KEYS[3], ARGV[2])
redis.call('HINCRBY', KEYS[4], ARGV[6], 1)
redis.call('HINCRBY', KEYS[4], 'queued', -1)
redis.call('HINCRBY', KEYS[4], 'bytes', -tonumber(ARGV[5]))
redis.call('HDEL', KEYS[5], ARGV[3])
if redis.call('HINCRBY', KEYS[6], ARGV[4], -1) <= 0 then redis.call('HDEL', KEYS[6], ARGV[4]) end
return 1
"""

POSTPONE = """
-- KEYS: due, tries; ARGV: entry, key, due, attempted?
if ARGV[4] == '1' then redis.call('HINCRBY', KEYS[2], ARGV[1], 1) end
if tonumber(ARGV[3]) > 0 then redis.call('HSET', KEYS[1], ARGV[2], ARGV[3]) end
return 1
"""

RENEW = """
-- KEYS: lease; ARGV: owner, ms
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0
"""

RELEASE = """
-- KEYS: lease; ARGV: owner
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""

LOOK = """
-- KEYS: streams, leases, due (as many of each); ARGV: now. When something may be claimed: '' is never.
local n, best = #KEYS / 3, nil
for i = 1, n do
  if redis.call('EXISTS', KEYS[i]) == 1 and redis.call('XLEN', KEYS[i]) > 0 then
    local moment = tonumber(ARGV[1])
    local ms = redis.call('PTTL', KEYS[n + i])
    if ms > 0 then
      moment = moment + ms / 1000
    else
      local first
      for _, due in ipairs(redis.call('HVALS', KEYS[2 * n + i])) do
        if not first or tonumber(due) < first then first = tonumber(due) end
      end
      if first and first > moment then moment = first end
    end
    if not best or moment < best then best = moment end
  end
end
return best and string.format('%.6f', best) or ''
"""

ENDS = """
-- KEYS: streams. The last id of each.
local answer = {}
for i, stream in ipairs(KEYS) do
  local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  answer[i] = last and last[1] or ''
end
return answer
"""

WAITING = """
-- KEYS: streams; ARGV: an id for each. Whether anything up to it is there.
for i, stream in ipairs(KEYS) do
  if ARGV[i] ~= '' and #redis.call('XRANGE', stream, '-', ARGV[i], 'COUNT', 1) > 0 then return 1 end
end
return 0
"""
