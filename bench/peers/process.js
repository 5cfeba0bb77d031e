// Node's processes: node process.js start|trip|small [N]. `start` forks a
// process by child_process and waits for its end, one at a time; `trip` sends
// an integer there and back, `small` integers one way. Wall time each.
const { fork } = require('child_process')

if (process.env.PEER_CHILD) {
  let left = Number(process.argv[3])
  const echo = process.env.PEER_CHILD === 'trip'
  if (!left) process.exit(0)
  process.on('message', (n) => {
    if (echo) process.send(n)
    if (--left === 0) process.disconnect()
  })
} else {
  const [what = 'start', count = '50'] = process.argv.slice(2)
  const n = Number(count)
  const child = (n) => fork(__filename, [what, String(n)],
    { env: { ...process.env, PEER_CHILD: what } })
  const now = () => Number(process.hrtime.bigint())
  const ended = (c) => new Promise((resolve) => c.on('exit', resolve))
  const cases = {
    async start () {
      await ended(child(0))
      const begin = now()
      for (let i = 0; i < n; i++) await ended(child(0))
      console.log('us', (now() - begin) / n / 1e3)
    },
    async trip () {
      const c = child(n + 1)
      let begin = 0
      let i = 0
      c.on('message', () => {
        if (i === 0) begin = now()
        if (i++ < n) c.send(i)
        else console.log('us', (now() - begin) / n / 1e3)
      })
      c.send(0)
      await ended(c)
    },
    async small () {
      const c = child(n)
      const begin = now()
      for (let i = 0; i < n; i++) c.send(i)
      await ended(c)
      console.log('ns', (now() - begin) / n)
    }
  }
  cases[what]()
}
