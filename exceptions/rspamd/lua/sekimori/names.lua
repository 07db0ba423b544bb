-- How domains and addresses are compared: ASCII lower case, no trailing dot. Looks nothing up. As exceptions/engine/names.py.

local M = {}

local MAX_DOMAIN = 253

-- Lower-case A to Z and nothing else, whatever the locale of the filter says.
function M.lower(text)
  return (text:gsub('%u+', string.lower))
end

function M.domain_key(text)
  return (M.lower(text):gsub('%.$', ''))
end

-- The domain itself, then each parent: longest first.
function M.suffixes(domain)
  local rest = #domain <= MAX_DOMAIN and domain or ''
  return function()
    local this = rest
    rest = this:match('^[^.]*%.(.*)$') or ''
    return this ~= '' and this or nil
  end
end

function M.recipient_domain(recipient)
  local domain = recipient:match('@([^@]*)$')
  return domain and M.domain_key(domain) or ''
end

-- A domain as a policy may name it: lower-case A-labels, no trailing dot.
function M.is_domain(text)
  if #text == 0 or #text > MAX_DOMAIN then return false end
  for label in (text .. '.'):gmatch('([^.]*)%.') do
    local fits = #label >= 1 and #label <= 63
    if not fits or not label:match('^[a-z0-9_-]+$') or label:match('^%-') or label:match('%-$') then return false end
  end
  return true
end

-- A recipient as a policy may name it: a whole address in lower case, or a domain.
function M.is_recipient(text)
  local localpart, domain = text:match('^([^@]*)@(.*)$')
  if not localpart then return M.is_domain(text) end
  local characters = #localpart:gsub('[\128-\191]', '')
  return characters >= 1 and characters <= 64 and not localpart:match('[%u%z\1-\32\127]') and M.is_domain(domain)
end

return M
