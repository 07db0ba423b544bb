-- A policy as the filter holds it: checked once when it is read, never changed afterwards. Trusts the file's origin, not its
-- shape: the signature is the agent's part. As exceptions/engine/policy.py; the format is docs/policy-format.md.

local ucl = require "ucl"

local fields = require "sekimori.fields"
local index = require "sekimori.index"
local names = require "sekimori.names"
local rule = require "sekimori.rule"

local M = {}

local FORMAT = 'sekimori-policy/1'
local FIELDS = {
  'format', 'node', 'organisation', 'number', 'generated_at', 'valid_until', 'own_domains', 'enforcement', 'rules',
}
local MODES = { monitor = true, quarantine = true, reject = true }
local MAX_BYTES, MAX_RULES, MAX_VALIDITY = 32 * 1024 * 1024, 100000, 30 * 86400

-- What holds until there is a policy: watch, enforce nothing.
M.NONE = {
  number = 0, valid_until = math.huge, own_domains = {}, default = { mode = 'monitor', share = 100 }, domains = {},
  index = {}, enforces = false,
}

-- UCL also reads configuration files and stops at the end of the first object; a policy is one object and nothing else.
local function is_one_object(body)
  local without_strings = body:gsub('\\.', ''):gsub('"[^"]*"', '')
  return without_strings:match('^%s*%b{}%s*$') ~= nil
end

local function load(body)
  if #body > MAX_BYTES then fields.refuse('policy', 'is too large') end
  if not is_one_object(body) then fields.refuse('policy', 'is not one JSON object') end
  local parser = ucl.parser()
  local ok, why = parser:parse_text(body)
  if not ok then fields.refuse('policy', (tostring(why):gsub('%s+', ' '))) end
  local value = parser:get_object()
  if fields.any_object(value, 'policy').format ~= FORMAT then fields.refuse('policy.format', 'is not ' .. FORMAT) end
  return fields.object(value, 'policy', FIELDS)
end

local function entry(value, place)
  fields.object(value, place, { 'mode', 'share' })
  return {
    mode = fields.word(value.mode, place .. '.mode', MODES),
    share = fields.integer(value.share, place .. '.share', 0, 100),
  }
end

local function enforcement(value)
  fields.object(value, 'enforcement', { 'default', 'domains' })
  local domains = {}
  for domain, given in pairs(fields.any_object(value.domains, 'enforcement.domains')) do
    fields.text(domain, 'enforcement.domains', names.is_domain)
    domains[domain] = entry(given, 'enforcement.domains.' .. domain)
  end
  return entry(value.default, 'enforcement.default'), domains
end

-- Whether any domain's mode goes beyond watching.
local function enforces(policy)
  if policy.default.mode ~= 'monitor' then return true end
  for _, given in pairs(policy.domains) do
    if given.mode ~= 'monitor' then return true end
  end
  return false
end

local function rules(value)
  local seen = {}
  local list = fields.list(value, 'rules', function(item, place)
    local one = rule.read(item, place)
    if seen[one.id] then fields.refuse(place, 'has the id of another rule') end
    seen[one.id] = true
    return one
  end)
  if #list > MAX_RULES then fields.refuse('rules', 'are too many') end
  return list
end

local function is_slug(text)
  return #text <= 63 and text:match('^[a-z0-9][a-z0-9_-]*$')
end

local function read(body)
  local value = load(body)
  fields.text(value.node, 'node', is_slug)
  fields.text(value.organisation, 'organisation', is_slug)
  local policy = {
    number = fields.integer(value.number, 'number', 1),
    valid_until = fields.integer(value.valid_until, 'valid_until'),
    own_domains = {},
  }
  local lifetime = policy.valid_until - fields.integer(value.generated_at, 'generated_at')
  if lifetime <= 0 or lifetime > MAX_VALIDITY then fields.refuse('valid_until', 'is out of range') end
  fields.list(value.own_domains, 'own_domains', function(item, place)
    policy.own_domains[fields.text(item, place, names.is_domain)] = true
  end)
  policy.default, policy.domains = enforcement(value.enforcement)
  policy.enforces = enforces(policy)
  policy.index = index.build(rules(value.rules))
  return policy
end

-- Read a policy document. Returns the policy, or nil and why it is refused as a whole; never raises.
function M.parse(body)
  local ok, result = pcall(read, body)
  if ok then return result end
  return nil, type(result) == 'table' and result.refused or tostring(result)
end

-- Whether the organisation, or a partner it named, owns the domain or a parent of it.
function M.is_own(policy, domain)
  for suffix in names.suffixes(domain) do
    if policy.own_domains[suffix] then return true end
  end
  return false
end

-- The entry of the domain, else of its nearest parent that has one, else the default.
function M.enforcement_for(policy, domain)
  for suffix in names.suffixes(domain) do
    if policy.domains[suffix] then return policy.domains[suffix] end
  end
  return policy.default
end

-- The rule in force that applies to the message, or nil.
function M.rule_for(policy, facts, now)
  local best
  for _, one in ipairs(index.candidates(policy.index, facts)) do
    if rule.applies(one, facts, now) and not (best and rule.goes_before(best, one)) then best = one end
  end
  return best
end

return M
