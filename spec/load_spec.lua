-- The load tests of bench/load, with little of everything. `make load` runs
-- them in full.

local lfs = require "lfs"
local limits = require "spec.support.limits"
local sim = require "spec.support.sim"
local script = require "spec.support.script"

local function script_of(text)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "wb"))
  file:write('package.path = "bench/?.lua;" .. package.path\n', text)
  return path, sim.on_close(function() os.remove(path) end)
end

describe("the load test", function()
  for name in lfs.dir "bench/load" do
    if name:find "%.lua$" then
      it(name .. " keeps its promises in little", function()
        local result = script.file("bench/load/" .. name, "small")
        if result.code == 3 and not limits.descriptors(4096) then pending(result.err) end
        assert.same({ 0, "" }, { result.code, result.err })
        assert.matches("^[%w_]+: [^\n]+ seconds=[%d.]+ peak_mb=[%d.]+\n$", result.out)
      end)
    end
  end

  it("that breaks a promise says which one, and fails", function()
    local path <const>, _ <close> = script_of [[
      require "lib.loadtest".main {
        full = { n = 3 }, small = { n = 2 },
        run = function(size, promise)
          promise(true, "never said")
          promise(size.n < 3, "%d are too many", size.n)
          return { { "n", size.n } }
        end,
      }]]
    local small = script.file(path, "small")
    assert.same({ 0, "" }, { small.code, small.err })
    for _, words in ipairs { {}, { "full" }, { "small", "n=3" } } do
      local result = script.file(path, table.unpack(words))
      assert.equal(1, result.code)
      assert.matches(": n=3 seconds=", result.out)
      assert.matches("^%S+: BROKEN: 3 are too many\n$", result.err)
    end
    for _, words in ipairs { { "tiny" }, { "small", "tiny" }, { "m=3" } } do
      assert.equal(2, script.file(path, table.unpack(words)).code)
    end
  end)

  it("that leaves something behind says what", function()
    local path <const>, _ <close> = script_of [[
      require "lib.loadtest".main {
        full = { n = 3 }, small = { n = 0 },
        run = function(size)
          left = {}
          for i = 1, size.n do left[i] = io.open "/dev/null" end
          if size.n > 0 then sleeper = io.popen("exec cat", "w") end
          return {}
        end,
      }]]
    local result = script.file(path, "full")
    assert.equal(1, result.code)
    sim.shows(result.err, "BROKEN: children: 0 before, 1 after",
      "BROKEN: descriptors: ")
  end)

  it("that needs more descriptors than there are does not begin", function()
    local path <const>, _ <close> = script_of [[
      require "lib.loadtest".main {
        full = { n = 1000000000 }, small = { n = 0 },
        descriptors = function(size) return size.n end,
        run = function() error "begun" end,
      }]]
    local result = script.file(path, "full")
    assert.equal(3, result.code)
    sim.shows(result.err, "needs 1000000000 descriptors")
  end)
end)
