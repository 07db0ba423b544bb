-- One rule of a policy: how it is read, whether it is in force, whom it covers. As exceptions/engine/rule.py and match.py.

local fields = require "sekimori.fields"
local names = require "sekimori.names"
local network = require "sekimori.network"

local M = {}

local FIELDS = {
  'id', 'header_from', 'networks', 'dkim_domain', 'envelope_domain', 'recipients', 'action', 'not_before', 'expires_at',
}
M.ACTIONS = { deliver = 'accept', quarantine = 'quarantine' }

local function is_id(text)
  return #text <= 64 and text:match('^[%w][%w._-]*$')
end

local function set(list)
  local found = {}
  for _, item in ipairs(list) do found[item] = true end
  return found
end

-- Read and check one rule; raises a refusal.
function M.read(value, place)
  fields.object(value, place, FIELDS)
  local function recipient(item, where) return fields.text(item, where, names.is_recipient) end
  local rule = {
    id = fields.text(value.id, place .. '.id', is_id),
    header_from = fields.text(value.header_from, place .. '.header_from', names.is_domain),
    networks = fields.list(value.networks, place .. '.networks', network.read),
    dkim = fields.optional_text(value.dkim_domain, place .. '.dkim_domain', names.is_domain),
    envelope = fields.optional_text(value.envelope_domain, place .. '.envelope_domain', names.is_domain),
    recipients = set(fields.list(value.recipients, place .. '.recipients', recipient)),
    action = fields.word(value.action, place .. '.action', M.ACTIONS),
    not_before = fields.integer(value.not_before, place .. '.not_before'),
    expires_at = fields.integer(value.expires_at, place .. '.expires_at'),
  }
  if #rule.networks == 0 and not rule.dkim and not rule.envelope then fields.refuse(place, 'has no evidence') end
  if rule.expires_at <= rule.not_before then fields.refuse(place, 'is never in force') end
  return rule
end

-- Whether a candidate of the index is in force at `now` and covers every envelope recipient: one message has one fate.
function M.applies(rule, facts, now)
  if now < rule.not_before or now >= rule.expires_at then return false end
  if not next(rule.recipients) then return true end
  for _, recipient in ipairs(facts.recipients) do
    if not (rule.recipients[recipient] or rule.recipients[names.recipient_domain(recipient)]) then return false end
  end
  return #facts.recipients > 0
end

-- Whether `one` speaks before `other`: the rule that delivers, then the lowest id. The list's order is of no account.
function M.goes_before(one, other)
  if one.action ~= other.action then return one.action == 'deliver' end
  if #one.id ~= #other.id then return #one.id < #other.id end
  return one.id < other.id
end

return M
