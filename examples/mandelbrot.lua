-- The Mandelbrot set as a picture (PPM): each row is a job, on the engine that
-- is asked for. This computes and hardly waits, so threads and processes take
-- as many cores as there are.
--
--   lua5.4 examples/mandelbrot.lua ENGINE FILE [WIDTH [HEIGHT]]
--   lua5.4 examples/mandelbrot.lua thread set.ppm 900 600

local conc = require "luaconc"

local usage = "usage: lua5.4 mandelbrot.lua task|thread|process FILE "
  .. "[WIDTH [HEIGHT]]\n"
local engines = { task = true, thread = true, process = true }

local STEPS = 100

-- How soon the point leaves the circle of radius 2, from 0 to STEPS.
local function steps(cx, cy)
  local x, y = 0.0, 0.0
  for n = 0, STEPS - 1 do
    local x2, y2 = x * x, y * y
    if x2 + y2 > 4 then return n end
    x, y = x2 - y2 + cx, 2 * x * y + cy
  end
  return STEPS
end

-- Red, green and blue, a byte each.
local function colour(n)
  if n == STEPS then return "\0\0\0" end
  local t = n / STEPS
  return string.char(math.floor(255 * t), math.floor(255 * t ^ 0.5),
    math.floor(255 * (1 - t) * t ^ 0.2))
end

-- The bytes of a row. Its upvalues go along where it runs in another state.
local function row_of(width, height)
  return function(row)
    local pixels = {}
    local cy = (row - 0.5) / height * 2 - 1
    for i = 1, width do
      pixels[i] = colour(steps((i - 0.5) / width * 3 - 2, cy))
    end
    return table.concat(pixels)
  end
end

local engine, path = arg[1], arg[2]
local width = math.tointeger(tonumber(arg[3] or 300))
local height = math.tointeger(tonumber(arg[4] or (width or 0) * 2 // 3))
if not engines[engine] or not path or not width or width < 1 or not height
  or height < 1 then
  io.stderr:write(usage)
  os.exit(2)
end

local file, problem = io.open(path, "wb")
if not file then
  io.stderr:write("mandelbrot.lua: ", problem, "\n")
  os.exit(1)
end

local rows = {}
for i = 1, height do rows[i] = i end
local start = conc.now()
local picture = conc.map(rows, row_of(width, height), { engine = engine })
local took = conc.now() - start

file:write(("P6\n%d %d\n255\n"):format(width, height), table.concat(picture))
file:close()
print(("%s: %d x %d points in %.2f s"):format(path, width, height, took))
