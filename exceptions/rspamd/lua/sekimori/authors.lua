-- Whose name a message bears: the domains of its From, as A-labels. Judges nothing.
--
-- A From that breaks the rules of RFC 5322 section 3.4 (`hr@example.com>`, `hr@example.com@example.net`) is shown by mail
-- programs as they please, so every domain in it counts as an author's.

local names = require "sekimori.names"

local M = {}

-- A domain as A-labels, because rules and own domains are named so.
function M.ascii_domain(task, domain)
  if not domain or not domain:match('[\128-\255]') then return domain or '' end
  -- Without its optional second argument, a memory pool: with one, Rspamd 3.4 dies.
  return task:get_resolver():idna_convert_utf8(domain) or domain
end

local function add_each_once(task, domains, found)
  for _, domain in ipairs(domains) do
    local key = names.domain_key(M.ascii_domain(task, domain))
    if key ~= '' and not found[key] then
      found[key] = true
      found[#found + 1] = key
    end
  end
end

local function in_raw_header(task)
  local domains = {}
  for _, field in ipairs(task:get_header_full('From') or {}) do
    for domain in (field.value or ''):gmatch('@%s*([%w._\128-\255-]+)') do domains[#domains + 1] = domain end
  end
  return domains
end

-- The domains of all authors, and whether From could be read without doubt. One that can lists the domain of each author,
-- so that two authors of one domain are still two.
function M.read(task)
  local authors = task:get_from { 'mime', 'orig' } or {}
  local domains, readable = {}, #authors > 0
  for _, author in ipairs(authors) do
    readable = readable and author.flags.valid and (author.domain or '') ~= ''
    domains[#domains + 1] = author.domain
  end
  local found = {}
  if not readable then
    add_each_once(task, domains, found)
    add_each_once(task, in_raw_header(task), found)
    return found, false
  end
  for _, domain in ipairs(domains) do found[#found + 1] = names.domain_key(M.ascii_domain(task, domain)) end
  return found, true
end

return M
