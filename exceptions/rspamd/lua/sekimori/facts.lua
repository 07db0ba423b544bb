-- What Rspamd found out about one message, as the facts that the decision compares. Decides nothing about the message.
--
-- Rspamd's DMARC module has the first word, and a message that it left out on purpose (local, authenticated) has no facts.
-- But it says nothing about a From domain without a usable record, about several authors and about a From that it cannot read;
-- where one of our own domains stands there, alignment is looked at here, so that a forger gains nothing by any of these.

local lua_util = require "lua_util"
local rspamd_util = require "rspamd_util"

local authors = require "sekimori.authors"
local names = require "sekimori.names"
local policies = require "sekimori.policy"

local M = {}

-- Symbol of the DMARC module -> result, and the policy to apply: for a record with pct the one this message was drawn for.
local JUDGED = {
  { 'DMARC_POLICY_ALLOW', 'pass' },
  { 'DMARC_POLICY_REJECT', 'fail', 'reject' },
  { 'DMARC_POLICY_QUARANTINE', 'fail', 'quarantine' },
  { 'DMARC_POLICY_SOFTFAIL', 'fail', 'none' },
  { 'DMARC_DNSFAIL', 'temperror' },
  { 'DMARC_BAD_POLICY', 'permerror' },
  { 'DMARC_NA', 'none' },
}
local SPF = {
  { 'R_SPF_ALLOW', 'pass' }, { 'R_SPF_FAIL', 'fail' }, { 'R_SPF_SOFTFAIL', 'softfail' }, { 'R_SPF_NEUTRAL', 'neutral' },
  { 'R_SPF_DNSFAIL', 'temperror' }, { 'R_SPF_PERMFAIL', 'permerror' },
}
local DKIM = { ['+'] = 'pass', ['-'] = 'fail', ['?'] = 'temperror', ['~'] = 'permerror' }

local function first_symbol(task, list)
  for _, row in ipairs(list) do
    if task:has_symbol(row[1]) then return row end
  end
end

local function options(task, symbol)
  return ((task:get_symbol(symbol) or {})[1] or {}).options or {}
end

local function dkim_results(task)
  local found = {}
  for _, option in ipairs(options(task, 'DKIM_TRACE')) do
    found[#found + 1] = { domain = names.domain_key(option:sub(1, -3)), result = DKIM[option:sub(-1)] or 'permerror' }
  end
  return found
end

local function aligned(one, other)
  return rspamd_util.strequal_caseless(rspamd_util.get_tld(one), rspamd_util.get_tld(other))
end

-- Relaxed alignment (RFC 9989 section 4.4) of one of our domains: pass, temperror or fail.
local function alignment(raw, domain)
  local best = 'fail'
  local shown = { { domain = raw.spf_domain, result = raw.spf } }
  for _, signature in ipairs(raw.dkim) do shown[#shown + 1] = signature end
  for _, one in ipairs(shown) do
    if one.domain ~= '' and aligned(one.domain, domain) then
      if one.result == 'pass' then return 'pass' end
      if one.result == 'temperror' then best = 'temperror' end
    end
  end
  return best
end

-- The worst result of our own domains among the authors, or nil where none is ours.
local function own_result(policy, raw)
  local rank, worst = { pass = 1, temperror = 2, fail = 3 }, nil
  for _, domain in ipairs(raw.header_from) do
    if policies.is_own(policy, domain) then
      local result = alignment(raw, domain)
      if not worst or rank[result] > rank[worst] then worst = result end
    end
  end
  -- Aligned with ours says nothing about another author.
  return worst == 'pass' and #raw.header_from > 1 and 'none' or worst
end

local function recipients(task)
  local found = {}
  for _, recipient in ipairs(task:get_recipients { 'smtp', 'orig' } or {}) do found[#found + 1] = recipient.addr end
  return found
end

-- Whose record the DMARC module applied; empty where there is none. Its first option reads "example.com : why".
local function policy_domain(task, symbol)
  local option = (symbol or ''):match('^DMARC_POLICY_') and options(task, symbol)[1]
  return (option or ''):match('^[%w._-]+') or ''
end

-- Whether Rspamd's DMARC module looked at the message: its own conditions, because it may look and yet say nothing.
local function was_judged(task, ip)
  local checks = task:get_mempool():get_variable('dmarc_checks', 'double') or 0
  return checks == 2 and not lua_util.is_skip_local_or_authed(task, M.local_or_authed, ip)
end

-- The facts of a message, raw (decide.normalise takes them), or nil where DMARC was not judged at all.
function M.read(task, policy)
  local ip = task:get_from_ip()
  if not ip or not ip:is_valid() or not was_judged(task, ip) then return nil end
  local judged = first_symbol(task, JUDGED) or { nil, 'none' }
  local sender = (task:get_from { 'smtp', 'orig' } or {})[1] or {}
  local header_from, readable = authors.read(task)
  local raw = {
    source_ip = ip:to_string(),
    header_from = header_from,
    envelope_domain = authors.ascii_domain(task, sender.domain),
    spf = (first_symbol(task, SPF) or { nil, 'none' })[2],
    dkim = dkim_results(task),
    dkim_domains = {},
    recipients = recipients(task),
    dmarc_result = judged[2],
    published = judged[3] or 'none',
  }
  raw.spf_pass = raw.spf == 'pass'
  raw.spf_domain = raw.envelope_domain ~= '' and raw.envelope_domain or task:get_helo() or ''
  raw.policy_domain = policy_domain(task, judged[1])
  for _, signature in ipairs(raw.dkim) do
    if signature.result == 'pass' then table.insert(raw.dkim_domains, signature.domain) end
  end
  if raw.dmarc_result == 'none' or raw.dmarc_result == 'permerror' or not readable then
    raw.dmarc_result = own_result(policy, raw) or raw.dmarc_result
  end
  return raw
end

-- Read once, when the plugin starts: what Rspamd's DMARC module leaves out.
function M.configure(config)
  M.local_or_authed = lua_util.config_check_local_or_authed(config, 'dmarc', false, false)
end

return M
