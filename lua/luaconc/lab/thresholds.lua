-- The borders of all rules of the book of claims, in one place, each with the
-- reason for it. A figure that lies on the border passes.

local M = {}

local function add(name, value, unit, reason)
  M[name] = { name = name, value = value, unit = unit, reason = reason }
end

add("PARALLEL", 0.75, "share",
  "of the cores that a speed-up must make use of to be called parallel: what "
  .. "is lost to memory and other programs is rarely more than a quarter")
add("NO_GAIN", 1.15, "ratio",
  "a speed-up up to which nothing was gained: less than that comes and goes "
  .. "with the order of runs")
add("CLEARLY", 1.3, "ratio",
  "a difference that a user of a program notices without a clock")
add("MORE", 2, "ratio",
  "\"more\" of a cost: less than double is within what one changes by tuning")
add("MANY_TIMES", 10, "ratio",
  "\"nearly nothing\", \"significant\": an order of magnitude")
add("ENOUGH", 2, "ratio",
  "times as long as the best engine, up to which an engine is still enough: "
  .. "the choice is then one of taste")
add("HALF", 0.5, "share", "at most half of the other's")
add("MOST", 0.5, "share", "in most cases: in half of them or more")
add("SOME", 1, "count", "one case is enough to show that it can happen")
add("NONE", 0, "count", "not a single case")
add("PREDICTABLE", 10, "ratio",
  "times the median, up to which the slowest hundredth is still predictable: "
  .. "an order of magnitude")
add("PROMPT", 0.1, "time",
  "seconds up to which people take an answer for immediate")
add("FEW_CONNECTIONS", 500, "count",
  "the documents' own border between few and many connections")
add("NEAR", 2, "ratio",
  "a border lies near another where neither is more than twice the other")
add("RESERVED", 0.8, "share",
  "of a stack's size by which the address space grows: the rest is rounding")
add("RESIDENT", 0.5, "share",
  "of a stack's size, from which on it would count as memory really taken")
add("CPU_SHARE", 0.01, "share",
  "of the CPU time, from which on waiting threads would take a noticeable part")
add("HURTS", 0.8, "share",
  "of the best throughput, down to which a loss is no hurt but noise")
add("FEW_LINES", 2, "count",
  "lines to change, up to which a program reads as it did")
add("CONNECTION_MEMORY", 65536, "bytes",
  "of a connection: 10,000 of them then fit into 640 MiB, a small server")
add("COPIED", 1 << 20, "bytes",
  "for a message of 1 MiB: all of it is copied")
add("UNITS", 3.3, "units",
  "of time: three, and a tenth for starting and ending")
add("ORDER", 0.5, "share",
  "of the runs that must differ in order for it to be hard to predict")
add("STEPS", 5, "count", "all five steps")
add("SOURCES", 3, "count", "all three of them")

return M
