-- The part of docs/api.lua about tests of programs. See there.

local tests = {
  title = "Tests",
  text = [[
`require "luaconc.testing"` has virtual time, seeded orders, a network that is
made up, faults by name and counts of what is open: see
[testing](testing.md).]],
  {
    name = "conc.test",
    call = "conc.test(f [, opts])",
    text = [[
A function for a test runner, as for `it` of busted: it runs `f` as the root
task under the virtual clock. A failure is raised, and so is it where `f` leaves
a job, an open handle or a descriptor behind. With `opts.seeds` it runs in so
many orders.]],
    params = {
      { "f", "function", "gets what the runner passes" },
      { "opts", "{ seeds: integer? }?", "" },
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
