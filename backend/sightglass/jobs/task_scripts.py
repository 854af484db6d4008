"""The changes of a task as Lua, so that each is one round trip and nothing comes in between.

Times are those of the Redis server: workers on several machines need not agree on a clock.
"""

from __future__ import annotations

from sightglass.jobs import names

_PRELUDE = (
    """
local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) + tonumber(time[2]) / 1000000
end
local function text(seconds) return string.format('%.6f', seconds) end
local function field(name) return redis.call('HGET', KEYS[1], name) end
local function is_final(status)
  return status == 'completed' or status == 'failed' or status == 'cancelled'
end
local function tell(id, status, progress)
  redis.call('PUBLISH', '"""
    + names.TASK_EVENTS
    + """', cjson.encode(
    {task_id = id, name = field('name'), status = status, progress = progress}))
end
local function lane() return field('lane') or '0' end -- older versions wrote none
-- KEYS[3], in the scripts that use it: open by owner.
local function count_for_owner(step)
  local owner = field('owner')
  if not owner then return end
  if redis.call('HINCRBY', KEYS[3], owner, step) <= 0 then
    redis.call('HDEL', KEYS[3], owner)
  end
end
"""
)

# KEYS: task, open, open by owner, index.
# ARGV: id, seconds after which to look after it, field, value, ...
CREATE = (
    _PRELUDE
    + """
local submitted = now()
redis.call('HSET', KEYS[1], 'status', 'queued', 'progress', '0', 'attempts', '0',
  'submitted_at', text(submitted), unpack(ARGV, 3))
redis.call('ZADD', KEYS[4], text(submitted), ARGV[1])
redis.call('ZADD', KEYS[2], text(submitted + ARGV[2]), ARGV[1])
count_for_owner(1)
tell(ARGV[1], 'queued', 0)
"""
)

# KEYS: task, open, open by owner, index. ARGV: id. Undoes CREATE; watchers hear of an end.
FORGET = (
    _PRELUDE
    + """
if redis.call('ZREM', KEYS[2], ARGV[1]) == 1 then count_for_owner(-1) end
redis.call('ZREM', KEYS[4], ARGV[1])
tell(ARGV[1], 'cancelled', 0)
redis.call('DEL', KEYS[1])
"""
)

# KEYS: task, open, taken through by lane. ARGV: id, lease in seconds, most attempts.
# Answers {verdict, attempts, job, seconds waited}. A task that another worker holds is not taken.
CLAIM = (
    _PRELUDE
    + """
local status = field('status')
if not status then return {'unknown'} end
if is_final(status) then return {'final'} end
local time = now()
if status == 'processing' and tonumber(field('lease_until') or '0') > time then
  return {'held'}
end
local attempts = redis.call('HINCRBY', KEYS[1], 'attempts', 1)
local submitted = field('submitted_at')
local answer = {'claimed', attempts, field('job') or '', text(time - tonumber(submitted))}
if attempts > tonumber(ARGV[3]) then
  answer[1] = 'exhausted'
  return answer
end
local taken = redis.call('HGET', KEYS[3], lane())
if attempts == 1 and tonumber(taken or '0') < tonumber(submitted) then
  redis.call('HSET', KEYS[3], lane(), submitted)
end
redis.call('HSET', KEYS[1], 'status', 'processing', 'progress', '0',
  'started_at', text(time), 'lease_until', text(time + ARGV[2]))
redis.call('ZADD', KEYS[2], text(time + ARGV[2]), ARGV[1])
tell(ARGV[1], 'processing', 0)
return answer
"""
)

# KEYS: task, open. ARGV: id, lease in seconds.
EXTEND = (
    _PRELUDE
    + """
if field('status') ~= 'processing' then return 0 end
local until_time = text(now() + ARGV[2])
redis.call('HSET', KEYS[1], 'lease_until', until_time)
redis.call('ZADD', KEYS[2], until_time, ARGV[1])
return 1
"""
)

# KEYS: task. ARGV: id, progress.
PROGRESS = (
    _PRELUDE
    + """
if field('status') ~= 'processing' then return 0 end
redis.call('HSET', KEYS[1], 'progress', ARGV[2])
tell(ARGV[1], 'processing', tonumber(ARGV[2]))
return 1
"""
)

# KEYS: task, open, open by owner, pace. ARGV: id, status, seconds to keep it, field, value, ...
# Answers '' when this end is the one that counts, else the status that was there before.
END = (
    _PRELUDE
    + """
local status = field('status')
if not status then return 'unknown' end
if is_final(status) then return status end
local time = now()
redis.call('HSET', KEYS[1], 'status', ARGV[2], 'finished_at', text(time), unpack(ARGV, 4))
redis.call('HDEL', KEYS[1], 'lease_until')
if ARGV[2] == 'completed' then redis.call('HDEL', KEYS[1], 'job') end -- a retry needs the others
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('ZREM', KEYS[2], ARGV[1])
count_for_owner(-1)
-- Ends that an older version saw, in a rollback, were not counted: they would be held for ever.
if redis.call('ZCARD', KEYS[2]) == 0 then redis.call('DEL', KEYS[3]) end
local pace = redis.call('HMGET', KEYS[4], 'ended_at', 'gap')
local gap = math.min(time - tonumber(pace[1] or time), 10)
gap = 0.9 * tonumber(pace[2] or gap) + 0.1 * gap
redis.call('HSET', KEYS[4], 'ended_at', text(time), 'gap', text(gap))
tell(ARGV[1], ARGV[2], tonumber(field('progress')))
return ''
"""
)

# KEYS: task, open. ARGV: id, seconds after which to look after it.
# Give a task back that its worker could not do now.
RELEASE = (
    _PRELUDE
    + """
if field('status') ~= 'processing' then return 0 end
redis.call('HSET', KEYS[1], 'status', 'queued')
redis.call('HDEL', KEYS[1], 'lease_until')
redis.call('ZADD', KEYS[2], text(now() + ARGV[2]), ARGV[1])
tell(ARGV[1], 'queued', 0)
return 1
"""
)

# KEYS: task, open, taken through by lane, lists of the lanes' queues. ARGV: id, seconds until the
# next look. Answers the lane in which a new message has to be sent, or -1: its worker is gone, or
# its message must be, because nothing waits in its queue or what was submitted to it well after
# it has already been taken up.
RECLAIM = (
    _PRELUDE
    + """
local status = field('status')
if not status or is_final(status) then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return -1
end
local time = now()
if status == 'processing' and tonumber(field('lease_until') or '0') > time then return -1 end
local own_lane = tonumber(lane())
redis.call('ZADD', KEYS[2], text(time + ARGV[2]), ARGV[1])
if status == 'processing' then
  redis.call('HSET', KEYS[1], 'status', 'queued')
  redis.call('HDEL', KEYS[1], 'lease_until')
  tell(ARGV[1], 'queued', 0)
  return own_lane
end
if field('attempts') ~= '0' or redis.call('LLEN', KEYS[4 + own_lane]) == 0 then
  return own_lane
end
local taken = tonumber(redis.call('HGET', KEYS[3], lane()) or '0')
if taken > tonumber(field('submitted_at')) + 5 then return own_lane end
return -1
"""
)
