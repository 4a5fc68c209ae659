-- What wrk sends: the requests that a file describes, at random by weight; tasks are ticked in turn.
-- The file has one request a line, its parts separated by tabs:
--   ask, weight, method, path, body, header: value, ...    {1-9} in path and body is a random number
--   task, path, ETag or nothing                            one to be ticked with its own ETag
local asks, weights, tasks, first, last = {}, 0, {}, 1, 0

local function parts(line)
  local found = {}
  for part in (line .. "\t"):gmatch("([^\t]*)\t") do
    found[#found + 1] = part
  end
  return found
end

local function filled(text)
  return (text:gsub("{(%d+)-(%d+)}", function(least, most)
    return tostring(math.random(tonumber(least), tonumber(most)))
  end))
end

local function take_back(status, headers, body)
  local id = body:match('"id":%s*"?(%w+)')
  if status == 200 and id then
    local path = asks[1].path .. "/" .. id
    local tag = headers["ETag"] or headers["etag"] or ""
    if tag:sub(1, 2) == "W/" then tag = "" end
    local done = body:match('"completed":%s*true') ~= nil
    last = last + 1
    tasks[last] = { path = path, tag = tag, done = done }
  end
end

function init(args)
  math.randomseed(tonumber(args[2]))
  for line in io.lines(args[1]) do
    local found = parts(line)
    if found[1] == "ask" then
      local headers = {}
      for number = 6, #found do
        local name, value = found[number]:match("^([^:]+): (.*)$")
        if name then headers[name] = value end
      end
      weights = weights + tonumber(found[2])
      asks[#asks + 1] = { upto = weights, method = found[3], path = found[4],
        body = found[5] ~= "" and found[5] or nil, headers = headers }
    else
      last = last + 1
    tasks[last] = { path = found[2], tag = found[3], done = false }
    end
  end
  -- wrk parses answers only for a script that asks for them, which costs it a part of its speed.
  if last > 0 then response = take_back end
end

function request()
  if last > 0 then
    local task = tasks[first]
    if task == nil then return wrk.format("GET", asks[1].path .. "/none-is-left") end
    tasks[first] = nil
    first = first + 1
    local headers = { ["If-Match"] = task.tag ~= "" and task.tag or nil }
    for name, value in pairs(asks[1].headers) do headers[name] = value end
    return wrk.format("PATCH", task.path, headers, '{"completed":' .. tostring(not task.done) .. "}")
  end
  local drawn, ask = math.random() * weights, asks[#asks]
  for _, each in ipairs(asks) do
    if drawn < each.upto then ask = each break end
  end
  return wrk.format(ask.method, filled(ask.path), ask.headers, ask.body and filled(ask.body))
end

function done(summary, latency)
  local errors, wrong = summary.errors, 0
  for _, kind in ipairs({ "connect", "read", "write", "status", "timeout" }) do
    wrong = wrong + errors[kind]
  end
  io.write(string.format('\n{"requests":%d,"seconds":%f,"p50":%f,"p99":%f,"wrong":%d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, wrong))
end
