-- Finds the few rules that may apply to a message among very many; `rule` has the last word. As exceptions/engine/index.py.
--
-- Rules of one From domain that demand the same kinds of evidence (a "shape") share a table keyed by the evidence, so
-- a look-up costs one table access per shape, however many rules there are.

local names = require "sekimori.names"
local network = require "sekimori.network"

local M = {}

local function child(parent, key)
  if parent[key] == nil then parent[key] = {} end
  return parent[key]
end

local function evidence_key(net, dkim, envelope)
  return table.concat({ net or '', dkim or '', envelope or '' }, '|')
end

local function put(shapes, rule, net)
  local version, prefix = net and net.version or 0, net and net.prefix or 0
  local shape_key = table.concat({ version, prefix, rule.dkim and 1 or 0, rule.envelope and 1 or 0 }, '|')
  local shape = child(shapes, shape_key)
  shape.version, shape.prefix = version, prefix
  shape.dkim, shape.envelope = rule.dkim ~= nil, rule.envelope ~= nil
  local leaf = child(child(shape, 'leaves'), evidence_key(net and net.text, rule.dkim, rule.envelope))
  if not next(rule.recipients) then table.insert(child(leaf, 'unscoped'), rule) end
  for recipient in pairs(rule.recipients) do
    table.insert(child(child(leaf, 'by_recipient'), recipient), rule)
  end
end

-- Build the index of a list of rules.
function M.build(rules)
  local domains = {}
  for _, rule in ipairs(rules) do
    local shapes = child(domains, rule.header_from)
    for _, net in ipairs(rule.networks) do put(shapes, rule, net) end
    if #rule.networks == 0 then put(shapes, rule, nil) end
  end
  return domains
end

local function gather(rules, found)
  for _, rule in ipairs(rules or {}) do found[#found + 1] = rule end
end

local function gather_leaf(leaf, first_recipient, found)
  if not leaf then return end
  gather(leaf.unscoped, found)
  if leaf.by_recipient and first_recipient then
    gather(leaf.by_recipient[first_recipient], found)
    gather(leaf.by_recipient[names.recipient_domain(first_recipient)], found)
  end
end

-- Rules whose From domain and evidence fit these facts; time and the other recipients are still to be checked.
function M.candidates(domains, facts)
  local found = {}
  if #facts.header_from ~= 1 then return found end
  for _, shape in pairs(domains[facts.header_from[1]] or {}) do
    local right_version = shape.version == 0 or (facts.ip and facts.ip:get_version() == shape.version)
    if right_version and (facts.spf_pass or not shape.envelope) then
      local net = shape.version ~= 0 and network.masked(facts.ip, shape.prefix) or nil
      local envelope = shape.envelope and facts.envelope_domain or nil
      for dkim in pairs(shape.dkim and facts.dkim_domains or { [''] = true }) do
        gather_leaf(shape.leaves[evidence_key(net, dkim, envelope)], facts.recipients[1], found)
      end
    end
  end
  return found
end

return M
