// Small files read or written by Node's promises, which use libuv's pool.
// files.js read|write N. Wall time, in microseconds.
'use strict'
const fs = require('fs')
const os = require('os')
const path = require('path')

const FILES = 1000, SIZE = 2048, TASKS = 16
const text = 'y'.repeat(SIZE)

async function main() {
  const [what, count] = process.argv.slice(2)
  const n = Number(count)
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'files-'))
  const paths = []
  for (let i = 0; i < FILES; i++) {
    paths.push(path.join(folder, String(i)))
    fs.writeFileSync(paths[i], text)
  }
  const start = process.hrtime.bigint(), cpu = process.cpuUsage()
  let i = 0
  async function work() {
    while (i < n) {
      const file = paths[i++ % FILES]
      if (what === 'read') await fs.promises.readFile(file, 'latin1')
      else await fs.promises.writeFile(file, text)
    }
  }
  await Promise.all(Array.from({ length: TASKS }, work))
  const used = process.cpuUsage(cpu)
  console.log('us', Number(process.hrtime.bigint() - start) / n / 1e3)
  console.log('cpu_us', (used.user + used.system) / n)
  fs.rmSync(folder, { recursive: true })
}

main()
