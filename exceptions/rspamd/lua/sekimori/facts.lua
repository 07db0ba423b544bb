-- What Rspamd found out about one message, as the facts that the decision compares. Decides nothing about the message.
--
-- Rspamd's DMARC module has the first word. It says nothing ("NA") about a From domain without a usable record and about
-- several authors; where one of our own domains stands there, alignment is looked at here, so that a forger gains nothing
-- by either. A message that Rspamd's DMARC module skipped (local, authenticated) has no facts.

local rspamd_util = require "rspamd_util"

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

-- Domains as A-labels, because rules and own domains are named so.
local function ascii_domain(task, domain)
  if not domain or not domain:match('[\128-\255]') then return domain or '' end
  -- Without its optional second argument, a memory pool: with one, Rspamd 3.4 dies.
  return task:get_resolver():idna_convert_utf8(domain) or domain
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

local function author_domains(task)
  local found = {}
  for _, author in ipairs(task:get_from { 'mime', 'orig' } or {}) do
    found[#found + 1] = names.domain_key(ascii_domain(task, author.domain))
  end
  return found
end

local function recipients(task)
  local found = {}
  for _, recipient in ipairs(task:get_recipients { 'smtp', 'orig' } or {}) do found[#found + 1] = recipient.addr end
  return found
end

-- The facts of a message, raw (decide.normalise takes them), or nil where DMARC was not judged at all.
function M.read(task, policy)
  local judged = first_symbol(task, JUDGED)
  local ip = task:get_from_ip()
  if not judged or not ip or not ip:is_valid() then return nil end
  local sender = (task:get_from { 'smtp', 'orig' } or {})[1] or {}
  local raw = {
    source_ip = ip:to_string(),
    header_from = author_domains(task),
    envelope_domain = ascii_domain(task, sender.domain),
    spf = (first_symbol(task, SPF) or { nil, 'none' })[2],
    dkim = dkim_results(task),
    dkim_domains = {},
    recipients = recipients(task),
    dmarc_result = judged[2],
    published = judged[3] or 'none',
  }
  raw.spf_pass = raw.spf == 'pass'
  raw.spf_domain = raw.envelope_domain ~= '' and raw.envelope_domain or task:get_helo() or ''
  raw.policy_domain = (options(task, judged[1])[1] or ''):match('^[%w._-]+') or ''
  for _, signature in ipairs(raw.dkim) do
    if signature.result == 'pass' then table.insert(raw.dkim_domains, signature.domain) end
  end
  if raw.dmarc_result == 'none' or raw.dmarc_result == 'permerror' then
    raw.dmarc_result = own_result(policy, raw) or raw.dmarc_result
  end
  return raw
end

return M
