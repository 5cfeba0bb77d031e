-- Pages for people: one file of HTML that needs no other, no scripts and no
-- network; light or dark as the reader's system is, readable on paper, in a
-- narrow window and by a screen reader.

local M = {}

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;",
  ['"'] = "&quot;", ["'"] = "&#39;" }

--- Text as it may stand in HTML, between tags or in an attribute.
---@param text any
---@return string
function M.escape(text)
  return (tostring(text):gsub("[&<>\"']", ENTITIES)
    :gsub("[%z\1-\8\11\12\14-\31\127]", "\u{FFFD}"))
end

local STYLE = [[
:root { color-scheme: light dark; --back: #ffffff; --ink: #1b1f24;
  --soft: #57606a; --line: #d0d7de; --card: #f6f8fa; --link: #0550ae;
  --good: #116329; --bad: #a40e26; --mixed: #7a4d00; --other: #57606a;
  --serial: #57606a; --task: #0969da; --thread: #bc4c00; --process: #8250df;
  --other1: #1a7f37; --other2: #a40e26; --other3: #7d4e00; }
@media screen and (prefers-color-scheme: dark) { :root { --back: #0d1117;
  --ink: #e6edf3; --soft: #9da7b3; --line: #30363d; --card: #161b22;
  --link: #79c0ff; --good: #56d364; --bad: #ff7b72; --mixed: #e3b341;
  --other: #9da7b3; --serial: #b1bac4; --task: #58a6ff; --thread: #ffa657;
  --process: #d2a8ff; --other1: #56d364; --other2: #ff7b72;
  --other3: #e3b341; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 62rem; padding: 1rem 1rem 4rem;
  background: var(--back); color: var(--ink);
  font: 1rem/1.55 system-ui, "DejaVu Sans", sans-serif;
  overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 1rem 0 0.5rem; }
h2 { font-size: 1.3rem; margin: 2.2rem 0 0.6rem; padding-top: 0.6rem;
  border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.4rem 0 0.4rem; }
p { margin: 0.5rem 0; max-width: 44rem; }
a { color: var(--link); }
a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
blockquote { margin: 0.4rem 0; padding-left: 0.8rem;
  border-left: 3px solid var(--line); font-style: italic; max-width: 44rem; }
.soft { color: var(--soft); font-size: 0.9rem; }
.scroll { overflow-x: auto; margin: 0.6rem 0; }
.scroll:focus-visible { outline: 2px solid var(--link); }
table { border-collapse: collapse; font-size: 0.88rem;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: 0.2rem; }
th, td { padding: 0.22rem 0.7rem 0.22rem 0; text-align: right;
  border-bottom: 1px solid var(--line); vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
td.text, th.text { text-align: left; }
td:not(.text) { white-space: nowrap; }
td.text, tbody th.text { min-width: 9rem; }
thead th { color: var(--soft); font-weight: 600; }
article { background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; padding: 0.6rem 1rem 0.8rem; margin: 1rem 0; }
article h3 { margin-top: 0.2rem; }
.verdict { font-weight: 700; white-space: nowrap; }
.holds { color: var(--good); } .not { color: var(--bad); }
.part { color: var(--mixed); } .other { color: var(--other); }
figure { margin: 0.8rem 0; overflow-x: auto; }
figcaption { color: var(--soft); font-size: 0.9rem; }
svg { width: 100%; height: auto; max-width: 38rem; display: block;
  font: 10px system-ui, "DejaVu Sans", sans-serif; }
svg text { fill: var(--ink); }
svg .soft { fill: var(--soft); font-size: inherit; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .mark { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 4 3; }
.serial { --own: var(--serial); } .task { --own: var(--task); }
.thread { --own: var(--thread); } .process { --own: var(--process); }
.other1 { --own: var(--other1); } .other2 { --own: var(--other2); }
.other3 { --own: var(--other3); }
svg .dot { fill: var(--own); fill-opacity: 0.45; stroke: var(--own); }
svg .median { stroke: var(--own); stroke-width: 3; }
svg .range { stroke: var(--own); stroke-width: 1.5; fill: none; }
svg .path { stroke: var(--own); stroke-width: 2; fill: none; }
svg .fill { fill: var(--own); }
details { margin: 0.5rem 0; } summary { cursor: pointer; }
@media (min-width: 40rem) { th a { white-space: nowrap; } }
@media (max-width: 36rem) { body { padding: 0.6rem 0.7rem 3rem; }
  article { padding: 0.5rem 0.7rem; }
  th, td { padding-right: 0.5rem; }
  td.text, tbody th.text { min-width: 6.5rem; }
  svg { font-size: 14px; } }
@media print { :root { --back: #fff; --ink: #000; --soft: #444;
    --line: #999; --card: #fff; --link: #000; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  figure, tr, .scroll { break-inside: avoid; }
  h1, h2, h3, blockquote, h2 + p, caption { break-after: avoid; }
  .scroll { overflow: visible; } a { text-decoration: none; } }
]]

--- A whole page.
---@param title string
---@param body string HTML
---@return string
function M.document(title, body)
  return table.concat {
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n",
    '<meta charset="utf-8">\n',
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
    "<title>", M.escape(title), "</title>\n<style>\n", STYLE,
    "</style>\n</head>\n<body>\n<main>\n", body,
    "</main>\n</body>\n</html>\n" }
end

--- An element with its text escaped.
---@param tag string
---@param text any
---@param class string?
---@return string
function M.element(tag, text, class)
  return ("<%s%s>%s</%s>\n"):format(tag, class and (' class="%s"'):format(
    class) or "", M.escape(text), tag)
end

-- Whether a column holds words rather than figures.
local function is_words(rows, column)
  for i = 2, #rows do
    local cell = rows[i][column] or ""
    if #cell > 24 and #rows[i] == #rows[1] then return true end
  end
  return false
end

-- A cell: a heading in the first row and column; the last of a row that ends
-- early, as where there are no figures, goes on to the end.
local function cell_of(rows, r, i)
  local row, attributes = rows[r], ""
  local tag = (r == 1 or i == 1) and "th" or "td"
  if tag == "th" then
    attributes = (' scope="%s"'):format(r == 1 and "col" or "row")
  end
  local left = i == #row and #rows[1] - #row or 0
  if left > 0 then attributes = (' colspan="%d"'):format(left + 1) end
  if left > 0 or is_words(rows, i) then
    attributes = attributes .. ' class="text"'
  end
  return ("<%s%s>%s</%s>"):format(tag, attributes, M.escape(row[i]), tag)
end

--- A table: the first row is its heading. Wide ones scroll by themselves.
---@param rows string[][]
---@param caption string
---@return string
function M.table(rows, caption)
  local out = { ('<div class="scroll" tabindex="0" role="region" '
    .. 'aria-label="%s"><table>\n'):format(M.escape(caption)),
    "<caption>", M.escape(caption), "</caption>\n" }
  for r, row in ipairs(rows) do
    local line = {}
    for i in ipairs(row) do line[i] = cell_of(rows, r, i) end
    out[#out + 1] = (r == 1 and "<thead>" or r == 2 and "<tbody>" or "")
      .. "<tr>" .. table.concat(line) .. "</tr>"
      .. (r == 1 and "</thead>" or "") .. "\n"
  end
  out[#out + 1] = (#rows > 1 and "</tbody>" or "") .. "</table></div>\n"
  return table.concat(out)
end

return M
