-- Strict readers for the parts of a policy document: each returns the value or raises a sentence that names the place.
-- A field that this code does not know is refused, because ignoring a condition would widen a rule.

local ucl = require "ucl"

local M = {}

-- UCL gives lists and objects metatables of their own, and only these tell an empty one of each apart.
local function kind_of(text)
  local parser = ucl.parser()
  parser:parse_text(text)
  return getmetatable(parser:get_object().x)
end
local LIST, OBJECT = kind_of('{"x":[]}'), kind_of('{"x":{}}')
local MAX_INTEGER = 2 ^ 53 - 1

-- Mark a Lua table as a list, so that it is written as one even where it is empty.
function M.as_list(items)
  return setmetatable(items, LIST)
end

-- Stop reading: raises a table, so that a refusal can be told from a fault in this code.
function M.refuse(place, why)
  error({ refused = place .. ': ' .. why }, 0)
end

function M.any_object(value, place)
  if type(value) ~= 'table' or getmetatable(value) ~= OBJECT then M.refuse(place, 'is no object') end
  return value
end

-- An object with exactly the given fields.
function M.object(value, place, names)
  M.any_object(value, place)
  local known = {}
  for _, name in ipairs(names) do
    if value[name] == nil then M.refuse(place .. '.' .. name, 'is missing') end
    known[name] = true
  end
  for name in pairs(value) do
    if not known[name] then M.refuse(place .. '.' .. tostring(name), 'is not known') end
  end
  return value
end

-- A list of what `read(item, place)` returns.
function M.list(value, place, read)
  if type(value) ~= 'table' or getmetatable(value) ~= LIST then M.refuse(place, 'is no list') end
  local items = {}
  for index, item in ipairs(value) do items[index] = read(item, place .. '[' .. index - 1 .. ']') end
  return items
end

function M.integer(value, place, least, most)
  local whole = type(value) == 'number' and value == math.floor(value)
  if not whole or value < (least or 0) or value > (most or MAX_INTEGER) then M.refuse(place, 'is no such number') end
  return value
end

-- A text that `fits(text)` accepts.
function M.text(value, place, fits)
  if type(value) ~= 'string' or not fits(value) then M.refuse(place, 'is not well-formed') end
  return value
end

-- As text, but null stands for "no condition" and is given back as nil.
function M.optional_text(value, place, fits)
  if value == ucl.null or type(value) == 'userdata' then return nil end
  return M.text(value, place, fits)
end

-- One of the keys of `words`.
function M.word(value, place, words)
  return M.text(value, place, function(text) return words[text] ~= nil end)
end

return M
