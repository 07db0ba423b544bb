-- Tells the local Redis stream what became of a judged message, for the agent to ship. Never holds mail up: the entry is sent
-- outside the message's own session, and one that Redis does not take is lost and logged.

local logger = require "rspamd_logger"
local lua_redis = require "lua_redis"
local rspamd_util = require "rspamd_util"
local ucl = require "ucl"

local fields = require "sekimori.fields"

local M = {}

-- The agent drops entries above 16 kB, so long lists are cut: an event shows who is affected, it is no delivery record.
local MOST_RECIPIENTS, MOST_SIGNATURES, LONGEST = 50, 20, 255

-- Text from the network, fit for JSON whatever bytes it came as.
local function clean(text)
  local short = tostring(text or ''):sub(1, LONGEST):gsub('[%z\1-\31\127]', '?')
  return rspamd_util.is_valid_utf8(short) and short or (short:gsub('[\128-\255]', '?'))
end

local function first(list, count, of)
  local found = {}
  for index = 1, math.min(#list, count) do found[index] = of(list[index]) end
  return fields.as_list(found)
end

local function signature(one)
  return { domain = clean(one.domain), result = one.result }
end

local function event(task, policy, judged)
  local raw, decision = judged.raw, judged.decision
  return {
    id = rspamd_util.random_hex(32),
    at = os.time(),
    queue_id = clean(task:get_queue_id()),
    source_ip = judged.facts.source,
    helo = clean(task:get_helo()),
    ptr = clean(task:get_hostname()),
    header_from = clean(table.concat(judged.facts.header_from, ' ')),
    envelope_from = clean(judged.facts.envelope_domain),
    recipients = first(judged.facts.recipients, MOST_RECIPIENTS, clean),
    spf = raw.spf,
    dkim = first(raw.dkim, MOST_SIGNATURES, signature),
    policy_domain = clean(raw.policy_domain),
    published = raw.published,
    mode = decision.mode,
    verdict = decision.verdict,
    would_be = decision.would_be,
    rule_id = decision.rule_id or ucl.null,
    number = policy.number,
    action = task:get_metric_action(),
  }
end

-- The field and value of the stream entry about a judged message, or nil where there is nothing to say.
local function entry(task, judged)
  local result = judged.facts.dmarc_result
  if result == 'fail' then return 'event', event(task, judged.policy, judged) end
  if result ~= 'pass' then return nil end
  local domain = clean(judged.facts.header_from[1])
  return 'pass', { at = os.time(), source_ip = judged.facts.source, header_from = domain }
end

-- Returns write(task, judged); it does nothing where no Redis is configured.
function M.writer(settings)
  local redis = lua_redis.parse_redis_server('sekimori', settings)
  if not redis then
    logger.warnx(rspamd_config, 'sekimori: no Redis is configured, so no events are kept')
    return function() end
  end
  local limit = tostring(settings.stream_length)
  return function(task, judged)
    local field, value = entry(task, judged)
    if not field then return end
    local id = task:get_queue_id() or task:get_uid()
    local function answered(err)
      if err then logger.errx(rspamd_config, 'sekimori: event of %s lost: %s', id, err) end
    end
    local json = ucl.to_format(value, 'json-compact')
    local words = { settings.stream, 'MAXLEN', '~', limit, '*', field, json }
    local ok = lua_redis.redis_make_request_taskless(
      task:get_ev_base(), rspamd_config, redis, settings.stream, true, answered, 'XADD', words)
    if not ok then answered('no connection') end
  end
end

return M
