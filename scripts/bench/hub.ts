/** The shipped hub as a child process that reports its address to the parent. Settings default to the hub's own. */
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { readConfig } from '../../src/config/config.ts'
import { createServer } from '../../src/server.ts'

const { config } = readConfig({
  // One client asks as often as it can.
  REQUEST_RATE: 'off',
  ...JSON.parse(process.argv[3] ?? '{}'),
  DATA_DIR: process.argv[2],
  HOST: '127.0.0.1',
  PORT: '0'
})
const server = await createServer(config)
process.send?.({ url: await server.listen() })

process.on('message', (question) =>
  process.send?.(question === 'delays' ? takeDelays() : { rss: process.memoryUsage.rss() })
)
process.on('disconnect', () => void server.close().then(() => process.exit()))

let delays: ReturnType<typeof monitorEventLoopDelay> | undefined
/** Processor time of the main thread between two turns of its event loop, in microseconds. */
const held = createHistogram()

/** Since they were taken last, in milliseconds. */
function takeDelays() {
  const since = {
    delay: { p999: (delays?.percentile(99.9) ?? 0) / 1e6, longest: (delays?.max ?? 0) / 1e6 },
    held: { p999: held.percentile(99.9) / 1e3, longest: held.max / 1e3 }
  }
  if (delays === undefined) {
    delays = monitorEventLoopDelay({ resolution: 1 })
    delays.enable()
    let last = process.threadCpuUsage()
    setInterval(() => {
      const now = process.threadCpuUsage()
      held.record(Math.max(1, now.user + now.system - last.user - last.system))
      last = now
    }, 1).unref()
  }
  delays.reset()
  held.reset()
  return since
}
