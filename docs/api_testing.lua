-- The part of docs/api.lua about tests of programs. See there.

local tests = {
  title = "Tests",
  text = [[
`require "luaconc.testing"` has virtual time, seeded orders, a simulated
network, faults by name, and counts of what is open: see
[testing](testing.md).]],
  {
    name = "conc.test",
    call = "conc.test(f [, opts])",
    text = [[
Makes a function for a test runner, such as the `it` of busted. It runs `f` as
the root task under the virtual clock. It raises a failure of `f`, and an
error if `f` leaves a job, an open handle or a descriptor behind.]],
    params = {
      { "f", "function", "the test; gets the arguments that the runner "
        .. "passes" },
      { "opts", "{ seeds: integer? }?", "`seeds`: run `f` in that many "
        .. "orders" },
    },
    returns = { { "function", "test", "" } },
    waits = false,
    example = [[
local test = conc.test(function()
  conc.sleep(3600)
  print(conc.now())  --> 3600.0
end)
test()]],
  },
}

return { tests }
