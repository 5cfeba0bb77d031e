// Node's codecs on the table of codec.lua.  codec.js v8|json KIND [N]
'use strict'

const { execFileSync } = require('child_process')
const v8 = require('v8')

const codecs = {
  v8: [v8.serialize, v8.deserialize],
  json: [(value) => JSON.stringify(value), (text) => JSON.parse(text)]
}

function rate (size, n, f, value) {
  const samples = []
  let result
  for (let i = 0; i <= n; i++) {
    result = null
    global.gc()
    const start = process.cpuUsage()
    result = f(value)
    const spent = process.cpuUsage(start)
    if (i > 0) samples.push((spent.user + spent.system) / 1e6)
  }
  samples.sort((a, b) => a - b)
  return [size / samples[n >> 1] / 1e6, result]
}

const [codec, kind, n = '20'] = process.argv.slice(2)
const text = execFileSync('lua5.4', ['bench/codec.lua', 'show_' + kind],
  { maxBuffer: 1 << 24 }).toString()
const value = JSON.parse(text)
const [encode, decode] = codecs[codec]
const there = rate(text.length, Number(n), encode, value)
const back = rate(text.length, Number(n), decode, there[1])
if (JSON.stringify(back[1]) !== JSON.stringify(value)) throw new Error('lost')
console.log('encode ' + there[0])
console.log('decode ' + back[0])
