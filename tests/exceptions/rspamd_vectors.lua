-- Run under `rspamadm lua`: reads cases (JSON, one a line) from standard input, prints one JSON answer a line.
-- The policies stay text inside the cases, so that they pass through the plugin's own reader.

local ucl = require "ucl"

local decide = require "sekimori.decide"
local policies = require "sekimori.policy"

local function parse(text)
  local parser = ucl.parser()
  assert(parser:parse_text(text))
  return parser:get_object()
end

local answers = {}

function answers.refused(case)
  local policy, why = policies.parse(case.policy)
  return { refused = policy == nil, why = why }
end

function answers.hash(case)
  return { hash = decide.share_hash(case.source, case.header_from) }
end

function answers.decision(case)
  local policy = assert(policies.parse(case.policy))
  return decide.decide(policy, decide.normalise(case.facts), case.now)
end

for line in io.stdin:lines() do
  local case = parse(line)
  print(ucl.to_format(answers[case.ask](case), 'json-compact'))
end
