-- Has wrk send the requests of a file one after another, and say at the end what became of them. bench/beacon.py starts it.
local requests, last = {}, 0

function init(args)
  for request in io.open(args[1], "rb"):read("*a"):gmatch("[^\1]+") do
    requests[#requests + 1] = request
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format('{"answers": %d, "refused": %d, "seconds": %f, "p99": %f}\n', summary.requests,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout, summary.duration / 1e6, latency:percentile(99) / 1e6))
end
