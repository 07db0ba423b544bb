-- The Rspamd plugin: keeps the policy file in memory, asks the decision about each message that Rspamd judged by DMARC, and
-- makes it Rspamd's action. What it knows of the message is in sekimori.facts, what it decides in sekimori.decide.
--
-- The file is trusted: the agent has verified its signature, and only root and the agent can write its directory.

if confighelp then return end

local logger = require "rspamd_logger"
local lua_mime = require "lua_mime"
local lua_util = require "lua_util"

-- Rspamd looks for Lua beside its compiled-in configuration only; a host may keep its own elsewhere (--var=LOCAL_CONFDIR=).
package.path = rspamd_paths.LOCAL_CONFDIR .. '/lua/?.lua;' .. package.path

local decide = require "sekimori.decide"
local facts = require "sekimori.facts"
local policies = require "sekimori.policy"
local stream = require "sekimori.stream"
local watch = require "sekimori.watch"

local N = 'sekimori'
local HEADER = 'X-Sekimori-Rule'
local SYMBOLS = {
  exception = 'SEKIMORI_EXCEPTION', monitor = 'SEKIMORI_MONITOR', enforced = 'SEKIMORI_ENFORCED',
  exception_stale = 'SEKIMORI_STALE',
}

local given = rspamd_config:get_all_opt(N)
if not given then
  lua_util.disable_module(N, 'config')
  return
end
local settings = lua_util.override_defaults({
  policy = '/var/lib/sekimori-agent/policy.json', stream = 'sekimori:events', stream_length = 100000,
  reject_text = 'Message failed DMARC for %s and is refused by policy',
  defer_text = 'DMARC exceptions are out of date here, try again later',
  fault_text = 'DMARC policy cannot be applied to this message now, try again later',
}, given)

facts.configure(rspamd_config)
local live = policies.NONE
local poll = watch.watcher(settings.policy)

-- Take a new policy as a whole, or keep the one that is live: a damaged or older file never replaces a good one.
local function load_policy(body)
  local policy, why = policies.parse(body)
  if policy and policy.number < live.number then
    policy, why = nil, 'number ' .. policy.number .. ' is older'
  end
  if not policy then
    logger.errx(rspamd_config, '%s: policy file refused, number %s stays live: %s', N, live.number, why)
    return
  end
  live = policy
  logger.infox(rspamd_config, '%s: policy number %s is live', N, policy.number)
end

local function author(domains)
  local domain = domains[1] or ''
  return domain:match('^[%w._-]+$') and domain or 'its author'
end

local ACT = {
  accept = function() end,
  quarantine = function(task)
    -- "least": other filters may still refuse the message.
    task:set_pre_result { action = 'add header', module = N, flags = 'least' }
  end,
  reject = function(task, judged)
    local text = settings.reject_text:gsub('%%s', author(judged.facts.header_from))
    task:set_pre_result { action = 'reject', message = text, module = N }
  end,
  defer = function(task)
    task:set_pre_result { action = 'soft reject', message = settings.defer_text, module = N }
  end,
}

-- The policy for a message judged at `now`.
local function current(now)
  local changed = poll(now)
  if changed then load_policy(changed) end
  return live
end

local function judge(task, policy, now)
  local raw = facts.read(task, policy)
  if not raw then return end
  local judged = { policy = policy, raw = raw, facts = decide.normalise(raw) }
  judged.decision = decide.decide(policy, judged.facts, now)
  task:cache_set(N, judged)
  local decision = judged.decision
  local symbol = SYMBOLS[decision.code]
  if symbol then
    local which = decision.rule_id and 'rule=' .. decision.rule_id or 'no rule'
    task:insert_result(symbol, 1.0, { decision.verdict, which, 'number=' .. policy.number })
  end
  ACT[decision.verdict](task, judged)
end

-- A message that this code stumbles over must not get in by that, so it waits outside where anything is enforced at all.
local function check(task)
  local now = os.time()
  local policy = current(now)
  local ok, why = pcall(judge, task, policy, now)
  if ok then return end
  logger.errx(task, '%s: cannot judge this message: %s', N, why)
  if policy.enforces then
    task:set_pre_result { action = 'soft reject', message = settings.fault_text, module = N }
  end
end

-- Inbound copies of our header always go; the rule's id is there when, and only when, an exception let the message in.
local function mark(task)
  local judged = task:cache_get(N)
  local headers = { remove = { [HEADER] = 0 } }
  if judged and judged.decision.code == 'exception' then headers.add = { [HEADER] = judged.decision.rule_id } end
  lua_mime.modify_headers(task, headers)
end

local write = stream.writer(settings)

local function tell(task)
  local judged = task:cache_get(N)
  if judged then write(task, judged) end
end

-- Read once before the workers start, so that the log tells at once what holds.
if current(os.time()) == policies.NONE then
  logger.warnx(rspamd_config, '%s: no policy at %s yet, so mail is only watched', N, settings.policy)
end

local id = rspamd_config:register_symbol {
  name = 'SEKIMORI_CHECK', type = 'callback', callback = check, flags = 'empty,ignore_passthrough',
  augmentations = { 'passthrough', 'important' }, group = 'policies', groups = { 'dmarc' },
}
for _, symbol in pairs(SYMBOLS) do
  rspamd_config:register_symbol { name = symbol, type = 'virtual', parent = id, score = 0.0, group = 'policies' }
end
rspamd_config:register_dependency('SEKIMORI_CHECK', 'DMARC_CHECK')
rspamd_config:register_symbol {
  name = 'SEKIMORI_HEADERS', type = 'postfilter', callback = mark, flags = 'empty,ignore_passthrough,explicit_disable',
  priority = lua_util.symbols_priorities.high,
}
rspamd_config:register_symbol {
  name = 'SEKIMORI_EVENTS', type = 'idempotent', callback = tell, flags = 'empty,ignore_passthrough,explicit_disable',
}
