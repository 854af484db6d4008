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
"""
)

# KEYS: task, index, open. ARGV: id, seconds after which to look after it, field, value, ...
CREATE = (
    _PRELUDE
    + """
local submitted = now()
redis.call('HSET', KEYS[1], 'status', 'queued', 'progress', '0', 'attempts', '0',
  'submitted_at', text(submitted), unpack(ARGV, 3))
redis.call('ZADD', KEYS[2], text(submitted), ARGV[1])
redis.call('ZADD', KEYS[3], text(submitted + ARGV[2]), ARGV[1])
tell(ARGV[1], 'queued', 0)
"""
)

# KEYS: task, open, taken-through. ARGV: id, lease in seconds, most attempts.
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
if attempts == 1 and tonumber(redis.call('GET', KEYS[3]) or '0') < tonumber(submitted) then
  redis.call('SET', KEYS[3], submitted)
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

# KEYS: task, open, pace. ARGV: id, status, seconds to keep it, field, value, ...
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
local pace = redis.call('HMGET', KEYS[3], 'ended_at', 'gap')
local gap = math.min(time - tonumber(pace[1] or time), 10)
gap = 0.9 * tonumber(pace[2] or gap) + 0.1 * gap
redis.call('HSET', KEYS[3], 'ended_at', text(time), 'gap', text(gap))
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

# KEYS: task, open, taken-through, list of the queue. ARGV: id, seconds until the next look.
# Answers 1 when a new message has to be sent: its worker is gone, or its message must be, because
# nothing waits in the queue or what was submitted well after it has already been taken up.
RECLAIM = (
    _PRELUDE
    + """
local status = field('status')
if not status or is_final(status) then
  redis.call('ZREM', KEYS[2], ARGV[1])
  return 0
end
local time = now()
if status == 'processing' and tonumber(field('lease_until') or '0') > time then return 0 end
redis.call('ZADD', KEYS[2], text(time + ARGV[2]), ARGV[1])
if status == 'processing' then
  redis.call('HSET', KEYS[1], 'status', 'queued')
  redis.call('HDEL', KEYS[1], 'lease_until')
  tell(ARGV[1], 'queued', 0)
  return 1
end
if field('attempts') ~= '0' or redis.call('LLEN', KEYS[4]) == 0 then return 1 end
local taken = tonumber(redis.call('GET', KEYS[3]) or '0')
if taken > tonumber(field('submitted_at')) + 5 then return 1 end
return 0
"""
)
