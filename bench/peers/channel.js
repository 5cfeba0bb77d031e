// channel.js integers|tables|strings|round N: what channel.lua does between
// threads, by worker_threads and postMessage.
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads')

const TEXT = '0123456789abcdef'.repeat(65536)

const make = {
  integers: i => i,
  tables: i => [i, { name: 'a name', ok: true }],
  strings: () => TEXT
}

function serve ({ kind, n }) {
  if (kind === 'round') {
    parentPort.on('message', v => {
      if (v < 0) parentPort.close()
      else parentPort.postMessage(v)
    })
    return
  }
  for (let i = 1; i <= n; i++) parentPort.postMessage(make[kind](i))
}

function oneWay (kind, n) {
  const count = kind === 'strings' ? n / 1000 : n
  const worker = new Worker(__filename, { workerData: { kind, n: count } })
  let got = 0
  let start
  worker.on('message', () => {
    if (++got === 1) start = process.hrtime.bigint()
    if (got < count) return
    const ns = Number(process.hrtime.bigint() - start)
    if (kind === 'strings') console.log('gb', count * TEXT.length / ns)
    else console.log('ns', ns / count)
  })
}

function rounds (n) {
  const worker = new Worker(__filename, { workerData: { kind: 'round' } })
  let i = 0
  let start
  worker.on('message', v => {
    if (v === 0) start = process.hrtime.bigint()
    if (++i <= n) return worker.postMessage(i)
    console.log('us', Number(process.hrtime.bigint() - start) / n / 1e3)
    worker.postMessage(-1)
  })
  worker.postMessage(0)
}

if (!isMainThread) serve(workerData)
else if (process.argv[2] === 'round') rounds(Number(process.argv[3]) / 20)
else oneWay(process.argv[2], Number(process.argv[3]))
