-- Plots as inline SVG, each with a title and a description for those who
-- don't see it. Beside each stands a table (see luaconc.page).
--
-- They are drawn for letters of 14 units, so that they can be read where a
-- narrow window makes them smaller; page's style has smaller ones where a wide
-- window makes them larger.

local page = require "luaconc.page"
local scale = require "luaconc.page.scale"

local M = {}

local WIDTH, LEFT, RIGHT, TOP, ROW, BOTTOM = 480, 64, 32, 12, 32, 40

local LETTER = 7.8 -- units that one takes, on average

local escape, format = page.escape, string.format

local number = 0

-- The frame: `title` and `text` are read aloud.
local function frame(width, height, title, text, parts)
  number = number + 1
  local id = "plot" .. number
  return format('<svg viewBox="0 0 %d %d" role="img" aria-labelledby="%s-t '
    .. '%s-d" xmlns="http://www.w3.org/2000/svg">\n<title id="%s-t">%s</title>'
    .. '\n<desc id="%s-d">%s</desc>\n%s</svg>\n', width, height, id, id, id,
    escape(title), id, escape(text), table.concat(parts))
end

local function line(class, x1, y1, x2, y2)
  return format('<line class="%s" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>\n',
    class, x1, y1, x2, y2)
end

local function label(x, y, text, anchor, class)
  return format('<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>\n', x, y,
    anchor, class and format(' class="%s"', class) or "", escape(text))
end

-- Ticks along the bottom, and the lines above them. Labels that would touch
-- the one before are left out.
local function x_axis(s, left, width, top, bottom, show, out)
  local free = -math.huge
  for _, v in ipairs(s.ticks) do
    local x = left + s.at(v) * width
    out[#out + 1] = line("grid", x, top, x, bottom)
    local text = show(v)
    local half = #text * LETTER / 2
    if x - half > free then
      out[#out + 1] = label(x, bottom + 18, text, "middle", "soft")
      free = x + half + 4
    end
  end
end

-- Shapes tell engines apart where colours don't.
local SHAPES = {
  serial = function(x, y)
    return format('<rect class="dot" x="%.1f" y="%.1f" width="6" height="6"/>',
      x - 3, y - 3)
  end,
  task = function(x, y)
    return format('<circle class="dot" cx="%.1f" cy="%.1f" r="3.4"/>', x, y)
  end,
  thread = function(x, y)
    return format('<path class="dot" d="M%.1f %.1fl4 7h-8z"/>', x, y - 4)
  end,
  process = function(x, y)
    return format('<path class="dot" d="M%.1f %.1fl4 4l-4 4l-4-4z"/>', x,
      y - 4)
  end,
  other1 = function(x, y)
    return format('<path class="dot" d="M%.1f %.1fl4 -7h-8z"/>', x, y + 4)
  end,
  other2 = function(x, y)
    return format('<path class="dot" d="M%.1f %.1fv8m-4 -4h8"/>', x, y - 4)
  end,
  other3 = function(x, y)
    return format('<path class="dot" d="M%.1f %.1fl6 6m0 -6l-6 6"/>', x - 3,
      y - 3)
  end,
}

local OTHERS = 3

-- The classes of these names: engines have their own, others one after the
-- other.
local function classes(list)
  local out, n = {}, 0
  for i, item in ipairs(list) do
    local class = item.class or item.name
    if not SHAPES[class] then
      class = "other" .. n % OTHERS + 1
      n = n + 1
    end
    out[i] = class
  end
  return out
end

local function dot(class, x, y)
  return SHAPES[class](x, y) .. "\n"
end

-- A name that fits into so much space.
local function cut(name, space)
  local most = (space - 8) // LETTER
  local after = utf8.len(name) and utf8.len(name) > most
    and utf8.offset(name, math.floor(most))
  return after and name:sub(1, after - 1) .. "…" or name
end

-- Space for the longest of these texts at the left, within reason.
local function margin(texts)
  local most = 0
  for _, text in ipairs(texts) do
    most = math.max(most, utf8.len(text) or #text)
  end
  return math.min(math.max(LEFT, most * LETTER + 14), WIDTH / 2)
end

local function values_of(rows)
  local list = {}
  for _, row in ipairs(rows) do
    for _, v in ipairs(row.samples) do list[#list + 1] = v end
    if row.interval then
      list[#list + 1] = row.interval.low
      list[#list + 1] = row.interval.high
    end
    list[#list + 1] = row.border
  end
  return list
end

-- One row of a strip: the interval, the median, the samples.
local function strip_row(row, class, y, s, left, width, out)
  local function x(v) return left + s.at(v) * width end
  out[#out + 1] = format('<g class="%s">\n', class)
  out[#out + 1] = label(left - 8, y + 4, cut(row.name, left), "end")
  for i, v in ipairs(row.samples) do
    out[#out + 1] = dot(class, x(v), y + (i % 3 - 1) * 5)
  end
  local interval = row.interval
  if interval then
    out[#out + 1] = line("range", x(interval.low), y, x(interval.high), y)
    out[#out + 1] = line("median", x(interval.median), y - 10,
      x(interval.median), y + 10)
  end
  out[#out + 1] = "</g>\n"
  if row.border then
    out[#out + 1] = line("mark", x(row.border), y - 14, x(row.border), y + 14)
  end
end

local function describe_rows(rows, show)
  local parts = {}
  for i, row in ipairs(rows) do
    local v = row.interval
    parts[i] = row.name .. ": " .. (v and format("median %s, from %s to %s, %d "
      .. "samples", show(v.median), show(v.low), show(v.high),
      math.max(#row.samples, v.n)) or "no figure")
      .. (row.border and ", border " .. show(row.border) or "")
  end
  return table.concat(parts, "; ") .. "."
end

--- A row for each name, every sample a mark, with median and interval.
---@param title string
---@param rows { name: string, class: string?, samples: number[],
--- interval: table?, border: number? }[]
---@param show fun(v: number): string
---@param base number? of the ticks: 1 << 20 for bytes in MiB
---@return string
function M.strips(title, rows, show, base)
  local s, out = scale.of(values_of(rows), nil, base), {}
  local bottom = TOP + #rows * ROW
  local names, class = {}, classes(rows)
  for i, row in ipairs(rows) do names[i] = row.name end
  local left = margin(names)
  local width = WIDTH - left - RIGHT
  x_axis(s, left, width, TOP, bottom, show, out)
  for i, row in ipairs(rows) do
    strip_row(row, class[i], TOP + (i - 0.5) * ROW, s, left, width, out)
  end
  return frame(WIDTH, bottom + BOTTOM - 12, title, describe_rows(rows, show),
    out)
end

local HEIGHT = 240

local function y_axis(s, left, right, top, height, show, out)
  for _, v in ipairs(s.ticks) do
    local y = top + (1 - s.at(v)) * height
    out[#out + 1] = line("grid", left, y, right, y)
    out[#out + 1] = label(left - 6, y + 4, show(v), "end", "soft")
  end
end

local function series_of(series, class, x, y, out)
  local path = {}
  out[#out + 1] = format('<g class="%s">\n', class)
  for i, p in ipairs(series.points) do
    local px, py = x(p.x), y(p.interval.median)
    path[i] = format("%.1f,%.1f", px, py)
    for _, v in ipairs(p.samples) do
      out[#out + 1] = dot(class, px, y(v))
    end
    out[#out + 1] = line("range", px, y(p.interval.low), px,
      y(p.interval.high))
  end
  out[#out + 1] = format('<polyline class="path" points="%s"/>\n',
    table.concat(path, " "))
  out[#out + 1] = "</g>\n"
end

local LINE = 20 -- of the legend

-- Names with their marks, in as many lines as they take; returns where these
-- end.
local function legend(list, class, left, out)
  local x, y = left, 18
  for i, series in ipairs(list) do
    local wide = 9 + LETTER * (utf8.len(series.name) or #series.name)
    if x > left and x + wide > WIDTH then x, y = left, y + LINE end
    out[#out + 1] = format('<g class="%s">%s</g>', class[i],
      dot(class[i], x, y - 4))
    out[#out + 1] = label(x + 9, y, series.name, "start")
    x = x + wide + 16
  end
  return y + 16
end

local function describe_series(list, crossings, show_x, show_y)
  local parts = {}
  for i, series in ipairs(list) do
    local points = {}
    for k, p in ipairs(series.points) do
      points[k] = show_y(p.interval.median) .. " at " .. show_x(p.x)
    end
    parts[i] = series.name .. ": " .. table.concat(points, ", ")
  end
  for _, c in ipairs(crossings) do parts[#parts + 1] = c.text end
  return table.concat(parts, "; ") .. "."
end

--- Lines over a growing number, on logarithmic axes; crossing points marked.
---@param title string
---@param list { name: string, points: { x: number, samples: number[],
--- interval: table }[] }[]
---@param show_x fun(v: number): string
---@param show_y fun(v: number): string
---@param crossings { x: number, text: string }[]?
---@param base number? of the ticks on the upright axis
---@return string
function M.lines(title, list, show_x, show_y, crossings, base)
  crossings = crossings or {}
  local xs, ys = {}, {}
  for _, series in ipairs(list) do
    for _, p in ipairs(series.points) do
      xs[#xs + 1] = p.x
      ys[#ys + 1] = p.interval.low
      ys[#ys + 1] = p.interval.high
      for _, v in ipairs(p.samples) do ys[#ys + 1] = v end
    end
  end
  local sx, sy = scale.of(xs, true), scale.of(ys, true, base)
  local out, class, ticks = {}, classes(list), {}
  for i, v in ipairs(sy.ticks) do ticks[i] = show_y(v) end
  local left, right = margin(ticks), WIDTH - RIGHT
  local top = legend(list, class, left, out)
  local function x(v) return left + sx.at(v) * (right - left) end
  local function y(v) return top + (1 - sy.at(v)) * HEIGHT end
  y_axis(sy, left, right, top, HEIGHT, show_y, out)
  x_axis(sx, left, right - left, top, top + HEIGHT, show_x, out)
  for i, series in ipairs(list) do
    series_of(series, class[i], x, y, out)
  end
  for i, c in ipairs(crossings) do
    local at, near = x(c.x), x(c.x) > (left + right) / 2
    out[#out + 1] = line("mark", at, top, at, top + HEIGHT)
    out[#out + 1] = label(at + (near and -6 or 6), top + 14 * i, c.text,
      near and "end" or "start")
  end
  return frame(WIDTH, top + HEIGHT + BOTTOM - 8, title,
    describe_series(list, crossings, show_x, show_y), out)
end

--- A plot with its caption.
---@param svg string
---@param caption string
---@return string
function M.figure(svg, caption)
  return '<figure tabindex="0">\n' .. svg .. "<figcaption>" .. escape(caption)
    .. "</figcaption>\n</figure>\n"
end

return M
