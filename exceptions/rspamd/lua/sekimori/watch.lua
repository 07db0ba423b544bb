-- Notices that the policy file has changed, by looking at it whenever a message is judged: the very next message is judged by
-- the new policy. An Rspamd map would take up to three seconds, because it rereads a changed file after a random pause.

local logger = require "rspamd_logger"
local rspamd_util = require "rspamd_util"

local M = {}

-- File times have whole seconds here, so a file this young may change once more without looking different.
local YOUNG = 2

-- Returns poll(now): the file's content if it differs from what the last poll saw, else nil. A file that is missing or cannot
-- be read has not changed.
function M.watcher(path)
  local mtime, size, settled, content
  return function(now)
    local failed, stat = rspamd_util.stat(path)
    if failed or (settled and stat.mtime == mtime and stat.size == size) then return nil end
    local file, why = io.open(path, 'rb')
    if not file then
      logger.errx(rspamd_config, 'sekimori: policy file cannot be read: %s', why)
      return nil
    end
    local body = file:read('*a')
    file:close()
    mtime, size, settled = stat.mtime, stat.size, now - stat.mtime > YOUNG
    if body == content then return nil end
    content = body
    return body
  end
end

return M
