-- The road on which descriptors travel between the processes of a family.

local core = require "luaconc.core"
local script = require "spec.support.script"
local road = core.road

local function target(fd)
  return require "lfs".symlinkattributes("/proc/self/fd/" .. fd, "target")
end

-- Closes a bare descriptor: by the shell it can't be done, so a program of
-- its own does what makes descriptors that stay open.
local function in_program(source)
  local result = script.run([[
    local core = require "luaconc.core"
    local road = core.road
    local function target(fd)
      local pipe = io.popen("readlink /proc/$PPID/fd/" .. fd)
      local text = pipe:read "l"
      pipe:close()
      return text
    end
  ]] .. source)
  assert.equal(0, result.code, result.err)
  assert.equal("", result.err)
  return result.out
end

describe("the road", function()
  it("keeps what is put until it is dropped, under an id of its own", function()
    local before = road.count()
    local one, two = road.put(1), road.put(2)
    assert.is_true(one ~= two)
    assert.equal(before + 2, (road.count()))
    assert.is_true(road.drop(one))
    assert.same({ nil, "ENOENT" }, { road.drop(one), select(3, road.drop(one)) })
    assert.same({ nil, "ENOENT" }, { road.get(one), select(3, road.get(one)) })
    local three = road.put(1)
    assert.is_true(three > two)
    assert.is_true(road.drop(two) and road.drop(three))
    assert.equal(before, (road.count()))
  end)

  it("refuses what is no descriptor", function()
    assert.same({ nil, "EBADF" }, { road.put(9999), select(3, road.put(9999)) })
    assert.is_truthy(target(1))
  end)

  it("brings a descriptor from here to a worker, and one from it back", function()
    assert.equal("true\ntrue\n/dev/null\n0\n", in_program [[
      local file = io.open("/dev/full")
      local id
      for fd = 3, 30 do
        if target(fd) == "/dev/full" then
          id = assert(road.put(fd))
          break
        end
      end
      file:close()
      local worker = assert(core.birth())
      local theirs = assert(worker:run(([=[
        local road = require "luaconc.core".road
        local fd = assert(road.get(%d))
        local pipe = io.popen("readlink /proc/$PPID/fd/" .. fd)
        local answer = pipe:read "l"
        pipe:close()
        assert(road.drop(%d))
        assert(road.get(%d) == nil)
        return answer .. " " .. assert(road.put(0))
      ]=]):format(id, id, id)))
      local answer, back = theirs:match "(%S+) (%d+)"
      say(tostring(answer == "/dev/full"))
      say(tostring(road.get(id) == nil))
      say(target(assert(road.get(tonumber(back)))))
      assert(road.drop(tonumber(back)))
      say((road.count()))
    ]])
  end)

  it("reaches workers of workers, which use the same list", function()
    assert.equal("/dev/null\n", in_program [[
      local worker = assert(core.birth())
      local id = assert(worker:run [=[
        local core = require "luaconc.core"
        local inner = assert(core.birth())
        return inner:run "return require 'luaconc.core'.road.put(0)"
      ]=])
      say(target(assert(road.get(math.tointeger(id)))))
    ]])
  end)

  it("loses a member that ends, and keeps what it has put", function()
    assert.equal("0\n/dev/null\n", in_program [[
      local worker = assert(core.birth())
      local id = math.tointeger(worker:run "return require 'luaconc.core'.road.put(0)")
      worker:kill(9)
      worker:wait()
      local members
      for _ = 1, 1000 do
        members = select(2, road.count())
        if members == 0 then break end
        os.execute "sleep 0.005"
      end
      say(members)
      say(target(assert(road.get(id))))
    ]])
  end)

  it("serves many members at once, one question of each at a time", function()
    assert.equal("0\n", in_program [[
      local workers, ids = {}, {}
      for i = 1, 10 do workers[i] = assert(core.birth()) end
      for i, worker in ipairs(workers) do
        ids[i] = worker:run [=[
          local road = require "luaconc.core".road
          for _ = 1, 200 do assert(road.drop(assert(road.put(0)))) end
          return "done"
        ]=]
        assert(ids[i] == "done", ids[i])
      end
      say((road.count()))
    ]])
  end)

  it("ends with the family: a member is told, and a new one begins anew", function()
    -- The root's thread is gone as soon as the state has been closed: the
    -- program would hang, or its leak be reported, otherwise.
    assert.equal("1\n", in_program [[
      assert(core.birth()):close()
      road.put(0)
      say((road.count()))
    ]])
  end)

  it("says so where it cannot be opened for want of descriptors", function()
    assert.equal("EMFILE\ntrue\n", in_program [[
      os.execute "prlimit --nofile=4: --pid $PPID"
      local _, _, code = road.join()
      say(code)
      os.execute "prlimit --nofile=64: --pid $PPID"
      say(tostring(road.join() ~= nil))
    ]])
  end)
end)
