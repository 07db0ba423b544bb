-- The decision about one message: the DMARC result, the mode in force, the rules. Pure; as exceptions/engine/decide.py, and
-- held to the same vectors.

local hash = require "rspamd_cryptobox_hash"

local names = require "sekimori.names"
local network = require "sekimori.network"
local policies = require "sekimori.policy"
local rule = require "sekimori.rule"

local M = {}

local LEVELS = { monitor = 0, none = 0, quarantine = 1, reject = 2 }
local MODES = { [0] = 'monitor', 'quarantine', 'reject' }
local VERDICTS = { [0] = 'accept', 'quarantine', 'reject' }

local function keys(list, key)
  local found = {}
  for position, item in ipairs(list) do found[position] = key(item) end
  return found
end

-- Bring raw facts (lists as in the vectors) into the form that is compared; domains must be A-labels already.
function M.normalise(raw)
  local ip = network.address(raw.source_ip)
  local dkim = {}
  for _, domain in ipairs(raw.dkim_domains) do dkim[names.domain_key(domain)] = true end
  return {
    ip = ip,
    source = ip and ip:to_string() or names.lower(raw.source_ip),
    header_from = keys(raw.header_from, names.domain_key),
    envelope_domain = names.domain_key(raw.envelope_domain),
    spf_pass = raw.spf_pass,
    dkim_domains = dkim,
    recipients = keys(raw.recipients, names.lower),
    dmarc_result = raw.dmarc_result,
    published = raw.published,
  }
end

-- A number from 0 to 99 that depends on the pair alone: first four bytes of SHA-256 over "source|domain", modulo 100.
function M.share_hash(source, domain)
  return tonumber(hash.create_specific('sha256', source .. '|' .. domain):hex():sub(1, 8), 16) % 100
end

-- How far a filter may go: all the way for own and partner domains, else as far as the domain publishes.
local function ceiling(policy, facts, domain)
  return policies.is_own(policy, domain) and LEVELS.reject or LEVELS[facts.published]
end

-- How far it goes for one From domain; a pair outside the share is treated one step lower.
local function level(policy, facts, domain)
  local entry = policies.enforcement_for(policy, domain)
  local step = math.min(LEVELS[entry.mode], ceiling(policy, facts, domain))
  if step > 0 and entry.share < 100 and M.share_hash(facts.source, domain) >= entry.share then step = step - 1 end
  return step
end

local function highest(policy, facts, of)
  local most = 0
  for _, domain in ipairs(facts.header_from) do most = math.max(most, of(policy, facts, domain)) end
  return most
end

-- Decide one message (normalised facts) at `now` in epoch seconds: verdict, code, rule_id (or nil), mode, would_be.
function M.decide(policy, facts, now)
  local step = highest(policy, facts, level)
  local decision = { mode = MODES[step], would_be = 'accept', verdict = 'accept', code = 'not_failing' }
  if facts.dmarc_result ~= 'fail' then return decision end
  decision.would_be = VERDICTS[highest(policy, facts, ceiling)]
  local found = policies.rule_for(policy, facts, now)
  decision.rule_id = found and found.id
  if step == 0 then
    decision.code = 'monitor'
  elseif not found then
    decision.verdict, decision.code = VERDICTS[step], 'enforced'
  elseif now > policy.valid_until then
    decision.verdict, decision.code = 'defer', 'exception_stale'
  else
    decision.verdict, decision.code = rule.ACTIONS[found.action], 'exception'
  end
  return decision
end

return M
