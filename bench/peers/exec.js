// /bin/true by Node, 8 at a time. exec.js N [MB]. Wall time of each.
'use strict'
const { spawn } = require('child_process')

const AT_ONCE = 8

function once() {
  return new Promise((resolve, reject) => {
    const program = spawn('/bin/true', { stdio: 'ignore' })
    program.on('error', reject)
    program.on('exit', code => code === 0 ? resolve() : reject(code))
  })
}

async function run(n) {
  let left = n
  async function work() {
    while (left-- > 0) await once()
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

async function main() {
  const n = Number(process.argv[2])
  const held = Buffer.alloc((Number(process.argv[3]) || 0) * 1048576, 1)
  await run(Math.floor(n / 10))
  const start = process.hrtime.bigint(), cpu = process.cpuUsage()
  await run(n)
  const used = process.cpuUsage(cpu)
  console.log('ms', Number(process.hrtime.bigint() - start) / n / 1e6)
  console.log('cpu_ms', (used.user + used.system) / n / 1e3)
  if (held.length < 0) throw new Error('never')
}

main()
