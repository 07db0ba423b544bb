-- IP networks as a policy writes them, and which of them a source address belongs to.

local rspamd_ip = require "rspamd_ip"

local fields = require "sekimori.fields"

local M = {}

-- The shortest prefix that a rule may have, and the longest that there is, by IP version.
local WIDEST, LONGEST = { [4] = 24, [6] = 48 }, { [4] = 32, [6] = 128 }

-- The address behind a text, or nil. An IPv4-mapped IPv6 address is the IPv4 host.
function M.address(text)
  if not text:match('^[%x:.]+$') then return nil end
  local ip = rspamd_ip.from_string(text)
  return ip and ip:is_valid() and ip or nil
end

-- The network's address of `ip` at this prefix length as canonical text, which is what networks are compared by.
function M.masked(ip, prefix)
  return ip:apply_mask(prefix):to_string()
end

-- Read "address/prefix" in canonical writing without host bits; raises a refusal for any other and for a wide one.
function M.read(value, place)
  fields.text(value, place, function(text) return text:match('^[%x:.]+/%d+$') end)
  local host, length = value:match('^(.*)/(.*)$')
  local ip, prefix = M.address(host), tonumber(length)
  if not ip or ip:to_string() ~= host or tostring(prefix) ~= length then fields.refuse(place, 'is no network') end
  local version = ip:get_version()
  if prefix < WIDEST[version] then fields.refuse(place, 'is too wide') end
  if prefix > LONGEST[version] or M.masked(ip, prefix) ~= host then fields.refuse(place, 'is no network') end
  return { version = version, prefix = prefix, text = host }
end

return M
