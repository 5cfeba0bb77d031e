local stats = require "luaconc.compare.stats"
local samples = require "spec.support.samples"

local randoms, sample = samples.randoms, samples.times

describe("the median", function()
  it("is the middle one of an odd list", function()
    assert.equal(3, stats.median { 9, 1, 3 })
    assert.equal(4, stats.median { 4 })
  end)

  it("is the mean of the two middle ones of an even list", function()
    assert.equal(2.5, stats.median { 4, 1, 3, 2 })
  end)

  it("leaves the list as it was", function()
    local list = { 3, 1, 2 }
    stats.median(list)
    assert.same({ 3, 1, 2 }, list)
  end)

  it("refuses an empty list by name", function()
    assert.error_matches(function() stats.median {} end,
      "list must be a list with at least one number")
  end)
end)

describe("the interval of the median", function()
  -- Of seven draws from seven, the median is at most the first with 1.0 %
  -- and at most the second with 10.8 %: the lower end of 95 % is the second.
  it("has the ends that can be worked out by hand for seven samples", function()
    local i = stats.interval { 10, 20, 30, 40, 50, 60, 70 }
    assert.same({ median = 40, low = 20, high = 60, n = 7 }, i)
  end)

  it("goes from the lowest to the highest below six samples", function()
    assert.same({ median = 3, low = 1, high = 9, n = 5 },
      stats.interval { 3, 9, 1, 2, 4 })
    assert.same({ median = 5, low = 5, high = 5, n = 1 },
      stats.interval { 5 })
  end)

  it("is a point where all samples are equal", function()
    assert.same({ median = 2, low = 2, high = 2, n = 8 },
      stats.interval { 2, 2, 2, 2, 2, 2, 2, 2 })
  end)

  it("is the same every time, whatever math.random does", function()
    local list = sample(randoms(7), 12)
    local first = stats.interval(list)
    math.randomseed(1)
    math.random()
    assert.same(first, stats.interval(list))
  end)

  it("does not depend on the order of the samples", function()
    local list = sample(randoms(8), 12)
    local reversed = {}
    for i, v in ipairs(list) do reversed[#list + 1 - i] = v end
    assert.same(stats.interval(list), stats.interval(reversed))
  end)

  it("holds the true median at its rate, on skewed data", function()
    local random, truth = randoms(42), samples.MEDIAN
    local held, trials = 0, 300
    for _ = 1, trials do
      local i = stats.interval(sample(random, 15))
      if i.low <= truth and truth <= i.high then held = held + 1 end
    end
    assert.is_true(held >= 0.91 * trials, held .. " of " .. trials)
    assert.is_true(held <= 0.995 * trials, held .. " of " .. trials)
  end)
end)

describe("the ratio", function()
  it("is that of the medians", function()
    local r = stats.ratio({ 4, 4, 4, 4, 4, 40 }, { 2, 2, 2, 2, 2, 2 })
    assert.equal(2, r.median)
    assert.equal(6, r.n)
  end)

  it("goes from the least to the most possible below six samples", function()
    assert.same({ median = 2, low = 1, high = 6, n = 3 },
      stats.ratio({ 2, 4, 6 }, { 1, 2, 2 }))
  end)

  it("finds a difference between equals in no more than 8 of 100", function()
    local random, found, trials = randoms(99), 0, 300
    for _ = 1, trials do
      local r = stats.ratio(sample(random, 12), sample(random, 12))
      if stats.verdict(r) ~= 0 then found = found + 1 end
    end
    assert.is_true(found <= 0.08 * trials, found .. " of " .. trials)
  end)

  it("finds a difference of a third nearly always", function()
    local random, found = randoms(5), 0
    for _ = 1, 100 do
      local a, b = sample(random, 12), sample(random, 12)
      for i, v in ipairs(a) do a[i] = v * 4 / 3 end
      if stats.verdict(stats.ratio(a, b)) == 1 then found = found + 1 end
    end
    assert.is_true(found >= 95, found .. " of 100")
  end)
end)

describe("the verdict on a ratio", function()
  local function verdict(low, median, high, n, least)
    return stats.verdict({ low = low, median = median, high = high,
      n = n or 9 }, least)
  end

  it("is open where the interval contains 1", function()
    assert.equal(0, verdict(0.99, 1.2, 1.4))
    assert.equal(0, verdict(1, 1.2, 1.4))
    assert.equal(0, verdict(0.7, 0.9, 1))
  end)

  it("names the larger side where it does not", function()
    assert.equal(1, verdict(1.01, 1.2, 1.4))
    assert.equal(-1, verdict(0.7, 0.9, 0.99))
  end)

  it("is open where the difference is less than what matters", function()
    assert.equal(0, verdict(1.001, 1.01, 1.02, 9, 0.02))
    assert.equal(1, verdict(1.001, 1.02, 1.04, 9, 0.02))
    assert.equal(0, verdict(0.98, 0.99, 0.999, 9, 0.02))
  end)

  it("asks for a gross factor where there is one sample only", function()
    assert.equal(0, verdict(1.4, 1.4, 1.4, 1))
    assert.equal(1, verdict(1.5, 1.5, 1.5, 1))
    assert.equal(-1, verdict(0.5, 0.5, 0.5, 1))
  end)
end)

describe("outliers", function()
  -- R: quantile(c(1, 2, 3, 4, 100), c(.25, .75)) is 2 and 4: fences -1 and 7.
  it("lie beyond the quartiles by more than 1.5 times their distance", function()
    local marks, count = stats.outliers { 100, 1, 2, 3, 4 }
    assert.same({ true, false, false, false, false }, marks)
    assert.equal(1, count)
    assert.equal(0, select(2, stats.outliers { 7, 1, 2, 3, 4 }))
    assert.equal(1, select(2, stats.outliers { 7.01, 1, 2, 3, 4 }))
    assert.equal(1, select(2, stats.outliers { -1.01, 2, 2, 3, 4, 4 }))
  end)

  -- R: quantile(c(1, 2, 3, 4, 5, 6), c(.25, .75)) is 2.25 and 4.75.
  it("are told by quartiles between samples", function()
    assert.equal(0, select(2, stats.outliers { 1, 2, 3, 4, 5, 6 }))
    -- With 20 in the place of 6: 2.25 and 4.75 again, fences -1.5 and 8.5.
    assert.equal(1, select(2, stats.outliers { 1, 2, 3, 4, 5, 20 }))
    assert.equal(0, select(2, stats.outliers { 1, 2, 3, 4, 5, 8.5 }))
  end)

  it("are not told of less than five samples", function()
    assert.equal(0, select(2, stats.outliers { 1, 1, 1, 1000 }))
    assert.equal(0, select(2, stats.outliers { 1 }))
  end)

  it("stay in the median and its interval", function()
    local i = stats.interval { 1, 1, 1, 1, 100, 100, 100 }
    assert.equal(1, i.median)
    assert.equal(100, i.high)
  end)
end)

describe("the width of an interval", function()
  it("is a share of the median", function()
    assert.equal(0.5, stats.width { median = 2, low = 1.5, high = 2.5 })
    assert.equal(0, stats.width { median = 0, low = 0, high = 0 })
  end)
end)
